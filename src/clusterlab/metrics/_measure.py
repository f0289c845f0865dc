"""Every score of a clustering but its stability, split by split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from clusterlab.metrics._columns import MISSING, Reference
from clusterlab.metrics._external import Tabulated, external_rows, tabulated
from clusterlab.metrics._internal import Internal, internal
from clusterlab.metrics._rows import Row
from clusterlab.types import NOISE, Features


@dataclass
class Measured:
    """rows: of scores.csv. tables: (split, column) -> of its labelling, None where no image has a
    label. inside: (split, space) -> the scores within it."""

    rows: list[Row] = field(default_factory=list)
    tables: dict[tuple[str, str], list[Tabulated] | None] = field(default_factory=dict)
    inside: dict[tuple[str, str], Internal] = field(default_factory=dict)


def measure(
    columns: Sequence[Sequence[Reference]],
    spaces: Mapping[str, Features],
    labels: np.ndarray,
    splits: Mapping[str, np.ndarray],
    *,
    n_permutations: int,
    max_silhouette_images: int,
    entropy_base: float,
    dbcv: bool,
    random_state: int,
) -> Measured:
    """columns: for each label column its labelling and its memberships. labels: (n,) int, -1 =
    noise. splits: name -> (n,) bool."""
    measured = Measured()
    has_noise = bool((labels == NOISE).any())
    for split, within in splits.items():
        for column in columns:
            tables = [
                list(
                    tabulated(
                        labels,
                        reference,
                        within,
                        has_noise=has_noise,
                        n_permutations=n_permutations,
                        random_state=random_state,
                    )
                )
                for reference in column
            ]
            name = column[0].name
            labelled = bool((column[0].codes[within] != MISSING).any())
            measured.tables[split, name] = tables[0] if labelled else None
            measured.rows += [
                {"split": split, "column": name, **row}
                for reference, made in zip(column, tables, strict=True)
                for row in external_rows(made, reference, entropy_base=entropy_base)
            ]
        inside = _inside(
            spaces,
            labels,
            within,
            has_noise=has_noise,
            max_images=max_silhouette_images,
            random_state=random_state,
            with_dbcv=dbcv,
        )
        for space, found in inside.items():
            measured.inside[split, space] = found
            measured.rows += [
                {"space": space, "split": split, "column": "", **row} for row in found.rows
            ]
    return measured


def _inside(
    spaces: Mapping[str, Features],
    labels: np.ndarray,
    within: np.ndarray,
    *,
    has_noise: bool,
    max_images: int,
    random_state: int,
    with_dbcv: bool,
) -> dict[str, Internal]:
    found: dict[str, Internal] = {}
    for name, space in spaces.items():
        same = [other for other in found if np.array_equal(spaces[other].values, space.values)]
        found[name] = (
            found[same[0]]
            if same
            else internal(
                space.values if within.all() else space.values[within],
                labels[within],
                has_noise=has_noise,
                max_images=max_images,
                random_state=random_state,
                with_dbcv=with_dbcv,
            )
        )
    return found
