"""A table of images: one row an image, with what is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from clusterlab.datasets.assemble import assemble
from clusterlab.datasets.cells import Cells
from clusterlab.datasets.listing import Listing
from clusterlab.datasets.options import Options
from clusterlab.datasets.read_table import Columns, as_text, read_table
from clusterlab.datasets.some_of import read_some_of
from clusterlab.datasets.split_names import to_splits
from clusterlab.datasets.table_columns import check_names, labels, numbers, unique_ids
from clusterlab.datasets.table_paths import resolve
from clusterlab.errors import ConfigError, DataError
from clusterlab.types import Collection, FileImage


@dataclass(frozen=True, kw_only=True)
class Table:
    """Images listed in a table: CSV, TSV, JSON Lines or Parquet, told by the file's ending.

    image_column: the path of each image, relative to `root`. Rows without one are left out and
        counted; a path where there is no file is a failure of that image alone.
    root: the folder that the paths start from; by default the table's own.
    id_column: what identifies an image; by default the image column. Ids must be unique.
    label_columns: columns to score against and to show; their values are read as text.
    multi_valued: column -> separator, for label columns of several values; they need not be in
        label_columns too. A list in JSON Lines or Parquet is taken as it is.
    first_of: new label column -> multi-valued column whose first value it holds, for what wants one
        value an image: {pseudo_label: pseudo_labels}.
    some_of: new multi-valued label column -> which values of another it holds, such as {few:
        {column: tags, n: 5, choose: rare}}: what `datasets/some_of.py` says.
    annotators: label columns that each hold one person's grouping of the images; they are scored
        like any other, and need not be in label_columns too.
    numeric_columns: read as floats. text_column: a description in words.
    split_column: a split that comes with the table; split_names says what its values mean, such as
        {"validation": "train"}, in place of the usual names.
    missing_values, unescape_html: see `Cells`. delimiter: see `read_table`.
    allow_outside_root: also read images outside the root. The other arguments are those of
        `Options`; `name` is by default the file's name without its ending.
    """

    path: str
    image_column: str = "image"
    root: str | None = None
    id_column: str | None = None
    label_columns: Sequence[str] = ()
    multi_valued: Mapping[str, str] = field(default_factory=dict)
    first_of: Mapping[str, str] = field(default_factory=dict)
    some_of: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    annotators: Sequence[str] = ()
    numeric_columns: Sequence[str] = ()
    text_column: str | None = None
    split_column: str | None = None
    split_names: Mapping[str, str] | None = None
    missing_values: Sequence[str] = ()
    unescape_html: bool = True
    delimiter: str | None = None
    allow_outside_root: bool = False
    name: str | None = None
    sample_share: float | None = None
    sample_per_class: int | None = None
    min_class_size: int | None = None
    class_column: str | None = None
    split: Mapping[str, float] | None = None
    random_state: int = 0
    max_failed_share: float = 0.5

    def __post_init__(self) -> None:
        Options.of(self)
        _, problems = read_some_of(self.some_of, list(self.multi_valued))
        problems += [
            f"annotators names '{name}', which is multi-valued: a person's grouping puts an image "
            "in one group."
            for name in self.annotators
            if name in self.multi_valued
        ]
        if len({*self.annotators}) < len(self.annotators):
            problems.append(f"annotators names a column twice: {list(self.annotators)}.")
        if problems:
            raise ConfigError([f"dataset.{problem}" for problem in problems])

    def load(self) -> Collection:
        """Raises DataError for a table that cannot be read or does not hold what is named."""
        path = Path(self.path).expanduser()
        where = f"the table {path}"
        columns = read_table(path, delimiter=self.delimiter)
        check_names(
            columns,
            image_column=[self.image_column],
            id_column=[self.id_column or self.image_column],
            label_columns=self.label_columns,
            multi_valued=list(self.multi_valued),
            first_of=list(self.first_of.values()),
            annotators=self.annotators,
            numeric_columns=self.numeric_columns,
            text_column=[self.text_column] if self.text_column else [],
            split_column=[self.split_column] if self.split_column else [],
            where=where,
        )
        pictured = [r for r, cell in enumerate(columns[self.image_column]) if as_text(cell)]
        without = len(columns[self.image_column]) - len(pictured)
        notes = [f"Rows left out because they name no image: {without}."] if without else []
        if not pictured:
            raise DataError(f"No row of {where} has a value in image column '{self.image_column}'.")
        listing = self._listing(
            {name: [cells[r] for r in pictured] for name, cells in columns.items()},
            rows=[r + 1 for r in pictured],
            root=str(Path(self.root).expanduser() if self.root else path.parent),
            where=where,
            notes=notes,
        )
        return assemble(listing, Options.of(self))

    def _listing(
        self, columns: Columns, *, rows: list[int], root: str, where: str, notes: list[str]
    ) -> Listing:
        cells = Cells(missing_values=self.missing_values, unescape_html=self.unescape_html)
        paths = resolve(
            [as_text(cell) for cell in columns[self.image_column]],
            root=root,
            allow_outside_root=self.allow_outside_root,
            where=where,
            rows=rows,
        )
        text = split = None
        if self.text_column:
            text = [cells.one(cell) for cell in columns[self.text_column]]
        if self.split_column:
            names = [as_text(cell) for cell in columns[self.split_column]]
            split = to_splits(names, split_names=self.split_names, where=where)
        named = (*self.label_columns, *self.multi_valued, *self.annotators)
        separators = {name: self.multi_valued.get(name) for name in named}
        found = labels(columns, separators, cells, where=where)
        some, chosen = self._some(found)
        return Listing(
            name=self.name or Path(self.path).stem,
            where=where,
            ids=unique_ids(columns, self.id_column or self.image_column, where=where, rows=rows),
            images=[FileImage(path) for path in paths],
            labels=found.assign(**self._first(columns, cells, taken=list(found)), **some),
            multi_valued=frozenset((*self.multi_valued, *some)),
            derived={**self.first_of, **{name: self.some_of[name]["column"] for name in some}},
            annotators=tuple(self.annotators),
            split=split,
            numeric=numbers(columns, self.numeric_columns, cells, where=where, rows=rows),
            text=text,
            notes=[*notes, *chosen],
        )

    def _some(self, found: pd.DataFrame) -> tuple[dict[str, pd.Series], list[str]]:
        """The columns of `some_of`, and what was chosen. found: the label columns of the table."""
        made, notes = {}, []
        for name, choice in read_some_of(self.some_of, list(self.multi_valued))[0].items():
            if name in found or name in self.first_of:
                raise DataError(
                    f"dataset.some_of names a new label column '{name}', which is there already. "
                    "Call it something else."
                )
            cells, note = choice.made_of(
                found[choice.column].tolist(), name=name, random_state=self.random_state
            )
            made[name] = pd.Series(cells, dtype=object)
            notes.append(note)
        return made, notes

    def _first(self, columns: Columns, cells: Cells, *, taken: list[str]) -> dict[str, pd.Series]:
        for name, source in self.first_of.items():
            if source not in self.multi_valued or name in taken:
                there = f"'{name}' is there already"
                what = there if name in taken else f"'{source}' is no multi-valued column"
                raise DataError(
                    f"dataset.first_of={dict(self.first_of)}: {what}. It names a new label column, "
                    "and one of dataset.multi_valued: dataset.first_of='{main_tag: tags}'."
                )
        return {
            name: pd.Series(
                [cells.first(cell, self.multi_valued[source]) for cell in columns[source]],
                dtype=object,
            )
            for name, source in self.first_of.items()
        }
