"""The user's own files, where a model's name or its weights are paths."""

from __future__ import annotations

import re
from pathlib import Path

from clusterlab.errors import ComponentError, closest

RANDOM = "random"
_HUB_ID = re.compile(r"[\w][\w.-]*(/[\w.-]+)?")


def local_weights(weights: str | None, setting: str) -> Path | None:
    """The file or folder of weights that the user names, None where the user names none.

    Raises ComponentError where it does not exist.
    """
    if weights is None or weights == RANDOM:
        return None
    path = Path(weights).expanduser()
    if not path.exists():
        raise ComponentError(
            f"{setting}={weights}: there is no such file or folder ({path.resolve()})."
            f"{closest(weights, [RANDOM])} Give a file (.safetensors, .pth, .pt, .bin), a folder "
            "that holds one, or random. (Experiments look in weights_dir=FOLDER, or the folder "
            "that CLUSTERLAB_WEIGHTS names.)"
        )
    return path


def local_model(model: str, setting: str) -> Path | None:
    """The folder that a model's name is the path of, None where it is a hub id.

    Raises ComponentError where it can be neither.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if path.is_file():
        raise ComponentError(
            f"The model '{model}' is a file. Say what the model is by a hub id or a folder, and "
            f"where its weights are by {setting}={model}."
        )
    if not _HUB_ID.fullmatch(model):
        raise ComponentError(
            f"The model '{model}' is neither a folder that exists nor a hub id, such as "
            "facebook/dinov2-base."
        )
    return None
