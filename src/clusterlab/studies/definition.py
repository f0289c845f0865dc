"""What a study is: a file in conf/study, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clusterlab.config.find import conf_dir, options
from clusterlab.errors import ConfigError, closest


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measure(_Part):
    """One number of a row, with the one that was published.

    published: in the unit of our metric (.7099, not 70.99); None where the study gives none. std:
    over the study's own runs. percent: shown in per cent. why: what keeps ours from being the same
    number, in words, where that is known beforehand.
    """

    published: float | None = None
    std: float | None = None
    percent: bool = False
    why: str = ""


class Row(_Part):
    """One row of the study's tables: an experiment, several seeds, some numbers.

    experiment: of conf/experiment; by default the row's own name. words: overrides on top of it.
    measures: where a number is found -> what was published of it. A key of metrics.json
    ("ari/label"), or FILE.csv:COLUMN[KEY=VALUE,...] for one cell of a table.
    gpu: whether it takes days without one. after: the row whose fine-tuned weights it takes.
    seeds: how many, where that is not the study's number. why: as in Measure, for all of them.
    """

    experiment: str | None = None
    words: tuple[str, ...] = ()
    measures: dict[str, Measure] = Field(default_factory=dict)
    gpu: bool = False
    after: str | None = None
    seeds: int | None = None
    why: str = ""


class Smoke(_Part):
    """The stand-in in CI's time. only: rows, by name or glob."""

    only: tuple[str, ...]
    words: tuple[str, ...] = ()
    seeds: int = 1


class StandIn(_Part):
    """Real images and weights in the place of the study's own: they show that every row can be
    had, and say nothing about the published numbers.

    what: the images and models, in words. words: overrides of every row. rows: further ones of
    single rows, by name or glob. columns: label column of the study -> that of the stand-in.
    without: row, by name or glob -> why it has no stand-in.
    """

    what: str
    words: tuple[str, ...] = ()
    rows: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=dict)
    without: dict[str, str] = Field(default_factory=dict)
    seeds: int = 3
    smoke: Smoke


class Figure(_Part):
    """A figure of one row's first run. file: in its figures/."""

    row: str
    file: str
    caption: str


class Chart(_Part):
    """A figure of several rows.

    kind: "sweep", measures over one setting; "granularity", purity over the number of clusters and
    the label columns; "views", the map of each row side by side. rows: by name or glob, in this
    order. over: the setting of a sweep. measures: of a sweep. columns: of a granularity, coarse to
    fine or the other way round. colour: the label column of views.
    """

    kind: Literal["sweep", "granularity", "views"]
    file: str
    caption: str
    rows: tuple[str, ...]
    over: str = "clusterer.n_clusters"
    measures: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    colour: str | None = None


class Study(_Part):
    """A published study: its question, its rows, and what stands in for its images here.

    data: what its owner has and `--dataset` names, in words. path: the key that it sets.
    flaws: of the original, each with what is done about it, in words.
    """

    name: str
    title: str
    question: str
    source: str
    data: str
    path: str = "dataset.path"
    seeds: int = 5
    rows: dict[str, Row]
    stand_in: StandIn
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    flaws: tuple[str, ...] = ()


def studies() -> dict[str, str]:
    """Name -> one line, of every study."""
    return options("study")


def read_study(name: str) -> Study:
    """Raises ConfigError, with every problem, for a study that is not there or not right."""
    known = studies()
    if name not in known:
        raise ConfigError(
            f"Unknown study '{name}'.{closest(name, known)} Studies: {', '.join(known)}."
        )
    file: Path = conf_dir() / "study" / f"{name}.yaml"
    try:
        return Study.model_validate({"name": name, **yaml.safe_load(file.read_text("utf-8"))})
    except ValidationError as error:
        raise ConfigError(
            [
                f"study {name}: {'.'.join(map(str, one['loc']))}: {one['msg']}"
                for one in error.errors()
            ]
        ) from error
