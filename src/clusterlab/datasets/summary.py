"""What is in a collection, as plain data for the report and the terminal."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from clusterlab.datasets.duplicates import groups
from clusterlab.images import image_size
from clusterlab.shuffle import shuffled
from clusterlab.types import Collection, ImageSource

SAMPLE_IMAGES = 24


def summarize(
    collection: Collection, *, random_state: int = 0, max_sizes: int = 2000
) -> dict[str, Any]:
    """The dataset summary, JSON-able:

    name, n_images, n_failed; splits: split -> images;
    labels: column -> n_classes, counts ([[value, images], ...], the largest first), imbalance
        (largest / smallest class, None below one class), missing, missing_share, multi_valued (a
        multi-valued image counts for each of its values);
    numeric: column -> min, median, max (None where all is missing), missing;
    text: None, or {"missing": images};
    duplicates: n_groups, n_extra (copies beyond the first), examples ([[id, ...], ...] of at most
        5 groups), conflicting (label column -> groups whose copies carry different labels);
    sizes: width and height in pixels of the upright images, in lists; n_unread; n_measured, and
        sampled: true where only `max_sizes` images, picked by `random_state`, were measured;
    sample_ids: up to 24 images picked by `random_state`, in the order of the ids.
    """
    order = shuffled(collection.ids, random_state=random_state)
    return {
        "name": collection.name,
        "n_images": len(collection),
        "n_failed": len(collection.failures),
        "splits": {str(name): n for name, n in sorted(Counter(collection.split.tolist()).items())},
        "labels": {
            str(column): _label(collection.labels[column], column in collection.multi_valued)
            for column in collection.labels.columns
        },
        "numeric": {
            str(column): _numeric(collection.numeric[column])
            for column in collection.numeric.columns
        },
        "text": None
        if collection.text is None
        else {"missing": sum(text is None for text in collection.text)},
        "duplicates": _duplicates(collection),
        "sizes": _sizes([collection.images[row] for row in sorted(order[:max_sizes])])
        | {"sampled": len(collection) > max_sizes},
        "sample_ids": [collection.ids[row] for row in sorted(order[:SAMPLE_IMAGES])],
    }


def _label(values: pd.Series, multi_valued: bool) -> dict[str, Any]:
    missing = sum(not value for value in values)
    single = [v for value in values if value for v in (value if multi_valued else (value,))]
    counts = sorted(Counter(single).items(), key=lambda item: (-item[1], item[0]))
    return {
        "n_classes": len(counts),
        "counts": [[value, n] for value, n in counts],
        "imbalance": counts[0][1] / counts[-1][1] if counts else None,
        "missing": missing,
        "missing_share": missing / len(values) if len(values) else 0.0,
        "multi_valued": multi_valued,
    }


def _numeric(values: pd.Series) -> dict[str, Any]:
    there = values.dropna()
    ranges = {"min": there.min(), "median": there.median(), "max": there.max()}
    return {
        **{name: None if there.empty else float(value) for name, value in ranges.items()},
        "missing": len(values) - len(there),
    }


def _duplicates(collection: Collection) -> dict[str, Any]:
    same = groups(collection.digests)
    conflicting = {}
    for column in collection.labels.columns:
        values = collection.labels[column].tolist()
        conflicting[str(column)] = sum(len({values[row] for row in rows}) > 1 for rows in same)
    return {
        "n_groups": len(same),
        "n_extra": sum(len(rows) - 1 for rows in same),
        "examples": [[collection.ids[row] for row in rows] for rows in same[:5]],
        "conflicting": conflicting,
    }


def _sizes(images: list[ImageSource]) -> dict[str, Any]:
    with ThreadPoolExecutor() as threads:
        found = list(threads.map(_size, images))
    read = [size for size in found if size is not None]
    return {
        "width": [width for width, _ in read],
        "height": [height for _, height in read],
        "n_measured": len(read),
        "n_unread": len(found) - len(read),
    }


def _size(image: ImageSource) -> tuple[int, int] | None:
    try:
        return image_size(image.read())
    except Exception:
        # Why it cannot be read is for the extractor to say, in failures.csv.
        return None
