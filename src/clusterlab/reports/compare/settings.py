"""What sets the rows of a leaderboard apart: options chosen, then config values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from clusterlab.reports.compare.configs import class_of, differing, is_seed, short_names
from clusterlab.reports.compare.names import titles, words_of
from clusterlab.reports.compare.read_runs import Run
from clusterlab.reports.compare.recipe import HEADS, recipe
from clusterlab.reports.compare.rows import Row
from clusterlab.stages import CHOSEN

# What says where and how a run was carried out, and what it drew: no other way of clustering.
_CIRCUMSTANCES = frozenset(
    {"device", "precision", "compile", "backend", "batch_size", "workers", "store"}
    | {"view", "report", "data_dir", "allowed_targets", "scored_split"}
)

# A row (by its id) -> config key, or the place of a component, -> what it has there.
_Apart = dict[int, dict[str, str]]


def stages_apart(runs: Sequence[Run]) -> list[str]:
    """The stages whose chosen option is not the same in all runs, in the order of the flow; below
    a stage of one option the groups within it ("finetune.rebalance"). An experiment is no stage:
    it is other choices under one name."""
    groups = dict.fromkeys(
        group for run in runs for group in run.choices if group.partition("/")[0] in run.config
    )
    stages = sorted(
        groups, key=lambda stage: CHOSEN.index(stage) if stage in CHOSEN else len(CHOSEN)
    )
    apart = [stage for stage in stages if len({run.choices.get(stage) for run in runs}) > 1]
    return [stage.replace("/", ".") for stage in apart if stage.rpartition("/")[0] not in apart]


def chosen(run: Run, place: str) -> str | None:
    """The option that a run chose for a stage, or for a group within one."""
    return run.choices.get(place.replace(".", "/"))


def with_settings(rows: Sequence[Row], *, taken: Sequence[str], by_seed: bool) -> list[Row]:
    """The rows, each with the columns that tell it from the others, in the same order in all, and
    with its title.

    A component whose option differs is one column, and its own arguments are columns only for the
    rows that share the option. How and where a run was carried out is there only for rows that
    nothing else tells apart. The seed is a column where rows are not pooled, and the folder where
    nothing else differs. Where models were fine-tuned, the words are how each was trained, and what
    tells rows apart that are alike in that and in their name. taken: column names in use.
    """
    settings, _ = _columns(rows, taken=taken, by_seed=by_seed)
    several = len({row.name for row in rows}) > 1
    named: dict[int, str] = {}
    for alike in _groups(rows, lambda row: row.name):
        # What the rows of another name differ in does not set these apart.
        own, places = _columns(alike, taken=(), by_seed=by_seed)
        options = {column for column, place in places.items() if _is_component(place, alike)}
        found = titles(words_of(own), labels=_labels(places), options=options)
        for row, text in zip(alike, found, strict=True):
            named[id(row)] = (f"{row.name}: {text}" if several else text) if text else row.name
    tuned = any(row.learned for row in rows)
    words = _trained(rows, by_seed=by_seed) if tuned else words_of(settings)
    return [
        replace(row, settings=own, words=short, title=named[id(row)])
        for row, own, short in zip(rows, settings, words, strict=True)
    ]


def _trained(rows: Sequence[Row], *, by_seed: bool) -> list[dict[str, str]]:
    """How each row's model was trained, and what else sets apart the rows that are alike in it."""
    recipes = {id(row): recipe(row) for row in rows}
    more, _ = _columns(
        rows,
        taken=HEADS,
        by_seed=by_seed,
        told=lambda row: (row.name, *recipes[id(row)].values()),
    )
    return [recipes[id(row)] | own for row, own in zip(rows, words_of(more), strict=True)]


