"""The leaderboard as one HTML file: self-contained, offline, for screen and paper."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from clusterlab.reports.compare.display import Column, columns_of, footnotes
from clusterlab.reports.compare.leaderboard import Comparison
from clusterlab.reports.compare.left_out import alike
from clusterlab.reports.compare.moved import Moved
from clusterlab.reports.compare.moved_text import (
    agreement,
    cluster_name,
    score_lines,
    setting_lines,
)
from clusterlab.reports.compare.names import plain
from clusterlab.reports.compare.read_runs import Run
from clusterlab.reports.page.text import picture

_N_FLOWS = 20


@dataclass(frozen=True)
class _View:
    """One table of the page. bars: the share of each row's bar in the sorting column, or None."""

    columns: Sequence[Column]
    bars: Sequence[float | None]
    metric: str | None


def render_html(
    comparison: Comparison,
    *,
    title: str,
    beside: Path,
    charts: Sequence[tuple[str, str]] = (),
) -> str:
    """title: the heading. beside: the folder the page will be in, to which its links to the runs'
    reports are relative. charts: PNG files in that folder, which the page holds a copy of, each
    with what it shows."""
    environment = Environment(
        loader=PackageLoader("clusterlab.reports.compare"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    keys = comparison.metrics
    return environment.get_template("comparison.html").render(
        title=title,
        comparison=comparison,
        views=[_view(comparison, comparison.metrics), _view(comparison, comparison.all_metrics)],
        seeds=[[_seed(run, beside) for run in row.runs] for row in comparison.rows],
        footnotes=footnotes(comparison, keys),
        n_left_out=len(comparison.left_out),
        left_out=[
            (group.why, [(_relative(one.folder, beside), one.settings) for one in group.runs])
            for group in alike(comparison.left_out)
        ],
        charts=[drawn for name, alt in charts if (drawn := picture(beside, name, alt))],
        moved=None if comparison.moved is None else _moved(comparison.moved, keys, beside),
    )


def _view(comparison: Comparison, keys: Sequence[str]) -> _View:
    columns = [column for column in columns_of(comparison, keys) if column.key != "n_seeds"]
    metric = comparison.metric if comparison.ranked else None
    values = [row.mean(metric) if metric else math.nan for row in comparison.rows]
    # The bar of the best row is the longest, so a metric where less is better has none.
    falls = [] if comparison.ascending else values
    top = max((value for value in falls if value > 0), default=math.nan)
    bars = [None if math.isnan(value / top) else max(0.0, value / top) for value in values]
    return _View(columns, bars, metric)


def _seed(run: Run, beside: Path) -> tuple[str, str | None]:
    """What a link to the run's report says, and where it goes (None without a report)."""
    report = run.folder / "report.html"
    words = "report" if run.seed is None else f"seed {run.seed}"
    return words, quote(_relative(report, beside)) if report.is_file() else None


def _relative(path: Path, beside: Path) -> str:
    return Path(os.path.relpath(path.resolve(), beside.resolve())).as_posix()


def _moved(moved: Moved, keys: Sequence[str], beside: Path) -> dict[str, Any]:
    return {
        "first": _relative(moved.first.folder, beside),
        "second": _relative(moved.second.folder, beside),
        "first_marks": moved.first.marks,
        "second_marks": moved.second.marks,
        "agreement": agreement(moved),
        "flows": [
            (cluster_name(flow.source), cluster_name(flow.target), flow)
            for flow in moved.flows[:_N_FLOWS]
        ],
        "more": max(0, len(moved.flows) - _N_FLOWS),
        "label": moved.label,
        "settings": setting_lines(moved),
        "scores": score_lines(moved, keys),
    }
