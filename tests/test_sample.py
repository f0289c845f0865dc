"""The sample collection that the README's folder example runs on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from clusterlab.datasets.folder import Folder


def test_the_script_makes_what_is_there(root: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(root / "scripts" / "make_sample.py"), str(tmp_path)],
        check=True,
        capture_output=True,
    )
    there = sorted((root / "data" / "sample").rglob("*.jpg"))
    made = sorted(tmp_path.rglob("*.jpg"))
    assert [path.relative_to(tmp_path) for path in made] == [
        path.relative_to(root / "data" / "sample") for path in there
    ]
    for one, other in zip(there, made, strict=True):
        pixels, again = (np.asarray(Image.open(path)).astype(int) for path in (one, other))
        assert np.abs(pixels - again).mean() < 2, one


def test_it_is_small_and_has_classes(root: Path) -> None:
    collection = Folder(path=str(root / "data" / "sample")).load()
    counts = collection.labels["label"].value_counts()
    assert sum(path.stat().st_size for path in (root / "data").rglob("*.*")) < 1_000_000
    assert 6 <= len(counts) <= 10
    assert counts.min() >= 12
    assert len(set(collection.digests)) == len(collection) == 164
    assert not collection.failures


def test_the_readme_names_each_class_with_its_number_and_licence(root: Path) -> None:
    lines = (root / "data" / "README.md").read_text().splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("|")][2:]
    stated = {row[0].strip(): (int(row[1]), row[4].strip()) for row in rows}
    folders = sorted((root / "data" / "sample").iterdir())
    assert sorted(stated) == [folder.name for folder in folders]
    for folder in folders:
        number, licence = stated[folder.name]
        assert number == len(list(folder.iterdir()))
        assert licence
