"""The engine: what is true of every extraction, whatever the extractor."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from clusterlab.components import Component
from clusterlab.datasets.digits import Digits
from clusterlab.datasets.folder import Folder
from clusterlab.errors import ComponentError
from clusterlab.extractors.concat import Concat
from clusterlab.extractors.engine import extract
from clusterlab.extractors.hog import Hog
from clusterlab.extractors.pixels import Pixels
from clusterlab.store import Store
from clusterlab.types import Collection, Decoding


def component(instance: Any, **config: Any) -> Component:
    target = f"{type(instance).__module__}.{type(instance).__name__}"
    return Component(name="test", config={"_target_": target, **config}, instance=instance)


@pytest.fixture(scope="module")
def digits() -> Collection:
    return Digits(sample_per_class=10).load()


@pytest.mark.parametrize(("workers", "batch_size"), [(1, 1), (2, 7), (4, 64), (3, 1000)])
def test_workers_and_batches_change_no_vector(
    digits: Collection, workers: int, batch_size: int
) -> None:
    plain = np.stack([Hog().prepare(_pixels(image.read())) for image in digits.images])
    found = extract(digits, component(Hog()), workers=workers, batch_size=batch_size)
    assert found.features.ids == digits.ids
    assert (found.features.values == plain).all()


def _pixels(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)


def test_one_bad_image_never_takes_its_batch_along(shared_data: Path) -> None:
    collection = Folder(path=str(shared_data / "odd_images")).load()
    alone = [
        extract(collection.take([id_]), component(Pixels()))
        for id_ in ("hopper.png", "hopper.webp")
    ]
    together = extract(collection, component(Pixels()), batch_size=64)
    rows = [together.features.ids.index(one.features.ids[0]) for one in alone]
    assert (together.features.values[rows] == [one.features.values[0] for one in alone]).all()
    assert len(together.features.ids) + len(together.failures) == len(collection)
    assert {failure.stage for failure in together.failures} == {"extract"}
    assert all(failure.message for failure in together.failures)


def test_exact_copies_are_computed_once(tmp_path: Path) -> None:
    one = Digits(sample_per_class=1).load()
    for copy in range(3):
        (tmp_path / f"{copy}.png").write_bytes(one.images[0].read())
    counting = _Counting()
    found = extract(Folder(path=str(tmp_path)).load(), component(counting))
    assert counting.prepared == 1
    assert found.features.values.shape == (3, 1)


class _Counting:
    version = 1
    prepared = 0

    def prepare(self, image: np.ndarray) -> float:
        self.prepared += 1
        return float(image.mean())

    def embed(self, inputs: Sequence[float]) -> np.ndarray:
        return np.array(inputs, dtype=np.float32)[:, None]


def test_what_was_learned_is_kept_and_known_by_its_images(
    digits: Collection, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    made = [
        extract(part, component(Concat(parts={"hog": Hog()}, standardize_blocks=True)), store=store)
        for part in (digits, digits, digits.take(digits.ids[:50]))
    ]
    assert made[1].store == "all 100 images from the store"
    assert (made[0].features.values == made[1].features.values).all()
    assert made[2].store.startswith("50 images computed"), "other images give another mean"
    assert np.abs(made[0].features.values.mean(axis=0)).max() < 1e-5


def test_how_images_are_decoded_is_part_of_what_is_stored(
    digits: Collection, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    extract(digits, component(Pixels()), store=store)
    black = extract(digits, component(Pixels()), store=store, decoding=Decoding(background="black"))
    assert black.store == "100 images computed: decoding.background white -> black"


class _Uneven(_Counting):
    def embed(self, inputs: Sequence[float]) -> np.ndarray:
        return np.zeros((len(inputs) - 1, 2), dtype=np.float32)


def test_an_extractor_that_returns_too_few_vectors_is_named(digits: Collection) -> None:
    with pytest.raises(ComponentError, match=r"shape \(63, 2\) for a batch of 64 images"):
        extract(digits, component(_Uneven()))


class _SometimesNan(_Counting):
    def embed(self, inputs: Sequence[float]) -> np.ndarray:
        values = super().embed(inputs)
        values[0] = np.nan
        return values


def test_nan_from_an_extractor_costs_one_image(digits: Collection) -> None:
    found = extract(digits, component(_SometimesNan()), batch_size=50)
    assert len(found.features.ids) == 98
    assert [failure.id for failure in found.failures] == [digits.ids[0], digits.ids[50]]


@dataclass(frozen=True)
class _Drawn:
    """An image that is drawn when it is read, so that only readers hold memory."""

    number: int
    path: str = ""

    def read(self) -> bytes:
        pixels = np.random.default_rng(self.number).integers(0, 255, (200, 200, 3), np.uint8)
        done, content = cv2.imencode(".bmp", pixels)
        assert done
        return content.tobytes()


def _drawn(n: int) -> Collection:
    images = tuple(_Drawn(i) for i in range(n))
    return Collection(
        name="drawn",
        ids=tuple(f"{i:05}" for i in range(n)),
        images=images,
        digests=tuple(hashlib.sha256(image.read()).hexdigest() for image in images),
        labels=pd.DataFrame(index=range(n)),
        numeric=pd.DataFrame(index=range(n)),
        split=np.full(n, "all"),
    )


def test_memory_does_not_grow_with_the_number_of_images() -> None:
    peaks = []
    for n in (100, 800):
        collection = _drawn(n)
        tracemalloc.start()
        found = extract(collection, component(Pixels(size=8)), batch_size=16, workers=2)
        peaks.append(tracemalloc.get_traced_memory()[1] - found.features.values.nbytes)
        tracemalloc.stop()
    # An image is 120 kB: holding the 700 more at once would take 84 MB.
    assert peaks[1] - peaks[0] < 2_000_000


def test_a_file_that_changes_under_way_is_not_stored_under_its_old_content(
    tmp_path: Path,
) -> None:
    source, other = (Digits(sample_per_class=1).load().images[i].read() for i in (0, 1))
    file = tmp_path / "pics" / "one.png"
    file.parent.mkdir()
    file.write_bytes(source)
    (tmp_path / "pics" / "two.png").write_bytes(other + b" ")
    collection = Folder(path=str(file.parent)).load()
    store = Store(tmp_path)
    file.write_bytes(other)
    found = extract(collection, component(Pixels()), store=store)
    assert [failure.id for failure in found.failures] == ["one.png"]
    assert "changed while the run" in found.failures[0].message
    file.write_bytes(source)
    again = extract(collection, component(Pixels()), store=store)
    assert again.features.ids == collection.ids


def test_a_renamed_file_does_not_change_what_is_learned(tmp_path: Path) -> None:
    made = []
    for turn in (1, -1):
        folder = tmp_path / str(turn)
        folder.mkdir()
        for number, image in enumerate(Digits(sample_per_class=2).load().images[::turn]):
            (folder / f"{number:02}.png").write_bytes(image.read())
        concat = Concat(parts={"hog": Hog()}, standardize_blocks=True)
        made.append(extract(Folder(path=str(folder)).load(), component(concat)).features.values)
    assert (made[0] == made[1][::-1]).all()


def test_an_extractor_that_fails_is_named(digits: Collection) -> None:
    with pytest.raises(ComponentError, match="Extractor 'test' failed on a batch of 64 images"):
        extract(digits, component(_Failing()))


class _Failing(_Counting):
    def embed(self, inputs: Sequence[float]) -> np.ndarray:
        raise RuntimeError(f"no luck with {len(inputs)}")


def test_waiting_threads_are_told_to_sleep_before_numpy_loads() -> None:
    code = (
        "import sys, clusterlab, os; print(os.environ['OMP_WAIT_POLICY'], 'numpy' in sys.modules)"
    )
    bare = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["PASSIVE", "False"]
