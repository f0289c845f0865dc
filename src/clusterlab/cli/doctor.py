"""`clusterlab doctor`: devices, memory, versions, the store and the weights that are there."""

from __future__ import annotations

import json
from typing import Any

from clusterlab.cli.words import take_flag, take_value, unexpected
from clusterlab.errors import UsageError

HELP = """\
usage: clusterlab doctor [--prune=DAYS] [--json]

What this machine offers a run: devices, memory, library versions, the size of
the store and of the fine-tunings kept beside it, and the model weights in the
local cache.

  --prune DAYS   delete stored features and fine-tunings that no run has used
                 for so many days (0: everything); run folders keep theirs

examples:
  clusterlab doctor
  clusterlab doctor --prune 30
"""


def main(words: list[str]) -> int:
    as_json = take_flag(words, "--json")
    prune = take_value(words, "--prune")
    unexpected(words, HELP, allowed=0)
    freed = {} if prune is None else _prune(prune)
    found = examine()
    for place, n_bytes in freed.items():
        found[place]["freed_bytes"] = n_bytes
    print(json.dumps(found, indent=2) if as_json else _text(found))
    return 0


def examine() -> dict[str, Any]:
    """What a run would find here, JSON-able."""
    from clusterlab.config.find import conf_dir
    from clusterlab.environment import machine, versions
    from clusterlab.finetune import kept
    from clusterlab.store import Store, default_folder

    store = Store(default_folder())
    finetuned = store.path.parent / kept.FOLDER
    return {
        "machine": machine(),
        "devices": _devices(),
        "versions": versions(),
        "configs": str(conf_dir()),
        "store": {"path": str(store.path), **store.size()},
        "finetuned": {"path": str(finetuned), **kept.size(finetuned)},
        "weights": _weights(),
    }


def _devices() -> list[str]:
    try:
        import torch
    except ImportError:
        return ["cpu"]
    names = [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return ["cpu", *names]


def _weights() -> list[str]:
    """The models in the Hugging Face cache, by their hub id."""
    from clusterlab.models._cache import cached_models

    return list(cached_models())


def _prune(days: str) -> dict[str, int]:
    """Place -> bytes given back."""
    from clusterlab.finetune import kept
    from clusterlab.store import Store, default_folder

    try:
        limit = float(days)
    except ValueError:
        raise UsageError(f"--prune takes a number of days, not '{days}'.") from None
    if limit < 0:
        raise UsageError(f"--prune takes a number of days from 0 up, not {days}.")
    store = Store(default_folder())
    return {
        "store": store.prune(unused_days=limit),
        "finetuned": kept.prune(store.path.parent / kept.FOLDER, unused_days=limit),
    }


def _text(found: dict[str, Any]) -> str:
    machine, store, finetuned = found["machine"], found["store"], found["finetuned"]
    lines = [
        f"machine    {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB memory",
        f"devices    {', '.join(found['devices'])}",
        f"configs    {found['configs']}",
        f"store      {store['path']}",
        f"           {store['bytes'] / 1e6:.1f} MB: {store['vectors']:,} vectors, "
        f"{store['results']:,} reductions",
    ]
    if "freed_bytes" in store:
        lines.append(f"           {store['freed_bytes'] / 1e6:.1f} MB freed")
    lines += [
        f"finetuned  {finetuned['path']}",
        f"           {finetuned['bytes'] / 1e6:.1f} MB: {finetuned['finetunings']:,} fine-tunings",
    ]
    if "freed_bytes" in finetuned:
        lines.append(f"           {finetuned['freed_bytes'] / 1e6:.1f} MB freed")
    weights = found["weights"] or ["none in the local cache"]
    lines += [f"{'weights' if i == 0 else '':<11}{name}" for i, name in enumerate(weights)]
    lines.append("versions")
    lines += [f"  {name:<24}{number}" for name, number in found["versions"].items()]
    return "\n".join(lines)
