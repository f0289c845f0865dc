"""Carries out trials: what they share is made once, what they cost is a clustering and its
scores."""

from __future__ import annotations

import json
import math
import time
from collections import OrderedDict
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clusterlab.clusterers.cluster import cluster
from clusterlab.clusterers.recluster import Recluster
from clusterlab.components import Component
from clusterlab.errors import ClusterlabError, DataError, OutputError, StoreError
from clusterlab.honest import scored_split
from clusterlab.pipeline import Prepared
from clusterlab.reducers.remembered import reduce_features
from clusterlab.searching import Objective, Trial
from clusterlab.store import digest_of
from clusterlab.tuning.objectives import Clustered, against, measure, worst_value
from clusterlab.tuning.penalties import largest, penalised, penalties
from clusterlab.tuning.plan import SearchPlan
from clusterlab.types import NOISE, Features

# Reductions beyond this are taken from the store again.
_MOST_BYTES = 2**29


class BadTrialError(Exception):
    """Why a trial has nothing to score."""


@dataclass
class Workbench:
    """ready: what all trials share. objectives: with their label columns."""

    plan: SearchPlan
    ready: Prepared
    objectives: tuple[Objective, ...]
    _reductions: OrderedDict[str, tuple[Features, str]] = field(default_factory=OrderedDict)

    def carry_out(self, number: int, parameters: Mapping[str, Any]) -> Trial:
        """One trial; one that fails is a bad trial with its reason. StoreError and OutputError,
        which are no fault of the parameters, pass."""
        begin = time.perf_counter()
        found: dict[str, Any] = {"raw": {}, "penalties": {}}
        try:
            self._score(parameters, found)
            reason = ""
        except (StoreError, OutputError):
            raise
        except BadTrialError as error:
            reason = str(error)
        except Exception as error:
            # A library's estimator may raise anything, and that is what the search is to learn.
            own = isinstance(error, ClusterlabError)
            reason = str(error) if own else f"{type(error).__name__}: {error}"
        paid = sum(found["penalties"].values())
        worst = largest(self.plan.settings)
        values = {
            one.name: worst_value(one, worst)
            if reason
            else penalised(found["raw"][one.name], one, paid)
            for one in self.objectives
        }
        seconds = round(time.perf_counter() - begin, 4)
        return Trial(
            number=number,
            parameters=dict(parameters),
            values=values,
            bad=" ".join(reason.split()),
            seconds=seconds,
            **found,
        )

    def _score(self, parameters: Mapping[str, Any], found: dict[str, Any]) -> None:
        """Fills `found` as far as it gets. Raises BadTrialError where something is missing."""
        reducer, clusterer = self.plan.build(parameters)
        reduced, digest = self._reduced(reducer)
        if any(one.space for one in self.objectives):
            found["space"] = digest
        recluster = Recluster(clusterer.instance)
        labels = cluster(clusterer.instance, reduced.values)[0].labels
        found["n_clusters"] = k = len(np.unique(labels[labels != NOISE]))
        found["noise_share"] = float((labels == NOISE).mean())
        if k < 2:
            raise BadTrialError("one cluster only" if k else "no cluster: every image is noise")
        found["penalties"] = penalties(labels, self.plan.settings)
        made = self._made(labels, reduced, recluster)
        found["hindsight"] = _hindsight(made, but=reduced.seen_labels)
        for one in self.objectives:
            try:
                raw = measure(one, made)
            except DataError as error:
                raise BadTrialError(str(error)) from error
            if not math.isfinite(raw):
                raise BadTrialError(f"{one.name} is {raw}")
            found["raw"][one.name] = raw

    def _reduced(self, reducer: Component) -> tuple[Features, str]:
        """The reduced space, and the digest of the one that scores are measured in."""
        key = json.dumps(reducer.config, sort_keys=True, default=str)
        if key not in self._reductions:
            plan, ready = self.plan.plan, self.ready
            reduction = reduce_features(
                ready.extracted,
                reducer,
                store=plan.store,
                collection=ready.labelled,
                keep=ready.clustered.ids,
            )
            scored = self._scored_space(reduction.features)
            self._reductions[key] = (reduction.features, digest_of(scored.values))
        self._reductions.move_to_end(key)
        while len(self._reductions) > 1 and self._held() > _MOST_BYTES:
            self._reductions.popitem(last=False)
        return self._reductions[key]

    def _held(self) -> int:
        return sum(features.values.nbytes for features, _ in self._reductions.values())

    def _scored_space(self, reduced: Features) -> Features:
        return self.ready.features if self.plan.settings.scored_in == "features" else reduced

    def _made(self, labels: np.ndarray, reduced: Features, recluster: Recluster) -> Clustered:
        plan, clustered = self.plan.plan, self.ready.clustered
        split = scored_split(clustered, reduced, plan.scored_split, plan.clustered_split)
        within = np.ones(len(clustered), bool) if split == "all" else clustered.split == split
        return Clustered(
            labels=labels,
            space=self._scored_space(reduced).values,
            clustered_in=reduced.values,
            within=within,
            collection=clustered,
            options=plan.evaluator.config,
            recluster=recluster,
        )


def _hindsight(made: Clustered, *, but: Container[str]) -> dict[str, float]:
    """ARI with each label column but those that the space was learned from."""
    found = {}
    for column in map(str, made.collection.labels.columns):
        with suppress(DataError):
            if column not in but:
                found[f"ari/{column}"] = against("ari", column, made)
    return found
