"""The config of an earlier run as a config of its own, for Hydra to compose changes onto."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from clusterlab.config.find import conf_dir
from clusterlab.errors import ConfigError

NAME = "again"
_DEFAULTS = [
    "schema",
    "_self_",
    {"override hydra/job_logging": "none"},
    {"override hydra/hydra_logging": "none"},
]


def write_again(run: Path, folder: Path) -> dict[str, str]:
    """Write again.yaml into `folder` from a run folder's config.yaml. Returns the run's choices
    (group -> option), as far as they are known.

    Seeds that were the run's own follow `seed` again. Raises ConfigError where `run` is no run.
    """
    try:
        saved = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{run} is no run folder: it has no readable config.yaml.") from error
    if (saved.get("search") or {}).get("space"):
        raise ConfigError(
            f"{run} is a search, not a run. Its best trials are runs: clusterlab run --again "
            f"{run / 'best' / '1'}. To go on with the search: clusterlab tune --resume {run}."
        )
    shipped = yaml.safe_load((conf_dir() / "config.yaml").read_text(encoding="utf-8"))
    # Runs of before there were these stages do not name them.
    saved.setdefault("finetune", {"_target_": "clusterlab.finetune.none.NoFinetuning"})
    saved.setdefault("namer", {"_target_": "clusterlab.namers.none.NoNames"})
    own = _revived(saved, saved.get("seed"))
    content = {"defaults": _DEFAULTS, **own, "seed": saved.get("seed"), "hydra": shipped["hydra"]}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / f"{NAME}.yaml").write_text(text, encoding="utf-8")
    try:
        environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    except OSError:
        return {}
    return dict(environment.get("choices", {}))


def _revived(node: Any, seed: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: "${seed}" if key == "random_state" and value == seed else _revived(value, seed)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_revived(part, seed) for part in node]
    # The values are resolved: what looks like an interpolation is text.
    return node.replace("${", "\\${") if isinstance(node, str) else node
