"""Labels by a vision-language model behind an OpenAI-compatible server: Ollama, vLLM, a service."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clusterlab.labelers._arguments import (
    KEY_NAME,
    check_key_name,
    check_numbers,
    checked_url,
    key_in,
)
from clusterlab.labelers._conversation import Conversation
from clusterlab.labelers._http import Endpoint
from clusterlab.labelers._picture import data_uri
from clusterlab.labelers.parse import check_categories, parse
from clusterlab.labelers.prompts import most_of, written
from clusterlab.labelling import Answer, Answers
from clusterlab.reading.image_pass import ImagePass
from clusterlab.reading.image_vectors import nothing_readable, store_sentence
from clusterlab.reading.settings import Settings
from clusterlab.store import digest_of, key_of
from clusterlab.types import Collection

log = logging.getLogger("clusterlab")


class Server:
    """Shows each image to a model by HTTP, and asks for its category.

    url: of the API, most often ending in /v1; requests go to URL/chat/completions.
    model: as the server calls it. revision: your word for which version of it that is, since a
        name is all that a server tells. Another word asks all images again; None takes the model
        for another one at another URL.
    prompt: "p1", "p2", "p3" (which asks for two categories), or a text of one's own (prompts.py).
    categories: what it chooses from.
    max_new_tokens: at which an answer is cut off. A model that thinks first needs more of them.
    temperature: 0 for the likeliest answer each time. random_state: sent as the seed, and of the
        delays before a request is tried again.
    concurrency: requests at once. timeout: seconds that one may take. retries: of each, after a
        timeout, a broken connection or HTTP 408, 429 or 5xx (_http.py).
    max_side: larger images are made smaller until their longer side has so many pixels; None
        leaves them alone. jpeg_quality: in [1, 100]. Images are sent as JPEGs made of their pixels.
    api_key_env: the name of the environment variable with the server's key; no key is sent where
        it is empty or missing, and none is ever written down. Proxies, .netrc and the keys of other
        services that the environment may name are not used.
    column: the label column that is filled; None is the labeler's name.

    Answers are kept verbatim by the image's bytes, the model and its revision, the request's words,
    the categories, and how the image is prepared; by the URL as well where `revision` is None,
    since many servers call what they run by the same name. With a revision a model may move to
    another machine. An image is asked about once. One that fails after the retries is without a
    label ("failed") and is asked again by the next run.
    """

    version = 1
    sources = ()

    def __init__(
        self,
        *,
        model: str,
        url: str = "http://localhost:11434/v1",
        revision: str | None = None,
        prompt: str = "p1",
        categories: Sequence[str] = (),
        max_new_tokens: int = 30,
        temperature: float = 0.0,
        concurrency: int = 4,
        timeout: float = 120.0,
        retries: int = 4,
        max_side: int | None = 768,
        jpeg_quality: int = 90,
        api_key_env: str = KEY_NAME,
        column: str | None = None,
        random_state: int = 0,
    ) -> None:
        check_numbers(
            max_new_tokens=(max_new_tokens, 1, math.inf),
            temperature=(temperature, 0, 2),
            concurrency=(concurrency, 1, 256),
            timeout=(timeout, 0.001, math.inf),
            retries=(retries, 0, 100),
            max_side=(max_side or 0, 0 if max_side is None else 1, math.inf),
            jpeg_quality=(jpeg_quality, 1, 100),
        )
        check_key_name(api_key_env)
        if categories:
            check_categories(categories)
            written(prompt, categories)
        self.url = checked_url(url)
        self.model = model
        self.revision = revision
        self.name = f"{model}@{revision}" if revision else model
        self.prompt = prompt
        self.categories = tuple(categories)
        self.max_new_tokens = max_new_tokens
        self.temperature = temperature
        self.concurrency = concurrency
        self.timeout = timeout
        self.retries = retries
        self.max_side = max_side
        self.jpeg_quality = jpeg_quality
        self.api_key_env = api_key_env
        self.column = column
        self.random_state = random_state

    @property
    def multi_valued(self) -> bool:
        return most_of(self.prompt) > 1

    def check(self) -> None:
        """Raises ComponentError where the server is not there, refuses the key or has no such
        model. Not for a run whose answers may all be in the store, which needs no server."""
        self._endpoint().check()

    def answers(self, collection: Collection, settings: Settings, *, column: str) -> Answers:
        """Raises ConfigError without categories, ComponentError where the server cannot be asked,
        DataError where no image can be read."""
        check_categories(self.categories)
        request = written(self.prompt, self.categories)
        images = ImagePass(collection, self._shown, settings)
        first_row = images.first_rows()
        rows = list(first_row.values())
        said = Conversation(
            list(first_row), store=settings.store, description=self._description(settings, request)
        )
        if said.missing:
            said.hold(
                self._endpoint(),
                lambda place: self._body(request, images.read(rows[place])),
                concurrency=self.concurrency,
            )
        place_of = {digest: place for place, digest in enumerate(first_row)}
        found: list[Answer] = []
        for row, digest in enumerate(collection.digests):
            place = place_of[digest]
            if place in said.unreadable:
                images.fail(row, said.unreadable[place])
            else:
                found.append(self._answer(said, place, collection.ids[row], column))
        if not found:
            raise nothing_readable(images)
        n_stored, n_new = len(said.stored), len(said.missing)
        return Answers(
            rows=tuple(found),
            described=self._described(request),
            facts={"server": self.url},
            store=store_sentence(settings.store, n_stored, n_new, said.why_new, "answers"),
            notes=self._notes(found),
        )

    def ask(
        self, pictures: Sequence[np.ndarray], prompts: Sequence[str], settings: Settings
    ) -> list[str | None]:
        """What the model says of each picture, (h, w, 3) uint8 RGB, to the request at its place;
        None where the server does not answer about it.

        Answers are kept by the pictures' pixels and the requests; what failed is asked again by the
        next run. Raises ComponentError where the server cannot be asked.
        """
        digests = [
            hashlib.sha256(f"{digest_of(picture)} {prompt}".encode()).hexdigest()
            for picture, prompt in zip(pictures, prompts, strict=True)
        ]
        place_of = {digest: place for place, digest in enumerate(digests)}
        places = list(place_of.values())
        said = Conversation(
            list(place_of), store=settings.store, description=self._description(settings, None)
        )
        if said.missing:
            said.hold(
                self._endpoint(),
                lambda i: self._body(prompts[places[i]], self._shown(pictures[places[i]])),
                concurrency=self.concurrency,
            )
        for place, why in {**said.failed, **said.unreadable}.items():
            log.info("%s: picture %d of %d: %s", self.name, place + 1, len(places), why)
        number = {digest: place for place, digest in enumerate(place_of)}
        return [said.texts.get(number[digest], (None,))[0] for digest in digests]

    def _shown(self, image: np.ndarray) -> str:
        return data_uri(image, max_side=self.max_side, quality=self.jpeg_quality)

    def _body(self, request: str, picture: str) -> dict[str, Any]:
        parts = [
            {"type": "image_url", "image_url": {"url": picture}},
            {"type": "text", "text": request},
        ]
        return {
            "model": self.model,
            "messages": [{"role": "user", "content": parts}],
            "max_tokens": self.max_new_tokens,
            "temperature": self.temperature,
            "seed": self.random_state,
            "stream": False,
        }

    def _endpoint(self) -> Endpoint:
        return Endpoint(
            url=self.url,
            model=self.model,
            key=key_in(self.api_key_env),
            key_name=self.api_key_env,
            timeout=self.timeout,
            retries=self.retries,
            concurrency=self.concurrency,
            random_state=self.random_state,
        )

    def _description(self, settings: Settings, request: str | None) -> dict[str, Any]:
        """What the store knows the answers by. request: None where each picture has its own."""
        decoding = settings.decoding
        return {
            "config": {
                "_target_": f"{type(self).__module__}.{type(self).__name__}",
                "model": self.model,
                "revision": self.revision,
                "url": self.url if self.revision is None else None,
                # By their hashes, so that a reader who is told what changed need not read them.
                "prompt": key_of({"text": request}),
                "categories": key_of({"names": [] if request is None else self.categories}),
                "max_new_tokens": self.max_new_tokens,
                "temperature": self.temperature,
                # Where the likeliest word is taken it changes nothing.
                "seed": self.random_state if self.temperature else None,
                "max_side": self.max_side,
                "jpeg_quality": self.jpeg_quality,
            },
            "version": self.version,
            "decoding": {"background": decoding.background, "reduce_to": decoding.reduce_to},
        }

    def _described(self, request: str) -> Mapping[str, Any]:
        return {
            "model": self.model,
            "revision": self.revision,
            "prompt": self.prompt,
            "request": request,
            "categories": list(self.categories),
            "max_new_tokens": self.max_new_tokens,
            "temperature": self.temperature,
            "max_side": self.max_side,
        }

    def _answer(self, said: Conversation, place: int, id_: str, column: str) -> Answer:
        if place in said.failed:
            return Answer(id_, column, said.failed[place], "", "failed", model=self.name)
        text, seconds = said.texts[place]
        labels, status = parse(text, self.categories, most=most_of(self.prompt))
        return Answer(
            id_,
            column,
            text,
            "|".join(labels),
            status,
            model=self.name,
            seconds=math.nan if place in said.stored else seconds,
        )

    def _notes(self, rows: Sequence[Answer]) -> tuple[str, ...]:
        notes = []
        if self.revision is None:
            notes.append(
                f"Which version of {self.model} answered is the server's to know. Give yours a "
                "name (labeler.revision), so that another is asked again, and the same is known at "
                "another URL."
            )
        if sum(row.status == "empty" for row in rows) > len(rows) / 2:
            notes.append(
                f"Most answers of {self.name} are empty. A model that thinks before it answers "
                f"needs more than labeler.max_new_tokens={self.max_new_tokens}."
            )
        return tuple(notes)
