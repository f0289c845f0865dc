"""`clusterlab list`: what there is, with one line each."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from clusterlab.cli.words import take_flag, take_value, unexpected
from clusterlab.config.find import groups, options

HELP = """\
usage: clusterlab list [GROUP] [--config-dir DIR] [--json]

What there is, with one line each: every group, or the options of one and of
the groups within it.

examples:
  clusterlab list
  clusterlab list clusterer
  clusterlab list finetune/rebalance
  clusterlab list experiment --json
"""


def main(words: list[str]) -> int:
    as_json = take_flag(words, "--json")
    folder = take_value(words, "--config-dir")
    config_dir = Path(folder) if folder else None
    names = unexpected(words, HELP, allowed=1)
    found = groups(config_dir)
    if names:
        within = {
            group: known for group, known in found.items() if group.startswith(f"{names[0]}/")
        }
        found = {names[0]: options(names[0], config_dir)} | within
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    print("\n".join(_lines(found)))
    return 0


def _lines(found: dict[str, dict[str, str]]) -> Sequence[str]:
    # Whole lines for a program that reads them, cut ones for a person at a terminal.
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    columns = sys.maxsize if piped else shutil.get_terminal_size((80, 24)).columns
    width = max(len(option) for known in found.values() for option in known)
    lines = []
    for group, known in found.items():
        lines += [f"{group}", *(f"  {o:<{width}}  {text}" for o, text in known.items()), ""]
    return [line if len(line) <= columns else line[: columns - 1] + "…" for line in lines[:-1]]
