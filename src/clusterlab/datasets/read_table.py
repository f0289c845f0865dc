"""Tables from files, every value as it was written: no guessing of types."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from clusterlab.errors import DataError, closest

Columns = dict[str, list[Any]]

_LONGEST_CELL = 2**31 - 1


def read_table(path: Path, *, delimiter: str | None = None) -> Columns:
    """Column -> values, rows in the order of the file, told by the file's ending.

    .csv and .tsv (UTF-8, a header line) give str; .jsonl and .ndjson (an object a line) and
    .parquet give what they hold, None for what is missing. Nothing becomes NaN, 7 never becomes
    "7.0" and "NA" stays "NA".

    delimiter: what separates the cells of a .csv (default: comma) or .tsv (default: tab).
    Raises DataError for a file that is missing, of another kind, malformed or without rows.
    """
    if not path.is_file():
        raise DataError(_missing(path))
    ending = path.suffix.lower()
    readers: dict[str, Callable[[Path], Columns]] = {
        ".csv": lambda path: _read_delimited(path, delimiter or ","),
        ".tsv": lambda path: _read_delimited(path, delimiter or "\t"),
        ".jsonl": _read_json_lines,
        ".ndjson": _read_json_lines,
        ".parquet": _read_parquet,
    }
    if ending not in readers:
        raise DataError(
            f"The table {path} ends in '{ending}'.{closest(ending, readers)} "
            f"Known endings: {', '.join(readers)}."
        )
    try:
        columns = readers[ending](path)
    except UnicodeDecodeError as error:
        raise DataError(f"The table {path} is not UTF-8: {error}. Save it as UTF-8.") from error
    if not columns or not next(iter(columns.values())):
        raise DataError(f"The table {path} has no rows.")
    return columns


def as_text(value: Any) -> str:
    """A cell as text: "" for None and NaN, 7 -> "7", 7.5 -> "7.5", True -> "true" (as JSON has it).

    >>> [as_text(value) for value in (None, float("nan"), 7, 7.5, True, " a ")]
    ['', '', '7', '7.5', 'true', 'a']
    """
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    # Half of a surrogate pair, which JSON can hold, is no character and cannot be written.
    return str(value).strip().encode("utf-8", "replace").decode("utf-8")


def _read_delimited(path: Path, delimiter: str) -> Columns:
    rows: list[list[str]] = []
    # A description may be longer than the module's own limit of 131,072 characters.
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            for row in reader:
                if row and len(row) != len(header):
                    raise DataError(
                        f"Line {reader.line_num} of the table {path} has {len(row)} cells, and the "
                        f"header {len(header)}. A cell that holds '{delimiter}' or a line break "
                        "must be in quotes; another delimiter is set by dataset.delimiter=';'."
                    )
                if row:
                    rows.append(row)
        except csv.Error as error:
            raise DataError(f"Line {reader.line_num} of the table {path}: {error}.") from error
    double = sorted({name for name in header if header.count(name) > 1})
    if double:
        raise DataError(f"The table {path} has more than one column '{double[0]}'.")
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}


def _read_json_lines(path: Path) -> Columns:
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"Line {number} of {path} is not JSON: {error}.") from error
            if not isinstance(row, dict):
                raise DataError(f"Line {number} of {path} is not a JSON object: {line[:60]!r}.")
            rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _read_parquet(path: Path) -> Columns:
    # Not through pandas, which makes floats of integers where one is missing.
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"Cannot read the table {path}: {error}.") from error
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _missing(path: Path) -> str:
    if path.is_dir():
        return f"dataset.path={path} is a folder, not a table. For a folder use dataset=folder."
    hint = ""
    if path.parent.is_dir():
        hint = closest(path.name, [other.name for other in path.parent.iterdir()])
    return (
        f"The table dataset.path={path} does not exist.{hint} "
        "(For a collection that an experiment names: data_dir=FOLDER, or CLUSTERLAB_DATA.)"
    )
