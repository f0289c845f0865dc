"""No names: clusters are called by their numbers."""

from __future__ import annotations

from typing import Any

from clusterlab.meaning import Naming


class NoNames:
    """Leaves the clusters without names."""

    def name(self, *_: Any, **__: Any) -> Naming | None:
        return None
