"""The tables of what clusters mean: answers, homogeneity, agreement, stability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields

import pandas as pd

from clusterlab.labelling import Answer
from clusterlab.meaning import Agreement, Homogeneity
from clusterlab.outcome import Outcome
from clusterlab.reports.marks import with_marks
from clusterlab.reports.synthetic import label_marks, with_column_tags

TABLES = ("answers", "homogeneity", "homogeneity_summary", "agreement", "stability")


def meaning_tables(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Name -> table, of those in TABLES that the run has.

    answers: one row an image and labeler, the answer verbatim; where there is a labeler.
    homogeneity, homogeneity_summary: one row a label column and cluster, or noise policy; of every
    label column, also of those that people made. agreement: one row two labelers. stability: one
    row a kind of clustering again, where the evaluator was asked for it.
    """
    evaluation, found = outcome.evaluation, {}
    if outcome.labelling is not None:
        found["answers"] = answers(outcome.labelling.answers)
    if evaluation.homogeneity:
        for name, table in homogeneity(evaluation.homogeneity).items():
            found[name] = with_column_tags(table, outcome)
    if evaluation.agreements:
        rows = [astuple(one) for one in evaluation.agreements]
        table = pd.DataFrame(rows, columns=[field.name for field in fields(Agreement)])
        found["agreement"] = with_marks(table, label_marks(outcome))
    if evaluation.stability is not None:
        found["stability"] = evaluation.stability.kinds
    return found


def answers(rows: Sequence[Answer]) -> pd.DataFrame:
    """id, column, answer, label, status, confidence, model, seconds (empty from the store)."""
    columns = [field.name for field in fields(Answer)]
    return pd.DataFrame([astuple(row) for row in rows], columns=columns)


def homogeneity(found: Sequence[Homogeneity]) -> dict[str, pd.DataFrame]:
    """homogeneity: label, synthetic, then the columns of Homogeneity.clusters.
    homogeneity_summary: label, then those of its summary."""
    clusters, summaries = [], []
    for one in found:
        table = one.clusters.copy()
        table.insert(0, "label", one.column)
        table.insert(1, "synthetic", one.synthetic)
        clusters.append(table)
        table = one.summary.copy()
        table.insert(0, "label", one.column)
        summaries.append(table)
    return {
        "homogeneity": pd.concat(clusters, ignore_index=True),
        "homogeneity_summary": pd.concat(summaries, ignore_index=True),
    }
