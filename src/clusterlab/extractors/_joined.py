"""Several extractors' features side by side: each is extracted as if it were alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clusterlab.components import Component, JoiningExtractor
from clusterlab.errors import ComponentError, DataError
from clusterlab.reading.settings import Extraction, Settings
from clusterlab.types import Collection, Features

Extract = Callable[[Collection, Component, Settings], Extraction]


def joined(
    collection: Collection, component: Component, settings: Settings, extract: Extract
) -> Extraction:
    """Features of the images that every part could use; the store keeps each part by itself."""
    joining: JoiningExtractor = component.instance
    made = {}
    for name, instance in joining.parts.items():
        part = Component(name=name, config=component.config["parts"][name], instance=instance)
        try:
            made[name] = extract(collection, part, settings)
        except ComponentError as error:
            # A part names its arguments as if it were the whole.
            text = str(error).replace("extractor.", f"extractor.parts.{name}.")
            raise ComponentError(text) from error
    common = set.intersection(*({*one.features.ids} for one in made.values()))
    ids = tuple(id_ for id_ in collection.ids if id_ in common)
    if not ids:
        raise DataError(
            f"No image of '{collection.name}' could be used by all parts of extractor "
            f"'{component.name}': {', '.join(made)}."
        )
    split = collection.take(ids).split
    training = split == "train" if (split == "train").any() else split != ""
    values = {name: _rows(one.features, ids) for name, one in made.items()}
    config = {key: value for key, value in component.config.items() if key != "parts"}
    features = Features(
        ids=ids,
        values=joining.join(values, training),
        space="features",
        provenance={
            "config": config,
            "version": joining.version,
            "parts": {name: dict(one.features.provenance) for name, one in made.items()},
        },
        seen_labels=tuple(dict.fromkeys(c for m in made.values() for c in m.features.seen_labels)),
        marks=tuple(dict.fromkeys(mark for m in made.values() for mark in m.features.marks)),
    )
    failures = {failure.id: failure for one in made.values() for failure in one.failures}
    return Extraction(
        features=features,
        failures=tuple(failures[id_] for id_ in sorted(failures)),
        store="; ".join(f"{name}: {one.store}" for name, one in made.items()),
        fitted={
            **{f"{name}.{key}": a for name, one in made.items() for key, a in one.fitted.items()},
            **joining.fitted,
        },
        texts=tuple(text for one in made.values() for text in one.texts if text.id in common),
        compute={name: dict(one.compute) for name, one in made.items() if one.compute},
        notes=tuple(dict.fromkeys(note for one in made.values() for note in one.notes)),
    )


def _rows(features: Features, ids: tuple[str, ...]) -> np.ndarray:
    place = {id_: row for row, id_ in enumerate(features.ids)}
    return features.values[[place[id_] for id_ in ids]]
