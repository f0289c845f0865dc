"""The leaderboard in each format, and the command that prints it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from clusterlab.cli.compare import HELP, main
from clusterlab.cli.run import HELP as RUN_HELP
from clusterlab.errors import UsageError
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.names import plain
from clusterlab.reports.compare.render_text import render_text
from clusterlab.reports.compare.sweep import summarize_sweep
from tests.compare_runs import write_run, write_unfinished

HOSTILE = "<script>alert(1)</script>|[x](http://e.example)\n\x1b[31m*red*"


class Page(HTMLParser):
    """The text, the tags and the addresses of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.cells_in_rows: list[int] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.cells_in_rows.append(0)
        if tag in ("td", "th"):
            self.cells_in_rows[-1] += 1
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pooled seeds, a supervised row with a hostile name on other images, an unfinished run."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1, 2):
        write_run(folder / "digits" / str(seed), seed=seed, labels=("label", "parity"))
    write_run(
        folder / "hostile" / "a run",
        name=HOSTILE,
        extractor="hog",
        k=8,
        images=slice(0, 200),
        seen_labels=("label",),
    )
    write_unfinished(folder / "digits" / "3")
    return folder


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    assert main(list(words)) == 0
    out, err = capsys.readouterr()
    return out, err


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("all_metrics", [False, True])
def test_no_line_is_wider_than_the_terminal(runs: Path, width: int, all_metrics: bool) -> None:
    text = render_text(compare([runs]), all_metrics=all_metrics, width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    for number in ("±0.026", "0.819", "(0.200)", "supervised"):
        assert number in text
    assert "\x1b" not in text


def test_terminal_table_at_80_columns_keeps_numbers_whole(runs: Path) -> None:
    text = render_text(compare([runs / "digits"]), width=80)
    table = compare([runs / "digits"]).table
    assert re.search(r"ARI +AMI +purity +clusters +noise", text)
    for column in ("ari/label", "ami/label", "purity/label", "silhouette/reduced"):
        assert f" {table[column][0]:.3f}" in text
        assert f"±{table[f'{column} std'][0]:.3f}" in text
    assert "Scored on 240 images, split all. Label column: label." in text.replace("\n", " ")


def test_colour_only_where_asked(runs: Path) -> None:
    assert "\x1b[" in render_text(compare([runs]), width=80, color=True)


def test_csv_reads_back_with_its_caveats(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = shown(capsys, str(runs), "--format", "csv")
    table = pd.read_csv(io.StringIO(out), keep_default_na=False)
    expected = compare([runs]).table
    assert table["run"].tolist() == expected["run"].tolist()
    assert table["ari/label"].tolist() == pytest.approx(expected["ari/label"].tolist())
    assert "supervised by label" in table["caveats"][table["run"] == HOSTILE].item()
    assert "Warning: Rows were scored on different images" in err
    assert "1 run did not finish and is left out (--unfinished says which and why)" in err


def test_json_reads_back(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = shown(capsys, str(runs), "--json")
    content = json.loads(out)
    assert content["metric"] == "ari/label"
    assert content["ranked"] is False
    pooled = next(row for row in content["rows"] if row["run"] == "digits")
    single = next(row for row in content["rows"] if row["run"] == HOSTILE)
    assert pooled["ari/label std"] == compare([runs / "digits"]).table["ari/label std"][0]
    assert single["ari/label std"] is None
    assert single["supervised"] == "label"
    assert content["left_out"][0]["reason"] == "failed, stage reduce"
    assert content["moved"] is None
    assert all(plain(warning) in err for warning in content["warnings"])
    assert "\x1b" not in err


def test_markdown_has_as_many_cells_in_each_line(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = shown(capsys, str(runs), "--format", "markdown")
    lines = [line for line in out.splitlines() if line.startswith("|")]
    bars = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert len(lines) == 2 + len(compare([runs]).table)
    assert len(bars) == 1
    assert "> **Warning:** Rows were scored on different images" in out
    assert "<script" not in out.replace("\\<", "")
    assert "](http" not in out.replace("\\]", "")
    assert "(supervised)" in out


def test_html_is_whole_offline_and_escaped(runs: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    assert main([str(runs), "--output", str(target)]) == 0
    source = target.read_text(encoding="utf-8")
    page = Page(source)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "@import" not in source
    assert "url(" not in source
    assert len(page.links) == 2 * 4, "each run's report, in both tables"
    for link in page.links:
        assert not re.match(r"[a-z]+:|/", link)
        assert (tmp_path / unquote(link)).is_file()
    text = " ".join(page.text)
    assert "<script>alert(1)</script>|[x]" in text
    assert "supervised" in text
    assert "Rows were scored on different images" in text
    assert "failed, stage reduce" in text
    rows, columns = len(compare([runs]).table) + 1, page.cells_in_rows[0]
    assert page.cells_in_rows[:rows] == [columns] * rows


@pytest.mark.parametrize(
    ("name", "start"), [("a.csv", "run,"), ("a.json", "{"), ("a.md", "> **"), ("a.txt", "Warning")]
)
def test_the_format_follows_the_name_of_the_output(
    runs: Path, tmp_path: Path, name: str, start: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = shown(capsys, str(runs), "--output", str(tmp_path / name))
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert out == f"{tmp_path / name}\n"
    assert "Warning: Rows were scored on different images" in err


def test_options_may_stand_between_runs(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = shown(
        capsys, str(runs / "digits" / "0"), "--metric=ami", "--json", str(runs / "digits" / "1")
    )
    content = json.loads(out)
    assert content["metric"] == "ami/label"
    assert content["rows"][0]["n_seeds"] == 2


@pytest.mark.parametrize(
    "words", [[], ["--format", "xml", "a"], ["--nonsense", "a"], ["a", "--sort", "up"], ["--all"]]
)
def test_wrong_words_are_a_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError, match="See: clusterlab compare --help"):
        main(words)


def test_help_names_every_option() -> None:
    done = re.findall(
        r"add_argument\(\s*\"(--[a-z-]+)\"", Path(main.__code__.co_filename).read_text()
    )
    assert len(done) >= 8
    assert max(map(len, HELP.splitlines())) <= 80
    assert max(map(len, RUN_HELP.splitlines())) <= 80
    assert not [option for option in done if option not in HELP and option != "--help"]


def test_the_command_from_outside(runs: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "clusterlab", "compare", *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=runs, check=False)

    fine, missing = run("digits"), run("nowhere")
    assert (fine.returncode, missing.returncode) == (0, 2)
    assert "0.819" in fine.stdout
    assert fine.stderr.startswith("1 run did not finish")
    assert "Left out: digits/3 (failed, stage reduce)" in run("digits/0", "digits/3").stderr
    assert missing.stdout == ""
    assert "No such run: 'nowhere'" in missing.stderr
    assert "Traceback" not in missing.stderr
    assert run("--help").stdout == HELP


def test_a_sweep_writes_its_summary(tmp_path: Path) -> None:
    sweep = tmp_path / "runs" / "digits" / "2025"
    for number, k in enumerate((6, 10)):
        write_run(sweep / str(number), k=k)
    write_unfinished(sweep / "2")
    text = summarize_sweep(sweep)
    table = pd.read_csv(sweep / "summary.csv")
    assert table["clusterer.n_clusters"].tolist() == [10, 6]
    assert (table["ari/label"].diff().dropna() <= 0).all()
    page = Page((sweep / "summary.html").read_text(encoding="utf-8"))
    assert page.links[:2] == ["1/report.html", "0/report.html"]
    assert f"{table['ari/label'][0]:.3f}" in text
    assert "failed, stage reduce" in text
    # What the sweep wrote is passed over when a shell expands sweep/*.
    assert len(compare(sorted(sweep.iterdir())).table) == 2
