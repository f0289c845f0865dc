"""Names from the words of what is written about a cluster's images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clusterlab.components import Component
from clusterlab.errors import ConfigError, DataError
from clusterlab.meaning import Naming
from clusterlab.namers._names import distinct
from clusterlab.namers._terms import Evidence, propose
from clusterlab.namers._verdict import Bar, Verifier, check_verifier, verified
from clusterlab.namers.name import Clusters
from clusterlab.namers.verifiers.held_out import HeldOut
from clusterlab.reading.settings import Settings
from clusterlab.types import Collection

MOST_WORDS = 4
# scikit-learn's English stop words hold some that are in pictures.
_SHOWN = {"bill", "cry", "empty", "fire", "mill", "mine", "system", "thick", "thin"}


class Captions:
    """Calls a cluster after the words that set its texts apart, by class-based TF-IDF.

    The texts are those that the extractor read, a model's captions or the table's, or else the
    table's text column.

    n_terms: a further one is only added where less than half of the texts have one of those before
        it, or where another cluster has the same name; a name has at most MOST_WORDS words.
    ngram_range: the fewest and the most words of a term.
    stop_words: "english" (scikit-learn's, but for words such as fire), a list, or None for all
        words.
    verifier: whoever checks the names; threshold, n_asked: as in _verdict.Bar.

    Raises ConfigError for values that do not fit, DataError where there are no texts. Grootendorst
    2022, "BERTopic: neural topic modeling with a class-based TF-IDF procedure".
    """

    def __init__(
        self,
        *,
        n_terms: int = 3,
        ngram_range: tuple[int, int] = (1, 1),
        stop_words: str | Sequence[str] | None = "english",
        verifier: Verifier | None = None,
        threshold: float = 0.5,
        n_asked: int = 20,
    ) -> None:
        low, high = ngram_range
        if not 1 <= low <= high <= MOST_WORDS:
            raise ConfigError(
                f"namer.ngram_range is [{low}, {high}]; give the fewest and the most words of a "
                f"term, from 1 to {MOST_WORDS}, such as [1, 2]."
            )
        if isinstance(stop_words, str) and stop_words != "english":
            raise ConfigError(
                f"namer.stop_words is '{stop_words}'; use english, a list of words, or null."
            )
        self.n_terms = n_terms
        self.ngram_range = (low, high)
        self.stop_words = stop_words if isinstance(stop_words, str) else list(stop_words or ())
        self.verifier: Verifier = verifier or HeldOut()
        self.nested = {"verifier": self.verifier}
        self.bar = Bar(threshold=threshold, n_asked=n_asked, n_terms=n_terms)

    def check(self, collection: Collection, extractor: Component) -> None:
        """Raises DataError where there will be no texts, ComponentError where the verifier is known
        not to answer."""
        if collection.text is None and not _writes(extractor.instance):
            raise _no_texts(collection)
        check_verifier(self.verifier)

    def name(self, clusters: Clusters, settings: Settings) -> Naming:
        texts, author = _texts(clusters)
        evidence = self._evidence(texts)
        usable = self.verifier.usable(clusters)
        labels = clusters.clustering.labels
        proposals = propose(
            evidence, labels, usable, most_terms=self.n_terms, most_words=MOST_WORDS
        )
        by_model = any(math.isfinite(text.seconds) for text in clusters.texts)
        return verified(
            distinct(proposals, most_terms=MOST_WORDS, most_words=MOST_WORDS),
            self.verifier,
            clusters,
            settings,
            bar=self.bar,
            made_of=f"the words of the texts by {author}" if by_model else f"the words of {author}",
            evidence=evidence,
            notes=_notes(clusters) if by_model else (),
        )

    def _evidence(self, texts: Sequence[str]) -> Evidence:
        # Seconds to import, and not needed by the other namers.
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

        english = self.stop_words == "english"
        without = sorted(ENGLISH_STOP_WORDS - _SHOWN) if english else self.stop_words
        vectorizer = CountVectorizer(ngram_range=self.ngram_range, stop_words=without or None)
        try:
            counts: Any = vectorizer.fit_transform(texts)
        except ValueError as error:
            raise DataError(
                f"The {len(texts):,} texts hold no word to name clusters by ({error}). Take fewer "
                "stop words (namer.stop_words=null), or another namer."
            ) from error
        terms = tuple(vectorizer.get_feature_names_out().tolist())
        known = np.array([bool(text.strip()) for text in texts])
        return Evidence(counts=counts.tocsr(), terms=terms, known=known)


def _texts(clusters: Clusters) -> tuple[list[str], str]:
    """(a text an image, "" where it has none; who wrote them, in words)."""
    collection = clusters.collection
    said: dict[str, list[str]] = {}
    for text in clusters.texts:
        if text.text:
            said.setdefault(text.id, []).append(text.text)
    if said:
        authors = list(dict.fromkeys(text.model for text in clusters.texts))
        found = ["\n".join(said.get(id_, ())) for id_ in collection.ids]
        return found, " and ".join(f"“{author}”" for author in authors)
    if collection.text is None:
        raise _no_texts(collection)
    return [text or "" for text in collection.text], "the text column"


def _writes(extractor: Any) -> bool:
    """Whether an extractor reads or writes texts about the images, or a part of it does."""
    parts = getattr(extractor, "parts", None)
    nested = parts.values() if isinstance(parts, Mapping) else ()
    return hasattr(extractor, "encoder") or any(map(_writes, nested))


def _no_texts(collection: Collection) -> DataError:
    return DataError(
        f"namer=captions finds no texts about the images of '{collection.name}'. Let a model write "
        "captions (extractor=blip), or name a text column of the table (dataset.text_column=...)."
    )


def _notes(clusters: Clusters) -> list[str]:
    notes = [
        "The names of the clusters come from texts that a model wrote: they inherit its mistakes."
    ]
    if "random weights" in clusters.space.marks:
        notes.append(
            "The names of the clusters come from texts by random weights: they mean nothing."
        )
    return notes
