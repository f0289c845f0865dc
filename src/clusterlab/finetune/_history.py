"""What the trainer's log says about each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from clusterlab.finetune._stopping import strikes
from clusterlab.finetune.recipe import Recipe

History = Sequence[dict[str, float]]
_METRICS = ("loss", "accuracy", "macro_f1")


def epochs_of(history: History) -> pd.DataFrame:
    """One row an epoch: epoch, loss, learning_rate, seconds, and val_<metric>."""
    rows: dict[int, dict[str, float]] = {}
    for entry in history:
        row = rows.setdefault(round(entry["epoch"]), {"epoch": round(entry["epoch"])})
        if "loss" in entry:
            row |= {name: entry[name] for name in ("loss", "learning_rate", "seconds")}
        row |= {f"val_{n}": entry[f"eval_{n}"] for n in _METRICS if f"eval_{n}" in entry}
    return pd.DataFrame([row for row in rows.values() if "loss" in row]).astype({"epoch": int})


def best_epoch(epochs: pd.DataFrame, recipe: Recipe) -> int:
    """The one that the recipe's metric chooses, the first among equals."""
    values = epochs[f"val_{recipe.select_by}"].astype(float)
    best = values.idxmin() if recipe.select_by == "loss" else values.idxmax()
    return int(epochs["epoch"][best])


def struck_out(history: History, recipe: Recipe) -> bool:
    """Whether the recipe stops training here."""
    key = f"eval_{recipe.select_by}"
    found = strikes(
        [entry[key] for entry in history if key in entry],
        tolerance=recipe.tolerance,
        greater_is_better=recipe.select_by != "loss",
    )
    return recipe.patience is not None and found >= recipe.patience


def how_it_ended(epochs: pd.DataFrame, recipe: Recipe) -> str:
    """In words, for the report."""
    n = len(epochs)
    if n >= recipe.epochs:
        return f"all {n} epochs were trained"
    within = f" (by more than {recipe.tolerance:g})" if recipe.tolerance else ""
    return (
        f"stopped after epoch {n} of {recipe.epochs}: {recipe.patience} in a row had no better "
        f"validation {recipe.select_by.replace('_', ' ')}{within}"
    )
