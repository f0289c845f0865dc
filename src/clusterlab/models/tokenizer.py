"""Makes sure that a model that reads or writes has its words, and knows them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clusterlab.errors import ComponentError
from clusterlab.models.source import Source

_FILES = ("tokenizer.json", "vocab.*", "*.model", "tekken.json")
# How the words of a vocabulary are used.
_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


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


def tokenizer_digest(tokenizer: Any, folder: Path) -> str:
    """Hex SHA-256 of what turns words into numbers. tokenizer: as transformers read it from
    `folder`."""
    digest = hashlib.sha256(type(tokenizer).__name__.encode() + b"\0")
    backend = getattr(tokenizer, "backend_tokenizer", None)
    # One that is written in Python has only its files to be known by.
    digest.update(backend.to_str().encode() if backend is not None else b"")
    digest.update(
        files_digest(folder, {*tokenizer.vocab_files_names.values(), *_SETTINGS}).encode()
    )
    return digest.hexdigest()


def files_digest(folder: Path, names: Iterable[str]) -> str:
    """Hex SHA-256 of those of the files that there are in `folder`, with their names."""
    digest = hashlib.sha256()
    for name in sorted(names):
        if (folder / name).is_file():
            content = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()
