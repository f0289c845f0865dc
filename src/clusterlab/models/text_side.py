"""The side of CLIP, SigLIP and their like that reads: texts to vectors that images compare with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
import transformers

from clusterlab.errors import ComponentError
from clusterlab.models.no_code import no_code, reason
from clusterlab.models.pretrained import config_digest, load_config, load_pretrained, quiet
from clusterlab.models.source import Source
from clusterlab.models.tokenizer import check_tokenizer, tokenizer_digest

# Beside the vector of a text: the model's scale and its bias.
N_BESIDE = 2


class TextSide:
    """Reads texts as a model does that was trained to match them with images.

    source: its files. A text longer than the model reads is cut off. random_state: of random
    weights.
    """

    version = 1
    batch_sizes = (64, 256)

    def __init__(self, source: Source, *, random_state: int = 0) -> None:
        self.source = source
        self.sources: Sequence[Source] = (source,)
        self.random_state = random_state

    @property
    def pairwise(self) -> bool:
        """Whether it judges each pair of image and text by itself, as SigLIP does, and not, as CLIP
        does, one text against the others."""
        return str(self._config.model_type).startswith("siglip")

    def fingerprint(self) -> dict[str, Any]:
        """Raises ComponentError where the model cannot be found, or does not match texts."""
        self._check()
        return {
            "weights": self.source.digest(),
            "config": config_digest(self.source),
            "tokenizer": tokenizer_digest(self._tokenizer, self.source.folder()),
            "transformers": transformers.__version__,
            **({"random_state": self.random_state} if self.source.random else {}),
        }

    def build(self) -> torch.nn.Module:
        """Raises ComponentError for weights that are absent, broken or another model's."""
        self._check()
        network: Any = load_pretrained(
            transformers.AutoModel, self.source, random_state=self.random_state
        )
        # Read before the weights are converted to a number format in which 4.6052 is 4.59.
        scale = math.exp(network.logit_scale.item())
        bias = network.logit_bias.item() if hasattr(network, "logit_bias") else 0.0
        if hasattr(network, "vision_model"):
            # Of no use here, and the larger half.
            network.vision_model = torch.nn.Identity()
        return _Side(network, scale, bias)

    def apply(self, module: Any, inputs: Sequence[str], device: torch.device) -> Sequence[Any]:
        """inputs: texts. Returns (d + N_BESIDE,) float32 each: a vector of length 1, then what its
        cosine with an image's vector is multiplied by, and what is added to that."""
        tokens = self._tokens(list(inputs))
        vectors = module({name: values.to(device) for name, values in tokens.items()})
        vectors = torch.nn.functional.normalize(vectors.cpu().double(), dim=1).numpy()
        beside = np.tile([module.scale, module.bias], (len(vectors), 1))
        return list(np.hstack([vectors, beside]).astype(np.float32))

    def _tokens(self, texts: list[str]) -> dict[str, torch.Tensor]:
        text_config = getattr(self._config, "text_config", self._config)
        most = int(getattr(text_config, "max_position_embeddings", 77))
        if not self.pairwise:
            return dict(
                self._tokenizer(
                    texts, padding=True, truncation=True, max_length=most, return_tensors="pt"
                )
            )
        # SigLIP has seen texts in small letters only, filled up to one length, and reads the
        # filling too.
        tokens = self._tokenizer(
            [text.lower() for text in texts],
            padding="max_length",
            truncation=True,
            max_length=most,
            return_tensors="pt",
        )
        return {"input_ids": tokens["input_ids"]}

    @cached_property
    def _config(self) -> Any:
        return load_config(self.source)

    @cached_property
    def _tokenizer(self) -> Any:
        check_tokenizer(self.source)
        folder = str(self.source.folder())
        try:
            with quiet(), no_code():
                return transformers.AutoTokenizer.from_pretrained(
                    folder, local_files_only=True, trust_remote_code=False
                )
        except Exception as error:
            raise ComponentError(
                f"The tokenizer of '{self.source.model}' cannot be loaded: {reason(error)}. Choose "
                f"another {self._setting}.model."
            ) from error

    @property
    def _setting(self) -> str:
        return self.source.setting.rpartition(".")[0]

    def _check(self) -> None:
        kind = transformers.AutoModel._model_mapping.get(type(self._config), None)
        if not hasattr(kind, "get_text_features"):
            raise ComponentError(
                f"'{self.source.model}' is a {self._config.model_type} model, which matches no "
                f"texts with images. Choose another {self._setting}.model, such as "
                "openai/clip-vit-base-patch32 or google/siglip2-base-patch16-224."
            )


class _Side(torch.nn.Module):
    """The network, with its scale and bias as they were in full precision."""

    def __init__(self, network: Any, scale: float, bias: float) -> None:
        super().__init__()
        self.network = network
        self.scale = scale
        self.bias = bias

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        made = self.network.get_text_features(**tokens)
        vectors: torch.Tensor = made if isinstance(made, torch.Tensor) else made.pooler_output
        return vectors
