"""The leaderboard as Markdown, to be pasted into a document or an issue."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clusterlab.reports.compare.display import columns_of, footnotes
from clusterlab.reports.compare.leaderboard import Comparison
from clusterlab.reports.compare.moved_text import moved_lines
from clusterlab.reports.compare.names import plain


def render_markdown(comparison: Comparison, *, all_metrics: bool = False) -> str:
    """Warnings as a quotation, a pipe table, how to read it, and for two runs what moved.

    A table of fine-tuned models has the shape and the numbers of the studies' tables.
    """
    keys = comparison.all_metrics if all_metrics else comparison.metrics
    columns = columns_of(comparison, keys, as_study=True)
    lines = [f"> **Warning:** {_escape(warning)}\n>" for warning in comparison.warnings]
    lines += [""] if lines else []
    lines.append(_line([" ".join(column.head) for column in columns]))
    lines.append("|" + "|".join("---" if column.key is None else "--:" for column in columns) + "|")
    for number in range(len(comparison.rows)):
        lines.append(_line([" ".join(column.cells[number].parts) for column in columns]))
    lines += ["", _escape(" ".join(footnotes(comparison, keys)))]
    if comparison.moved is not None:
        title, *rest = moved_lines(comparison.moved, keys)
        lines += ["", f"### {_escape(title)}", ""]
        lines += [f"{_indent(line)}- {_escape(line.strip())}" for line in rest]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def _escape(text: str) -> str:
    """Names are untrusted: no markup, no raw HTML, no cell border comes from them.

    >>> _escape("a|b <i>")
    'a\\\\|b \\\\<i\\\\>'
    """
    return re.sub(r"([\\`*_{}\[\]<>#|!&~])", r"\\\1", plain(text))


def _indent(line: str) -> str:
    return " " * (len(line) - len(line.lstrip()) - 2)
