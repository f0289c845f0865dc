"""The results of a study's README: tables, and what is true of all their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from clusterlab.studies import display
from clusterlab.studies.markdown import cell, table
from clusterlab.studies.measure import NO_NUMBER
from clusterlab.studies.results import Result

_SAID = {
    "supervised": "the labels that it is scored against were learned from",
    "seen in training": "of images that were learned from",
    "scaler saw test images": "the scaler was fitted on the test images too",
    "chose the epoch": "of the images by which the epoch was chosen",
    "circular": "against groups that were made of the same features of the same images",
    "synthetic": "against labels that a model made",
    "random weights": "of a model that was never trained",
}
_MOST = 8
"""Columns of measures that a table without published numbers may have side by side."""

_Row = Sequence[Result]


def results_section(rows: Sequence[Result], *, stands_in: bool) -> str:
    """What holds for all numbers, then the tables; "" where there is neither a published number nor
    one of ours."""
    shown = [row for row in rows if _is_shown(row)]
    if not shown:
        return ""
    usual = _Usual(shown)
    groups = [list(lines) for _, lines in groupby(shown, key=lambda row: row.row)]
    parts = ["## Results", *_above(shown, usual, stands_in=stands_in)]
    for wide, some in _blocks(groups):
        lines = _wide(some, usual) if wide else _long(some, usual, stands_in=stands_in)
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


class _Usual:
    """What most numbers have in common, and so need not say. seeds, scored: preferred, where
    nothing else is more frequent."""

    def __init__(self, rows: Sequence[Result], seeds: str = "", scored: str = "") -> None:
        found = [row for row in rows if row.n_runs]
        whole = [row for row in found if row.n_runs == row.n_seeds]
        self.seeds = _most([row.seeds for row in whole or found], seeds)
        self.scored = _most([row.scored for row in found if row.scored], scored)

    def asides(self, lines: _Row) -> tuple[list[str], list[list[str]]]:
        """In what the numbers of a row are others than most; and in what each is another one than
        those of its row."""
        own = _Usual(lines, self.seeds, self.scored)
        seeds = [own.seeds] if own.seeds not in ("", self.seeds) else []
        scored = [f"of {own.scored}"] if own.scored not in ("", self.scored) else []
        return [*scored, *seeds], [own._aside(row) for row in lines]

    def _aside(self, row: Result) -> list[str]:
        scored = [f"of {row.scored}"] if row.scored not in ("", self.scored) else []
        return [*scored, *([row.seeds] if row.n_runs and row.seeds != self.seeds else [])]


def _most(texts: Sequence[str], preferred: str) -> str:
    counts = Counter(texts)
    return max(counts, key=lambda text: (counts[text], text == preferred), default="")


def _is_shown(row: Result) -> bool:
    """Lines with a number, and those of rows that are done without one."""
    return row.ours is not None or row.published is not None or not (row.measure or row.status)


def _above(rows: _Row, usual: _Usual, *, stands_in: bool) -> list[str]:
    said = []
    if usual.seeds:
        scored = f"; scores are of {usual.scored}" if usual.scored else ""
        said += [f"{usual.seeds.capitalize()}{scored}, where a line says nothing else."]
    if any(row.ours_std is not None for row in rows):
        said += ["Several seeds: mean ± standard deviation (n - 1)."]
    if any(row.within is not None for row in rows):
        said += [
            "2 std: whether ours lies within two standard deviations of the published number, or "
            "where none is published of ours."
        ]
    if stands_in and any(row.published is not None for row in rows):
        said += ["The published numbers are of other images, so no difference is taken."]
    said += ["results.csv has all numbers in full, and where in a run each was found."]
    found = dict.fromkeys(tag for row in rows for tag in display.tags(row))
    legend = [f"- *{cell(tag)}*: {_said_of(tag)}" for tag in found]
    return [" ".join(said), *(["\n".join(legend)] if legend else [])]


def _said_of(tag: str) -> str:
    kind, _, mark = tag.rpartition(": ")
    return _SAID.get(mark if kind else tag, "a mark of the model or its features")


def _blocks(groups: Sequence[_Row]) -> Iterator[tuple[bool, list[_Row]]]:
    """Rows that follow each other and are shown alike; and whether their measures are columns.

    They are where nothing was published and several rows have the same few measures: then it is the
    rows that are to be compared.
    """
    long: list[_Row] = []
    for keys, some in groupby(groups, key=_columns_of):
        found = list(some)
        if keys and (len(found) > 2 or (len(found) == 2 and len(keys) > 4)):
            if long:
                yield False, long
            yield True, found
            long = []
        else:
            long += found
    if long:
        yield False, long


def _columns_of(lines: _Row) -> tuple[str, ...]:
    silent = all(row.published is None and row.ours is not None for row in lines)
    return tuple(row.called for row in lines) if silent and len(lines) <= _MOST else ()


def _wide(groups: Sequence[_Row], usual: _Usual) -> list[str]:
    """Rows over measures, and below them what is true of all."""
    notes = [_notes(lines, usual) for lines in groups]
    shared = [note for note in notes[0] if all(note in other for other in notes)]
    own = ["; ".join(note for note in some if note not in shared) for some in notes]
    heads = ["row", *(f">{cell(row.called)}" for row in groups[0])]
    rows = [
        [cell(lines[0].row), *map(_ours, lines), *([cell(note)] if any(own) else [])]
        for lines, note in zip(groups, own, strict=True)
    ]
    below = [f"- {cell(note)}" for note in shared]
    return [*table([*heads, "why"] if any(own) else heads, rows), *([""] if below else []), *below]


def _notes(lines: _Row, usual: _Usual) -> list[str]:
    """What is special of a row, and of single measures by name."""
    above, own = usual.asides(lines)
    found = [lines[0].why_row, *above]
    for row, asides in zip(lines, own, strict=True):
        found += [f"{row.called}: {one}" for one in (row.why_measure, *asides) if one]
    return [note for note in found if note]


def _long(groups: Sequence[_Row], usual: _Usual, *, stands_in: bool) -> list[str]:
    lines = [row for one in groups for row in one]
    ran = any(row.n_runs for row in lines)
    deviates = any(row.within is not None for row in lines)
    heads = ["row", "measure", ">published"]
    heads += [">on the stand-in" if stands_in else ">ours"] if ran else []
    heads += [">difference"] if ran and not stands_in else []
    heads += [">2 std"] if deviates else []
    rows = []
    for one in groups:
        above, own = _why(one, usual)
        if above and len(one) > 1:
            rows.append([cell(one[0].row), *[""] * (len(heads) - 1), cell(above)])
        for place, row in enumerate(one):
            named = not place and not (above and len(one) > 1)
            cells = [cell(row.row) if named else "", cell(row.called), display.published(row)]
            cells += [_ours(row, first=not place)] if ran else []
            cells += [display.difference(row)] if ran and not stands_in else []
            cells += [display.within(row)] if deviates else []
            said = [above, own[place]] if len(one) == 1 else [own[place]]
            rows.append([*cells, cell("; ".join(filter(None, said)))])
    if all(not row[-1] for row in rows):
        return table(heads, [row[:-1] for row in rows])
    return table([*heads, "why"], rows)


def _ours(row: Result, *, first: bool = True) -> str:
    known = [f"*{cell(tag)}*" for tag in display.tags(row)]
    if row.ours is None and row.status:
        failed = row.status.startswith(("failed", NO_NUMBER))
        said = row.status.partition(":")[0] if failed else "not run"
        return said if first or row.status.startswith(NO_NUMBER) else ""
    return " ".join([display.ours(row), ", ".join(known)]).strip()


def _why(lines: _Row, usual: _Usual) -> tuple[str, list[str]]:
    """What is special of all lines of a row, and what of each of them alone."""
    above, own = usual.asides(lines)
    ran = any(row.n_runs for row in lines)
    said = [lines[0].why_row, *above] if ran else []
    each = [[row.why_measure, *asides] for row, asides in zip(lines, own, strict=True)]
    return "; ".join(filter(None, said)), ["; ".join(filter(None, parts)) for parts in each]
