"""The types of the top-level config: Hydra checks values against them while composing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf


@dataclass
class DecodeConfig:
    background: str = "white"
    reduce_to: int | None = None


@dataclass
class ReportConfig:
    max_thumbnails: int = 2000
    highlight: list[str] = field(default_factory=list)


@dataclass
class TaxonomyConfig:
    """What labelers choose from. parents: category -> the one above it, where there is one."""

    name: str | None = None
    categories: list[str] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)


@dataclass
class SearchConfig:
    """What `clusterlab tune` looks for; conf/search/none.yaml says what each key means."""

    space: dict[str, Any] = field(default_factory=dict)
    objective: Any = "silhouette"
    scored_in: str = "reduced"
    noise_penalty: float = 0.3
    n_clusters: list[int] | None = None
    cluster_penalty: float = 1.0
    sampler: str = "tpe"
    n_trials: int = 100
    timeout: float | None = None
    workers: int = 1
    n_best: int = 3


@dataclass
class RunConfig:
    """One run. The stages are free mappings: `check.py` checks them against what they build."""

    name: str = MISSING
    seed: int = MISSING
    data_dir: str = MISSING
    weights_dir: str = MISSING
    dataset: dict[str, Any] = field(default_factory=dict)
    extractor: dict[str, Any] = field(default_factory=dict)
    finetune: dict[str, Any] = field(default_factory=dict)
    reducer: dict[str, Any] = field(default_factory=dict)
    clusterer: dict[str, Any] = field(default_factory=dict)
    view: dict[str, Any] = field(default_factory=dict)
    evaluator: dict[str, Any] = field(default_factory=dict)
    labeler: dict[str, Any] = field(default_factory=dict)
    taxonomy: TaxonomyConfig = field(default_factory=TaxonomyConfig)
    namer: dict[str, Any] = field(default_factory=dict)
    search: SearchConfig = field(default_factory=SearchConfig)
    clustered_split: str = "all"
    scored_split: str = "auto"
    workers: int | None = None
    batch_size: Any = "auto"
    device: Any = "auto"
    precision: str = "auto"
    compile: bool = False
    backend: str = "torch"
    store: bool = True
    decode: DecodeConfig = field(default_factory=DecodeConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    allowed_targets: list[str] = field(default_factory=list)


def register() -> None:
    """Make known to Hydra what config.yaml refers to: the schema, and `${stem:PATH}`."""
    ConfigStore.instance().store(name="schema", node=RunConfig)
    OmegaConf.register_new_resolver("stem", _stem, replace=True)


def _stem(path: str) -> str:
    """The name of a folder, or of a file without its ending."""
    place = Path(path).expanduser()
    return place.resolve().name.removesuffix(place.suffix) or "run"
