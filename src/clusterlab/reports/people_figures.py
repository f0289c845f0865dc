"""The figures of how far people agree."""

from __future__ import annotations

import math
from collections.abc import Iterator

from matplotlib.figure import Figure

from clusterlab.outcome import Outcome
from clusterlab.reports.page.text import plural
from clusterlab.reports.people_tables import ours
from clusterlab.reports.plots.people import MOST_PEOPLE, draw_people_agreement
from clusterlab.reports.seen import scored

NAME = "annotators.png"


def draw_people(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """(file name, figure), of those that the run has: none where fewer than two people grouped the
    images, or no two of them can be compared."""
    found = outcome.evaluation.annotators
    if found is None or not math.isfinite(found.mean_ari):
        return
    split = outcome.evaluation.scored_split
    n = plural(int(scored(outcome).sum()), "image" if split == "all" else f"{split} image")
    spread = f" ± {found.ari_std:.2f}" if math.isfinite(found.ari_std) else ""
    more = len(found.columns) - MOST_PEOPLE
    yield (
        NAME,
        draw_people_agreement(
            found.columns,
            [ours(outcome, "ari", column) for column in found.columns],
            [found.leave_one_out[column] for column in found.columns],
            mean=found.mean_ari,
            spread=found.ari_std,
            caption=f"{n}; {plural(len(found.columns), 'person', 'people')}, who agree with each "
            f"other by {found.mean_ari:.2f}{spread}"
            + (f"; the first {MOST_PEOPLE} are drawn" if more > 0 else ""),
        ),
    )
