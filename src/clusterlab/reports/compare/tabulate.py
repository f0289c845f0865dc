"""A leaderboard as one wide table, for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_uppercase

import pandas as pd

from clusterlab.reports.compare.caveats import image_groups, space_groups
from clusterlab.reports.compare.rows import Row
from clusterlab.reports.compare.scores import is_internal, split_key

OWN_COLUMNS = (
    *("run", "seeds", "n_seeds", "scored_split", "images", "supervised", "marks", "caveats"),
    *("folders", "name", "seed", "folder"),
)


def tabulate(rows: Sequence[Row], keys: Sequence[str]) -> pd.DataFrame:
    """One row a configuration.

    run, settings, n_seeds, seeds; per metric its mean, "<metric> std" where any row has several
    seeds, "<metric> chance" where one was measured; supervised: label columns that the features
    have seen; marks: what stands beside every number of the row; images, "space <name>": rows with
    the same letter were scored on the same images, or measured in the same space; caveats in
    words; folders. Lists are joined by |.
    """
    images = _letters(rows, image_groups(rows))
    spaces = {space: _letters(rows, space_groups(rows, space)) for space in _spaces(keys)}
    several = any(row.n_seeds > 1 for row in rows)
    records = []
    for position, row in enumerate(rows):
        record: dict[str, object] = {"run": row.name, **row.settings}
        record["n_seeds"] = row.n_seeds
        record["seeds"] = "|".join(str(run.seed) for run in row.runs)
        record |= _scores(row, keys, several=several)
        record["scored_split"] = "|".join(dict.fromkeys(run.scored_split for run in row.runs))
        record["supervised"] = "|".join(row.seen_labels)
        record["marks"] = "|".join(row.marks)
        record["images"] = images[position]
        record |= {f"space {space}": letters[position] for space, letters in spaces.items()}
        record["caveats"] = _caveats(row, images, spaces)
        record["folders"] = "|".join(str(run.folder) for run in row.runs)
        records.append(record)
    return pd.DataFrame.from_records(records)


def _scores(row: Row, keys: Sequence[str], *, several: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    for key in keys:
        found[key] = row.mean(key)
        if several:
            found[f"{key} std"] = row.std(key)
        if not math.isnan(chance := row.chance(key)):
            found[f"{key} chance"] = chance
    return found


def _caveats(row: Row, images: Sequence[str], spaces: dict[str, list[str]]) -> str:
    found = ["scored on different images"] if len(set(images)) > 1 else []
    found += [f"different {space} spaces" for space, ids in spaces.items() if len(set(ids)) > 1]
    found += row.marks
    splits = f" of {' and '.join(row.seen_splits)} images" if row.seen_splits else ""
    found += [f"supervised by {label}{splits}" for label in row.seen_labels]
    found += [f"labels of {label} are synthetic" for label in row.synthetic]
    if row.repeats:
        found.append(f"{len(row.repeats)} repeats of a seed left out")
    return "; ".join(found)


def _spaces(keys: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(split_key(key)[1] for key in keys if is_internal(key)))


def _letters(rows: Sequence[Row], groups: Sequence[Sequence[Row]]) -> list[str]:
    def letter(number: int) -> str:
        return ascii_uppercase[number] if number < len(ascii_uppercase) else str(number)

    group_of = {id(row): letter(number) for number, group in enumerate(groups) for row in group}
    return [group_of[id(row)] for row in rows]
