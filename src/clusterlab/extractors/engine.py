"""The engine: turns a collection into features, whatever the extractor.

Reading and decoding in threads, batching, the store, progress and failures are here once, so that
an extractor is only how one image becomes model input and how a batch becomes vectors.
"""

from __future__ import annotations

import numpy as np

from clusterlab.components import Component, TableExtractor
from clusterlab.environment import n_cores
from clusterlab.extractors._joined import joined
from clusterlab.kin import kin
from clusterlab.models.ahead import bring_ahead
from clusterlab.reading.image_vectors import image_vectors
from clusterlab.reading.settings import Extraction, Settings
from clusterlab.store import Store
from clusterlab.types import Collection, Compute, Decoding, Features

__all__ = ["Extraction", "extract"]


def extract(
    collection: Collection,
    component: Component,
    *,
    store: Store | None = None,
    decoding: Decoding | None = None,
    compute: Compute | None = None,
    workers: int | None = None,
    batch_size: int | None = None,
) -> Extraction:
    """Features of every image of `collection` that can be read, rows in the order of its ids.

    workers: threads that read and prepare images; one a core by default. batch_size: images at
    once; by default what suits the extractor. They change the speed, not the vectors.
    """
    bring_ahead({"extractor": component.instance})
    settings = Settings(
        store=store,
        decoding=decoding or Decoding(),
        compute=compute or Compute(),
        workers=workers or n_cores(),
        batch_size=batch_size,
    )
    return _extract(collection, component, settings)


def _extract(collection: Collection, component: Component, settings: Settings) -> Extraction:
    extractor = component.instance
    if hasattr(extractor, "join"):
        return joined(collection, component, settings, _extract)
    if hasattr(extractor, "encoder"):
        # Models bring PyTorch along, which the other extractors do without.
        from clusterlab.extractors._texts import described_images, table_texts

        read = table_texts if hasattr(extractor, "texts") else described_images
        return read(collection, component, settings)
    if hasattr(extractor, "prepare"):
        return image_vectors(collection, component, settings)
    return _from_table(collection, component)


def _from_table(collection: Collection, component: Component) -> Extraction:
    extractor: TableExtractor = component.instance
    values = np.asarray(extractor.transform(collection), dtype=np.float32)
    features = Features(
        ids=collection.ids,
        values=values,
        space="features",
        provenance={"config": dict(component.config), "version": extractor.version},
        seen_labels=kin(
            [c for c in extractor.columns if c in collection.labels.columns], collection.derived
        ),
    )
    return Extraction(features=features, store="made from the table, which the store does not keep")
