"""Labels by a vision-language model that is shown each image and asked for its category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clusterlab.errors import ClusterlabError, ComponentError, DataError
from clusterlab.labelers._picture import smaller
from clusterlab.labelers.parse import parse
from clusterlab.labelers.prompts import most_of, written
from clusterlab.labelling import Answer, Answers
from clusterlab.models.image_to_text import Writer
from clusterlab.models.open_session import open_session
from clusterlab.models.session import Session
from clusterlab.models.source import Source
from clusterlab.models.writing import Inputs
from clusterlab.origin import origin
from clusterlab.reading.asked import asked
from clusterlab.reading.encoding import described
from clusterlab.reading.image_pass import ImagePass
from clusterlab.reading.image_vectors import ENGINE_VERSION, marks_of, nothing_readable
from clusterlab.reading.settings import Settings
from clusterlab.reading.written_texts import Written, written_texts
from clusterlab.types import Collection


class NotTakenError(DataError):
    """An image that could be read and that the model's processor does not take."""


class Llava:
    """Asks a chat model that sees: LLaVA, Qwen-VL, SmolVLM, or any other behind transformers'
    AutoModelForImageTextToText that has a chat template.

    It takes the likeliest word each time, so the same image gets the same answer. Answers are kept
    verbatim by the image's bytes, the model and the words of the request: an image is asked about
    once, and another prompt, or another order of the categories, which a model is not indifferent
    to, is another request.

    model: a hub id, at `revision`, or a local folder.
    weights: None for the model's own; a local file or folder; or "random".
    prompt: "p1", "p2", "p3" (which asks for two categories), or a text of one's own, in which
        {categories} becomes the list; see prompts.py.
    categories: what it chooses from.
    max_new_tokens: at which an answer is cut off.
    max_side: larger images are made smaller until their longer side has so many pixels. For models
        that look at more places the larger an image is, as Qwen-VL does; None leaves images alone.
    column: the label column that is filled; None is the labeler's name.
    random_state: of random weights.

    Where the precision is left to clusterlab it computes in float32 on a CPU, and on a GPU in
    bfloat16 (float16 where the GPU lacks that), as these models are published: 7 billion weights
    then take 14 GB instead of 28. Liu et al. 2023, "Visual instruction tuning".
    """

    version = 1

    def __init__(
        self,
        *,
        model: str,
        revision: str | None = None,
        weights: str | None = None,
        prompt: str = "p1",
        categories: Sequence[str] = (),
        max_new_tokens: int = 30,
        max_side: int | None = None,
        column: str | None = None,
        random_state: int = 0,
    ) -> None:
        if max_side is not None and max_side < 1:
            raise ComponentError(f"labeler.max_side must be 1 or more, or null, not {max_side}.")
        source = Source(model=model, revision=revision, weights=weights, setting="labeler.weights")
        self._writer = Writer(
            source, max_new_tokens=max_new_tokens, random_state=random_state, chats=True
        )
        self.name = self._writer.name
        self.sources = (source,)
        self.prompt = prompt
        self.categories = tuple(categories)
        self.max_side = max_side
        self.column = column

    @property
    def multi_valued(self) -> bool:
        return most_of(self.prompt) > 1

    def check(self) -> None:
        """Raises ComponentError for a model whose files are not there, which is none that sees and
        answers, or whose processor takes no request."""
        self._writer.check("What is in this image?")

    def answers(self, collection: Collection, settings: Settings, *, column: str) -> Answers:
        """Raises ComponentError for a model that cannot be asked, DataError where no image can be
        read."""
        request = written(self.prompt, self.categories)
        session = self._session(request, settings)
        images = ImagePass(collection, lambda image: self._shown(image, request), settings)
        said = written_texts(
            images,
            session,
            settings,
            self._description(session, settings, request),
            who=f"Labeler '{column}'",
            what="answers",
            doing="label",
        )
        rows = self._rows(images, said, column)
        if not rows:
            raise nothing_readable(images)
        return Answers(
            rows=rows,
            described=self._described(request),
            facts=session.facts,
            store=said.sentence,
            marks=marks_of(self.sources, collection),
        )

    def ask(
        self, pictures: Sequence[np.ndarray], prompts: Sequence[str], settings: Settings
    ) -> list[str | None]:
        """What the model says of each picture, (h, w, 3) uint8 RGB, to the request at its place;
        None for a picture that its processor does not take.

        Answers are kept by the pictures' pixels and the requests. Raises ComponentError where
        nothing can be asked.
        """
        if not pictures:
            return []
        session = self._session(prompts[0], settings)
        return asked(
            pictures,
            prompts,
            session,
            settings,
            self._description(session, settings, None),
            prepare=self._shown,
            not_taken=NotTakenError,
            who=f"'{self.name}'",
        )

    def _session(self, request: str, settings: Settings) -> Session:
        self._writer.check(request)
        return open_session(self._writer, settings.compute, settings.store)

    def _shown(self, image: np.ndarray, request: str) -> Inputs:
        try:
            return self._writer.request(smaller(image, self.max_side), request)
        except ClusterlabError:
            raise
        except Exception as error:
            raise NotTakenError(f"{self.name} does not take this image: {error}") from error

    def _description(
        self, session: Session, settings: Settings, request: str | None
    ) -> dict[str, Any]:
        """What the store knows the answers by; the categories are part of the request's words."""
        decoding = settings.decoding
        target = f"{type(self).__module__}.{type(self).__name__}"
        return {
            "config": {
                **described(target, session),
                "request": request,
                "max_new_tokens": self._writer.max_new_tokens,
                "max_side": self.max_side,
            },
            "version": [ENGINE_VERSION, Writer.version, self.version],
            "decoding": {"background": decoding.background, "reduce_to": decoding.reduce_to},
            "code": origin({"_target_": target}),
        }

    def _described(self, request: str) -> Mapping[str, Any]:
        return {
            **self.sources[0].describe(),
            "prompt": self.prompt,
            "request": request,
            "categories": list(self.categories),
            "max_new_tokens": self._writer.max_new_tokens,
            "max_side": self.max_side,
        }

    def _rows(self, images: ImagePass, said: Written, column: str) -> tuple[Answer, ...]:
        """In the order of the collection: what was said, and what could not be asked."""
        rows: list[Answer] = []
        for row, id_ in enumerate(images.collection.ids):
            if row in said.texts:
                text, seconds = said.texts[row]
                labels, status = parse(text, self.categories, most=most_of(self.prompt))
                new = row not in said.stored
                rows.append(
                    Answer(
                        id_,
                        column,
                        text,
                        "|".join(labels),
                        status,
                        model=self.name,
                        seconds=seconds if new else float("nan"),
                    )
                )
            elif images.failures[row].error == NotTakenError.__name__:
                why = images.failures[row].message
                rows.append(Answer(id_, column, why, "", "failed", model=self.name))
        return tuple(rows)
