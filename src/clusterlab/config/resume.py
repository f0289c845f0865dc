"""The config of a search that goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from clusterlab.config.search_plan import Job
from clusterlab.config.trust import check_allowed
from clusterlab.errors import ConfigError, UsageError, closest

_MAY_CHANGE = ("search.n_trials", "search.timeout", "search.workers")
_GRANT = "allowed_targets"


def read_search(folder: Path, words: Sequence[str] = ()) -> Job:
    """The search in `folder`, with the changes in `words`.

    Raises UsageError where the folder holds no search, ConfigError for changes that would leave the
    trials made so far without comparison.
    """
    try:
        saved = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
        told = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        saved = None
    if not isinstance(saved, dict) or not saved.get("search"):
        raise UsageError(
            f"{folder} holds no search to go on with. `clusterlab tune` prints its folder last; a "
            "run is done again with: clusterlab run --again RUN."
        )
    changes = dict(_change(word) for word in words)
    granted = changes.pop(_GRANT, None)
    check_allowed(saved[_GRANT], typed=granted == saved[_GRANT])
    search = saved["search"] | {key.partition(".")[2]: value for key, value in changes.items()}
    return Job(
        folder=folder,
        config={**saved, "search": search},
        choices=dict(told.get("choices", {})),
        granted=tuple(granted or ()),
    )


def _change(word: str) -> tuple[str, Any]:
    name, _, text = word.lstrip("+").partition("=")
    if name not in (*_MAY_CHANGE, _GRANT):
        raise ConfigError(
            f"'{name}' cannot change while a search goes on: its trials would not compare, or not "
            f"be repeated.{closest(name, _MAY_CHANGE)} Only {', '.join(_MAY_CHANGE)} can. For "
            "anything else begin another search."
        )
    try:
        return name, yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"'{word}' cannot be read: {name} takes a number.") from error
