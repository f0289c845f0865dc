"""`clusterlab compare`: runs side by side, and what moved between two of them."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from clusterlab.errors import UsageError

if TYPE_CHECKING:
    from clusterlab.reports.compare.leaderboard import Comparison
    from clusterlab.reports.compare.left_out import LeftOut

HELP = """\
usage: clusterlab compare RUN... [--metric KEY] [--sort auto|asc|desc] [--all]
                          [--by-seed] [--unfinished] [--json] [--output FILE]
                          [--format table|csv|json|markdown|html]

Runs side by side, best first. RUN is a run's folder, a sweep's, or any folder
above them, such as runs/digits. Runs that differ only in the seed are one row:
mean ± standard deviation. For two runs also what moved: images that changed
cluster, settings, scores.

  --metric KEY    sort by this: a key of metrics.json, or its first part (ari,
                  accuracy, ...); by default the ARI on the first label column,
                  else the silhouette where all runs share one space, else the
                  name
  --sort WAY      auto (the best first), asc or desc
  --all           every metric, in table and Markdown (CSV, JSON and HTML
                  always have them), and how each model was fine-tuned
  --by-seed       one row a run: do not pool seeds
  --unfinished    list the runs that did not finish, with settings and reasons
  --format FORM   table, csv, json, markdown or html; by default what FILE's
                  name ends in
  --json          the same as --format json
  --output FILE   write there instead of to stdout

Fine-tuned models are shown with how each was trained, and how well it names the
classes of unseen images; in Markdown as a study prints it (70.99 ± .73).

Rows that were scored on different images or in different spaces are sorted as
asked, with a warning, and none is marked as the best. A row whose features have
seen the labels is tagged supervised. Runs that did not finish are counted on
stderr; those that were named one by one are listed there.

examples:
  clusterlab compare runs/digits
  clusterlab compare runs/digits/A runs/digits/B
  clusterlab compare runs/* --metric ami --format markdown
  clusterlab compare runs/vit_povo* --format markdown --output povo.md
  clusterlab compare runs/clothing_hog --by-seed --output hog.html
"""

_FORMAT_OF = {".csv": "csv", ".json": "json", ".md": "markdown", ".html": "html", ".txt": "table"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"compare: {message}. See: clusterlab compare --help.")


def main(argv: list[str]) -> int:
    """Returns 0. Raises UsageError for wrong words, DataError where no run has finished."""
    arguments = _parse(argv)
    if arguments.help:
        print(HELP, end="")
        return 0

    from clusterlab.files import write_text
    from clusterlab.reports.compare.leaderboard import compare
    from clusterlab.reports.compare.names import plain

    comparison = compare(
        arguments.runs,
        metric=arguments.metric,
        sort=arguments.sort,
        by_seed=arguments.by_seed,
    )
    for line in _left_out(comparison.left_out, every=arguments.unfinished):
        print(line, file=sys.stderr)
    form = arguments.format or _FORMAT_OF.get(Path(arguments.output or "").suffix, "table")
    if form != "table" or arguments.output:
        for warning in comparison.warnings:
            print(plain(f"Warning: {warning}"), file=sys.stderr)
    text = _render(comparison, form, arguments)
    if arguments.output:
        write_text(Path(arguments.output), text)
        print(arguments.output)
    else:
        print(text, end="")
    return 0


def _left_out(left_out: Sequence[LeftOut], *, every: bool) -> list[str]:
    """What is missing from the table: a line for each run that was named or whose files are
    damaged, and one line for all that did not finish in folders full of runs. every: these too,
    by their reasons."""
    from clusterlab.reports.compare.left_out import told
    from clusterlab.reports.compare.names import plain

    among = [one for one in left_out if one.unfinished and not one.named]
    alone = [one for one in left_out if one not in among]
    lines = [plain(f"Left out: {one.folder} ({one.why})") for one in alone]
    if every:
        return [*lines, *told(among, shutil.get_terminal_size((80, 24)).columns)]
    if len(among) == 1:
        lines.append("1 run did not finish and is left out (--unfinished says which and why)")
    elif among:
        lines.append(
            f"{len(among):,} runs did not finish and are left out "
            "(--unfinished lists them, with reasons)"
        )
    return lines


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="clusterlab compare", add_help=False, allow_abbrev=False)
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--metric")
    parser.add_argument("--sort", choices=("auto", "asc", "desc"), default="auto")
    forms = tuple(dict.fromkeys(["table", *_FORMAT_OF.values()]))
    parser.add_argument("--format", choices=forms)
    parser.add_argument("--json", action="store_const", const="json", dest="format")
    parser.add_argument("--output")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--by-seed", action="store_true")
    parser.add_argument("--unfinished", action="store_true")
    arguments = parser.parse_intermixed_args(argv)
    if not arguments.runs and not arguments.help:
        parser.error("name at least one run's folder, such as runs/digits")
    return arguments


def _render(comparison: Comparison, form: str, arguments: argparse.Namespace) -> str:
    if form == "csv":
        from clusterlab.reports.compare.render_data import render_csv

        return render_csv(comparison)
    if form == "json":
        from clusterlab.reports.compare.render_data import render_json

        return render_json(comparison)
    if form == "markdown":
        from clusterlab.reports.compare.render_markdown import render_markdown

        return render_markdown(comparison, all_metrics=arguments.all)
    if form == "html":
        from clusterlab.reports.compare.render_html import render_html

        beside = Path(arguments.output).parent if arguments.output else Path()
        names = list(dict.fromkeys(row.name for row in comparison.rows))
        title = f"Comparison: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
        return render_html(comparison, title=title, beside=beside)
    from clusterlab.reports.compare.render_text import render_text

    return render_text(
        comparison,
        all_metrics=arguments.all,
        width=shutil.get_terminal_size((80, 24)).columns,
        color=sys.stdout.isatty() and not arguments.output,
    )
