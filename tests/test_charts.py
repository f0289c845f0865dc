"""Charts over several runs: the numbers in them, what they say of chance, and where they stand."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from clusterlab.config.find import options
from clusterlab.reports.charts.draw import draw_chart
from clusterlab.reports.charts.granularity import granularity_table
from clusterlab.reports.charts.of_sweep import swept_setting
from clusterlab.reports.charts.sweeps import sweep_table
from clusterlab.reports.charts.views import views_table
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.read_runs import read_run
from clusterlab.reports.compare.sweep import summarize_sweep
from clusterlab.studies.definition import read_study
from tests.compare_runs import change_config, fine_tune, write_run, write_unfinished

K = "clusterer.n_clusters"
KS = (2, 10, 40)
SEEDS = (0, 1, 2)
HOSTILE = "<b>$x$, é|"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """k-means of digits with three numbers of clusters, three seeds each, scored against the digit
    and against whether it is odd, which stands for a macro-category."""
    folder = tmp_path_factory.mktemp("runs")
    found: dict[str, list[Path]] = {}
    for k in KS:
        for seed in SEEDS:
            place = folder / f"k{k}" / str(seed)
            write_run(place, seed=seed, k=k, labels=("label", "parity"))
            rename(place, "parity", "label_macro2")
            found.setdefault(f"k{k}", []).append(place)
    return found


def rename(run: Path, old: str, new: str) -> None:
    """Gives a label column of a written run another name."""
    for name in ("scores.csv", "assignments.csv"):
        table = pd.read_csv(run / name, dtype=str, keep_default_na=False)
        table = table.rename(columns={old: new})
        if "label" in table and name == "scores.csv":
            table["label"] = table["label"].replace({old: new})
        table.to_csv(run / name, index=False)
    metrics = json.loads((run / "metrics.json").read_text())
    named = {key.replace(f"/{old}", f"/{new}"): value for key, value in metrics.items()}
    (run / "metrics.json").write_text(json.dumps(named))


def numbers(run: Path) -> dict[str, float]:
    return dict(json.loads((run / "metrics.json").read_text()))


def chance(run: Path, metric: str, label: str) -> float:
    table = pd.read_csv(run / "scores.csv")
    return float(table[(table["metric"] == metric) & (table["label"] == label)]["chance"].iloc[0])


def panel(figure: Figure, title: str) -> Axes:
    return next(one for one in figure.axes if title in one.get_title(loc="left"))


def lines(axes: Axes, *, dashed: bool) -> list[Line2D]:
    """Those of the data: with a marker, or dashed without one."""
    return [
        one
        for one in axes.get_lines()
        if len(one.get_xdata()) and (one.get_linestyle() == "--") == dashed
        and (dashed or one.get_marker() == "o")
    ]  # fmt: skip


def texts(figure: Figure) -> str:
    return "\n".join(one.get_text() for one in _all_texts(figure))


def _all_texts(figure: Figure) -> Iterator[Text]:
    yield from figure.texts
    for legend in figure.legends:
        yield from legend.get_texts()
    for axes in figure.axes:
        yield from (*axes.texts, axes.xaxis.label, axes.yaxis.label)


def chart(kind: str, rows: dict[str, list[Path]], **given: object) -> dict[str, Figure]:
    words = {"over": K, "measures": (), "columns": (), "colour": None} | given
    return draw_chart(kind=kind, rows=rows, **words)  # type: ignore[arg-type]


def test_a_sweep_has_the_runs_own_numbers(rows: dict[str, list[Path]]) -> None:
    runs = [read_run(folder) for folders in rows.values() for folder in folders]
    table = sweep_table(runs, K, ["purity/label", "silhouette/reduced", "nmi/label"])
    assert len(table) == len(KS) * 3
    for k in KS:
        of_k = table[table["x"] == k].set_index("measure")
        for key in ("purity/label", "silhouette/reduced"):
            values = [numbers(run)[key] for run in rows[f"k{k}"]]
            assert of_k.loc[key, "mean"] == pytest.approx(np.mean(values))
            assert of_k.loc[key, "std"] == pytest.approx(np.std(values, ddof=1))
        level = np.mean([chance(run, "purity", "label") for run in rows[f"k{k}"]])
        assert of_k.loc["purity/label", "chance"] == pytest.approx(level)
        assert math.isnan(of_k.loc["silhouette/reduced", "chance"])
        # The runs have no such measure: a gap, not a zero.
        assert math.isnan(of_k.loc["nmi/label", "mean"])
        assert of_k.loc["nmi/label", "n_seeds"] == 0
    assert set(table["series"]) == {""}


def test_a_sweep_shows_purity_rise_with_its_chance_level(rows: dict[str, list[Path]]) -> None:
    figure = chart("sweep", rows, measures=["purity/label", "ari/label", "nmi/label"])[""]
    purity, ari, absent = (panel(figure, name) for name in ("purity", "ARI", "nmi".upper()))
    (line,), (dashed,) = lines(purity, dashed=False), lines(purity, dashed=True)
    assert list(line.get_xdata()) == list(KS)
    assert purity.get_xscale() == "log", "2 to 40 is more than a decade"
    assert purity.get_ylim()[0] == 0
    assert (np.diff(line.get_ydata()) > 0).all()
    assert (np.diff(dashed.get_ydata()) > 0).all(), "chance rises with k too"
    assert np.diff(lines(ari, dashed=False)[0].get_ydata())[-1] < 0
    assert not lines(ari, dashed=True), "these runs measured no chance level of the ARI"
    assert "not measured" in [one.get_text() for one in absent.texts]
    assert "Mean ± standard deviation over 3 seeds" in texts(figure)


def test_another_setting_makes_a_line_of_its_own(tmp_path: Path) -> None:
    named: dict[str, list[Path]] = {}
    for extractor, components in (("hog", 8), ("pixels", 4)):
        for k in (4, 6, 8):
            place = tmp_path / f"{extractor}{k}"
            write_run(place, k=k, n_components=components, extractor=extractor, name=place.name)
            named[place.name] = [place]
    figure = chart("sweep", named, measures=["ari/label"])[""]
    assert panel(figure, "ARI").get_xscale() == "linear", "4 to 8 is no decade"
    drawn = {
        one.get_color(): list(one.get_ydata()) for one in lines(panel(figure, "ARI"), dashed=False)
    }
    assert len(drawn) == 2
    told = {text.get_text(): handle.get_color() for text, handle in zip(
        figure.legends[0].get_texts(), figure.legends[0].legend_handles, strict=True
    )}  # fmt: skip
    for extractor in ("hog", "pixels"):
        colour = next(colour for words, colour in told.items() if extractor in words)
        values = [numbers(named[f"{extractor}{k}"][0])["ari/label"] for k in (4, 6, 8)]
        assert drawn[colour] == pytest.approx(values)


def test_a_sweep_is_drawn_beside_its_summary(tmp_path: Path) -> None:
    sweep = tmp_path / "runs" / "digits" / "2025"
    for number, k in enumerate((4, 6, 8)):
        write_run(sweep / str(number), k=k)
    summarize_sweep(sweep)
    # What a shell makes of SWEEP/*.
    assert len(compare(sorted(sweep.iterdir())).table) == 3
    page = (sweep / "summary.html").read_text(encoding="utf-8")
    inside = base64.b64decode(re.findall(r'src="data:image/png;base64,([^"]+)"', page)[0])
    assert inside == (sweep / "sweep.png").read_bytes()
    assert len(re.findall("<img", page)) == 1
    assert not (sweep / "granularity_lines.png").exists(), "one label column, no macro-categories"
    first = (sweep / "sweep.png").read_bytes()
    summarize_sweep(sweep)
    assert (sweep / "sweep.png").read_bytes() == first
    # A second setting with values of its own for each row: no single setting to draw over.
    for number, scale in enumerate((3, 1, 2)):
        change_config(sweep / str(number), clusterer__max_iter=100 * scale, extractor__size=number)
    summarize_sweep(sweep)
    assert not (sweep / "sweep.png").exists()
    assert "<img" not in (sweep / "summary.html").read_text(encoding="utf-8")


def test_macro_categories_of_a_sweep_over_k_are_drawn(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    for k in KS:
        write_run(sweep / str(k), k=k, labels=("label", "parity"))
        rename(sweep / str(k), "parity", "label_macro2")
    summarize_sweep(sweep)
    page = (sweep / "summary.html").read_text(encoding="utf-8")
    for name in ("sweep.png", "granularity_lines.png", "granularity_heatmap.png"):
        assert base64.b64encode((sweep / name).read_bytes()).decode() in page


def test_which_setting_was_swept(tmp_path: Path) -> None:
    def swept(*settings: dict[str, object]) -> str | None:
        place = tmp_path / str(len(list(tmp_path.iterdir())))
        for number, own in enumerate(settings):
            write_run(place / str(number), **own)  # type: ignore[arg-type]
        return swept_setting(compare([place]).rows)

    assert swept({"k": 4}, {"k": 6}) is None, "two values are no curve"
    assert swept({"k": 4}, {"k": 6}, {"k": 8}) == K
    assert swept({"seed": 0}, {"seed": 1}, {"seed": 2}) is None, "seeds are no setting"
    both = [{"k": k, "n_components": n} for k in (4, 6, 8) for n in (4, 8)]
    assert swept(*both) == K, "the second setting has fewer values: a line each"
    assert swept(*({"n_components": n} for n in (2, 4, 8))) == "reducer.n_components"


def test_a_granularity_cell_says_purity_chance_ami_and_ari(rows: dict[str, list[Path]]) -> None:
    columns = ["label", "label_macro2", "absent"]
    runs = [read_run(folder) for folders in rows.values() for folder in folders]
    table = granularity_table(runs, columns).set_index(["k", "column"])
    for k in KS:
        for column, n_classes in (("label", 10), ("label_macro2", 2)):
            cell = table.loc[(k, column)]
            assert cell["n_classes"] == n_classes
            for key in ("purity", "ami", "ari"):
                values = [numbers(run)[f"{key}/{column}"] for run in rows[f"k{k}"]]
                assert cell[key] == pytest.approx(np.mean(values))
            level = [chance(run, "purity", column) for run in rows[f"k{k}"]]
            assert cell["chance"] == pytest.approx(np.mean(level))
        assert math.isnan(table.loc[(k, "absent"), "purity"])
    figures = chart("granularity", rows, columns=columns)
    assert set(figures) == {"", "_heatmap"}
    cell = table.loc[(40, "label")]
    written = texts(figures["_heatmap"])
    assert f"{cell['purity']:.3f}".lstrip("0") in written
    small = "\n".join(
        f"{name} {cell[key]:.3f}".replace(" 0.", " .")
        for name, key in (("chance", "chance"), ("AMI", "ami"), ("ARI", "ari"))
    )
    assert small in written
    assert "Without scores: absent" in written
    assert "purity minus the chance level" in written
    line = next(
        one
        for one in lines(figures[""].axes[0], dashed=False)
        if one.get_ydata()[-1] == pytest.approx(cell["purity"])
    )
    assert list(line.get_xdata()) == [2, 10]


def test_views_tell_what_training_has_seen(tmp_path: Path) -> None:
    write_run(tmp_path / "plain", k=6)
    write_run(tmp_path / "tuned", k=8)
    fine_tune(tmp_path / "tuned", {"label": {"accuracy": 0.9}})
    named = {HOSTILE: [tmp_path / "plain"], "tuned": [tmp_path / "tuned"]}
    figure = chart("views", named, colour="label")[""]
    first, second = figure.axes
    ari = numbers(tmp_path / "plain")["ari/label"]
    assert f"ARI {ari:.3f}" in first.get_title(loc="left")
    assert r"<b>\$x\$, é|" in first.get_title(loc="left")
    runs = {name: read_run(folders[0]) for name, folders in named.items()}
    table = views_table(runs, "label")
    assert len(table) == 480
    seen = table[(table["run"] == "tuned") & table["seen"]]
    assert len(seen) == 180
    assert not table[table["run"] == HOSTILE]["seen"].any()
    hollow = [one for one in second.collections if not len(one.get_facecolor())]
    assert [len(one.get_offsets()) for one in hollow] == [180]
    # The same image has the same colour in both maps.
    plain = _colours(first)
    assert len(_colours(second)) == 60
    assert _colours(second).items() <= plain.items()
    legend = [one.get_text() for one in figure.legends[0].get_texts()]
    assert {str(digit) for digit in range(10)} <= set(legend)
    assert any("not seen in training" in one for one in legend)
    assert "split that each run was scored on (all, test)" in " ".join(texts(figure).split())


def _colours(axes: Axes) -> dict[tuple[float, float], str]:
    """Place -> colour of each filled point."""
    return {
        (round(float(x), 4), round(float(y), 4)): to_hex(colour)
        for points in axes.collections
        if len(points.get_facecolor()) == len(points.get_offsets())
        for (x, y), colour in zip(points.get_offsets(), points.get_facecolor(), strict=True)
    }


def test_marks_and_caveats_stand_on_the_chart(tmp_path: Path) -> None:
    named = {}
    for k in (4, 8):
        named[f"k{k}"] = [tmp_path / str(k)]
        marks = ("random weights",) if k == 8 else ()
        write_run(tmp_path / str(k), k=k, marks=marks, images=slice(0, 30 * k))
    write_unfinished(tmp_path / "half")
    named["half"] = [tmp_path / "half"]
    told = texts(chart("sweep", named, measures=["ari/label", "silhouette/reduced"])[""])
    assert "Marked: random weights in 1 of 2 rows" in told
    assert "Not all rows were scored on the same images." in " ".join(told.split())
    assert "Left out: 1 unfinished" in told
    assert "n=120 to 240" in told


def test_too_little_to_draw(tmp_path: Path) -> None:
    write_run(tmp_path / "one", labels=())
    write_unfinished(tmp_path / "half")
    assert chart("sweep", {"one": [tmp_path / "one"]}, measures=["ari/label"]) == {}
    assert chart("granularity", {"one": [tmp_path / "one"]}, columns=["label"]) == {}
    assert chart("views", {"half": [tmp_path / "half"]}) == {}
    with pytest.raises(ValueError, match="'pie'"):
        chart("pie", {})


@pytest.mark.parametrize("name", ["patternmind", "atmosphere"])
def test_the_rows_of_a_study_are_experiments(name: str) -> None:
    study = read_study(name)
    known = options("experiment")
    assert {row.experiment or own for own, row in study.rows.items()} <= set(known)


def test_the_published_purity_is_in_the_study() -> None:
    """The two figures that the study's text gives, and what its table must satisfy: purity rises
    with K, and falls with the number of classes."""
    rows = read_study("patternmind").rows
    table = []
    for k in (10, 20, 50, 100, 233):
        own, literal = rows[f"pm_kmeans{k}"].measures, rows[f"pm_kmeans{k}_literal"].measures
        line = []
        for column in ("label", *(f"label_macro{n}" for n in (30, 20, 15, 10, 5))):
            cell = f"scores.csv:value[metric=purity,label={column},split=all,noise=cluster]"
            line.append(own[f"purity/{column}"].published or math.nan)
            assert literal[cell].published == line[-1]
        table.append(line)
    found = np.array(table)
    assert (found[0, 0], found[-1, 0]) == (0.106, 0.242)
    assert (np.diff(found, axis=0) > 0).all()
    assert (np.diff(found, axis=1) > 0).all()
