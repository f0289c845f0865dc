"""Fine-tunes a captioner to write the class of an image into a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from clusterlab.components import Component
from clusterlab.errors import ComponentError, DataError
from clusterlab.finetune._captioning import FAMILIES, Captioning, Writer
from clusterlab.finetune._captions import PLACE, Captions
from clusterlab.finetune._columns import check_columns
from clusterlab.finetune._finished import carried_out
from clusterlab.finetune._lesson import Lesson
from clusterlab.finetune._placement import Placement
from clusterlab.finetune._probe import plain_classifier
from clusterlab.finetune._teaching import described
from clusterlab.finetune._told import told
from clusterlab.finetune._workshop import Tuning, Workshop
from clusterlab.finetune.rebalance import Rebalance
from clusterlab.finetune.recipe import Recipe
from clusterlab.models.needs import bring
from clusterlab.models.pretrained import load_config
from clusterlab.training import Predictions
from clusterlab.types import Collection, Features, Text

# Raised where a change here changes the weights that a training ends with.
VERSION = 1
# How a text is looked for; the weights do not depend on it.
_WRITING = ("max_new_tokens", "num_beams")


@dataclass(kw_only=True)
class Captioner(Recipe):
    """Trains a captioner on captions made of a template and the image's class.

    What it writes afterwards is a supervised classifier's answer in words, and so are the features
    that are made of it. The model takes an image and a caption: BLIP or GIT.

    column: the label column whose classes are named; None is the first. Single-valued.
    template: the caption, with {class} in the place of the class's name, whose underscores are read
        as spaces.
    augmentation, rebalance: as in Classifier.
    For the others see Recipe; select_by: only "loss", of the validation images' captions.
    Raises ConfigError for values that do not fit. Li et al. 2022, "BLIP: Bootstrapping
    language-image pre-training".
    """

    column: str | None = None
    template: str = f"This is an image of {PLACE}"
    augmentation: Callable[[Any], Any] | None = None
    rebalance: Rebalance | None = None
    epochs: int = 5
    batch_size: int = 4
    gradient_accumulation: int = 2
    learning_rate: float = 5e-5

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns that are learned: one; None for the collection's first."""
        return None if self.column is None else (self.column,)

    def _problems(self) -> Any:
        yield from super()._problems()
        if self.template.count(PLACE) != 1:
            yield (
                f"template is '{self.template}'; it must hold {PLACE} once, where the name of the "
                f"class goes, such as 'This is an image of {PLACE}'."
            )
        if self.select_by in ("accuracy", "macro_f1"):
            yield (
                f"select_by is '{self.select_by}', but captions are not written while a captioner "
                "is trained; use loss, that of the validation images' captions."
            )

    def tune(self, collection: Collection, extractor: Component, workshop: Workshop) -> Tuning:
        """Raises DataError for labels that cannot be learned, ComponentError for an extractor that
        cannot be trained."""
        writer = _checked(extractor)
        (column,) = check_columns(collection, self.columns, setting="finetune.column")
        _check_column(collection, column)
        lesson = Lesson.of(collection, [column], rebalance=self.rebalance)
        self.check_validation(selects=bool(lesson.validation))
        placement = Placement.of(workshop.compute, workers=workshop.workers)
        bring(writer)
        classes = lesson.targets[0].classes
        captions = Captions.of(self.template, classes, writer.processor.tokenizer)
        captions.check_length(writer.max_new_tokens)
        captioning = Captioning(writer, lesson, captions, self, workshop, placement)
        description = _described(extractor, workshop, lesson, placement)
        finished, store = carried_out(workshop.root, description, captioning.work)
        tuned: Any = writer.with_weights(str(finished.weights))
        beside = plain_classifier(
            collection,
            column,
            [item.row for item in lesson.training],
            tuned,
            workshop,
            finished.weights.parent,
        )
        return Tuning(
            extractor=Component(name=extractor.name, config=extractor.config, instance=tuned),
            training=told(
                lesson,
                finished,
                selected_by=self.select_by,
                frozen=self.frozen_augmentation,
                facts={"plain_classifier": beside},
                notes=_notes(column, self.template, beside),
            ),
            predict=partial(_predict, lesson, captions),
            store=store,
        )


def _described(
    extractor: Component, workshop: Workshop, lesson: Lesson, placement: Placement
) -> dict[str, Any]:
    """What decides the weights."""
    found = described(extractor, workshop, lesson.identity(), placement)
    model = {name: value for name, value in found["extractor"].items() if name not in _WRITING}
    return {**found, "extractor": model, "captioner": VERSION}


def _predict(
    lesson: Lesson, captions: Captions, features: Features, texts: Sequence[Text]
) -> tuple[Predictions, ...]:
    """The class that each caption names; a row of zeros where it names none."""
    written = {text.id: text.text for text in texts}
    scores = np.zeros((len(features.ids), len(captions.classes)), dtype=np.float32)
    for row, image in enumerate(features.ids):
        found = captions.named(written.get(image, ""))
        if found is not None:
            scores[row, found] = 1
    column = lesson.targets[0].column
    said = Predictions(
        column=column,
        ids=features.ids,
        classes=captions.classes,
        scores=scores,
        kept=lesson.kept(column),
        confident=False,
    )
    return (said,)


def _notes(column: str, template: str, beside: Mapping[str, Any]) -> list[str]:
    notes = [
        f"The captions are the answers of a supervised classifier in words: the captioner was "
        f"trained to write '{template}' with the labels in '{column}', so clusters of captions are "
        "clusters of its answers."
    ]
    if beside:
        notes.append(
            "Beside them, a plain classifier on the same model's image vectors (logistic "
            "regression on the mean over the vision encoder's tokens, fitted on the same training "
            f"images) reaches accuracy {beside['accuracy']:.3f} and ARI {beside['ari']:.3f} in "
            f"'{column}' on {beside['n']:,} {beside['split']} images."
        )
    return notes


def _checked(extractor: Component) -> Writer:
    instance = extractor.instance
    if not hasattr(instance, "with_weights") or not hasattr(instance, "processor"):
        way_out = (
            "finetune=classifier trains it" if _is_image_model(instance) else "use finetune=none"
        )
        raise ComponentError(
            "finetune=captioner trains a model that writes about images (extractor=blip), and "
            f"extractor={extractor.name} is no such model: {way_out}, or choose another extractor."
        )
    writer: Writer = instance
    family = load_config(writer.source).model_type
    if family not in FAMILIES:
        raise ComponentError(
            f"'{writer.name}' is a {family} model, which learns in other ways than from an image "
            f"and its caption; finetune=captioner trains {' and '.join(FAMILIES)} models. Use "
            "extractor.model=Salesforce/blip-image-captioning-base or microsoft/git-base."
        )
    if writer.prompt is not None:
        raise ComponentError(
            f"extractor.prompt='{writer.prompt}' would go before what a captioner writes that was "
            "trained to write all of finetune.template. Use extractor.prompt=null, with those "
            "words in the template."
        )
    return writer


def _is_image_model(instance: Any) -> bool:
    return hasattr(instance, "with_weights") and not hasattr(instance, "encoder")


def _check_column(collection: Collection, column: str) -> None:
    if column not in collection.multi_valued:
        return
    single = [str(c) for c in collection.labels.columns if c not in collection.multi_valued]
    way_out = (
        f"Choose a column with one value: finetune.column=COLUMN ({', '.join(single)})."
        if single
        else "This collection has no other; finetune=classifier learns several values."
    )
    raise DataError(
        f"'{column}' holds several values an image, and a caption names one class. {way_out}"
    )
