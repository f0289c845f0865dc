"""What a run did not have to do again."""

from __future__ import annotations

import json
from pathlib import Path

_STAGES = ("label", "finetune", "extract", "reduce")


def shared(run: Path) -> str:
    """What of a finished run came from the store, for the line that says that it is done; "" where
    nothing did."""
    timings = json.loads((run / "timings.json").read_text(encoding="utf-8"))
    said = {stage: timings.get(stage, {}).get("store", "") for stage in _STAGES}
    found = [f"{stage}: {text}" for stage, text in said.items() if "from the store" in text]
    return f" ({'; '.join(found)})" if found else ""
