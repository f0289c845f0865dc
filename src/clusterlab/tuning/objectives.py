"""What a trial is judged by, and how that is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clusterlab.errors import ConfigError, DataError, closest
from clusterlab.metrics._again import BOOTSTRAP, Reclusterer
from clusterlab.metrics._columns import MISSING, references
from clusterlab.metrics._contingency import contingency
from clusterlab.metrics._external import EXTERNAL
from clusterlab.metrics.calinski_harabasz import calinski_harabasz
from clusterlab.metrics.davies_bouldin import davies_bouldin
from clusterlab.metrics.dbcv import dbcv
from clusterlab.metrics.silhouette import silhouette
from clusterlab.metrics.stability import stability
from clusterlab.searching import Objective
from clusterlab.types import NOISE, Collection

_UNBOUNDED = 1e6
WORST: Mapping[str, float] = {
    "silhouette": -1.0,
    "davies_bouldin": _UNBOUNDED,
    "calinski_harabasz": 0.0,
    "dbcv": -1.0,
    "stability": -1.0,
    "ari": -1.0,
    "ami": -1.0,
    "nmi": 0.0,
    "purity": 0.0,
    "entropy": _UNBOUNDED,
    "normalized_entropy": 1.0,
    "homogeneity": 0.0,
    "completeness": 0.0,
    "v_measure": 0.0,
}
"""Metric -> its worst value; for one without a bound a value that no clustering has."""
_MINIMIZED = ("davies_bouldin", "entropy", "normalized_entropy")
# Bootstrap samples a trial, where the evaluator does not say how many.
_SAMPLES = 10
SPATIAL = ("silhouette", "davies_bouldin", "calinski_harabasz", "dbcv")
"""The metrics that are measured within a space."""


@dataclass(frozen=True, kw_only=True)
class Clustered:
    """What one trial made.

    labels: (n,) int, -1 = noise. space: (n, d), where it is scored. clustered_in: (n, r) float32,
    where it was clustered. within: (n,) bool, the images that scores are about. collection: of the
    n images. options: the arguments of the run's evaluator, as far as they are needed.
    recluster: clusters again.
    """

    labels: np.ndarray
    space: np.ndarray
    clustered_in: np.ndarray
    within: np.ndarray
    collection: Collection
    options: Mapping[str, Any]
    recluster: Reclusterer


def parse(named: Any, scored_in: str) -> tuple[Objective, ...]:
    """The objectives that a user names: one, or a list. A label metric's column may be left open.

    Raises ConfigError, with the closest match, for names that are none.

    >>> [one.maximize for one in parse(["silhouette", "davies_bouldin"], "reduced")]
    [True, False]
    """
    names = named if isinstance(named, (list, tuple)) else [named]
    problems = [problem for name in names for problem in _problems(name)]
    if not names:
        problems.append("search.objective is an empty list: name a metric, such as silhouette.")
    problems += [
        f"search.objective names '{name}' twice."
        for name in dict.fromkeys(map(str, names))
        if [*map(str, names)].count(name) > 1
    ]
    if problems:
        raise ConfigError(problems)
    found = []
    for name in names:
        metric, _, column = name.partition("/")
        space = scored_in if metric in SPATIAL else ""
        found.append(
            Objective(name=name, maximize=metric not in _MINIMIZED, space=space, column=column)
        )
    return tuple(found)


def _problems(name: Any) -> Iterable[str]:
    metric, slash, column = str(name).partition("/")
    if metric not in WORST:
        yield (
            f"Unknown objective '{name}' (search.objective).{closest(metric, WORST)} Use "
            f"{', '.join(WORST)}; a label metric may name its column: ari/label."
        )
    elif slash and metric not in EXTERNAL:
        yield f"search.objective={name}: {metric} takes no label column; write {metric}."
    elif slash and not column:
        yield f"search.objective={name} names no label column after the slash."


def bind(objectives: Sequence[Objective], collection: Collection) -> tuple[Objective, ...]:
    """The objectives with their label columns; a label metric without one takes the first.

    Raises ConfigError where there is no such column, or it has fewer than two classes.
    """
    columns = [str(column) for column in collection.labels.columns]
    problems, found = [], []
    for one in objectives:
        metric = metric_of(one)
        column = one.column or next(iter(columns), "")
        if metric not in EXTERNAL:
            found.append(one)
        elif column not in columns:
            problems.append(_no_column(one.name, column, columns))
        elif _n_classes(collection, column) < 2:
            problems.append(
                f"search.objective={one.name}: label column '{column}' has fewer than two classes."
            )
        else:
            found.append(replace(one, name=f"{metric}/{column}", column=column))
    names = [one.name for one in found]
    problems += [
        f"search.objective names '{name}' twice." for name in {*names} if names.count(name) > 1
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def _n_classes(collection: Collection, column: str) -> int:
    codes = references(collection, column)[0].codes
    return len(np.unique(codes[codes != MISSING]))


def _no_column(name: str, column: str, columns: Sequence[str]) -> str:
    if not columns:
        return (
            f"search.objective={name} needs labels, and the collection has none. Search without "
            f"them: search.objective=silhouette."
        )
    return (
        f"search.objective={name}: there is no label column '{column}'."
        f"{closest(column, columns)} Columns: {', '.join(columns)}."
    )


def metric_of(objective: Objective) -> str:
    """The metric's name without its column.

    >>> metric_of(Objective(name="ari/label", maximize=True, column="label"))
    'ari'
    """
    return objective.name.partition("/")[0]


def worst_value(objective: Objective, largest_penalty: float) -> float:
    """What a trial is given that cannot be scored: worse than any that can.

    >>> worst_value(Objective(name="silhouette", maximize=True), 1.5)
    -2.5
    """
    worst = WORST[metric_of(objective)]
    return worst - largest_penalty if objective.maximize else worst + largest_penalty


def measure(objective: Objective, made: Clustered) -> float:
    """The raw score. Raises DataError where it is undefined."""
    metric = metric_of(objective)
    if metric in SPATIAL:
        return _inside(metric, made)
    if metric == "stability":
        return _stability(made)
    return against(metric, objective.column, made)


def against(metric: str, column: str, made: Clustered) -> float:
    """A label metric, noise as one cluster, on the images that have a label."""
    reference = references(made.collection, column)[0]
    rows = made.within & (reference.codes != MISSING)
    truth = reference.codes[rows]
    if len(np.unique(truth)) < 2:
        raise DataError(f"{metric} is undefined: '{column}' has fewer than two classes here.")
    table = contingency(made.labels[rows], truth)
    options = {"base": made.options.get("entropy_base", 2)} if metric == "entropy" else {}
    return float(EXTERNAL[metric](table, **options)[0])


def _inside(metric: str, made: Clustered) -> float:
    # Noise has its part in DBCV's own definition; the others are of the images in clusters.
    rows = made.within if metric == "dbcv" else made.within & (made.labels != NOISE)
    X, labels = (made.space, made.labels) if rows.all() else (made.space[rows], made.labels[rows])
    if metric == "silhouette":
        most = {"max_images": made.options.get("max_silhouette_images")}
        return silhouette(X, labels, **_given(random_state=_seed(made), **most))
    if metric == "dbcv":
        return dbcv(X, labels)
    return (davies_bouldin if metric == "davies_bouldin" else calinski_harabasz)(X, labels)


def _stability(made: Clustered) -> float:
    found = stability(
        made.clustered_in,
        made.labels,
        made.recluster,
        n_repeats=made.options.get("stability") or _SAMPLES,
        within=made.within,
        kinds=(BOOTSTRAP,),
        **_given(random_state=_seed(made)),
    )
    return float(found.kinds.set_index("kind").loc[BOOTSTRAP, "ari"])


def _seed(made: Clustered) -> int | None:
    return made.options.get("random_state")


def _given(**options: int | None) -> dict[str, Any]:
    """Those that the evaluator has; the rest is left to the metric."""
    return {name: value for name, value in options.items() if value is not None}
