"""Makes sure that a model that reads or writes has its words."""

from __future__ import annotations

from clusterlab.errors import ComponentError
from clusterlab.models.source import Source

_FILES = ("tokenizer.json", "vocab.*", "*.model", "tekken.json")


def check_tokenizer(source: Source) -> None:
    """Raises ComponentError where the model's folder holds no tokenizer.

    transformers would go on with an empty vocabulary, to which all words are the same unknown one.
    """
    folder = source.folder()
    patterns = [prefix + name for name in _FILES for prefix in ("", "[0-9]*_*/")]
    if not any(file for pattern in patterns for file in folder.glob(pattern)):
        raise ComponentError(
            f"The model folder {folder} has no tokenizer (tokenizer.json, vocab.txt or another "
            f"vocabulary), without which '{source.model}' knows no words. Copy it from where the "
            "model comes from."
        )
