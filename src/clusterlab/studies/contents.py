"""Whether a finished run is of the images, labels and weights that are there now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clusterlab import __version__
from clusterlab.config.build import build
from clusterlab.contents import collection_digest, own_weights
from clusterlab.datasets.load import load
from clusterlab.errors import ConfigError
from clusterlab.honest import learned_column
from clusterlab.plan import Plan
from clusterlab.store import key_of


@dataclass
class Contents:
    """Compares runs with what is there now; each collection is loaded once for all of them."""

    _collections: dict[str, str | None] = field(default_factory=dict)

    def changed(self, run: Path, config: Mapping[str, Any], choices: Mapping[str, str]) -> str:
        """What is no longer as it was when the run was made, in words; "" where nothing is. What
        cannot be read any more has not changed.

        config, choices: of the run.
        """
        try:
            made = json.loads((run / "environment.json").read_text(encoding="utf-8"))
            version = made["versions"]["clusterlab"]
        except (OSError, ValueError, LookupError):
            return "its environment.json cannot be read"
        if version != __version__:
            return f"made by clusterlab {version}"
        try:
            plan = build({**config, "store": False}, choices)
        except ConfigError:
            return ""
        collection = self._collection(plan)
        if collection is not None and made.get("collection") != collection:
            return "labels or images changed"
        before = made.get("weights", {})
        weights = own_weights(plan.users_of_models)
        others = [key for key, digest in weights.items() if before.get(key) != digest]
        return f"the file of {others[0]} changed" if others else ""

    def _collection(self, plan: Plan) -> str | None:
        """The digest of the plan's collection, None where it cannot be loaded."""
        learned = learned_column(plan.finetune, plan.reducer)
        # A split that is made for what is learned is the seed's own.
        made_by = None if learned is None else [learned, plan.seed]
        key = key_of({"dataset": plan.dataset.config, "made_by": made_by})
        if key not in self._collections:
            try:
                collection = load(plan.dataset, learned=learned, seed=plan.seed)
            except Exception:
                # A dataset may raise anything, and the row itself will say what is wrong.
                self._collections[key] = None
            else:
                self._collections[key] = collection_digest(collection)
        return self._collections[key]
