"""Which trials are as good as the best, for all that a search can tell."""

from __future__ import annotations

import numpy as np

from clusterlab.reports.page.text import compact
from clusterlab.reports.search.places import place
from clusterlab.reports.search.trials import chosen, goodness, parameters, scored
from clusterlab.searching import Search, Trial

FEWEST = 12
MOST_COMPARED = 500


def tied(search: Search) -> tuple[list[Trial], float] | None:
    """The trials within the spread of the best one, and that spread.

    The spread is the median difference of value between a trial of the better half and the trial
    with the most similar other settings: what a small change of the settings makes. None with
    several objectives, with fewer than 12 scored trials, or where all have the same settings.
    """
    trials = scored(search)
    if len(search.objectives) != 1 or len(trials) < FEWEST or not chosen(search):
        return None
    objective = search.objectives[0]
    values = np.array([goodness(trial, objective) for trial in trials])
    better = np.argsort(-values, kind="stable")[: min((len(trials) + 1) // 2, MOST_COMPARED)]
    distances = _distances(search, trials, better)
    distances[distances <= 0] = np.inf
    nearest = distances.argmin(axis=1)
    known = np.isfinite(distances[np.arange(len(better)), nearest])
    if not known.any():
        return None
    spread = float(np.median(np.abs(values[better] - values[nearest])[known]))
    return [trials[row] for row in np.flatnonzero(values >= values.max() - spread)], spread


def _distances(search: Search, trials: list[Trial], rows: np.ndarray) -> np.ndarray:
    """(len(rows), n): the sum over the parameters of how far apart two trials are in each, in
    [0, 1]: along its range for a number, 0 or 1 for a word or where one has it and one has not
    (Gower 1971)."""
    total = np.zeros((len(rows), len(trials)))
    for name in parameters(search):
        span = search.ranges.get(name)
        places = np.array([place(trial.parameters.get(name), span) for trial in trials])
        words = np.array([compact(trial.parameters.get(name)) for trial in trials])
        apart = np.abs(places[rows, None] - places[None])
        total += np.where(np.isnan(apart), words[rows, None] != words[None], apart)
    return total
