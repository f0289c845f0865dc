"""Scores of a clustering against one labelling, each with its chance level."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from clusterlab.metrics import (
    ami,
    ari,
    completeness,
    entropy,
    homogeneity,
    nmi,
    normalized_entropy,
    purity,
    v_measure,
)
from clusterlab.metrics._chance import permuted
from clusterlab.metrics._columns import MISSING, Reference
from clusterlab.metrics._contingency import Contingency, contingency
from clusterlab.metrics._noise import policies
from clusterlab.metrics._rows import Row

EXTERNAL: Mapping[str, Callable[..., np.ndarray]] = {
    "ari": ari.of_table,
    "ami": ami.of_table,
    "nmi": nmi.of_table,
    "purity": purity.of_table,
    "entropy": entropy.of_table,
    "normalized_entropy": normalized_entropy.of_table,
    "homogeneity": homogeneity.of_table,
    "completeness": completeness.of_table,
    "v_measure": v_measure.of_table,
}


@dataclass(frozen=True)
class Tabulated:
    """The clusters against the classes under one noise policy, and the same with the classes
    permuted."""

    policy: str
    table: Contingency
    chance: Contingency


def tabulated(
    labels: np.ndarray,
    reference: Reference,
    within: np.ndarray,
    *,
    has_noise: bool,
    n_permutations: int,
    random_state: int,
) -> Iterator[Tabulated]:
    """One a noise policy; none where fewer than two classes are left.

    labels: (n,) int, -1 = noise. within: (n,) bool, the images of the split.
    """
    rows = within & (reference.codes != MISSING)
    for policy, clusters, kept in policies(labels[rows], has_noise=has_noise):
        truth = reference.codes[rows][kept]
        if len(np.unique(truth)) < 2:
            continue
        table = contingency(clusters, truth)
        chance = permuted(table.margins, n_permutations=n_permutations, random_state=random_state)
        yield Tabulated(policy, table, chance)


def external_rows(
    tables: Iterable[Tabulated], reference: Reference, *, entropy_base: float
) -> Iterator[Row]:
    """Rows of scores.csv without the split."""
    for made in tables:
        for metric, of_table in EXTERNAL.items():
            options = {"base": entropy_base} if metric == "entropy" else {}
            by_chance = of_table(made.chance, **options)
            yield {
                "metric": metric,
                "label": reference.name,
                "is_membership": reference.is_membership,
                "space": "",
                "noise": made.policy,
                "value": float(of_table(made.table, **options)[0]),
                "chance": float(by_chance.mean()),
                "chance_std": float(by_chance.std(ddof=1)),
                "n": made.table.margins.n,
            }
