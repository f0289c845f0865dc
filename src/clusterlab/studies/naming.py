"""What the numbers of a study are called, in words."""

from __future__ import annotations

import re

from clusterlab.studies.measure import Selector, selected

_METRICS = {
    "ari": "ARI",
    "ami": "AMI",
    "nmi": "NMI",
    "v_measure": "V-measure",
    "q": "Q",
    "f1": "macro F1",
    "precision": "macro precision",
    "recall": "macro recall",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "argmax_ari": "ARI of the predicted classes",
    "normalized_entropy": "normalised entropy",
    "davies_bouldin": "Davies-Bouldin",
    "calinski_harabasz": "Calinski-Harabasz",
    "std_class_accuracy": "std of the class accuracies",
    "majority": "majority baseline",
    "uniform": "baseline of a blind guess",
    "n_clusters": "clusters",
    "noise_share": "share of noise",
    "largest_share": "share of the largest cluster",
    "cost": "cost (mismatches with the modes)",
    "explained_variance": "variance kept by the PCA",
    "annotators_ari": "ARI between annotators",
    "annotators_ami": "AMI between annotators",
    "annotators_alpha": "Krippendorff's alpha of the annotators",
    "n_invalid": "answers outside the list",
    "coverage": "share of images with a label",
    "good_share": "share of images in good clusters",
}
# In this order: the longer prefix first.
_FAMILIES = {
    "ceiling_train_": "{} of the ceiling in training",
    "ceiling_": "{} of the ceiling",
    "kept_": "{} over the kept classes",
    "plain_classifier_": "{} of a plain classifier",
    "semantic_": "{} with noise",
}
_SPLITS = {
    "all": " over all images",
    "train": " over training images",
    "val": " over validation images",
    "test": "",
}
_NOISE = {"dropped": " without noise", "without": " without noise", "with": " with noise"}
_SPACES = {"features": " of the features", "reduced": " of the reduced features"}
_MACRO = re.compile(r"(?P<column>.+)_macro(?P<n>\d+)")


def named(measure: str) -> str:
    """A measure in words.

    >>> named("ari/povo"), named("kept_accuracy/povo"), named("silhouette/reduced")
    ('ARI, povo', 'accuracy over the kept classes, povo', 'silhouette of the reduced features')
    >>> named("purity/label_macro5"), named("ceiling_train_accuracy/label")
    ('purity, 5 macro-categories', 'accuracy of the ceiling in training, label')
    >>> named("scores.csv:chance[metric=entropy,label=human,split=test,noise=cluster]")
    'entropy by chance, human'
    >>> named("explained_variance.csv:cumulative[component=50]")
    'variance kept by 50 components'
    >>> named("made_up.csv:value[a=b]"), named("made_up/label")
    ('made_up.csv: value (a=b)', 'made up, label')
    """
    what, about = _parts(measure)
    return what + (f", {about}" if about else "")


def kind_of(measure: str) -> str:
    """The same for all measures whose numbers are of one kind, whatever they are about.

    >>> kind_of("purity/label"), kind_of("scores.csv:value[metric=purity,label=povo]")
    ('purity', 'purity')
    """
    cell = selected(measure)
    return measure.partition("/")[0] if cell is None else cell.where.get("metric", cell.column)


def _parts(measure: str) -> tuple[str, str]:
    """What is measured, and about which label column."""
    cell = selected(measure)
    if cell is not None:
        return _of_cell(cell)
    name, _, about = measure.partition("/")
    if about in _SPACES:
        return _metric(name) + _SPACES[about], ""
    return _metric(name), _column(about)


def _metric(name: str) -> str:
    for prefix, family in _FAMILIES.items():
        if name.startswith(prefix):
            return family.format(_metric(name.removeprefix(prefix)))
    return _METRICS.get(name, name.replace("_", " "))


def _column(name: str) -> str:
    macro = _MACRO.fullmatch(name)
    if macro is None:
        return name
    of = "" if macro["column"] == "label" else f" of {macro['column']}"
    return f"{macro['n']} macro-categories{of}"


def _of_cell(cell: Selector) -> tuple[str, str]:
    where = dict(cell.where)
    about = _column(where.pop("label", ""))
    if cell.file == "explained_variance.csv" and "component" in where:
        kept = {"cumulative": "variance kept by {} components", "share": "variance of component {}"}
        if cell.column in kept:
            return kept[cell.column].format(where["component"]), about
    if cell.file == "macro_cuts.csv" and "share" in where:
        whose = {"n_macro": "macro-categories", "height": "height"}.get(cell.column, cell.column)
        return f"{whose} at a cut of {where['share']}", about
    if cell.file == "homogeneity_summary.csv":
        name = cell.column
        said = "homogeneity by chance" if name == "chance" else _metric(name)
        return said + _said(where), about
    if "metric" in where:
        return _of_metric(cell, where), about
    return f"{cell.file}: {cell.column}{_left(where)}", about


def _of_metric(cell: Selector, where: dict[str, str]) -> str:
    said = _metric(where.pop("metric"))
    columns = {
        "value": said,
        "chance": f"{said} by chance",
        "chance_std": f"std of {said} by chance",
        "n": f"images behind {said}",
    }
    said = columns.get(cell.column, f"{cell.column} of {said}")
    said += " of the ceiling" if cell.file == "ceiling.csv" else ""
    said += _SPACES.get(where.get("space", ""), "")
    if where.get("space") in _SPACES:
        del where["space"]
    if cell.file == "classification.csv":
        scope = where.get("scope", "")
        if scope in ("all", "kept"):
            said += " over the kept classes" if where.pop("scope") == "kept" else ""
    if cell.file == "ceiling.csv" and where.get("split") == "train":
        return f"{said} in training{_said({**where, 'split': 'test'})}"
    return said + _said(where)


def _said(where: dict[str, str]) -> str:
    """The conditions that are left, in words where there are some."""
    rest = dict(where)
    split = rest.pop("split") if rest.get("split") in _SPLITS else "test"
    noise = rest.pop("noise") if rest.get("noise") in (*_NOISE, "cluster") else ""
    return _NOISE.get(noise, "") + _SPLITS[split] + _left(rest)


def _left(where: dict[str, str]) -> str:
    return f" ({', '.join(f'{key}={value}' for key, value in where.items())})" if where else ""
