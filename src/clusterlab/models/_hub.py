"""Brings models from the Hugging Face hub into the local cache.

The environment is read at each call: HF_ENDPOINT, HF_HUB_OFFLINE.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import TypeVar

from huggingface_hub import HfApi, is_offline_mode, snapshot_download
from huggingface_hub import errors as hub_errors

from clusterlab.errors import ComponentError
from clusterlab.models._cache import cache_folder, whole
from clusterlab.models._names import wanted, weight_names

# Seconds until a hub that does not answer counts as out of reach. The library's own limit holds
# for each of the hub's addresses in turn, which behind a silent firewall adds up to a minute.
_PATIENCE = 10.0
_DEFAULT_REVISION = "main"

T = TypeVar("T")


def offline() -> bool:
    """Whether the user forbids the network by HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE)."""
    told = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return is_offline_mode() or told.upper() in {"1", "ON", "YES", "TRUE"}


def download(model: str, revision: str | None, *, weights: bool) -> Path:
    """Brings what a run needs into the cache. Returns the folder of the commit.

    Progress goes to stderr, at a terminal. Raises ComponentError with the reason alone, a clause.
    """
    if offline():
        raise ComponentError("HF_HUB_OFFLINE forbids the network")
    endpoint = os.environ.get("HF_ENDPOINT") or None
    api = HfApi(endpoint=endpoint, library_name="clusterlab")
    try:
        info = _within(
            _PATIENCE,
            lambda: api.model_info(
                model, revision=revision or _DEFAULT_REVISION, files_metadata=True
            ),
        )
        sizes = {file.rfilename: file.size for file in info.siblings or []}
        needed = wanted(sizes, weights=weights)
        if weights and not weight_names(needed, model):
            raise ComponentError(f"its repository holds no PyTorch weights ({_some(sizes)})")
        return Path(
            snapshot_download(
                model,
                revision=revision,
                cache_dir=cache_folder(),
                endpoint=endpoint,
                library_name="clusterlab",
                allow_patterns=[glob.escape(name) for name in needed],
                # A file that is there is taken as it is, even one that a full disk cut short.
                force_download=_damaged(model, info.sha, sizes),
            )
        )
    except ComponentError:
        raise
    except Exception as error:
        # The network fails in more ways than the library has classes for.
        raise ComponentError(_reason(error, api.endpoint, revision)) from error


def _reason(error: Exception, hub: str, revision: str | None) -> str:
    """What went wrong, as a clause of a sentence."""
    if isinstance(error, hub_errors.GatedRepoError):
        return (
            f"it is gated: ask for access on its page at {hub}, then log in by `hf auth login` or "
            "set HF_TOKEN"
        )
    if isinstance(error, hub_errors.RepositoryNotFoundError):
        return f"{hub} has no such model, or it is private"
    if isinstance(error, hub_errors.RevisionNotFoundError):
        return (
            f"its repository has no revision '{revision or _DEFAULT_REVISION}': give one of its "
            "own commits, or main"
        )
    if isinstance(error, hub_errors.HfHubHTTPError):
        return f"{hub} answered with HTTP {error.response.status_code}"
    if isinstance(error, OSError) and error.errno is not None and error.filename:
        return f"the cache cannot be written ({error.strerror}: {error.filename})"
    cause = error.__cause__ or error
    said = str(cause).strip().splitlines()
    detail = f"{type(cause).__name__}: {said[0]}" if said else type(cause).__name__
    return f"{hub} cannot be reached ({detail})"


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """What `ask` returns or raises. Raises TimeoutError when that takes too long."""
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)

    # Not a pool's thread: the interpreter would wait for it on its way out.
    Thread(target=work, daemon=True).start()
    try:
        return answer.result(timeout=seconds)
    except TimeoutError:
        raise TimeoutError(f"no answer within {seconds:.0f} s") from None


def _damaged(model: str, commit: str | None, sizes: Mapping[str, int | None]) -> bool:
    folder = cache_folder() / f"models--{model.replace('/', '--')}" / "snapshots" / (commit or "")
    return any((folder / n).is_file() and not whole(folder / n, sizes[n]) for n in sizes)


def _some(names: Mapping[str, int | None]) -> str:
    return ", ".join(sorted(names)[:5]) + (", ..." if len(names) > 5 else "")
