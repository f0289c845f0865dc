"""What the splits are called in folders and tables made by others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusterlab.errors import ConfigError, DataError, closest
from clusterlab.splits import SPLITS

USUAL_NAMES: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


def to_splits(
    names: Sequence[str], *, split_names: Mapping[str, str] | None, where: str
) -> list[str]:
    """Each name as "train", "val" or "test".

    split_names: name -> split, to be used in place of USUAL_NAMES.
    where: what to call the source of the names in a message.
    Raises DataError for a name that is not among them, ConfigError for a split that is none.

    >>> to_splits(["validation", "test"], split_names=None, where="the folder photos")
    ['val', 'test']
    >>> to_splits(["validation"], split_names={"validation": "train"}, where="the folder photos")
    ['train']
    """
    known = USUAL_NAMES if split_names is None else split_names
    for target in known.values():
        if target not in SPLITS:
            raise ConfigError(
                f"dataset.split_names maps to '{target}', which is none of train, val, test."
                f"{closest(target, SPLITS)}"
            )
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise DataError(
            f"Unknown split{'s' if len(unknown) > 1 else ''} {', '.join(map(repr, unknown))} in "
            f"{where}. Known: {', '.join(known)}. Say what each means by "
            f"dataset.split_names='{{{unknown[0]}: train}}'."
        )
    return [known[name] for name in names]
