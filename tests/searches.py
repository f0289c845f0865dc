"""Searches as reports are drawn from: real clusterings of real digits, scored by scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from hdbscan import HDBSCAN
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

from clusterlab.searching import Objective, Range, Search, Trial
from clusterlab.store import digest_of

NOISE_PENALTY = 0.3
SILHOUETTE = Objective(name="silhouette", maximize=True, space="reduced")
DAVIES_BOULDIN = Objective(name="davies_bouldin", maximize=False, space="reduced")
_SCORES = {"silhouette": silhouette_score, "davies_bouldin": davies_bouldin_score}
_N = 360


def hdbscan_search(
    n: int = 60, *, reductions: Sequence[int] = (4,), penalty: float = NOISE_PENALTY
) -> Search:
    """Random settings of HDBSCAN, with noise, and a metric that cannot be: Minkowski's without its
    power. reductions: the numbers of components, searched where there are several."""
    rng = np.random.default_rng(0)
    ranges = {
        "clusterer.min_cluster_size": Range(low=4, high=24, integer=True),
        "clusterer.min_samples": Range(low=1, high=12, integer=True, log=True),
        "clusterer.cluster_selection_epsilon": Range(low=0.0, high=20.0),
        "clusterer.metric": Range(choices=("euclidean", "manhattan", "chebyshev", "minkowski")),
    }
    if len(reductions) > 1:
        ranges = {"reducer.n_components": Range(choices=tuple(reductions)), **ranges}
    trials = []
    for number in range(n):
        k = int(rng.choice(reductions))
        settings = {
            "clusterer.min_cluster_size": int(rng.integers(4, 25)),
            "clusterer.min_samples": round(float(np.exp(rng.uniform(0, np.log(12))))),
            "clusterer.cluster_selection_epsilon": float(rng.uniform(0, 20)),
            "clusterer.metric": str(rng.choice(ranges["clusterer.metric"].choices)),
        }
        arguments = {name.partition(".")[2]: value for name, value in settings.items()}
        searched = {"reducer.n_components": k} if len(reductions) > 1 else {}
        trials.append(
            _trial(
                number,
                HDBSCAN(**arguments, core_dist_n_jobs=1),
                {**searched, **settings},
                (SILHOUETTE,),
                components=k,
                penalty=penalty,
            )
        )
    return _search("hdbscan", trials, ranges, (SILHOUETTE,), penalty=penalty)


def kmeans_search(
    ks: Sequence[int] = tuple(range(3, 27)), *, objectives: Sequence[Objective] = (SILHOUETTE,)
) -> Search:
    """k-means with each of these numbers of clusters."""
    ranges = {"clusterer.n_clusters": Range(low=3, high=30, integer=True)}
    trials = [
        _trial(
            number,
            KMeans(n_clusters=k, n_init=4, random_state=0),
            {"clusterer.n_clusters": k},
            objectives,
        )
        for number, k in enumerate(ks)
    ]
    return _search("kmeans", trials, ranges, objectives)


def conditional_search(n: int = 40) -> Search:
    """Agglomerative clustering, whose metric is set beside three of its four linkages."""
    rng = np.random.default_rng(1)
    others = ("average", "complete", "single")
    ranges = {
        "clusterer.n_clusters": Range(low=4, high=60, integer=True),
        "clusterer.linkage": Range(choices=("ward", *others)),
        "clusterer.metric": Range(
            choices=("euclidean", "manhattan", "cosine"), when={"clusterer.linkage": others}
        ),
    }
    trials = []
    for number in range(n):
        settings: dict[str, Any] = {
            "clusterer.n_clusters": int(rng.integers(4, 61)),
            "clusterer.linkage": str(rng.choice(ranges["clusterer.linkage"].choices)),
        }
        if settings["clusterer.linkage"] != "ward":
            settings["clusterer.metric"] = str(rng.choice(ranges["clusterer.metric"].choices))
        arguments = {name.partition(".")[2]: value for name, value in settings.items()}
        trials.append(_trial(number, AgglomerativeClustering(**arguments), settings, (SILHOUETTE,)))
    return _search("agglomerative", trials, ranges, (SILHOUETTE,))


@cache
def _space(components: int) -> np.ndarray:
    pixels = load_digits().data[:_N]
    return np.asarray(PCA(components, random_state=0).fit_transform(pixels), dtype=np.float32)


def _trial(
    number: int,
    clusterer: Any,
    parameters: Mapping[str, Any],
    objectives: Sequence[Objective],
    *,
    components: int = 3,
    penalty: float = 0.0,
) -> Trial:
    X, truth = _space(components), load_digits().target[:_N]
    same: dict[str, Any] = {"number": number, "parameters": dict(parameters), "seconds": 0.25}
    try:
        labels = clusterer.fit_predict(X)
    except TypeError as error:
        worst = {one.name: -1.3 if one.maximize else 1e6 for one in objectives}
        same |= {"bad": f"TypeError: {error}", "hindsight": {"ari/label": 0.0}}
        return Trial(**same, raw={}, penalties={}, values=worst)
    held = labels >= 0
    noise = float((~held).mean())
    raw = {one.name: float(_SCORES[one.name](X[held], labels[held])) for one in objectives}
    paid = penalty * noise
    return Trial(
        **same,
        raw=raw,
        penalties={"noise": paid},
        values={one.name: raw[one.name] - (paid if one.maximize else -paid) for one in objectives},
        space=digest_of(X),
        n_clusters=len(np.unique(labels[held])),
        noise_share=noise,
        hindsight={"ari/label": float(adjusted_rand_score(truth, labels))},
    )


def _search(
    clusterer: str,
    trials: Sequence[Trial],
    ranges: Mapping[str, Range],
    objectives: Sequence[Objective],
    *,
    penalty: float = 0.0,
) -> Search:
    settings = {"sampler": "random", "n_trials": len(trials), "noise_penalty": penalty}
    return Search(
        name=f"digits_{clusterer}",
        objectives=tuple(objectives),
        ranges=ranges,
        trials=trials,
        best=_best(trials, objectives),
        n_images=_N,
        settings={"objective": [one.name for one in objectives], **settings},
        config={"name": f"digits_{clusterer}", "seed": 0, "search": settings},
        choices={"extractor": "pixels", "reducer": "pca", "clusterer": clusterer},
        seconds=0.25 * len(trials),
        stopped=f"all {len(trials)} trials were done",
    )


def _best(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[int]:
    """The three best, or the Pareto front by the first objective."""
    signs = np.array([1 if one.maximize else -1 for one in objectives])
    good = [trial for trial in trials if not trial.bad]
    values = signs * np.array([[trial.values[one.name] for one in objectives] for trial in good])
    order = np.argsort(-values[:, 0], kind="stable")
    if len(objectives) == 1:
        return [good[row].number for row in order[:3]]
    beaten = [
        bool(((values >= one).all(axis=1) & (values > one).any(axis=1)).any()) for one in values
    ]
    return [good[row].number for row in order if not beaten[row]]
