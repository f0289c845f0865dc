"""What a stage can be made of: each kind of component says here what it must be able to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from clusterlab.types import Collection, Features

if TYPE_CHECKING:
    import torch

    from clusterlab.ceiling import Ceiling
    from clusterlab.labelling import Answers
    from clusterlab.macro import MacroCategories
    from clusterlab.models.source import Source
    from clusterlab.reading.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Component:
    """A stage's object beside what it was built from.

    name: the option chosen ("umap"). config: the resolved arguments with their `_target_`,
    JSON-able; the store knows a component by them.
    """

    name: str
    config: Mapping[str, Any]
    instance: Any


class Dataset(Protocol):
    """Lists the images of a collection and what is known about them."""

    def load(self) -> Collection: ...


class ImageExtractor(Protocol):
    """How one image becomes model input, and how a batch of inputs becomes vectors.

    `prepare` runs in worker threads and must not touch shared state; `embed` runs in one thread.
    An extractor that learns from the images (a visual vocabulary) also has
    `fit(inputs: Iterable[Any]) -> dict[str, np.ndarray]`, called with the training images'
    prepared inputs, and `restore(arrays)`, called with what `fit` returned.
    """

    version: int

    def prepare(self, image: np.ndarray) -> Any:
        """image: (height, width, 3) uint8 RGB."""
        ...

    def embed(self, inputs: Sequence[Any]) -> np.ndarray:
        """Returns (len(inputs), d) float32."""
        ...


class TableExtractor(Protocol):
    """Turns what a table says about the images into vectors, without opening the images."""

    version: int
    columns: Sequence[str]

    def transform(self, collection: Collection) -> np.ndarray:
        """Returns (n, d) float32."""
        ...


class Model(Protocol):
    """Something that runs on a device: the engine decides where, how precisely and how much at
    once (models/session.py), the model says what it is and how a batch goes through it.

    sources: the files it is made of, which `clusterlab fetch` brings. batch_sizes: inputs at once
    on a CPU and on a GPU, unless the user says.
    """

    version: int
    sources: Sequence[Source]
    batch_sizes: tuple[int, int]

    def fingerprint(self) -> Mapping[str, Any]:
        """What decides the result: the model, its weights' hash, how inputs are made; JSON-able,
        and without paths, so that the store knows the same model in another place."""
        ...

    def build(self) -> torch.nn.Module:
        """The module in float32 on the CPU, ready for inference. Raises ComponentError."""
        ...

    def apply(self, module: Any, inputs: Sequence[Any], device: torch.device) -> Sequence[Any]:
        """One result an input. `module` is what `build` returned, moved, converted or compiled."""
        ...


class ModelExtractor(Model, Protocol):
    """A model that sees: `apply` turns prepared images into (b, d) float32."""

    def prepare(self, image: np.ndarray) -> Any:
        """image: (height, width, 3) uint8 RGB. Runs in worker threads."""
        ...


class Tunable(Model, Protocol):
    """A model that can be fine-tuned: an image model, or one that writes about images.

    source: the files that it is made of; what is trained replaces its weights.
    """

    source: Source

    def prepare(self, image: np.ndarray) -> Any: ...

    def backbone(self, module: Any) -> torch.nn.Module:
        """The part of what `build` returned whose state dict is a weights file of this model."""
        ...

    def with_weights(self, weights: str) -> Tunable:
        """The same model with the weights in this file; all else, as it sees images, unchanged."""
        ...


class TextEncoder(Model, Protocol):
    """A model that reads: `apply` turns texts into (b, d) float32."""


class ImageDescriber(ModelExtractor, Protocol):
    """A model that writes: `apply` turns prepared images into texts, which `encoder` then reads.

    name: who wrote the text, as captions.csv says it.
    """

    name: str
    encoder: TextEncoder


class TextExtractor(Protocol):
    """Reads what a table already says about the images.

    empty: "zero" gives an image without text the zero vector, "drop" leaves it out.
    """

    name: str
    empty: str
    encoder: TextEncoder

    def texts(self, collection: Collection) -> Sequence[str | None]: ...


class JoiningExtractor(Protocol):
    """Puts the features of several extractors side by side. parts: name -> extractor.
    fitted: what `join` learned from the images when it was last called."""

    version: int
    parts: Mapping[str, Any]
    fitted: Mapping[str, np.ndarray]

    def join(self, parts: Mapping[str, np.ndarray], training: np.ndarray) -> np.ndarray:
        """parts: name -> (n, d_i) float32 of the same images; training: (n,) bool, the images to
        learn a scaling from. Returns (n, sum of d_i) float32."""
        ...


class CeilingMeter(Protocol):
    """Says how well the labels can be learned from the features."""

    def check(self, columns: Iterable[str]) -> None:
        """columns: the label columns that there will be. Raises DataError, before hours of work,
        where it is to measure others."""
        ...

    def measure(self, collection: Collection, features: Features) -> Ceiling | None:
        """collection: all images with features, also those that were not clustered; its split says
        which may be learned from."""
        ...


class MacroBuilder(Protocol):
    """Joins the classes of a label column into macro-categories."""

    def check(self, collection: Collection) -> tuple[str, ...]:
        """The label columns that it will make at most. Raises ConfigError or DataError, before
        hours of work, where it cannot be done."""
        ...

    def build(self, collection: Collection, features: Features) -> MacroCategories | None:
        """collection: all images with features, also those that were not clustered."""
        ...


class Labeler(Protocol):
    """Says of every image which categories it belongs to.

    column: of its labels; None is the option's name. multi_valued: whether an image may have
    several of them.
    """

    version: int
    column: str | None
    multi_valued: bool

    def answers(self, collection: Collection, settings: Settings, *, column: str) -> Answers:
        """One answer an image that can be read. An answer that is no category is kept verbatim;
        an image that cannot be read has none. Raises ComponentError where nothing can be asked."""
        ...


class Matcher(Protocol):
    """Says how well phrases fit images, as CLIP does."""

    def scores(
        self, collection: Collection, phrases: Sequence[str], settings: Settings
    ) -> np.ndarray:
        """Returns (n, p) float32, higher fits better; NaN in the rows of unreadable images."""
        ...


class Asked(Protocol):
    """A model that answers a request about one picture in words."""

    name: str

    def ask(
        self, pictures: Sequence[np.ndarray], prompts: Sequence[str], settings: Settings
    ) -> Sequence[str | None]:
        """pictures: (h, w, 3) uint8 RGB each. Returns one answer a picture, verbatim; None for a
        picture that could not be answered."""
        ...


class Reducer(Protocol):
    def fit_transform(self, X: np.ndarray) -> np.ndarray:
        """X: (n, d) float32. Returns (n, r)."""
        ...


class SupervisedReducer(Protocol):
    """A reducer that learns from labels. It is only ever shown those of training images.

    column: the label column it learns; None is the first. fitted: what it learned, by name.
    """

    column: str | None
    fitted: Mapping[str, np.ndarray]

    def learn(self, X: np.ndarray, labels: Sequence[str]) -> None:
        """X: (n, d) float32 of training images that have a label; labels: theirs."""
        ...

    def transform(self, X: np.ndarray) -> np.ndarray:
        """X: (m, d) float32. Returns (m, r)."""
        ...


class Clusterer(Protocol):
    def fit_predict(self, X: np.ndarray) -> np.ndarray:
        """X: (n, r). Returns (n,) int, -1 is noise."""
        ...
