"""How far people agree, and the clustering with them, in lines of 80 columns."""

from __future__ import annotations

import math
import textwrap

from clusterlab.outcome import Outcome
from clusterlab.reports.marks import joined

WIDTH = 80


def people_lines(outcome: Outcome) -> list[str]:
    """Nothing where fewer than two people grouped the images: a note says so of one."""
    found, headline = outcome.evaluation.annotators, outcome.evaluation.headline
    if found is None or not found.pairs:
        return []
    with_each_other = _ari(found.mean_ari, found.ari_std)
    if math.isfinite(found.alpha):
        with_each_other += f", alpha {found.alpha:.2f}"
    mean = headline.get("mean_ari/annotators", math.nan)
    tags = f" ({joined(list(outcome.features.marks))})" if outcome.features.marks else ""
    text = (
        f"{len(found.columns)} people agree with each other by {with_each_other}: the ceiling; "
        f"this clustering agrees with them by {_ari(mean)}{tags}"
    )
    return textwrap.wrap(text, WIDTH, subsequent_indent="    ")


def _ari(mean: float, std: float = math.nan) -> str:
    if not math.isfinite(mean):
        return "an unknown ARI"
    return f"ARI {mean:.2f}" + (f" ± {std:.2f}" if math.isfinite(std) else "")
