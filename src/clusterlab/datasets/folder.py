"""A folder of images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from clusterlab.datasets.assemble import assemble
from clusterlab.datasets.image_files import list_images
from clusterlab.datasets.listing import Listing
from clusterlab.datasets.options import Options
from clusterlab.datasets.split_names import USUAL_NAMES, to_splits
from clusterlab.errors import DataError, closest
from clusterlab.types import Collection, FileImage


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The images under a folder, at any depth; an image's id is its relative path.

    `label` is the relative path of the folder that an image lies in: "cats", or "cats/black" where
    folders are nested; an image at the top has none. Where no image lies in a sub-folder there is
    no label column at all. Files whose ending is not that of an image (see image_files.py) are
    counted in a note; hidden ones are not even that. Links to folders are followed, but never in a
    circle.

    split_level: the folders of the first level are the splits, and labels start below them. "auto"
        is true, with a note, where all images lie below two or more folders with the usual names
        of splits, and not right inside them.
    split_names: what those folders mean, such as {"validation": "train", "test": "test"}; without
        it, the usual names (train, val, validation, test, ...) mean what they say.
    The other arguments are those of `Options`; `name` is by default that of the folder.
    """

    path: str
    split_level: bool | Literal["auto"] = "auto"
    split_names: Mapping[str, str] | None = None
    name: str | None = None
    sample_share: float | None = None
    sample_per_class: int | None = None
    min_class_size: int | None = None
    class_column: str | None = None
    split: Mapping[str, float] | None = None
    random_state: int = 0
    max_failed_share: float = 0.5

    def __post_init__(self) -> None:
        Options.of(self)

    def load(self) -> Collection:
        """Raises DataError for a missing folder or one without images, or an unknown split."""
        root = Path(self.path).expanduser()
        if not root.is_dir():
            raise DataError(_missing(root))
        where = f"the folder {root}"
        ids, failures, ignored = list_images(root)
        if not ids and not failures:
            raise DataError(_no_image(where, ignored))
        folders = [PurePosixPath(id_).parent.parts for id_ in ids]
        notes = _ignored_note(ignored)
        split = None
        split_level = self.split_level
        if split_level == "auto":
            split_level = _look_like_splits(folders, self.split_names or USUAL_NAMES)
            notes += _split_level_note(folders) if split_level else []
        if split_level:
            _refuse_stray(ids, where)
            names = [parts[0] for parts in folders]
            split = to_splits(names, split_names=self.split_names, where=where)
            folders = [parts[1:] for parts in folders]
        labels = pd.DataFrame(index=range(len(ids)))
        if any(folders):
            labels["label"] = pd.Series(["/".join(p) or None for p in folders], dtype=object)
        listing = Listing(
            name=self.name or root.resolve().name,
            where=where,
            ids=ids,
            images=[FileImage(str(root / id_)) for id_ in ids],
            labels=labels,
            numeric=pd.DataFrame(index=labels.index),
            split=split,
            failures=failures,
            notes=notes,
        )
        return assemble(listing, Options.of(self))


def _look_like_splits(folders: Sequence[tuple[str, ...]], known: Mapping[str, str]) -> bool:
    first = {parts[0] for parts in folders if parts}
    return len(first) > 1 and first <= set(known) and all(len(parts) > 1 for parts in folders)


def _split_level_note(folders: Sequence[tuple[str, ...]]) -> list[str]:
    return [
        f"The folders {', '.join(sorted({parts[0] for parts in folders}))} were taken for splits; "
        "dataset.split_level=false makes them part of the labels."
    ]


def _refuse_stray(ids: Sequence[str], where: str) -> None:
    stray = [id_ for id_ in ids if "/" not in id_]
    if stray:
        raise DataError(
            f"{len(stray)} images of {where} lie beside the folders of the splits, such as "
            f"'{stray[0]}'. Move them into one, or use dataset.split_level=false."
        )


def _kinds(ignored: Counter[str]) -> str:
    return ", ".join(f"{n} {ending}" for ending, n in ignored.most_common(5))


def _ignored_note(ignored: Counter[str]) -> list[str]:
    if not ignored:
        return []
    total = ignored.total()
    return [f"Files ignored because they are not images: {total} ({_kinds(ignored)})."]


def _no_image(where: str, ignored: Counter[str]) -> str:
    if ignored:
        return f"There is no image in {where}, only other files ({_kinds(ignored)})."
    return f"There is no image in {where}: it is empty."


def _missing(root: Path) -> str:
    if root.exists():
        return f"dataset.path={root} is a file, not a folder. For a table use dataset=table."
    hint = ""
    if root.parent.is_dir():
        hint = closest(root.name, [path.name for path in root.parent.iterdir() if path.is_dir()])
    return (
        f"The folder dataset.path={root} does not exist.{hint} "
        "(For a collection that an experiment names: data_dir=FOLDER, or CLUSTERLAB_DATA.)"
    )
