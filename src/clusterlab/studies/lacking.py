"""What a row of a study still lacks on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from clusterlab.config.build import build
from clusterlab.config.rows import compose_row
from clusterlab.datasets.read_table import read_table
from clusterlab.datasets.table import Table
from clusterlab.datasets.table_columns import check_names
from clusterlab.errors import ClusterlabError, ConfigError
from clusterlab.models.device import choose_devices
from clusterlab.models.needs import sources
from clusterlab.models.source import Source
from clusterlab.plan import Plan
from clusterlab.studies.definition import Study, matches
from clusterlab.studies.tasks import Occasion, Task

# The words of a command line that say which model a run takes.
_OF_MODELS = ("extractor", "labeler", "namer", "model", "weights", "weights_dir")


@dataclass(frozen=True)
class Lack:
    """One thing that is not here. kind: "data", "weights", "gpu", "package", "row" or "config".
    what: in words. way: what to do about it."""

    kind: str
    what: str
    way: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.way}" if self.way else self.what


@dataclass(frozen=True)
class Needed:
    """A model that a row takes. how: the words that set or fetch it. here: whether it is there."""

    model: str
    how: str
    here: bool


@dataclass
class Inquiry:
    """Asks of one row after the other what it lacks; tables are read once for all of them.

    Of each row that composes `models` says which it takes; takes_path, whether any of them reads
    images from the disk.
    """

    study: Study
    occasion: Occasion
    models: dict[str, tuple[Needed, ...]] = field(default_factory=dict)
    takes_path: bool = False
    _data: dict[str, list[Lack]] = field(default_factory=dict)
    _options: dict[tuple[str, str], set[tuple[str, str | None]]] = field(default_factory=dict)
    _lacking: dict[str, list[Lack]] = field(default_factory=dict)

    def lacks(self, task: Task) -> list[Lack]:
        """What this row lacks. Those whose weights it takes are to be asked about first."""
        found = list(dict.fromkeys(self._of(task)))
        self._lacking[task.label] = found
        return found

    def _of(self, task: Task) -> Iterator[Lack]:
        if task.composed is None:
            return
        try:
            resolved, choices = task.composed.at(task.composed.seed)
            plan = build({**resolved, "store": False}, choices)
        except ConfigError as error:
            yield Lack("config", str(error))
            return
        key = yaml.safe_dump(dict(plan.dataset.config))
        if key not in self._data:
            self._data[key] = list(self._of_data(plan))
        yield from self._data[key]
        yield from self._of_models(task, plan, resolved)
        yield from self._of_machine(task, resolved)
        before = task.row.after
        if before and any(
            self._lacking.get(one) for one in self._lacking if matches(one, [before])
        ):
            yield Lack("row", f"the fine-tuned weights of {before}, which lacks something itself")

    def _of_data(self, plan: Plan) -> Iterator[Lack]:
        dataset = plan.dataset.instance
        named = getattr(dataset, "path", None)
        if named is None:
            return
        self.takes_path = True
        own = not self.occasion.stands_in
        what = f"the study's data, {self.study.data}" if own else "the stand-in's images"
        path = Path(named).expanduser()
        if not path.exists():
            way = "--dataset PATH" if own else "data_dir=FOLDER, or CLUSTERLAB_DATA, that has them"
            yield Lack("data", what, f"{way} (there is no {path})")
        elif isinstance(dataset, Table):
            try:
                columns = read_table(path, delimiter=dataset.delimiter)
                check_names(columns, where=f"the table {path}", **_columns(plan.dataset.config))
            except ClusterlabError as error:
                yield Lack("data", what, str(error))
        elif path.is_dir() and not any(path.iterdir()):
            yield Lack("data", what, f"{path} is empty")

    def _of_models(self, task: Task, plan: Plan, resolved: Mapping[str, Any]) -> Iterator[Lack]:
        needed = []
        for where, component in plan.users_of_models.items():
            for source in sources(component, where):
                one, lack = _look(source, self._fetch(task, source, where, plan), resolved)
                needed += [one] if one else []
                if lack:
                    yield lack
        self.models[task.label] = tuple(dict.fromkeys(needed))

    def _fetch(self, task: Task, source: Source, where: str, plan: Plan) -> str:
        """The shortest command that fetches the model: the option that it belongs to says enough
        where it is the option's own."""
        stage, _, part = where.partition(".")
        option = part or plan.choices.get(stage, "")
        if (stage, option) not in self._options:
            self._options[stage, option] = _models_of(f"{stage}={option}", self.occasion)
        if (source.model, source.wanted) in self._options[stage, option]:
            return f"clusterlab fetch {stage}={option}"
        return f"clusterlab fetch {' '.join(_fetch_words(task))}"

    def _of_machine(self, task: Task, resolved: Mapping[str, Any]) -> Iterator[Lack]:
        if resolved["backend"] == "openvino" and find_spec("openvino") is None:
            yield Lack("package", "the package openvino", "pip install 'clusterlab[openvino]'")
        try:
            devices = choose_devices(resolved["device"])
        except ClusterlabError as error:
            yield Lack("gpu", str(error))
            return
        days = task.row.gpu and not self.occasion.stands_in and resolved["device"] != "cpu"
        if days and not self.occasion.without_gpu and devices[0].type == "cpu":
            yield Lack("gpu", "a GPU", "--without-gpu takes days instead")


