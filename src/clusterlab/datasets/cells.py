"""From a table's cells to label, number and text columns."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from clusterlab.datasets.read_table import as_text


@dataclass(frozen=True, kw_only=True)
class Cells:
    """How a table's cells are read.

    missing_values: texts that mean "no value", besides the empty cell; the letters' case counts.
    unescape_html: reads "&gt;" as ">".
    """

    missing_values: Collection[str] = ()
    unescape_html: bool = True

    def one(self, cell: Any) -> str | None:
        """The value of a single-valued cell.

        >>> cells = Cells(missing_values=["s/n"])
        >>> cells.one(" a &gt; b "), cells.one("s/n")
        ('a > b', None)
        """
        text = as_text(cell)
        if self.unescape_html:
            text = html.unescape(text).strip()
        return None if not text or text in self.missing_values else text

    def several(self, cell: Any, separator: str) -> tuple[str, ...]:
        """The values of a multi-valued cell, sorted, each once; a list is taken as it is.

        >>> Cells().several("b | a &gt; c | b |", "|")
        ('a > c', 'b')
        """
        return tuple(sorted(set(self._values(cell, separator))))

    def first(self, cell: Any, separator: str) -> str | None:
        """The value of a multi-valued cell that is named first.

        >>> Cells().first("b | a | c", "|")
        'b'
        """
        return next(iter(self._values(cell, separator)), None)

    def _values(self, cell: Any, separator: str) -> list[str]:
        parts: Iterable[Any]
        if isinstance(cell, (list, tuple)):
            parts = cell
        else:
            # Unescaped before it is cut, because ";" both ends an entity and separates values.
            whole = self.one(cell)
            parts = [] if whole is None else whole.split(separator)
        values = (self.one(part) for part in parts)
        return [value for value in values if value is not None]
