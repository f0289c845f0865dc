"""How far people agree, in plain words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from clusterlab.meaning import Annotators
from clusterlab.outcome import Outcome
from clusterlab.reports.page.text import NOTHING, percent, picture, score_or_dash
from clusterlab.reports.people_figures import NAME
from clusterlab.reports.people_tables import ours
from clusterlab.reports.seen import scored, seen_labels


def people(outcome: Outcome, figures: Path) -> dict[str, Any] | None:
    """None where nobody's grouping is named in dataset.annotators. several: whether there is a
    ceiling; lead: what it says in a sentence. pairs and ours: rows of text."""
    found = outcome.evaluation.annotators
    if found is None:
        return None
    supervised = seen_labels(outcome)
    return {
        "several": bool(found.pairs),
        "n_people": len(found.columns),
        "split": outcome.evaluation.scored_split,
        "n_scored": int(scored(outcome).sum()),
        "lead": _lead(found, outcome.evaluation.headline.get("mean_ari/annotators", math.nan)),
        "alpha": score_or_dash(found.alpha) if math.isfinite(found.alpha) else "",
        "notes": found.notes,
        "ours": [
            {
                "name": column,
                "supervised": column in supervised,
                "cells": [
                    score_or_dash(ours(outcome, "ari", column)),
                    *([score_or_dash(found.leave_one_out[column])] if found.pairs else []),
                    score_or_dash(ours(outcome, "entropy", column)),
                    score_or_dash(ours(outcome, "entropy", column, "chance")),
                ],
            }
            for column in found.columns
        ],
        "pairs": [
            [
                pair.one,
                pair.other,
                f"{pair.n:,}",
                percent(pair.share) if math.isfinite(pair.share) else NOTHING,
                score_or_dash(pair.kappa),
                score_or_dash(pair.ari),
                score_or_dash(ami),
            ]
            for pair, ami in zip(found.pairs, found.pair_ami, strict=True)
        ],
        "figure": picture(
            figures,
            NAME,
            "The clustering's adjusted Rand index with each person, beside that of the others",
        ),
    }


def _lead(found: Annotators, mean: float) -> str:
    if not math.isfinite(found.mean_ari):
        return ""
    spread = f" ± {found.ari_std:.2f}" if math.isfinite(found.ari_std) else ""
    text = (
        f"The people agree with each other by {found.mean_ari:.2f}{spread} (adjusted Rand index, "
        "mean over their pairs): that is the ceiling."
    )
    if not math.isfinite(mean):
        return text
    text += f" This clustering agrees with them by {mean:.2f} in the mean"
    if found.mean_ari <= 0:
        return f"{text}. They agree no better than chance, so there is nothing to reach."
    if mean >= found.mean_ari:
        return f"{text}, no less than they do."
    return (
        f"{text}: {percent(max(mean, 0) / found.mean_ari)} of the way from chance to the ceiling."
    )
