"""`clusterlab show`: the composed config, without running it."""

from __future__ import annotations

from pathlib import Path

from clusterlab.cli.words import take_value, unexpected
from clusterlab.errors import UsageError

HELP = """\
usage: clusterlab show [+experiment=NAME] [group=option] [key=value]
                       [--config-dir DIR]

The config that `clusterlab run` with the same words would use, every reference
resolved. Of an experiment that is a sweep it is that of the first run, and a
comment above it says what is swept.

examples:
  clusterlab show
  clusterlab show clusterer=hdbscan reducer=umap
  clusterlab show +experiment=ci_smoke seed=1
  clusterlab show +experiment=atmosphere_ksweep
"""


def main(words: list[str]) -> int:
    folder = take_value(words, "--config-dir")
    overrides = unexpected(words, HELP, allowed=len(words))
    for word in overrides:
        if "=" not in word and not word.startswith("~"):
            raise UsageError(f"'{word}' is not key=value. {HELP.splitlines()[0]}")

    from clusterlab.config.own_sweep import compose_first, n_runs, sweeps
    from clusterlab.config.resolved import dump, resolve

    config_dir = Path(folder) if folder else None
    config, own = compose_first(overrides, config_dir)
    if own.on:
        found = sweeps([*own.words, *overrides], config_dir)
        print(f"# A sweep of {n_runs(found)} runs; below is the first.")
        for key, values in found.items():
            print(f"#   {key}: {','.join(values)}")
    print(dump(resolve(config)), end="")
    return 0
