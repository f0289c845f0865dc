"""Opens a session: settles the device, and the precision by trying it."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from clusterlab.components import Model
from clusterlab.environment import machine
from clusterlab.errors import ClusterlabError, ComponentError
from clusterlab.models.photographs import photographs
from clusterlab.models.precision import TOLERANCE, agreement, has_bf16
from clusterlab.models.session import Session
from clusterlab.store import Store, key_of
from clusterlab.types import Compute

log = logging.getLogger("clusterlab")

# How bf16 agreed with fp32, once a model and process; the store remembers it for longer.
_trials: dict[str, float] = {}


def open_session(model: Model, compute: Compute, store: Store | None = None) -> Session:
    """A session, with its device and precision settled; the model is loaded with the first batch,
    or to try its precision. Raises ComponentError for what is not there."""
    session = Session.of(model, compute)
    sees = hasattr(model, "prepare") and not hasattr(model, "encoder")
    if compute.precision == "auto" and sees and has_bf16(session.devices[0]):
        _try_bf16(session, store)
    facts: dict[str, Any] = {
        "device": ",".join(map(str, session.devices)),
        "precision": session.precision,
    }
    if compute.backend != "torch":
        facts["backend"] = compute.backend
    if compute.compile:
        facts["compiled"] = True
    session.facts = {**facts, **session.facts}
    return session


def _try_bf16(session: Session, store: Store | None) -> None:
    """Take bfloat16 if the model's vectors stay what they are."""
    key = {
        "config": session.identity,
        "images": [list(image.shape) for image in photographs()],
        "device": session.devices[0].type,
        "processor": machine()["processor"],
        "how": session.how,
    }
    known = key_of(key)
    if known not in _trials:

        def measure() -> dict[str, np.ndarray]:
            return {"cosine": np.array([_agreement(session)])}

        arrays = measure() if store is None else store.remember("precision", key, measure).arrays
        _trials[known] = float(arrays["cosine"][0])
    cosine = _trials[known]
    session.facts["bf16_cosine_to_fp32"] = round(cosine, 6)
    session.precision = "bf16" if cosine >= TOLERANCE else "fp32"
    verb = "keeps" if session.precision == "bf16" else "would change"
    log.info("bf16 %s the vectors (cosine %.6f): %s", verb, cosine, session.precision)


def _agreement(session: Session) -> float:
    """The least cosine between bfloat16 and float32; leaves the module loaded if it is kept."""
    model: Any = session.model
    try:
        inputs = [model.prepare(image) for image in photographs()]
        made = {}
        for precision in ("fp32", "bf16"):
            session.precision = precision
            made[precision] = session.run(inputs)
            if precision == "fp32":
                session.close()
    except ClusterlabError:
        raise
    except Exception as error:
        raise ComponentError(
            f"The model failed on a photograph: {type(error).__name__}: {error}"
        ) from error
    cosine = agreement(made["bf16"], made["fp32"])
    if cosine < TOLERANCE:
        session.close()
    return cosine
