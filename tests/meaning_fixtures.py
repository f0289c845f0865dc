"""An Outcome with labelers, homogeneity, stability and names; scikit-learn is who labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

from clusterlab.clusterers.recluster import Recluster
from clusterlab.images import decode
from clusterlab.labelling import Answer, Labelling
from clusterlab.meaning import ClusterName, Naming
from clusterlab.metrics.evaluator import Evaluator
from clusterlab.namers.name import named
from clusterlab.outcome import Outcome
from clusterlab.types import NOISE, Collection, Evaluation
from tests.report_fixtures import DIGITS, outcome_of

ONE, OTHER = "ridge", "neighbours"
UNSURE = "could be anything between {} and {}"
N_ASKED = 12


def understood(
    collection: Collection,
    *,
    n_clusters: int = 6,
    n_noise: int = 9,
    categories: Sequence[str] = DIGITS,
    marks: tuple[str, ...] = (),
) -> Outcome:
    """Scans labelled by two classifiers that learned from other scans, clustered by k-means, with
    how stable that is and names from the first labeler, put to the second.

    categories: what the ten digits are called. marks: of the first labeler.
    """
    own = {ONE: RidgeClassifier(), OTHER: KNeighborsClassifier(1)}
    answers = {
        column: _answers(collection, column, model, categories, _taught(seed))
        for seed, (column, model) in enumerate(own.items())
    }
    for column, rows in answers.items():
        cells = pd.Series([row.label or None for row in rows], dtype=object)
        collection = dataclasses.replace(
            collection,
            labels=collection.labels.assign(**{column: cells}),
            synthetic=collection.synthetic | {column},
        )
    plain = outcome_of(collection, n_clusters=n_clusters, n_noise=n_noise)
    naming = _names(collection, plain.clustering.labels)
    described = {
        "model": "tiny/labeler",
        "source": {"revision": "main", "sha256": "ab" * 32},
        "prompt": "Which of these does the picture show? Answer with one of: " + ", ".join(DIGITS),
        "categories": list(categories),
    }
    return dataclasses.replace(
        plain,
        collection=collection,
        choices={
            **plain.choices,
            "taxonomy": "digits",
            "labeler": f"{ONE}+{OTHER}",
            "namer": "labels",
        },
        components={
            **plain.components,
            "taxonomy": {"name": "digits", "categories": list(categories), "parents": {}},
            "labeler": {
                ONE: {"_target_": "sklearn.linear_model.RidgeClassifier", "alpha": 1.0},
                OTHER: {"_target_": "sklearn.neighbors.KNeighborsClassifier", "n_neighbors": 1},
            },
            "namer": {"_target_": "clusterlab.namers.labels.FromLabels", "column": ONE},
        },
        evaluation=named(evaluated(plain, stability=4), naming),
        labelling=Labelling(
            collection=collection,
            answers=tuple(row for rows in answers.values() for row in rows),
            labelers={ONE: described, OTHER: {**described, "model": "other/labeler"}},
            store="60 from the store",
            marks=marks,
            column_marks={ONE: marks} if marks else {},
        ),
        naming=naming,
    )


def evaluated(outcome: Outcome, *, stability: int = 0) -> Evaluation:
    """As a run does it. stability: k-means again, so many times a kind."""
    k = len(outcome.clustering.clusters)
    return Evaluator(n_permutations=10, stability=stability).evaluate(
        outcome.collection,
        {"features": outcome.features, "reduced": outcome.reduced},
        outcome.clustering,
        recluster=Recluster(KMeans(k, n_init=1, random_state=0)),
    )


def _answers(
    collection: Collection,
    column: str,
    model: object,
    categories: Sequence[str],
    taught: np.ndarray,
) -> list[Answer]:
    """What the classifier takes each scan for, in the words of a model; unsure where the two
    nearest means of a digit are about as near."""
    data = load_digits()
    X, y = data.data[taught], data.target[taught]
    means = np.stack([X[y == digit].mean(axis=0) for digit in range(10)])
    scans = np.stack([decode(i.read())[..., 0].ravel() / 255 * 16 for i in collection.images])
    said = model.fit(X, y).predict(scans)  # type: ignore[attr-defined]
    rows = []
    for at, (id_, scan, digit) in enumerate(zip(collection.ids, scans, said.tolist(), strict=True)):
        away = np.linalg.norm(means - scan, axis=1)
        first, second = np.argsort(away)[:2]
        name = categories[digit]
        answer, label, status = name, name, "exact"
        if at % 41 == 5:
            answer, label, status = "TimeoutError: no answer within 60 s", "", "failed"
        elif away[second] - away[first] < 1:
            answer, label, status = UNSURE.format(first, second), "", "invalid"
        elif at % 3 == 0:
            answer, status = f"The answer is {name.upper()}.", "mapped"
        elif away[first] > 32:
            answer, label, status = "NOT VALID", "", "refused"
        seconds = 0.25 if at % 2 else float("nan")
        rows.append(
            Answer(id_, column, answer, label, status, 1 / (1 + away[first]), "tiny", seconds)
        )
    return rows


def _taught(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(1797, 300, replace=False)


def _names(collection: Collection, labels: np.ndarray) -> Naming:
    """Each cluster's commonest label by the one labeler; the other is asked about 12 members. The
    last cluster's name was put to nobody."""
    rows = []
    clusters = [number for number in np.unique(labels).tolist() if number != NOISE]
    for number in clusters:
        members = np.flatnonzero(labels == number)[:N_ASKED]
        names = collection.labels[ONE][labels == number].mode().tolist()
        if not names:
            continue
        name = names[0]
        if number == clusters[-1]:
            rows.append(ClusterName(cluster=number, name=name))
            continue
        agreement = float((collection.labels[OTHER].iloc[members] == name).mean())
        borne_out = agreement > 0.5
        why = "" if borne_out else "more images fit another cluster's name better"
        rows.append(
            ClusterName(
                cluster=number,
                name=name,
                agreement=agreement,
                chance=0.1,
                n_asked=len(members),
                verified=borne_out,
                why=why,
            )
        )
    return Naming(
        names=tuple(rows),
        namer=f"the commonest label of “{ONE}”",
        verifier=f"the labeler “{OTHER}”",
        notes=("Names were made of synthetic labels.",),
    )
