"""The maps that show a few chosen classes among all the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from clusterlab.outcome import Outcome
from clusterlab.reports.classes import Classes, Group
from clusterlab.reports.names import highlight_names
from clusterlab.reports.page.text import plural
from clusterlab.reports.palette import OTHER_GREY, class_colours
from clusterlab.reports.plots.canvas import plain
from clusterlab.reports.plots.projection import draw_projection
from clusterlab.types import Collection


def chosen_column(collection: Collection, names: Sequence[str]) -> str | None:
    """The first single-valued label column that holds one of the names, or None."""
    for column in map(str, collection.labels.columns):
        if column not in collection.multi_valued and {*names} & {*collection.labels[column]}:
            return column
    return None


def highlight_notes(collection: Collection, names: Sequence[str]) -> Iterator[str]:
    """A sentence on the names that no image carries, where there are any."""
    column = chosen_column(collection, names)
    held = set() if column is None else {*collection.labels[column]}
    missing = [f"“{name}”" for name in names if name not in held]
    if missing:
        nothing = "" if len(missing) < len(names) else " There is no map of them."
        yield (
            f"report.highlight: no clustered image is labelled {' or '.join(missing)}"
            f"{'' if column is None else f' in {column}'}.{nothing}"
        )


def draw_highlights(
    outcome: Outcome, columns: Mapping[str, Classes]
) -> Iterator[tuple[str, Figure]]:
    """(file name, map) of each view, where the run highlights classes that its images have.

    columns: of all images that were clustered, by name.
    """
    column = chosen_column(outcome.collection, outcome.highlight)
    if column is None:
        return
    groups, codes = highlight_groups(columns[column], outcome.highlight)
    shown = sum(group.role == "class" for group in groups)
    title = f"{plural(shown, 'chosen class', 'chosen classes')} of “{plain(column)}” on the "
    for view, name in highlight_names(outcome.views).items():
        yield (
            name,
            draw_projection(
                outcome.views[view],
                codes,
                groups,
                title=f"{title}{plain(view)} map",
                caption="All other images are grey. A 2-D map bends distances",
            ),
        )


def highlight_groups(classes: Classes, names: Sequence[str]) -> tuple[list[Group], np.ndarray]:
    """The chosen classes that there are, in the order chosen, then all others; and (n,) indices.

    >>> classes = Classes("kind", ("hat", "shoe"), np.array([2, 1]), np.array([0, 1, 0, -1]))
    >>> groups, codes = highlight_groups(classes, ["shoe", "sock"])
    >>> [(group.name, group.count) for group in groups], codes.tolist()
    ([('shoe', 1), ('all others', 3)], [1, 0, 1, 1])
    """
    chosen = [name for name in dict.fromkeys(names) if name in classes.names]
    colours = class_colours(chosen)
    rank = {classes.names.index(name): place for place, name in enumerate(chosen)}
    codes = np.array([rank.get(code, len(chosen)) for code in classes.codes.tolist()], dtype=int)
    groups = [
        Group(name, colours[name], int((codes == place).sum()), "class")
        for place, name in enumerate(chosen)
    ]
    rest = int((codes == len(chosen)).sum())
    return [*groups, *([Group("all others", OTHER_GREY, rest, "other")] if rest else [])], codes
