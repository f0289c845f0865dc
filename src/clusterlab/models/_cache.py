"""The local cache of Hugging Face models: where it is, and what it holds.

The environment is read at each call: HF_HOME, HF_HUB_CACHE, XDG_CACHE_HOME.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import errors as hub_errors
from huggingface_hub import get_cached_repo_tree, snapshot_download

from clusterlab.errors import ComponentError
from clusterlab.models._names import CONFIGS, listing, lost_shards, wanted, weight_names


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the cache holds of one commit of a model.

    lacking: needed files that are absent or cut short. certain: whether the repository's list of
    files is known; without it, a cache that some other program filled is judged by what is there.
    """

    folder: Path
    lacking: tuple[str, ...]
    certain: bool


def cache_folder() -> Path:
    """Where downloaded models are kept."""
    user = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{user}/huggingface"
    hub = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return Path(os.path.expandvars(hub or f"{home}/hub")).expanduser()


def cached_models() -> list[str]:
    """The hub ids of the models in the cache, whole or not."""
    folders = sorted(cache_folder().glob("models--*"))
    return [folder.name.removeprefix("models--").replace("--", "/") for folder in folders]


def look(model: str, revision: str | None, *, weights: bool) -> Snapshot | None:
    """What the cache holds of a model, without touching the network; None where nothing.

    weights: whether the weights are needed too. Raises ComponentError for an impossible id.
    """
    try:
        folder = Path(
            snapshot_download(
                model,
                revision=revision,
                cache_dir=cache_folder(),
                local_files_only=True,
                # None of its files: which of them are needed is judged below.
                allow_patterns=[],
            )
        )
    except hub_errors.LocalEntryNotFoundError:
        return None
    except hub_errors.HFValidationError as error:
        raise ComponentError(f"'{model}' is neither a folder nor a hub id: {error}") from None
    try:
        tree = get_cached_repo_tree(model, revision=folder.name, cache_dir=cache_folder())
    except hub_errors.CachedRepoTreeNotFoundError:
        return Snapshot(folder=folder, lacking=_doubts(folder, weights), certain=False)
    sizes = {file.path: file.size for file in tree}
    needed = wanted(sizes, weights=weights)
    lacking = [name for name in needed if not whole(folder / name, sizes[name])]
    return Snapshot(folder=folder, lacking=tuple(lacking), certain=True)


def whole(file: Path, size: int | None) -> bool:
    """Whether a file is there with the size that its repository gives, where it gives one."""
    return file.is_file() and size in (None, file.stat().st_size)


def _doubts(folder: Path, weights: bool) -> tuple[str, ...]:
    """What a folder plainly lacks, where the list of its repository is not known."""
    names = listing(folder)
    lacking = [] if set(CONFIGS) & set(names) else ["config.json"]
    if weights:
        found = weight_names(names, str(folder))
        lacking += lost_shards(found) if found else ["the weights"]
    return tuple(lacking)
