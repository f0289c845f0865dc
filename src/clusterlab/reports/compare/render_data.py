"""The leaderboard for programs: CSV and JSON, every metric, unrounded."""

from __future__ import annotations

import json
import math
from typing import Any

from clusterlab.reports.compare.leaderboard import Comparison
from clusterlab.reports.compare.moved import Moved


def render_csv(comparison: Comparison) -> str:
    """One line a row of `Comparison.table`; what may not be compared is in its column caveats."""
    text: str = comparison.table.to_csv(index=False, lineterminator="\n")
    return text


def render_json(comparison: Comparison) -> str:
    """Strict JSON: metric, sort, ranked, rows, warnings, left_out, moved (null unless two runs)."""
    content = {
        "metric": comparison.metric,
        "sort": "asc" if comparison.ascending else "desc",
        "ranked": comparison.ranked,
        "rows": [
            {str(key): _value(value) for key, value in record.items()}
            for record in comparison.table.to_dict(orient="records")
        ],
        "warnings": list(comparison.warnings),
        "left_out": [
            {
                "folder": str(one.folder),
                "reason": one.reason,
                "message": one.message,
                "settings": one.settings,
            }
            for one in comparison.left_out
        ],
        "moved": None if comparison.moved is None else _moved(comparison.moved),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _moved(moved: Moved) -> dict[str, Any]:
    return {
        "first": str(moved.first.folder),
        "second": str(moved.second.folder),
        "first_marks": list(moved.first.marks),
        "second_marks": list(moved.second.marks),
        "n_common": moved.n_common,
        "n_only_first": moved.n_only_first,
        "n_only_second": moved.n_only_second,
        "ari": _value(moved.ari),
        "ami": _value(moved.ami),
        "n_changed": moved.n_changed,
        "matches": [list(match) for match in moved.matches],
        "label": moved.label,
        "flows": [vars(flow) for flow in moved.flows],
        "config": [list(change) for change in moved.config],
        "scores": [[key, _value(before), _value(after)] for key, before, after in moved.scores],
    }


def _value(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
