"""A transformers model's own processor, which makes its input out of images and words."""

from __future__ import annotations

import copy
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

import transformers

from clusterlab.errors import ComponentError
from clusterlab.models.no_code import no_code, reason
from clusterlab.models.pretrained import config_digest, quiet
from clusterlab.models.source import Source
from clusterlab.models.tokenizer import check_tokenizer, tokenizer_digest


class Processor:
    """Loads the processor of `source` when it is first wanted, once for all threads.

    Each thread works with its own copy: a tokenizer keeps how the last call padded its text and
    cut it off, and threads would change that for each other.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._loaded: Any = None
        self._description: dict[str, Any] = {}
        self._own = threading.local()

    @property
    def loaded(self) -> Any:
        """For one thread at a time. Raises ComponentError where its files are absent or broken."""
        with self._lock:
            if self._loaded is None:
                processor = _load(self._source)
                self._description = _describe(processor, self._source.folder())
                self._loaded = processor
            return self._loaded

    @property
    def own(self) -> Any:
        """This thread's copy."""
        if not hasattr(self._own, "processor"):
            self._own.processor = copy.deepcopy(self.loaded)
        return self._own.processor

    def identity(self, random_state: int) -> dict[str, Any]:
        """What decides how the model answers, whatever it is asked; JSON-able, without paths.

        random_state: of random weights.
        """
        assert self.loaded is not None
        return {
            "weights": self._source.digest(),
            "config": config_digest(self._source),
            "processor": self._description,
            "transformers": transformers.__version__,
            # It resizes the images.
            "torchvision": version("torchvision"),
            **({"random_state": random_state} if self._source.random else {}),
        }


def name_of(model: str) -> str:
    """What to call a hub id or a local folder.

    >>> name_of("Salesforce/blip-image-captioning-base")
    'Salesforce/blip-image-captioning-base'
    """
    folder = Path(model).expanduser()
    return folder.resolve().name if folder.is_dir() else model


def _load(source: Source) -> Any:
    folder = source.folder()
    check_tokenizer(source)
    try:
        with quiet(), no_code():
            processor = transformers.AutoProcessor.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
        # In a folder that lacks one of the two, the other alone counts as the processor.
        lacking = [p for p in ("tokenizer", "image_processor") if not hasattr(processor, p)]
        if lacking:
            raise ValueError(f"there is no {' and no '.join(lacking)}")
    except Exception as error:
        raise ComponentError(
            f"The processor of '{source.model}' cannot be loaded: {reason(error)}. The folder "
            "needs the model's image processor (preprocessor_config.json or processor_config.json) "
            "and its tokenizer (tokenizer.json). Choose another "
            f"{source.setting.rpartition('.')[0]}.model."
        ) from error
    return processor


def _describe(processor: Any, folder: Path) -> dict[str, Any]:
    settings = {key: value for key, value in processor.to_dict().items() if key != "tokenizer"}
    return {
        "class": type(processor).__name__,
        "settings": settings,
        "chat_template": getattr(processor, "chat_template", None),
        "tokenizer": tokenizer_digest(processor.tokenizer, folder),
    }
