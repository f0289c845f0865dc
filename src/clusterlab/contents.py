"""What a run is made of besides its config: the content of its collection and weight files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clusterlab.models.ahead import uses_models
from clusterlab.types import Collection


def collection_digest(collection: Collection) -> str:
    """Hex SHA-256 of all that is known about the images: ids, content, labels, split, numbers,
    descriptions, and which of them could not be listed.

    >>> from clusterlab.datasets.digits import Digits
    >>> one, same, other = (Digits(sample_per_class=n).load() for n in (2, 2, 3))
    >>> collection_digest(one) == collection_digest(same) != collection_digest(other)
    True
    """
    columns = {**collection.labels, **collection.numeric}
    known = {
        "ids": collection.ids,
        "images": collection.digests,
        "columns": [[str(name), column.tolist()] for name, column in columns.items()],
        "split": collection.split.tolist(),
        "text": collection.text,
        "failures": [failure.id for failure in collection.failures],
    }
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def own_weights(users: Mapping[str, Any]) -> dict[str, str]:
    """The key that names weight files on the user's disk -> their hex SHA-256, as far as they are
    there. Those of the hub are told by the config's own revision.

    users: what may need models, by the key that sets it.
    """
    users = {where: user for where, user in users.items() if uses_models(user)}
    if not users:
        return {}
    from clusterlab.models.needs import sources

    found = {}
    for source in (one for where, user in users.items() for one in sources(user, where)):
        place = Path(source.weights or source.model).expanduser()
        if not source.random and place.exists():
            found[source.setting] = source.digest()
    return found
