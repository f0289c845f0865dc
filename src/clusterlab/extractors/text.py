"""What the table says about the images, in words."""

from __future__ import annotations

from collections.abc import Sequence

from clusterlab.errors import ComponentError, DataError, closest
from clusterlab.models.sentence_encoder import SentenceEncoder
from clusterlab.types import Collection

EMPTIES = ("zero", "drop")


class Text:
    """A text column of the table, read by a sentence encoder.

    column: what the column is called, for the reader; the dataset's `text_column` says which it is.
    empty: "zero" gives an image without text the zero vector, "drop" leaves it out.
    encoder: the sentence encoder, a hub id at `encoder_revision` or a local folder: one of
        sentence-transformers, or a plain language model, whose words are then averaged.
    max_tokens: the beginning of a text that is read; None for as much as the encoder takes.
    normalize: scale each vector to length 1.

    Raises ComponentError for arguments that do not fit. Reimers & Gurevych 2019, "Sentence-BERT".

    >>> Text(column="description").name
    'description'
    """

    version = 1

    def __init__(
        self,
        *,
        column: str | None = None,
        empty: str = "zero",
        encoder: str = "sentence-transformers/all-mpnet-base-v2",
        encoder_revision: str | None = None,
        max_tokens: int | None = None,
        normalize: bool = False,
    ) -> None:
        if empty not in EMPTIES:
            raise ComponentError(
                f"Unknown extractor.empty '{empty}'.{closest(empty, EMPTIES)} Use zero or drop."
            )
        self.name = column or "text"
        self.empty = empty
        self.encoder = SentenceEncoder(
            model=encoder, revision=encoder_revision, max_tokens=max_tokens, normalize=normalize
        )

    def texts(self, collection: Collection) -> Sequence[str | None]:
        """One text an image, None where it has none. Raises DataError without a text column."""
        if collection.text is None:
            columns = ", ".join([*collection.labels.columns, *collection.numeric.columns])
            raise DataError(
                f"The dataset '{collection.name}' has no text column for extractor=text to read. "
                "Name the column of its table: dataset.text_column=COLUMN"
                + (
                    f". Label and number columns, which are not text: {columns}."
                    if columns
                    else "."
                )
            )
        return collection.text
