"""`clusterlab validate`: every problem of a config at once, before anything runs."""

from __future__ import annotations

import sys
from pathlib import Path

from clusterlab.cli.words import take_flag, take_value, unexpected
from clusterlab.errors import ConfigError, closest

HELP = """\
usage: clusterlab validate [NAME...] [--all] [group=option] [key=value]
                           [--config-dir DIR]

Composes experiments and checks every class, argument and value, without running
them. With no NAME, checks what `clusterlab run` with the same words would run.
Of an experiment that is a sweep, every value of each key is checked once.
Exit code 1 if anything is wrong.

examples:
  clusterlab validate --all
  clusterlab validate food_hog food_color
  clusterlab validate clusterer=hdbscan clusterer.min_cluster_size=20
"""


def main(words: list[str]) -> int:
    everything = take_flag(words, "--all")
    folder = take_value(words, "--config-dir")
    config_dir = Path(folder) if folder else None
    rest = unexpected(words, HELP, allowed=len(words))
    overrides = [word for word in rest if "=" in word or word.startswith("~")]
    names = [word for word in rest if word not in overrides]

    from clusterlab.config.find import groups

    known = groups(config_dir).get("experiment", {})
    for name in names:
        if name not in known:
            raise ConfigError(
                f"Unknown experiment '{name}'.{closest(name, known)} "
                "See: clusterlab list experiment."
            )
    names = sorted(known) if everything else names
    failed = 0
    for name in names or [""]:
        found = _problems([*([f"+experiment={name}"] if name else []), *overrides], config_dir)
        shown = name or " ".join(["run", *overrides])
        print(f"{'invalid' if found else 'valid  '}  {shown}")
        for problem in found:
            print(f"         {problem}", file=sys.stderr)
        failed += bool(found)
    if failed:
        print(f"{failed} of {len(names) or 1} invalid", file=sys.stderr)
    return 1 if failed else 0


def _problems(overrides: list[str], config_dir: Path | None) -> list[str]:
    from clusterlab.config.build import build
    from clusterlab.config.own_sweep import configs_of
    from clusterlab.config.resolved import resolve, stage_choices

    found: dict[str, str] = {}
    swept = ""
    try:
        for swept, config in configs_of(overrides, config_dir):
            try:
                choices = stage_choices(config.hydra.runtime.choices)
                build({**resolve(config), "store": False}, choices)
            except ConfigError as error:
                # The same of every value is about none of them.
                found |= {one: found.get(one, swept) for one in error.problems}
    except ConfigError as error:
        found |= {one: found.get(one, swept) for one in error.problems}
    return [f"{problem} ({where})" if where else problem for problem, where in found.items()]
