"""Finds the number of a run that a study asks for."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.errors import DataError, closest

_CELL = re.compile(r"(?P<file>[^:\[\]]+\.csv):(?P<column>[^\[\]]+)(\[(?P<where>.*)\])?", re.DOTALL)
_MACRO = re.compile(r"(?P<column>.+)(?P<rest>_macro\d+)")


NO_NUMBER = "no such number in this run"


def renamed(measure: str, columns: Mapping[str, str]) -> str:
    """The measure where label columns have other names.

    >>> renamed("accuracy/povo", {"povo": "word"})
    'accuracy/word'
    >>> renamed("scores.csv:value[metric=ari,label=povo_macro5]", {"povo": "word"})
    'scores.csv:value[metric=ari,label=word_macro5]'
    """
    found = _CELL.fullmatch(measure)
    if found is None:
        return "/".join(_other(part, columns) for part in measure.split("/"))
    where = [f"{key}={_other(value, columns)}" for key, value in _pairs(found["where"]).items()]
    selector = f"[{','.join(map(_quoted, where))}]" if where else ""
    return f"{found['file']}:{_other(found['column'], columns)}{selector}"


def spoken(measure: str) -> str:
    """The measure as people read it.

    >>> spoken("scores.csv:chance[metric=entropy,label=human,split=test]")
    'entropy/human: chance (split=test)'
    >>> spoken("macro_cuts.csv:n_macro[share=0.5]"), spoken("ari/label")
    ('macro_cuts.csv: n_macro (share=0.5)', 'ari/label')
    """
    cell = _CELL.fullmatch(measure)
    if cell is None:
        return measure
    where = _pairs(cell["where"])
    name = cell["file"]
    if name == "scores.csv" and "metric" in where:
        about = [where.pop(key) for key in ("metric", "label", "space") if where.get(key)]
        name = "/".join(about)
    said = ", ".join(f"{key}={value}" for key, value in where.items())
    return f"{name}: {cell['column']}" + (f" ({said})" if said else "")


def value_of(folder: Path, measure: str) -> float:
    """The number of a finished run: a key of metrics.json, or FILE.csv:COLUMN[KEY=VALUE,...].

    A pair with a comma in it stands in double quotes. Raises DataError where the run has no such
    number, or it is not defined.
    """
    cell = _CELL.fullmatch(measure)
    value = _of_metrics(folder, measure) if cell is None else _of_table(folder, cell)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(f"{NO_NUMBER}: {measure} is {value!r}") from None
    if math.isnan(number):
        raise DataError(f"{NO_NUMBER}: {measure} is not defined there")
    return number


def marks_of(folder: Path, measure: str) -> tuple[str, ...]:
    """The marks beside this one number in the run's tables, such as "circular"."""
    cell = _CELL.fullmatch(measure)
    name, where = ("", {}) if cell is None else (cell["file"], _pairs(cell["where"]))
    if cell is None:
        metric, _, about = measure.partition("/")
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        split = str(metrics.get("scored_split", "all"))
        name, where = "scores.csv", {"metric": metric, "label": about, "split": split}
    if not (folder / name).is_file():
        return ()
    table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
    if "marks" not in table or any(key not in table for key in where):
        return ()
    for key, value in where.items():
        table = table[table[key] == value]
    return tuple(
        dict.fromkeys(mark for cell in table["marks"] for mark in cell.split("; ") if mark)
    )


def label_of(measure: str) -> str | None:
    """The label column that a measure is about, as far as its name says so.

    >>> label_of("ari/povo"), label_of("n_clusters")
    ('povo', None)
    >>> label_of("scores.csv:value[metric=ari,label=povo]")
    'povo'
    """
    cell = _CELL.fullmatch(measure)
    if cell is None:
        return measure.partition("/")[2] or None
    return _pairs(cell["where"]).get("label")


def _of_metrics(folder: Path, measure: str) -> Any:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    if measure not in metrics:
        raise DataError(f"{NO_NUMBER}: {measure}.{closest(measure, metrics)}")
    return metrics[measure]


def _of_table(folder: Path, cell: re.Match[str]) -> str:
    name, column, where = cell["file"], cell["column"], _pairs(cell["where"])
    if not (folder / name).is_file():
        raise DataError(f"{NO_NUMBER}: it has no {name}")
    table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
    for needed in (column, *where):
        if needed not in table:
            hint = closest(needed, map(str, table.columns))
            raise DataError(f"{NO_NUMBER}: {name} has no column '{needed}'.{hint}")
    for key, value in where.items():
        table = table[table[key] == value]
    if len(table) != 1:
        said = ", ".join(f"{key}={value}" for key, value in where.items()) or "no condition"
        n = "no row" if table.empty else f"{len(table)} rows"
        raise DataError(f"{NO_NUMBER}: {name} has {n} with {said}")
    return str(table[column].iloc[0]) or "nan"


def _pairs(where: str | None) -> dict[str, str]:
    """ "a=1,b=2" as {"a": "1", "b": "2"}."""
    cells = next(csv.reader([where]), []) if where else []
    return {key: value for key, _, value in (cell.partition("=") for cell in cells)}


def _quoted(pair: str) -> str:
    if "," not in pair and '"' not in pair:
        return pair
    doubled = pair.replace('"', '""')
    return f'"{doubled}"'


def _other(name: str, columns: Mapping[str, str]) -> str:
    made = _MACRO.fullmatch(name)
    if made is not None and made["column"] in columns:
        return columns[made["column"]] + made["rest"]
    return columns.get(name, name)
