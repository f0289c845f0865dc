"""How the run was made, and how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clusterlab.outcome import Outcome
from clusterlab.reports.page.provenance import provenance
from clusterlab.reports.page.text import compact, method, number
from clusterlab.stages import CHOSEN

SILENT = ("taxonomy", "labeler", "finetune", "namer")
"""The stages that do nothing unless they are asked to."""
SEVERAL = ("labeler",)
"""The stages of which there may be more than one, each with a card of its own."""
HIDDEN = ("_target_", "_partial_", "_convert_")


def made(outcome: Outcome, folder: Path) -> dict[str, Any]:
    """stages, provenance, timings, settings, environment, failures and the commands.

    folder: the run folder, which the first command names.
    """
    return {
        "stages": [
            stage
            for name in CHOSEN
            if _took_part(outcome, name)
            for stage in _stages(outcome, name)
        ],
        "provenance": provenance(outcome),
        "settings": flat(
            {key: value for key, value in outcome.components.items() if key not in CHOSEN}
        ),
        "timings": [
            {
                "stage": stage,
                "seconds": number(float(timing.get("seconds", 0.0))),
                "memory": number(float(timing.get("peak_memory_mb", 0.0))),
                "store": compact(timing.get("store") or ""),
            }
            for stage, timing in outcome.timings.items()
        ],
        "environment": flat(outcome.environment),
        "failures": outcome.failures,
        "again": f"clusterlab run --again {shlex.quote(_relative(folder))}",
        "options": " ".join(["clusterlab run", *_words(outcome)]),
    }


def _took_part(outcome: Outcome, name: str) -> bool:
    """False for a stage that the run has not, and for one that nobody asked to do anything."""
    return name in outcome.components and not (
        name in SILENT and outcome.choices.get(name, "none") == "none"
    )


def _stages(outcome: Outcome, name: str) -> list[dict[str, Any]]:
    arguments = outcome.components[name]
    if name in SEVERAL and isinstance(arguments, Mapping):
        return [_stage(name, option, _briefly(one, outcome)) for option, one in arguments.items()]
    return [_stage(name, outcome.choices.get(name, ""), arguments)]


def _briefly(arguments: Any, outcome: Outcome) -> Any:
    """The arguments of a labeler, without the categories that the taxonomy shows already."""
    categories = outcome.components.get("taxonomy", {}).get("categories")
    if not categories or not isinstance(arguments, Mapping):
        return arguments
    if arguments.get("categories") != categories:
        return arguments
    return {**arguments, "categories": f"the {len(categories)} of the taxonomy"}


def _stage(name: str, option: str, arguments: Any) -> dict[str, Any]:
    arguments = arguments if isinstance(arguments, Mapping) else {"value": arguments}
    return {
        "stage": name,
        "option": option,
        "method": method(option),
        "target": str(arguments.get("_target_", "")),
        "arguments": [
            (key, compact(value)) for key, value in arguments.items() if key not in HIDDEN
        ],
    }


def _words(outcome: Outcome) -> list[str]:
    return [
        shlex.quote(f"{group}={_word(group, option)}")
        for group, option in outcome.choices.items()
        if group.partition("/")[0] in CHOSEN
        and option
        and not (group in SILENT and option == "none")
    ]


def _word(group: str, option: str) -> str:
    """Several options as the command line takes them."""
    several = group in ("labeler", "view") and "+" in option
    return f"[{option.replace('+', ',')}]" if several else option


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested mappings as dotted keys, each value in one line."""
    rows = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            rows += flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", compact(value)))
    return rows


def _relative(folder: Path) -> str:
    """As one would type it where the run was started."""
    folder, here = folder.absolute(), Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
