"""Which files of a model's folder or repository are needed, told by their names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from clusterlab.errors import ComponentError

# A folder with one of these says what the model is.
CONFIGS = ("config.json", "modules.json")
# What configs, tokenizers and processors are written as. Code (.py) is never taken.
_TEXTS = (".json", ".txt", ".model", ".jinja", ".tiktoken")
# The parts of a sentence-transformers model: 1_Pooling, 2_Dense. Other folders of a repository
# hold the same model for other frameworks (onnx, openvino, coreml).
_PART = re.compile(r"\d+_\w+")
_SHARD = re.compile(r"(.+)-\d{5}-of-(\d{5})(\.\w+)")
_USUAL = (("model", ".safetensors"), ("pytorch_model", ".bin"))
_OTHERS = ((".safetensors",), (".bin", ".pth", ".pt"))
_NO_WEIGHTS = ("training_args", "optimizer", "scheduler", "scaler", "rng_state", "openvino")


def wanted(names: Iterable[str], *, weights: bool) -> list[str]:
    """The names of a repository's files that a run needs: configs, and with `weights` one set of
    weights.

    >>> wanted(["config.json", "model.safetensors", "pytorch_model.bin", "tf_model.h5"],
    ...        weights=True)
    ['config.json', 'model.safetensors']
    """
    names = _own(names)
    chosen = weight_names(names, "the repository") if weights else []
    indexes = {_index(name) for name in chosen}
    configs = [
        name
        for name in names
        if name.endswith(_TEXTS) and (not name.endswith(".index.json") or name in indexes)
    ]
    return sorted({*configs, *chosen})


def weight_names(names: Iterable[str], place: str) -> list[str]:
    """The weight files among these names, one set for the model and one for each of its parts.

    model.safetensors or its shards come first, then pytorch_model.bin or its shards, then the only
    .safetensors file, then the only .bin, .pth or .pt file. Raises ComponentError, which names
    `place`, where several files could be meant.
    """
    folders: dict[str, list[str]] = {}
    for name in _own(names):
        folder, _, file = name.rpartition("/")
        folders.setdefault(folder, []).append(file)
    return sorted(
        f"{folder}/{file}".lstrip("/")
        for folder, files in folders.items()
        for file in _pick(files, place)
    )


def lost_shards(names: Iterable[str]) -> list[str]:
    """The shards that should be beside these, going by the count in their names.

    >>> lost_shards(["model-00001-of-00002.safetensors"])
    ['model-00002-of-00002.safetensors']
    """
    names = list(names)
    expected = set()
    for name in names:
        if found := _SHARD.fullmatch(name):
            stem, count, suffix = found.groups()
            expected |= {f"{stem}-{i:05}-of-{count}{suffix}" for i in range(1, int(count) + 1)}
    return sorted(expected - set(names))


def listing(folder: Path) -> list[str]:
    """The files of a folder and of its parts, by their names relative to it."""
    found = [*folder.glob("*"), *folder.glob("[0-9]*_*/*")]
    return sorted(file.relative_to(folder).as_posix() for file in found if file.is_file())


def _own(names: Iterable[str]) -> list[str]:
    kept = []
    for name in names:
        folder = name.rpartition("/")[0]
        if not folder or _PART.fullmatch(folder):
            kept.append(name)
    return kept


def _index(weights: str) -> str:
    return _SHARD.sub(r"\1\3.index.json", weights)


def _pick(files: list[str], place: str) -> list[str]:
    for stem, suffix in _USUAL:
        if f"{stem}{suffix}" in files:
            return [f"{stem}{suffix}"]
        shards = [
            f for f in files if (m := _SHARD.fullmatch(f)) and m.group(1, 3) == (stem, suffix)
        ]
        if shards:
            return shards
    for suffixes in _OTHERS:
        found = [f for f in files if f.endswith(suffixes) and not f.startswith(_NO_WEIGHTS)]
        if len(found) > 1:
            raise ComponentError(
                f"Several files of {place} could be the weights: {', '.join(sorted(found)[:5])}. "
                "Name the file itself as the weights, or call it model.safetensors."
            )
        if found:
            return found
    return []