def _columns(
    rows: Sequence[Row],
    *,
    taken: Sequence[str],
    by_seed: bool,
    told: Callable[[Row], Hashable] = lambda _: None,
) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Each row's columns with its values; and what each column is: a config key, or the place of
    a component. told: what is known of a row without them."""
    apart: _Apart = {id(row): {} for row in rows}
    keys = [key for key in differing([row.config for row in rows]) if not _untold(key, rows)]
    for alike in _groups(rows, told):
        _split(alike, [key for key in keys if not _circumstance(key)], apart, _stages(alike, False))

    def so_far(row: Row) -> Hashable:
        seed = row.runs[0].seed if by_seed else None
        return told(row), row.name, seed, tuple(apart[id(row)].items())

    for alike in _groups(rows, so_far):
        if len(alike) > 1:
            _split(alike, [key for key in keys if _circumstance(key)], apart, _stages(alike, True))
    known = dict.fromkeys(place for own in apart.values() for place in own)
    stages = [stage for stage in CHOSEN if stage in known]
    values = short_names([key for key in known if key not in CHOSEN], [*taken, *stages])
    columns = {stage: stage for stage in stages} | values
    settings = [
        {column: apart[id(row)].get(place, "") for place, column in columns.items()} for row in rows
    ]
    for row, own in zip(rows, settings, strict=True):
        if by_seed:
            own["seed"] = str(row.runs[0].seed)
    every = {(told(row), row.name, *own.values()) for row, own in zip(rows, settings, strict=True)}
    if len(every) < len(rows):
        for row, own in zip(rows, settings, strict=True):
            own["folder"] = str(row.runs[0].folder)
    return settings, {column: place for place, column in columns.items()}


def _labels(places: Mapping[str, str]) -> dict[str, str]:
    """Column -> what its value is called in a title: the key below its stage, without what only
    holds a list together; the column's own name where two would be called the same."""
    labels = {
        column: ".".join(
            part
            for part in place.split(".")[1:]
            if part not in ("parts", "_args_") and not part.isdigit()
        )
        or column
        for column, place in places.items()
    }
    called = list(labels.values())
    return {
        column: label if called.count(label) == 1 else column for column, label in labels.items()
    }


def _split(rows: Sequence[Row], keys: Sequence[str], apart: _Apart, stages: Sequence[str]) -> None:
    """Notes for each row what it has where the rows differ; below a component whose option
    differs, only among the rows that share the option."""
    varying = [key for key in keys if len({repr(row.config.get(key, ...)) for row in rows}) > 1]
    targets = [key.removesuffix("._target_") for key in varying if key.endswith("._target_")]
    found = [place for place in (*stages, *targets) if len({_option(place, r) for r in rows}) > 1]
    places = [
        place for place in dict.fromkeys(found) if not any(_below(place, top) for top in found)
    ]
    for place in places:
        for row in rows:
            apart[id(row)][place] = _option(place, row)
    for key in varying:
        if not any(_below(key, place) for place in places):
            for row in rows:
                apart[id(row)][key] = _text(key, row)
    for place in places:
        own = [key for key in varying if _below(key, place) and key != f"{place}._target_"]
        for alike in _groups(rows, partial(_option, place)):
            within = [one for one in _stages(alike, _circumstance(place)) if _below(one, place)]
            _split(alike, own, apart, within)


def _groups(rows: Sequence[Row], key: Callable[[Row], Hashable]) -> list[list[Row]]:
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return list(groups.values())


def _stages(rows: Sequence[Row], circumstances: bool) -> list[str]:
    stages = stages_apart([row.runs[0] for row in rows])
    return [stage for stage in stages if _circumstance(stage) == circumstances]


def _below(key: str, place: str) -> bool:
    return key.startswith(f"{place}.")


def _is_component(place: str, rows: Sequence[Row]) -> bool:
    return place in CHOSEN or any(f"{place}._target_" in row.config for row in rows)


def _option(place: str, row: Row) -> str:
    """The option chosen for a component; "custom" says nothing, so its class stands for it."""
    run = row.runs[0]
    stage = place.partition(".")[0]
    option = chosen(run, place) or run.choices.get(f"{stage}@{place}", "custom")
    return class_of(row.config, place) if option == "custom" else option


def _circumstance(key: str) -> bool:
    return key.partition(".")[0] in _CIRCUMSTANCES


def _untold(key: str, rows: Sequence[Row]) -> bool:
    """Seeds have their own column; a random_state that goes its own way is a setting. Categories
    that are those of the taxonomy go without saying beside it."""
    if key.startswith("labeler.") and key.endswith(".categories"):
        own = [row.config.get("taxonomy.categories") for row in rows if key in row.config]
        return own == [row.config[key] for row in rows if key in row.config]
    return key == "name" or (
        is_seed(key)
        and all(
            row.config.get(key, row.config.get("seed")) == row.config.get("seed") for row in rows
        )
    )


def _text(key: str, row: Row) -> str:
    if key not in row.config:
        return ""
    value = row.config[key]
    if key.endswith("_target_"):
        return class_of(row.config, key.removesuffix("._target_"))
    return "none" if value is None else str(value)
