"""How the classes join into larger ones, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clusterlab.macro import MacroCategories
from clusterlab.outcome import Outcome
from clusterlab.reports.macro_figures import DENDROGRAM, DISTANCES
from clusterlab.reports.macro_tables import class_counts
from clusterlab.reports.page.text import number, percent, picture
from clusterlab.reports.synthetic import column_tags


def macro(outcome: Outcome, figures: Path) -> dict[str, Any] | None:
    """None where the run joined no classes. columns: one a number of macro-categories, fewest
    first: its groups, each with its classes. notes: of what could not be built."""
    found = outcome.macro
    if found is None:
        return None
    drawn = (
        picture(figures, DENDROGRAM, f"Tree of the classes of {found.column}"),
        picture(figures, DISTANCES, f"Distances between the classes of {found.column}"),
    )
    return {
        "column": found.column,
        "built": bool(found.classes),
        "told": found.told,
        "circular": found.circular,
        "notes": found.notes,
        "figures": [one for one in drawn if one],
        "cuts": [
            (percent(row["share"]), number(float(row["height"])), f"{row['n_macro']:,.0f}")
            for _, row in found.cuts.iterrows()
        ],
        "columns": list(_columns(outcome, found)),
    }


def _columns(outcome: Outcome, found: MacroCategories) -> Iterator[dict[str, Any]]:
    counts = class_counts(outcome)
    ordered = sorted(found.columns.items(), key=lambda item: len(set(item[1].values())))
    for name, group_of in ordered:
        yield {
            "name": name,
            "tags": column_tags(outcome, name),
            "groups": _groups(group_of, counts),
        }


def _groups(group_of: Mapping[str, str], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """name, classes (largest first), n_classes and n_images of each macro-category, by number."""
    members: dict[str, list[str]] = {}
    for class_, group in group_of.items():
        members.setdefault(group, []).append(class_)
    return [
        {
            "name": group,
            "classes": sorted(members[group], key=lambda name: (-counts[name], name)),
            "n_classes": f"{len(members[group]):,}",
            "n_images": f"{sum(counts[name] for name in members[group]):,}",
        }
        for group in sorted(members, key=int)
    ]
