"""Where the images of a table lie, and that they lie inside its root."""

from __future__ import annotations

import os
from functools import lru_cache

from clusterlab.errors import DataError


def resolve(
    values: list[str], *, root: str, allow_outside_root: bool, where: str, rows: list[int]
) -> list[str]:
    """The path of each image.

    values: paths as the table has them, relative to `root` or absolute. rows: their row numbers.
    Raises DataError for a path that leads outside the root, by "..", by being absolute or through
    a link, unless that is allowed.
    """
    paths = [os.path.normpath(os.path.join(root, value)) for value in values]  # noqa: PTH118
    if allow_outside_root:
        return paths
    real_folder = lru_cache(maxsize=None)(os.path.realpath)
    top = os.path.join(os.path.realpath(root), "")  # noqa: PTH118
    outside = []
    for position, path in enumerate(paths):
        # A file's folder is resolved once for all files in it; a link is resolved itself.
        is_link = os.path.islink(path)  # noqa: PTH114
        real = real_folder(path if is_link else os.path.dirname(path))  # noqa: PTH120
        if not os.path.join(real, "").startswith(top):  # noqa: PTH118
            outside.append(position)
    if outside:
        first = outside[0]
        raise DataError(
            f"{len(outside)} image paths of {where} lead outside its root {root}, the first in row "
            f"{rows[first]}: '{values[first]}'. Set dataset.root to a folder that holds all images,"
            " or dataset.allow_outside_root=true if you trust the table."
        )
    return paths
