"""What the clusters mean: names, labels inside the clusters, and how far labelers agree."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from clusterlab.meaning import Agreement
from clusterlab.outcome import Outcome
from clusterlab.reports.called import is_understood
from clusterlab.reports.page.clusters import columns_of
from clusterlab.reports.page.homogeneity import HEADER, about_column, unlabelled
from clusterlab.reports.page.named import naming_block
from clusterlab.reports.page.text import NOTHING, percent, score_or_dash
from clusterlab.reports.seen import scored
from clusterlab.reports.synthetic import label_marks, synthetic


def meaning(outcome: Outcome, figures: Path) -> dict[str, Any]:
    """columns: a label column each, also one in which a labeler gave no image a label. whole:
    whether they are a section of their own, which they are where a model labelled the images or
    named the clusters; else they fold into that of the labels. split, n_scored: the images that the
    homogeneity is of. agreements: of labelers. names: None where nobody named the clusters."""
    columns = columns_of(outcome)
    told = {one.column for one in outcome.evaluation.homogeneity}
    return {
        "whole": is_understood(outcome),
        "split": outcome.evaluation.scored_split,
        "n_scored": int(scored(outcome).sum()),
        "header": HEADER,
        "columns": [
            about_column(outcome, one, columns[one.column], figures)
            for one in outcome.evaluation.homogeneity
            if one.column in columns
        ]
        + [unlabelled(outcome, name) for name in synthetic(outcome) if name not in told],
        "agreements": [_agreement(one) for one in outcome.evaluation.agreements],
        "label_marks": list(label_marks(outcome)),
        "names": naming_block(outcome),
    }


def _agreement(found: Agreement) -> list[str]:
    return [
        found.one,
        found.other,
        f"{found.n:,}",
        percent(found.share) if math.isfinite(found.share) else NOTHING,
        score_or_dash(found.kappa),
        score_or_dash(found.ari),
    ]
