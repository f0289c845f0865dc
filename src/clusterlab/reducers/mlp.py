"""A small neural network that learns a label column from the features of training images."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from clusterlab.errors import ComponentError, ConfigError, DataError


class MLP:
    """Features to classes through one hidden layer (ReLU), which is what is kept of an image.

    It takes the features at the scale they have, and so cannot be a step of a chain. Only training
    images teach it (reducers/remembered.py); all others are put through what it learned.

    column: the label column; None is the first. hidden: values that an image becomes, 0 or more.
    epochs: as many are run, whatever the loss does. learning_rate: of Adam. batch_size: capped at
    the number of images. alpha: the weight of an L2 penalty. random_state: seed of the first
    weights and of the order of the batches.

    Raises ConfigError for arguments that make no training.

    >>> X = np.array([[0, 0], [1, 1], [0, 1], [1, 0]], dtype=np.float32)
    >>> mlp = MLP(hidden=3, epochs=1)
    >>> mlp.learn(X, ["a", "a", "b", "b"])
    >>> mlp.transform(X).shape
    (4, 3)
    """

    def __init__(
        self,
        *,
        column: str | None = None,
        hidden: int = 128,
        epochs: int = 20,
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        alpha: float = 0.0,
        random_state: int = 0,
    ) -> None:
        counts = {"hidden": hidden, "epochs": epochs, "batch_size": batch_size}
        problems = [f"reducer.{n}={v} must be 1 or more." for n, v in counts.items() if v < 1]
        if not (math.isfinite(learning_rate) and learning_rate > 0):
            problems.append(f"reducer.learning_rate={learning_rate} must be above 0.")
        if not (math.isfinite(alpha) and alpha >= 0):
            problems.append(f"reducer.alpha={alpha} must be 0 or more.")
        if problems:
            raise ConfigError(problems)
        self.column = column
        self.hidden = hidden
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.alpha = alpha
        self.random_state = random_state

    def learn(self, X: np.ndarray, labels: Sequence[str]) -> None:
        """X: (n, d). labels: n. The order of the images does not matter.

        Sets `fitted` (hidden.weight (d, h), hidden.bias, head.weight, head.bias, and head.classes,
        the sorted classes as JSON in bytes; two classes share one column of the head) and
        `notes_`. Raises DataError for fewer than two classes, ComponentError where the training
        diverges.
        """
        classes = sorted(set(labels))
        if len(classes) < 2:
            raise DataError(
                f"The MLP has nothing to tell apart: its {len(labels)} training images are all "
                f"'{''.join(classes)}'. Choose another column (reducer.column=...) or another "
                "split, or learn nothing: reducer=none."
            )
        # By content: in what order the images come must not change what is learned.
        order = sorted(range(len(X)), key=lambda row: (X[row].tobytes(), labels[row]))
        values, known = X[order].astype(np.float64), np.array(labels)[order]
        network = self._trained(values, known)
        self.fitted = {
            "hidden.weight": network.coefs_[0],
            "hidden.bias": network.intercepts_[0],
            "head.weight": network.coefs_[1],
            "head.bias": network.intercepts_[1],
            "head.classes": np.frombuffer(json.dumps(classes).encode(), dtype=np.uint8),
        }
        self.notes_ = [
            f"The MLP learned {len(classes)} classes from {len(X):,} training images in "
            f"{self.epochs} epochs; the scores on test images say how well."
        ]

    def transform(self, X: np.ndarray) -> np.ndarray:
        """X: (m, d). Returns (m, hidden) float32, 0 or more. Only after `learn`."""
        # In float64, so that an image's values do not depend on those it comes with.
        weighted = X.astype(np.float64) @ self.fitted["hidden.weight"]
        kept: np.ndarray = np.maximum(weighted + self.fitted["hidden.bias"], 0)
        return kept.astype(np.float32)

    def _trained(self, values: np.ndarray, labels: np.ndarray) -> MLPClassifier:
        network = MLPClassifier(
            hidden_layer_sizes=(self.hidden,),
            activation="relu",
            solver="adam",
            alpha=self.alpha,
            batch_size=min(self.batch_size, len(values)),
            learning_rate_init=self.learning_rate,
            max_iter=self.epochs,
            # It would stop before the last epoch where the loss stays the same.
            n_iter_no_change=self.epochs,
            random_state=self.random_state,
        )
        with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
            # How many epochs there are is the user's choice.
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                network.fit(values, labels)
            except ValueError as error:
                raise ComponentError(self._diverged(str(error))) from error
        if not math.isfinite(network.loss_):
            raise ComponentError(self._diverged(f"the loss is {network.loss_}"))
        return network

    def _diverged(self, why: str) -> str:
        return (
            f"The training of the MLP diverged with reducer.learning_rate={self.learning_rate}: "
            f"{why}. Lower the learning rate, or use an extractor whose features are smaller."
        )
