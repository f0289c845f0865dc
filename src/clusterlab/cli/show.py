"""`clusterlab show`: the composed config, without running it."""

from __future__ import annotations

from pathlib import Path

from clusterlab.cli.words import take_value, unexpected
from clusterlab.errors import UsageError

HELP = """\
usage: clusterlab show [+experiment=NAME] [group=option] [key=value]
                       [--config-dir DIR]

The config that `clusterlab run` with the same words would use, every reference
resolved.

examples:
  clusterlab show
  clusterlab show clusterer=hdbscan reducer=umap
  clusterlab show +experiment=ci_smoke seed=1
"""


def main(words: list[str]) -> int:
    folder = take_value(words, "--config-dir")
    overrides = unexpected(words, HELP, allowed=len(words))
    for word in overrides:
        if "=" not in word and not word.startswith("~"):
            raise UsageError(f"'{word}' is not key=value. {HELP.splitlines()[0]}")

    from clusterlab.config.compose import compose
    from clusterlab.config.resolved import dump, resolve

    print(dump(resolve(compose(overrides, Path(folder) if folder else None))), end="")
    return 0
