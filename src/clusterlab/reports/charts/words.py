"""What measures and settings are called on a chart."""

from __future__ import annotations

from clusterlab.reports.compare.scores import is_internal, lower_is_better, split_key

_MEASURES = {
    "ari": "ARI",
    "ami": "AMI",
    "nmi": "NMI",
    "dbcv": "DBCV",
    "davies_bouldin": "Davies-Bouldin",
    "calinski_harabasz": "Calinski-Harabasz",
    "n_clusters": "clusters found",
}
_SETTINGS = {
    "clusterer.n_clusters": "number of clusters",
    "clusterer.n_components": "number of components",
    "reducer.n_components": "number of dimensions",
    "dataset.sample_per_class": "images a class",
}


def measure_name(key: str) -> str:
    """A key of metrics.json as the title of a panel; an arrow says which way is better.

    >>> measure_name("purity/label"), measure_name("silhouette/features")
    ('purity (label) ↑', 'silhouette (space: features) ↑')
    >>> measure_name("entropy/human"), measure_name("n_clusters")
    ('entropy (human) ↓', 'clusters found')
    """
    metric, target = split_key(key)
    name = _MEASURES.get(metric, metric.replace("_", " "))
    if not target:
        return name
    arrow = "↓" if lower_is_better(key) else "↑"
    where = f"space: {target}" if is_internal(key) else target
    return f"{name} ({where}) {arrow}"


def setting_name(key: str) -> str:
    """A config key in words where there are some, else its last part; two, where that is a letter.

    >>> setting_name("clusterer.n_clusters"), setting_name("clusterer.eps")
    ('number of clusters', 'eps')
    >>> setting_name("dataset.some_of.few_labels.n")
    'few_labels.n'
    """
    parts = key.split(".")
    return _SETTINGS.get(key, ".".join(parts[-2:]) if len(parts[-1]) == 1 else parts[-1])
