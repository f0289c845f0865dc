"""Vectors of sentences, by any model that sentence-transformers can run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sentence_transformers
import torch
import transformers

from clusterlab.errors import ComponentError
from clusterlab.models._names import listing, wanted
from clusterlab.models.no_code import no_code, reason
from clusterlab.models.pretrained import load_pretrained, quiet
from clusterlab.models.source import Source
from clusterlab.models.tokenizer import check_tokenizer, files_digest


class SentenceEncoder:
    """Reads texts: a model of sentence-transformers, or any encoder of transformers, whose vectors
    of the words are then averaged.

    model: a hub id ("sentence-transformers/all-mpnet-base-v2"), at `revision`, or a local folder.
    max_tokens: how much of a text is read; None for as much as the model says.
    normalize: scale each vector to length 1.

    Computes in float32; how many texts come at once changes a vector by 1e-6 at most. Raises
    ComponentError for max_tokens below 3: two tokens stand around every text.
    Reimers & Gurevych 2019, "Sentence-BERT".
    """

    version = 1
    batch_sizes = (32, 256)

    def __init__(
        self,
        *,
        model: str,
        revision: str | None = None,
        max_tokens: int | None = None,
        normalize: bool = False,
    ) -> None:
        if max_tokens is not None and max_tokens < 3:
            raise ComponentError(f"extractor.max_tokens must be 3 or more, not {max_tokens}.")
        self.source = Source(model=model, revision=revision, setting="extractor.encoder")
        self.sources = (self.source,)
        self.max_tokens = max_tokens
        self.normalize = normalize

    def fingerprint(self) -> dict[str, Any]:
        """Raises ComponentError where the model cannot be found."""
        return {
            "weights": self.source.digest(),
            "reading": self._reading,
            "max_tokens": self.max_tokens,
            "normalize": self.normalize,
            "sentence_transformers": sentence_transformers.__version__,
            "transformers": transformers.__version__,
        }

    def build(self) -> torch.nn.Module:
        """Raises ComponentError for weights that are absent, broken or another model's, and for
        max_tokens beyond what the model was made for."""
        folder = self.source.folder()
        self._check_weights()
        try:
            with quiet(), no_code():
                module = sentence_transformers.SentenceTransformer(
                    str(folder),
                    device="cpu",
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs={"dtype": torch.float32},
                )
                # A model of images alone loads as well.
                module.encode(["text"])
        except Exception as error:
            raise ComponentError(
                f"The sentence encoder '{self.source.model}' cannot read text: {reason(error)}. "
                f"Choose another {self.source.setting}."
            ) from error
        check_tokenizer(self.source)
        if self.max_tokens is not None:
            self._limit(module, self.max_tokens)
        return module.eval()

    def apply(self, module: Any, inputs: Sequence[str], device: torch.device) -> np.ndarray:
        """inputs: texts. Returns (len(inputs), d) float32."""
        vectors = module.encode(
            list(inputs),
            batch_size=len(inputs),
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=self.normalize,
            device=str(device),
        )
        return np.asarray(vectors, dtype=np.float32)

    def _check_weights(self) -> None:
        """sentence-transformers would fill weights that are missing with random numbers, and only
        log that it did."""
        if not (self.source.folder() / "config.json").is_file():
            return
        # Neither a pooler nor a decoder is of use here, and many models come without.
        load_pretrained(transformers.AutoModel, self.source, may_lack=("pooler.", "decoder."))

    def _limit(self, module: Any, max_tokens: int) -> None:
        config = getattr(module[0], "config", None)
        most = min(
            getattr(module.tokenizer, "model_max_length", max_tokens),
            getattr(config, "max_position_embeddings", max_tokens),
        )
        if max_tokens > most:
            raise ComponentError(
                f"extractor.max_tokens={max_tokens}, but '{self.source.model}' reads {most} at "
                "most. Give that or less, or null for its own choice."
            )
        module.max_seq_length = max_tokens

    @cached_property
    def _reading(self) -> str:
        """Hex SHA-256 of all that a run takes beside the weights: configs and tokenizer."""
        folder = self.source.folder()
        return files_digest(folder, wanted(listing(folder), weights=False))
