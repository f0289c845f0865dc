"""What a finished run left for new images, built from its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from safetensors import SafetensorError
from safetensors.numpy import load_file

from clusterlab.config.build import component
from clusterlab.config.check import problems
from clusterlab.environment import n_cores
from clusterlab.errors import ConfigError, DataError
from clusterlab.finetune.restored import restored
from clusterlab.predicting import Kept
from clusterlab.reading.settings import Settings
from clusterlab.store import Store, default_folder
from clusterlab.types import Compute, Decoding

_WEIGHTS = "finetuned.safetensors"


def kept_of(run: Path) -> tuple[Kept, Settings]:
    """What the run left, and how it read its images. Raises DataError where `run` is no finished
    run, ConfigError for a config that names classes outside the allowed packages."""
    config = _config(run)
    model = run / "model"
    facts, arrays = _model(model)
    found = problems(config, ("extractor", "reducer"))
    if found:
        raise ConfigError(found)
    choices = _choices(run)
    extractor = component("extractor", config, choices)
    if "finetune" in facts:
        tuned = restored(
            extractor.instance,
            str(model / _WEIGHTS),
            features=config["finetune"].get("features", "embedding"),
            facts=facts["finetune"],
            arrays=arrays,
        )
        extractor = replace(extractor, instance=tuned)
    kept = Kept(
        extractor=extractor,
        reducer=component("reducer", config, choices),
        arrays=arrays,
        facts=facts,
        names=_names(run),
    )
    return kept, _settings(config)


def _config(run: Path) -> dict[str, Any]:
    if not (run / "metrics.json").is_file():
        raise DataError(
            f"{run} is no finished run: it has no metrics.json. A run's folder is the last line "
            "that `clusterlab run` prints."
        )
    try:
        found: dict[str, Any] = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"config.yaml of {run} cannot be read: {error}") from error
    return found


def _model(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        return facts, load_file(folder / "model.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise DataError(
            f"What the run kept for new images cannot be read from {folder}: {error}. Run it "
            f"again: clusterlab run --again {folder.parent}."
        ) from error


def _choices(run: Path) -> dict[str, str]:
    try:
        environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(environment.get("choices", {}))


def _names(run: Path) -> dict[int, str]:
    try:
        table = pd.read_csv(run / "clusters.csv", dtype=str, keep_default_na=False)
    except (OSError, ValueError):
        return {}
    return {
        int(row["cluster"]): row["name"]
        for row in table.to_dict("records")
        if row["name"] and row["name"] != f"cluster {row['cluster']}"
    }


def _settings(config: Mapping[str, Any]) -> Settings:
    device = config.get("device", "auto")
    return Settings(
        store=Store(default_folder()) if config["store"] else None,
        decoding=Decoding(**config["decode"]),
        compute=Compute(
            device=device if isinstance(device, str) else tuple(device),
            precision=config.get("precision", "auto"),
            compile=config.get("compile", False),
            backend=config.get("backend", "torch"),
        ),
        workers=config["workers"] or n_cores(),
        batch_size=None if config["batch_size"] == "auto" else config["batch_size"],
    )
