"""Images that no dataset says anything about: a folder of them, or one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clusterlab.datasets.assemble import assemble
from clusterlab.datasets.folder import Folder
from clusterlab.datasets.listing import Listing
from clusterlab.datasets.options import Options
from clusterlab.errors import DataError
from clusterlab.types import Collection, FileImage


def loose_images(place: Path) -> Collection:
    """place: a folder, whose images at any depth are taken, or the file of one image. Raises
    DataError where there is none."""
    if place.is_dir():
        return Folder(path=str(place), split_level=False).load()
    if not place.is_file():
        raise DataError(f"There is no folder or image {place}.")
    nothing = pd.DataFrame(index=range(1))
    listing = Listing(
        name=place.parent.resolve().name,
        where=str(place),
        ids=[place.name],
        images=[FileImage(str(place))],
        labels=nothing,
        numeric=nothing,
    )
    return assemble(listing, Options())
