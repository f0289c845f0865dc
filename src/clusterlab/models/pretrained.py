"""Loads models of the transformers library from local files, and nothing but local files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoImageProcessor
from transformers.utils import logging as transformers_logging

from clusterlab.errors import ComponentError
from clusterlab.models.checkpoint import read_state
from clusterlab.models.no_code import no_code, reason
from clusterlab.models.source import Source


def load_config(source: Source) -> Any:
    """The model's config. Raises ComponentError where its folder has none that is known."""
    return _from_folder(AutoConfig, source.folder(), "config.json", "say what the model is")


def config_digest(source: Source) -> str:
    """Hex SHA-256 of the model's config.json."""
    load_config(source)
    return hashlib.sha256((source.folder() / "config.json").read_bytes()).hexdigest()


def load_processor(source: Source) -> Any:
    """The model's own image processor. Raises ComponentError."""
    what = "say how images are resized and normalised"
    return _from_folder(AutoImageProcessor, source.folder(), "preprocessor_config.json", what)


def load_pretrained(
    auto_class: Any,
    source: Source,
    *,
    random_state: int = 0,
    may_lack: Sequence[str] = (),
    dtype: torch.dtype | None = torch.float32,
) -> torch.nn.Module:
    """The model on the CPU, ready for inference.

    auto_class: such as transformers.AutoModel. may_lack: beginnings of the names of weights that
    do no harm if they are missing. dtype: None for the number format of the weights' file, or the
    narrowest that holds all of them exactly. Raises ComponentError for weights that are another
    model's.
    """
    config = load_config(source)
    if hasattr(config, "mask_ratio"):
        # A masked autoencoder would look at a random quarter of each image.
        config.mask_ratio = 0.0
    with quiet():
        if source.random:
            with torch.random.fork_rng():
                torch.manual_seed(random_state)
                model = auto_class.from_config(config, dtype=dtype or torch.float32)
            return model.eval()  # type: ignore[no-any-return]
        kind = type(_empty(auto_class, config))
        state = read_state(source.files())
        # Sizes that differ come out in `info`, all of them, rather than as an exception.
        model, info = kind.from_pretrained(
            None,
            config=config,
            state_dict=state,
            dtype=dtype or _format(state),
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    problem = _misfit(info, may_lack, {name.split(".")[0] for name in model.state_dict()})
    if problem:
        raise ComponentError(
            f"The weights for {type(config).__name__.removesuffix('Config')} in "
            f"{', '.join(file.name for file in source.files())} are those of another model: "
            f"{problem}. Choose the model that they belong to ({source.setting})."
        )
    return model.eval()  # type: ignore[no-any-return]


def _format(state: Mapping[str, torch.Tensor]) -> torch.dtype:
    """The number format that holds all of these weights exactly.

    >>> _format({"a": torch.zeros(1, dtype=torch.bfloat16), "b": torch.zeros(1, dtype=torch.long)})
    torch.bfloat16
    """
    found = {values.dtype for values in state.values() if values.is_floating_point()}
    return reduce(torch.promote_types, found) if found else torch.float32


def _misfit(info: Mapping[str, Any], may_lack: Sequence[str], own: set[str]) -> str:
    """own: the model's own, such as "encoder"; weights of other parts, a head's, are no harm."""
    missing = sorted(key for key in info["missing_keys"] if not key.startswith(tuple(may_lack)))
    sizes = sorted(info["mismatched_keys"])
    said = []
    if missing:
        said.append(f"{len(missing)} of its weights are missing, first {', '.join(missing[:3])}")
    if sizes:
        key, found, wanted = sizes[0]
        said.append(
            f"{len(sizes)} have other shapes, first {key} {tuple(found)} instead of {tuple(wanted)}"
        )
    spare = sorted(info["unexpected_keys"])
    within = [key for key in spare if {*key.split(".")[:2]} & own]
    if said or within:
        unknown = within or spare
        if unknown:
            said.append(f"{len(unknown)} are unknown to it, first {', '.join(unknown[:3])}")
    return "; ".join(said)


def _empty(auto_class: Any, config: Any) -> Any:
    """The model without memory for its weights: only its class is of interest."""
    with torch.device("meta"):
        return auto_class.from_config(config)


def _from_folder(auto_class: Any, folder: Path, file: str, what: str) -> Any:
    try:
        with quiet():
            return auto_class.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ComponentError(
            f"The model folder {folder} has no {file} that transformers can read, which would "
            f"{what}: {reason(error)}."
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without the library's progress bars, load report and questions at the terminal; what is wrong
    is told by us, and code in a model's folder is refused."""
    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        with no_code():
            yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()
