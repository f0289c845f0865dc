"""What a reader must know before ranking one row above another."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from clusterlab.reports.compare.configs import differing, is_seed, part
from clusterlab.reports.compare.rows import Row
from clusterlab.reports.compare.scores import is_internal, label_of, split_key
from clusterlab.reports.marks import explain

_MADE_BY = {
    "features": ("extractor", "finetune"),
    "reduced": ("extractor", "finetune", "reducer"),
}


def image_groups(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows, grouped by the images and the split that they were scored on."""
    return _groups(rows, lambda row: frozenset((run.images, run.scored_split) for run in row.runs))


def space_groups(rows: Sequence[Row], space: str) -> list[list[Row]]:
    """The rows, grouped by the space that their internal scores were measured in."""
    groups: list[list[Row]] = []
    for row in rows:
        for group in groups:
            if _same_space(row, group[0], space):
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def _same_space(first: Row, second: Row, space: str) -> bool:
    """By the digests of the values where both rows ran a seed; else by what made the space."""
    spaces = [{run.seed: run.spaces.get(space) for run in row.runs} for row in (first, second)]
    pairs = [(spaces[0][seed], spaces[1][seed]) for seed in spaces[0].keys() & spaces[1].keys()]
    known = [(one, other) for one, other in pairs if one and other]
    if known:
        return all(one == other for one, other in known)
    stages = _MADE_BY.get(space, (*_MADE_BY["reduced"], space))
    configs = [part(row.config, stages) for row in (first, second)]
    return not [key for key in differing(configs) if not is_seed(key)]


def comparable(rows: Sequence[Row], key: str) -> bool:
    """True where the metric may rank these rows: one set of images, and one space or one set of
    labels."""
    with_key = [row for row in rows if row.values(key).size]
    if len(image_groups(with_key)) > 1:
        return False
    if is_internal(key):
        return len(space_groups(with_key, split_key(key)[1])) <= 1
    return len(_label_groups(with_key, key)) <= 1


def _label_groups(rows: Sequence[Row], key: str) -> list[list[Row]]:
    label = label_of(key) or ""
    return _groups(rows, lambda row: frozenset(run.labels.get(label) for run in row.runs))


def warnings_for(rows: Sequence[Row], key: str | None, shown: Sequence[str]) -> list[str]:
    """Sentences, gravest first. key: the metric that sorts the rows. shown: the other metrics."""
    found = []
    images = image_groups(rows)
    if len(images) > 1:
        parts = [f"{_names(group)} on {_images(group[0])}" for group in images]
        found.append(
            f"Rows were scored on different images: {'; '.join(parts)}. Their scores are not "
            f"comparable.{_way_out(images)}"
        )
    keys = [*([key] if key else []), *shown]
    spaces = [split_key(key)[1] for key in keys if is_internal(key)]
    for space in dict.fromkeys(spaces):
        if len(groups := space_groups(rows, space)) > 1:
            found.append(
                f"silhouette, Davies-Bouldin and Calinski-Harabasz ({space}) are measured in "
                f"{len(groups)} different spaces; do not rank by them."
            )
    if key and label_of(key) and len(images) == 1 and len(_label_groups(rows, key)) > 1:
        found.append(
            f"The same images carry different labels in column '{label_of(key)}' in some rows."
        )
    return [*found, *_marked(rows), *_pooling(rows), *_supervised(rows, keys)]


def _way_out(images: Sequence[Sequence[Row]]) -> str:
    """For a run that learned from labels beside one that did not and was scored on all images."""
    splits = {row.runs[0].scored_split for group in images for row in group if row.seen_splits}
    others = [row for group in images for row in group if not row.seen_splits]
    if len(splits) != 1 or not any(row.runs[0].scored_split == "all" for row in others):
        return ""
    return (
        " A run that learned no labels is scored on the same images as one that did with "
        f"scored_split={splits.pop()} and the other's seed and dataset.split "
        "('{train: .8, val: .1, test: .1}' where it has none)."
    )


def _pooling(rows: Sequence[Row]) -> list[str]:
    found = []
    drawn = [row for row in rows if len({run.images for run in row.runs}) > 1]
    if drawn:
        found.append(
            f"The seeds of {_names(drawn)} were scored on different images: ± holds the choice of "
            "images too."
        )
    for row in rows:
        if row.repeats:
            older = ", ".join(f"seed {run.seed} ({run.folder})" for run in row.repeats)
            found.append(
                f"{row.title}: repeats of the same seed count once, the newest; left out: {older}."
            )
    return found


def _marked(rows: Sequence[Row]) -> list[str]:
    """Each mark in the words of the run's own report, and the rows that it stands beside."""
    marks = dict.fromkeys(mark for row in rows for mark in row.marks)
    return [
        f"{explain(mark)} Rows: {_names([row for row in rows if mark in row.marks])}."
        for mark in marks
    ]


def _supervised(rows: Sequence[Row], keys: Sequence[str]) -> list[str]:
    """A sentence for the rows that saw the same labels in the same way."""
    labels = dict.fromkeys(label for key in keys if (label := label_of(key)))
    found: dict[tuple[str, str, str], list[str]] = {}
    for label in labels:
        for alike in _groups([row for row in rows if label in row.seen_labels], _how_seen):
            found.setdefault((_names(alike), *_how_seen(alike[0])), []).append(f"'{label}'")
    return [
        f"Supervised: the features of {names} were {made} the labels of "
        f"column{'s' if len(own) > 1 else ''} {' and '.join(own)}{scored}."
        for (names, made, scored), own in found.items()
    ]


def _how_seen(row: Row) -> tuple[str, str]:
    """How the labels went into the features, and what that means for the scores."""
    split = row.runs[0].scored_split
    if not row.seen_splits:
        return "made with", " that they are scored on"
    if split not in (*row.seen_splits, "all"):
        return "learned from", f", but of other images than they are scored on (split {split})"
    return (
        "learned from",
        f", also of images that they are scored on (split {split}): the scores are optimistic",
    )


def _names(rows: Sequence[Row]) -> str:
    shown = "; ".join(row.title for row in rows[:3])
    return shown if len(rows) <= 3 else f"{shown} and {len(rows) - 3} more"


def _images(row: Row) -> str:
    count = row.mean("n_scored")
    return f"{count:,.0f} images (split {row.runs[0].scored_split})"


def _groups(rows: Sequence[Row], key: Callable[[Row], Hashable]) -> list[list[Row]]:
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return list(groups.values())
