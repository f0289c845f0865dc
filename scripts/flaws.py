"""What each flaw of the five studies does, in our own numbers: literal beside repaired.

Usage: python scripts/flaws.py [--only leak,purity] [--list]

Real images (scikit-learn's digits, photos of clothes, illustrations) and a real MobileNetV2, in the
folders that CLUSTERLAB_DATA and CLUSTERLAB_WEIGHTS name; real words of bert-base-uncased. Numbers
are means ± standard deviations over seeds 0, 1 and 2 where something is drawn at random.
docs/flaws.md tells of them.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from datetime import UTC, datetime

from clusterlab.environment import machine, versions
from flaws.catalogue import FLAWS, NAMED
from flaws.shared import Flaw, Pair

_SHOWN = ("numpy", "scikit-learn", "torch", "timm", "transformers", "umap-learn")


def shown(flaw: Flaw, found: Pair) -> str:
    """A line of the table of the others."""
    literal, repaired = (
        f"`{command}`: {said}"
        for command, said in ((flaw.literal, found.literal), (flaw.repaired, found.repaired))
    )
    return f"| `{flaw.key}`: {flaw.what} ({flaw.study}) | {literal} | {repaired} |"


def section(flaw: Flaw, found: object) -> str:
    """What is printed of a flaw with a table of its own."""
    title = f"## `{flaw.key}`: {flaw.what} ({flaw.study})"
    return f"\n{title}\n\n    {flaw.literal}\n    {flaw.repaired}\n\n{found}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="keys, joined by commas")
    parser.add_argument("--list", action="store_true", help="the keys, and what they are")
    words = parser.parse_args()
    known = {flaw.key: flaw for flaw in FLAWS}
    if words.list:
        print("\n".join(f"{key:<14}{flaw.what} ({flaw.study})" for key, flaw in known.items()))
        return
    wanted = [key for key in words.only.split(",") if key] or list(known)
    if strange := [key for key in wanted if key not in known]:
        parser.error(f"no flaw is called {', '.join(strange)}; see --list")
    about, found = machine(), versions()
    print(f"{about['processor']}, {about['cores']} cores, {datetime.now(UTC):%Y-%m-%d}")
    print(", ".join(f"{name} {found[name]}" for name in _SHOWN if name in found))
    begin = time.perf_counter()
    head = False
    for flaw in (known[key] for key in wanted):
        # Progress bars and warnings are for those who wait.
        with contextlib.redirect_stdout(sys.stderr):
            measured = flaw.measure()
        if flaw in NAMED:
            print(section(flaw, measured), flush=True)
            continue
        assert isinstance(measured, Pair)
        if not head:
            print("\n| flaw | literal | repaired |\n| - | - | - |")
            head = True
        print(shown(flaw, measured), flush=True)
    print(f"\n{time.perf_counter() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
