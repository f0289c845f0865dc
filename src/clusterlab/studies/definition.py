"""What a study is: a file in conf/study, read and checked."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from clusterlab.config import find
from clusterlab.errors import ConfigError, closest


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measure(_Part):
    """One number of a row, with the one that was published.

    published: in the unit of our metric (.7099, not 70.99); None where the study gives none. std:
    over the study's own runs. percent: shown in per cent. called: in words, where the name that we
    give it would not do. why: what keeps ours from being the same number, in words, where that is
    known beforehand.
    """

    published: float | None = None
    std: float | None = None
    percent: bool = False
    called: str = ""
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
    seeds: int | None = Field(default=None, ge=1)
    why: str = ""


class Smoke(_Part):
    """The stand-in in CI's time. only: rows, by name or glob."""

    only: tuple[str, ...]
    words: tuple[str, ...] = ()
    seeds: int = Field(default=1, ge=1)


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
    seeds: int = Field(default=3, ge=1)
    smoke: Smoke


class Figure(_Part):
    """A figure of one row's first run. file: in its figures/. of_images: whether it shows the
    images themselves: a stand-in's record, which is to be passed on, has no such figure."""

    row: str
    file: str
    caption: str
    of_images: bool = False


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


class Claim(_Part):
    """What the study says of two rows, which can be held against our numbers.

    says: in words. measure: of both rows. more, less: the row in which it should be higher, and the
    one in which it should be lower.
    """

    says: str
    measure: str
    more: str
    less: str


class Study(_Part):
    """A published study: its question, its rows, and what stands in for its images here.

    data: what its owner has and `--dataset` names, in words. path: the key that it sets. images:
    how many its smallest row has, so that another collection is told from it. flaws: of the
    original, each with what is done about it, in words.
    """

    name: str
    title: str
    question: str
    source: str
    data: str
    path: str = "dataset.path"
    images: int | None = None
    seeds: int = Field(default=5, ge=1)
    rows: dict[str, Row]
    stand_in: StandIn
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    claims: tuple[Claim, ...] = ()
    flaws: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_rows(self) -> Self:
        """What names rows of the study names some that there are."""
        named: dict[str, Iterable[str]] = {
            "stand_in.rows": self.stand_in.rows,
            "stand_in.without": self.stand_in.without,
            "stand_in.smoke.only": self.stand_in.smoke.only,
            **{f"figures ({figure.file})": [figure.row] for figure in self.figures},
            **{f"charts ({chart.file})": chart.rows for chart in self.charts},
            **{f"claims ({one.says})": [one.more, one.less] for one in self.claims},
            **{f"rows.{name}.after": [row.after] for name, row in self.rows.items() if row.after},
        }
        for where, patterns in named.items():
            for pattern in patterns:
                base = pattern.partition(":")[0]
                if not any(matches(name, [base]) for name in self.rows):
                    raise ValueError(
                        f"{where} names '{pattern}', and there is no such row."
                        f"{closest(base, self.rows)}"
                    )
        return self

    @model_validator(mode="after")
    def _claims_measures(self) -> Self:
        """What is claimed of two rows is measured in both."""
        for claim in self.claims:
            for row in (claim.more, claim.less):
                named = self.rows.get(row.partition(":")[0])
                known = named.measures if named is not None else {}
                if claim.measure not in known:
                    raise ValueError(
                        f"claims ({claim.says}): {row} has no measure '{claim.measure}'."
                        f"{closest(claim.measure, known)}"
                    )
        return self


def matches(label: str, patterns: Iterable[str]) -> bool:
    """Whether a row, or one combination of a row that is a sweep, is named by one of the patterns.

    >>> matches("ksweep: n_clusters=5", ["ksweep"]), matches("ksweep: n_clusters=5", ["*=2"])
    (True, False)
    """
    base = label.partition(":")[0]
    return any(fnmatchcase(label, one) or fnmatchcase(base, one) for one in patterns)


def studies(config_dir: Path | None = None) -> dict[str, str]:
    """Name -> one line, of every study; of `config_dir`/study too."""
    return {name: find.first_comment(file) for name, file in find.studies(config_dir).items()}


def read_study(name: str, config_dir: Path | None = None) -> Study:
    """Raises ConfigError, with every problem, for a study that is not there or not right."""
    known = find.studies(config_dir)
    if name not in known:
        raise ConfigError(
            f"Unknown study '{name}'.{closest(name, known)} Studies: {', '.join(known)}."
        )
    try:
        content = yaml.safe_load(known[name].read_text("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"study {name}: {known[name]} is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"study {name}: {known[name]} holds no keys and values.")
    try:
        return Study.model_validate({"name": name, **content})
    except ValidationError as error:
        raise ConfigError(
            [_told(name, one["loc"], one["msg"]) for one in error.errors()]
        ) from error


def _told(name: str, where: tuple[int | str, ...], problem: str) -> str:
    place = ".".join(map(str, where))
    said = problem.removeprefix("Value error, ")
    return ": ".join(part for part in (f"study {name}", place, said) if part)
