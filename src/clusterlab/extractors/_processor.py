"""A transformers model's own processor, which makes its input out of images and words."""

from __future__ import annotations

import copy
import hashlib
import threading
from pathlib import Path
from typing import Any

import transformers

from clusterlab.errors import ComponentError
from clusterlab.models.pretrained import quiet
from clusterlab.models.source import Source
from clusterlab.models.tokenizer import check_tokenizer


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
                self._description = _describe(processor)
                self._loaded = processor
            return self._loaded

    @property
    def own(self) -> Any:
        """This thread's copy."""
        if not hasattr(self._own, "processor"):
            self._own.processor = copy.deepcopy(self.loaded)
        return self._own.processor

    def describe(self) -> dict[str, Any]:
        """What decides the model's input; JSON-able, without paths."""
        assert self.loaded is not None
        return self._description


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
        with quiet():
            processor = transformers.AutoProcessor.from_pretrained(
                str(folder), local_files_only=True
            )
        # In a folder that lacks one of the two, the other alone counts as the processor.
        lacking = [p for p in ("tokenizer", "image_processor") if not hasattr(processor, p)]
        if lacking:
            raise ValueError(f"there is no {' and no '.join(lacking)}")
    except Exception as error:
        first = " ".join(str(error).split())[:200].rstrip(".")
        raise ComponentError(
            f"The processor of '{source.model}' cannot be loaded: {first}. The folder needs the "
            "model's image processor (preprocessor_config.json or processor_config.json) and its "
            "tokenizer (tokenizer.json). Choose another extractor.model."
        ) from error
    return processor


def _describe(processor: Any) -> dict[str, Any]:
    words = getattr(processor.tokenizer, "backend_tokenizer", None)
    settings = {key: value for key, value in processor.to_dict().items() if key != "tokenizer"}
    return {
        "class": type(processor).__name__,
        "settings": settings,
        "chat_template": getattr(processor, "chat_template", None),
        "tokenizer": hashlib.sha256(words.to_str().encode()).hexdigest() if words else None,
    }