def _columns(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Argument of a table -> the columns that it names."""
    found: dict[str, list[str]] = {}
    for argument, value in config.items():
        if argument == "class_column":
            continue
        if argument == "first_of":
            found[argument] = list(value.values())
        elif argument in ("multi_valued", "annotators") or argument.endswith(("column", "columns")):
            found[argument] = [value] if isinstance(value, str) else list(value or ())
    return found


def _models_of(word: str, occasion: Occasion) -> set[tuple[str, str | None]]:
    """Model and revision of each that the default run takes with this word; empty where it would
    not do."""
    try:
        config, choices = compose_row([word], occasion.config_dir)[0].at(0)
        plan = build({**config, "store": False}, choices)
    except ConfigError:
        return set()
    users = plan.users_of_models.items()
    return {(one.model, one.wanted) for where, user in users for one in sources(user, where)}


def _look(
    source: Source, fetch: str, resolved: Mapping[str, Any]
) -> tuple[Needed | None, Lack | None]:
    """The model, and what of it is lacking. None for random weights that need no files."""
    if source.random and not source.configs:
        return None, None
    try:
        missing = source.missing()
        if not missing and not source.random:
            source.files()
    except ClusterlabError as error:
        return _own_file(source, resolved, error)
    own = source.weights is not None and not source.random
    how = _set_by(source, resolved) if own else fetch
    needed = Needed(source.model, how, not missing)
    if not missing:
        return needed, None
    what = "the configs" if source.random or own else "the weights"
    return needed, Lack("weights", f"{what} of {source.model}", fetch)


def _own_file(
    source: Source, resolved: Mapping[str, Any], error: ClusterlabError
) -> tuple[Needed | None, Lack]:
    if source.weights is None or source.random or Path(source.weights).expanduser().exists():
        return Needed(source.model, "", False), Lack("weights", str(error))
    way = _set_by(source, resolved)
    return Needed(source.model, way, False), Lack("weights", f"weights for {source.model}", way)


def _set_by(source: Source, resolved: Mapping[str, Any]) -> str:
    """The words that say where the user's own weights are."""
    path, folder = Path(str(source.weights)), resolved["weights_dir"]
    if not path.is_relative_to(folder):
        return f"{source.setting}=PATH"
    return f"weights_dir=FOLDER with {path.relative_to(folder)} in it, or {source.setting}=PATH"


def _fetch_words(task: Task) -> Sequence[str]:
    assert task.composed is not None
    words = [word for word in task.composed.words if not word.startswith("+experiment=")]
    own = [word for word in words if word.lstrip("+").split("=")[0].split(".")[0] in _OF_MODELS]
    return [f"+experiment={task.experiment}", *own]
