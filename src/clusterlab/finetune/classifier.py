"""Fine-tunes an image model to tell the classes of label columns apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from clusterlab.components import Component
from clusterlab.errors import ComponentError
from clusterlab.finetune._columns import check_columns
from clusterlab.finetune._finished import carried_out
from clusterlab.finetune._lesson import Lesson
from clusterlab.finetune._placement import Placement
from clusterlab.finetune._targets import places
from clusterlab.finetune._teaching import Teaching, described
from clusterlab.finetune._told import told
from clusterlab.finetune._workshop import Tuning, Workshop
from clusterlab.finetune.intensities import Intensities
from clusterlab.finetune.rebalance import Rebalance
from clusterlab.finetune.recipe import Recipe
from clusterlab.models.needs import bring
from clusterlab.training import Predictions
from clusterlab.types import Collection, Features, Text

FEATURES = ("embedding", "probabilities")


@dataclass(kw_only=True)
class Classifier(Recipe):
    """Puts one linear layer for each label column on the extractor's embedding, and trains both.

    columns: label columns to learn; None is the first. One of several values learns each value by
        itself. An image without a label in one column still serves the others.
    column_weights: of the columns' losses, in their order; None for equal ones that sum to one.
    class_weights: "balanced" weights each class by the inverse of what an epoch shows of it; None
        weights all images alike.
    head_learning_rate: of the linear layers, which begin at random; None for `learning_rate`.
    dropout: of the embedding before them. label_smoothing: the share of certainty taken away from
        the true class.
    augmentation: draws another image from (3, h, w) uint8, as the model sees it; a torchvision.v2
        transform. Where `rebalance` asks for copies it is those that are drawn, and each image is
        shown as it is beside them; else every image is.
    rebalance: what an epoch shows of each class; None for every image once.
    features: "embedding", or "probabilities": what the model says, one value a class, is the
        feature.
    For the others see Recipe. Raises ConfigError for values that do not fit.
    """

    columns: tuple[str, ...] | None = None
    column_weights: tuple[float, ...] | None = None
    class_weights: str | None = None
    head_learning_rate: float | None = None
    dropout: float = 0.0
    label_smoothing: float = 0.0
    augmentation: Callable[[Any], Any] | None = None
    rebalance: Rebalance | None = None
    features: str = "embedding"

    def __post_init__(self) -> None:
        self.columns = None if self.columns is None else tuple(self.columns)
        super().__post_init__()

    def _problems(self) -> Any:
        yield from super()._problems()
        weights, columns = self.column_weights, self.columns
        if columns is not None and len(set(columns)) < max(len(columns), 1):
            yield f"columns is {list(columns)}; it must name one column or more, each once."
        if weights is not None and len(weights) != len(columns or [""]):
            yield (
                f"column_weights has {len(weights)} values {list(weights)} for "
                f"{len(columns or [''])} columns {list(columns or ['the first'])}: give one each."
            )
        if weights is not None and any(weight <= 0 for weight in weights):
            yield f"column_weights is {list(weights)}; each must be above 0."
        if self.class_weights not in (None, "balanced"):
            yield f"class_weights is '{self.class_weights}'; it must be balanced, or null."
        if self.head_learning_rate is not None and self.head_learning_rate <= 0:
            yield f"head_learning_rate is {self.head_learning_rate}; it must be above 0, or null."
        for name in ("dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                yield f"{name} is {getattr(self, name)}; it must be in [0, 1)."
        if self.features not in FEATURES:
            yield f"features is '{self.features}'; it must be embedding or probabilities."

    def tune(self, collection: Collection, extractor: Component, workshop: Workshop) -> Tuning:
        """Raises DataError for labels that cannot be learned, ComponentError for an extractor that
        cannot be trained."""
        _check_extractor(extractor)
        columns = check_columns(collection, self.columns)
        lesson = Lesson.of(
            collection,
            columns,
            rebalance=self.rebalance,
            column_weights=self.column_weights,
            class_weights=self.class_weights,
        )
        self.check_validation(selects=bool(lesson.validation))
        placement = Placement.of(workshop.compute, workers=workshop.workers)
        bring(extractor.instance)
        description = described(extractor, workshop, lesson.identity(), placement)
        teaching = Teaching(extractor, lesson, self, workshop, placement)
        finished, store = carried_out(workshop.root, description, teaching.work)
        training = told(
            lesson, finished, selected_by=self.select_by, frozen=self.frozen_augmentation
        )
        model = extractor.instance.with_weights(str(training.weights))
        if self.features == "probabilities":
            model = Intensities(model, training.heads, lesson.targets)
        named = Component(name=extractor.name, config=extractor.config, instance=model)
        return Tuning(
            extractor=named,
            training=training,
            predict=partial(self._predict, lesson, training.heads),
            store=store,
        )

    def _predict(
        self,
        lesson: Lesson,
        heads: Mapping[str, np.ndarray],
        features: Features,
        texts: Sequence[Text],  # noqa: ARG002 - a captioner predicts from them
    ) -> tuple[Predictions, ...]:
        values = features.values.astype(np.float64)
        if self.features == "embedding":
            values = values @ heads["weight"].T.astype(np.float64) + heads["bias"]
        found = []
        for target, (_, of) in zip(lesson.targets, places(lesson.targets), strict=True):
            scores = torch.from_numpy(values[:, of])
            if self.features == "embedding":
                scores = scores.sigmoid() if target.multi_valued else scores.softmax(dim=1)
            found.append(
                Predictions(
                    column=target.column,
                    ids=features.ids,
                    classes=target.classes,
                    scores=scores.numpy().astype(np.float32),
                    kept=lesson.kept(target.column),
                    multi_valued=target.multi_valued,
                )
            )
        return tuple(found)


def _check_extractor(extractor: Component) -> None:
    instance = extractor.instance
    if not hasattr(instance, "with_weights") or hasattr(instance, "encoder"):
        way_out = (
            "finetune=captioner trains it"
            if hasattr(instance, "with_weights")
            else "use finetune=none"
        )
        raise ComponentError(
            f"finetune=classifier trains an image model (timm, transformers, cnn), and extractor="
            f"{extractor.name} is no such model: {way_out}, or choose another extractor."
        )
    if getattr(instance, "output", "") == "logits":
        raise ComponentError(
            "extractor.output=logits is what the old head says, and finetune=classifier puts its "
            "own heads on the embedding. Use extractor.output=pooled."
        )
