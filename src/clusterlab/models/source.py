"""Where the files of a model come from: the hub's local cache, the user's disk, or nowhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clusterlab.errors import ComponentError, closest
from clusterlab.models._cache import Snapshot, cache_folder, cached_models, look
from clusterlab.models._hub import download
from clusterlab.models._local import RANDOM, local_model, local_weights
from clusterlab.models._names import CONFIGS, listing, lost_shards, weight_names
from clusterlab.models.pinned import REVISIONS

# (path, size, time of change) -> SHA-256: weights are read once a process for it.
_digests: dict[tuple[str, int, int], str] = {}


@dataclass(frozen=True, kw_only=True)
class Source:
    """The files of one model. Nothing is read, and no network touched, before a method is called.

    model: a hub id ("facebook/dinov2-base"), or a local folder, which goes first where both exist.
    revision: a commit, tag or branch of the hub's repository; None is the commit that clusterlab
        pins (models/pinned.py), or else the main branch. Without meaning for a local folder.
    weights: None for those of `model`; a path to a file, or to a folder, whose configs then replace
        those of `model` if it has any; "random" for none at all.
    setting: the config key by which the user sets `weights`, for messages.
    configs: whether the files beside the weights (config, processor, tokenizer) are needed even
        where the weights are the user's own or random. A timm model knows its own.

    Every method raises ComponentError where files are missing and cannot be had.
    """

    model: str
    revision: str | None = None
    weights: str | None = None
    setting: str = "extractor.weights"
    configs: bool = True

    @property
    def random(self) -> bool:
        """Whether the weights are random, because the user said so."""
        return self.weights == RANDOM

    def with_weights(self, weights: str) -> Source:
        """The same model with the weights of another file; configs stay those that they were."""
        own = self.weights and not self.random and Path(self.weights).expanduser()
        if own and own.is_dir() and set(CONFIGS) & set(listing(own)):
            return replace(self, model=str(own), weights=weights)
        return replace(self, weights=weights)

    def folder(self) -> Path:
        """The folder of the configs, and of the weights where they belong to `model`.

        Taken from the cache without touching the network where it is there, else downloaded.
        """
        own = self._own_folder()
        if own is not None:
            return own
        found = self._look()
        if found is not None and not found.lacking:
            return found.folder
        return self._download(found)

    def files(self) -> list[Path]:
        """The weight files: all shards, or one file. None at all where they are random."""
        if self.random:
            return []
        path = local_weights(self.weights, self.setting)
        if path is not None and path.is_file():
            return [path]
        folder = path or self.folder()
        names = weight_names(listing(folder), str(folder))
        lost = lost_shards(names)
        if lost or not names:
            what = f"lacks {', '.join(lost)}" if lost else "holds no PyTorch weights"
            raise ComponentError(
                f"The folder {folder} {what} (in it: {', '.join(listing(folder)[:8]) or 'nothing'})"
                f". Name the file or its folder: {self.setting}=PATH."
            )
        return [folder / name for name in names]

    def digest(self) -> str:
        """Hex SHA-256 of the weight file, or of the hex digests of several; "random" for none."""
        if self.random:
            return RANDOM
        parts = [_sha256(file) for file in self.files()]
        return parts[0] if len(parts) == 1 else hashlib.sha256("".join(parts).encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """What a reader of the results needs to find the same model: JSON-able, without paths.

        revision: the commit in the cache that the weights are from; None for others.
        """
        where = RANDOM if self.random else "hub" if self._weights_from_hub() else "local"
        local = local_model(self.model, self.setting)
        return {
            "model": local.resolve().name if local else self.model,
            "revision": self.folder().name if self._weights_from_hub() else None,
            "weights": where,
            "sha256": self.digest(),
        }

    def fetch(self) -> Path:
        """Brings into the cache what `folder` and `files` need and is not there. Returns the
        folder."""
        if self._own_folder() is None:
            found = self._look()
            if found is None or found.lacking or not found.certain:
                try:
                    self._download(found)
                except ComponentError:
                    if found is None or found.lacking:
                        raise
        self.files()
        return self.folder()

    def missing(self) -> bool:
        """Whether a run would need the network."""
        if not self._needs_hub():
            return False
        found = self._look()
        return found is None or bool(found.lacking)

    @property
    def wanted(self) -> str | None:
        """The revision that is looked for; None is the newest."""
        return self.revision or REVISIONS.get(self.model)

    def _needs_hub(self) -> bool:
        return self._own_folder() is None and (self._weights_from_hub() or self.configs)

    def _weights_from_hub(self) -> bool:
        return self.weights is None and local_model(self.model, self.setting) is None

    def _look(self) -> Snapshot | None:
        return look(self.model, self.wanted, weights=self._weights_from_hub())

    def _own_folder(self) -> Path | None:
        """The folder on the user's disk that stands for the hub's, if there is one."""
        path = local_weights(self.weights, self.setting)
        if path is not None and path.is_dir() and set(CONFIGS) & set(listing(path)):
            return path
        local = local_model(self.model, self.setting)
        if local is None and path is not None and not self.configs:
            return path if path.is_dir() else path.parent
        return local

    def _download(self, found: Snapshot | None) -> Path:
        try:
            return download(self.model, self.wanted, weights=self._weights_from_hub())
        except ComponentError as error:
            raise ComponentError(self._absent(found, str(error))) from error

    def _absent(self, found: Snapshot | None, reason: str) -> str:
        what = "weights" if self._weights_from_hub() else "configs"
        lacking = f" whole (lacking: {', '.join(found.lacking[:3])})" if found else ""
        mine = f"files of your own: {self.setting}=PATH"
        if what == "configs":
            key = self.setting.removesuffix("weights")
            mine = (
                "a folder as save_pretrained writes it, with the config.json and the processor's: "
                f"{key}model=FOLDER"
            )
        return (
            f"The {what} of model '{self.model}' (revision {self.wanted or 'main'}) are not"
            f"{lacking} in the local cache {cache_folder()}, and {reason}.{self._hint()} Two ways "
            "out: once that is mended, `clusterlab fetch` with the words of this run (a cache "
            f"filled elsewhere may be copied here); or {mine}."
        )

    def _hint(self) -> str:
        known = {name for name in (*cached_models(), *REVISIONS) if name != self.model}
        hint = closest(self.model, known)
        if hint or "/" in self.model:
            return hint
        # People leave out whose model it is.
        tails = {name.split("/")[-1]: name for name in known}
        near = closest(self.model, tails)
        for tail, name in tails.items():
            near = near.replace(f"'{tail}'", f"'{name}'")
        return near


def _sha256(file: Path) -> str:
    facts = file.stat()
    key = (str(file.resolve()), facts.st_size, facts.st_mtime_ns)
    if key not in _digests:
        with file.open("rb") as content:
            _digests[key] = hashlib.file_digest(content, "sha256").hexdigest()
    return _digests[key]
