"""Finds the number of a run that a study asks for."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.errors import DataError, closest

_CELL = re.compile(r"(?P<file>[^:\[\]]+\.csv):(?P<column>[^\[\]]+)(\[(?P<where>.*)\])?", re.DOTALL)
_MACRO = re.compile(r"(?P<column>.+)(?P<rest>_macro\d+)")


NO_NUMBER = "no such number in this run"


@dataclass(frozen=True)
class Selector:
    """One cell of a run's table: FILE.csv:COLUMN[KEY=VALUE,...]."""

    file: str
    column: str
    where: Mapping[str, str] = field(default_factory=dict)


def selected(measure: str) -> Selector | None:
    """The cell that a measure names; None for a key of metrics.json.

    >>> selected("scores.csv:chance[metric=ari]")
    Selector(file='scores.csv', column='chance', where={'metric': 'ari'})
    """
    found = _CELL.fullmatch(measure)
    if found is None:
        return None
    return Selector(found["file"], found["column"], _pairs(found["where"]))


def matching(table: pd.DataFrame, cell: Selector) -> pd.DataFrame:
    """The rows of a table of texts that the selector's conditions leave; none where it has not
    their columns."""
    for key, value in cell.where.items():
        if key not in table:
            return table[:0]
        table = table[table[key] == value]
    return table


def renamed(measure: str, columns: Mapping[str, str]) -> str:
    """The measure where label columns have other names.

    >>> renamed("accuracy/povo", {"povo": "word"})
    'accuracy/word'
    >>> renamed("scores.csv:value[metric=ari,label=povo_macro5]", {"povo": "word"})
    'scores.csv:value[metric=ari,label=word_macro5]'
    """
    cell = selected(measure)
    if cell is None:
        return "/".join(_other(part, columns) for part in measure.split("/"))
    where = [f"{key}={_other(value, columns)}" for key, value in cell.where.items()]
    selector = f"[{','.join(map(_quoted, where))}]" if where else ""
    return f"{cell.file}:{_other(cell.column, columns)}{selector}"


def value_of(folder: Path, measure: str) -> float:
    """The number of a finished run: a key of metrics.json, or FILE.csv:COLUMN[KEY=VALUE,...].

    A pair with a comma in it stands in double quotes. Raises DataError where the run has no such
    number, or it is not defined.
    """
    cell = selected(measure)
    value = _of_metrics(folder, measure) if cell is None else _of_table(folder, cell)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(f"{NO_NUMBER}: {measure} is {value!r}") from None
    if math.isnan(number):
        raise DataError(f"{NO_NUMBER}: {measure} is not defined there")
    return number


def _of_metrics(folder: Path, measure: str) -> Any:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    if measure not in metrics:
        raise DataError(f"{NO_NUMBER}: {measure}.{closest(measure, metrics)}")
    return metrics[measure]


def _of_table(folder: Path, cell: Selector) -> str:
    if not (folder / cell.file).is_file():
        raise DataError(f"{NO_NUMBER}: it has no {cell.file}")
    table = pd.read_csv(folder / cell.file, dtype=str, keep_default_na=False)
    for needed in (cell.column, *cell.where):
        if needed not in table:
            hint = closest(needed, map(str, table.columns))
            raise DataError(f"{NO_NUMBER}: {cell.file} has no column '{needed}'.{hint}")
    rows = matching(table, cell)
    if len(rows) != 1:
        said = ", ".join(f"{key}={value}" for key, value in cell.where.items()) or "no condition"
        n = "no row" if rows.empty else f"{len(rows)} rows"
        raise DataError(f"{NO_NUMBER}: {cell.file} has {n} with {said}")
    return str(rows[cell.column].iloc[0]) or "nan"


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
