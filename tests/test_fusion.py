"""Fusion: several extractors side by side, each with its say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import pdist

import clusterlab
from clusterlab.components import Component
from clusterlab.datasets.table import Table
from clusterlab.errors import ComponentError, DataError
from clusterlab.extractors.color_hist import ColorHist
from clusterlab.extractors.engine import extract
from clusterlab.extractors.fusion import Fusion
from clusterlab.extractors.multi_hot import MultiHot
from clusterlab.extractors.pixels import Pixels
from clusterlab.store import Store
from clusterlab.types import Collection

ALL = np.ones(40, dtype=bool)


def blocks() -> dict[str, np.ndarray]:
    """Two parts, one of far larger numbers than the other."""
    rng = np.random.default_rng(0)
    return {
        "a": rng.normal(size=(40, 3)).astype(np.float32),
        "b": (1000 + 50 * rng.normal(size=(40, 7))).astype(np.float32),
    }


def fused(**arguments: Any) -> np.ndarray:
    return Fusion(parts={"a": None, "b": None}, **arguments).join(blocks(), ALL)


def squared(values: np.ndarray) -> np.ndarray:
    return pdist(values, "sqeuclidean")


def test_equal_weights_are_an_equal_say() -> None:
    values = fused()
    shares = [squared(part).mean() for part in (values[:, :3], values[:, 3:])]
    assert shares[0] == pytest.approx(shares[1], rel=1e-5)


def test_squared_distances_are_the_weighted_sum_of_the_parts() -> None:
    a, b = (squared(fused()[:, part]) for part in (slice(0, 3), slice(3, 10)))
    found = squared(fused(part_weights={"a": 3.0, "b": 0.5}))
    assert found == pytest.approx(3 * a + 0.5 * b, rel=1e-4)


def test_a_weight_of_zero_leaves_a_part_out() -> None:
    assert fused(part_weights={"b": 0}).shape == (40, 3)


def test_l2_stops_at_length_one() -> None:
    values = fused(normalize="l2")
    assert np.linalg.norm(values[:, :3], axis=1) == pytest.approx(np.ones(40), abs=1e-6)
    assert squared(values[:, 3:]).mean() < 0.01, "the large numbers differ little in direction"


def test_none_takes_the_vectors_as_they_are() -> None:
    parts = blocks()
    assert np.array_equal(fused(normalize="none"), np.hstack([parts["a"], parts["b"]]))


def test_the_scale_is_learned_from_the_training_images_alone() -> None:
    parts = blocks()
    training = np.arange(40) < 20
    one = Fusion(parts={"a": None, "b": None})
    first = one.join(parts, training)
    changed = {name: part.copy() for name, part in parts.items()}
    changed["a"][30] = 1000
    other = Fusion(parts={"a": None, "b": None}).join(changed, training)
    assert np.array_equal(np.delete(first, 30, axis=0), np.delete(other, 30, axis=0))
    assert set(one.fitted) == {"scale.a", "scale.b"}


def test_a_zero_vector_stays_zero() -> None:
    parts = blocks()
    parts["a"][5] = 0
    values = Fusion(parts={"a": None, "b": None}).join(parts, ALL)
    assert (values[5, :3] == 0).all()
    assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"parts": {}}, "needs parts"),
        ({"part_weights": {"c": 1}}, "names 'c', which is no part"),
        ({"part_weights": {"a": -1}}, "extractor.part_weights.a is -1; it must be 0 or more"),
        ({"part_weights": {"a": 0, "b": 0}}, "are all 0"),
        ({"normalize": "variances"}, "Did you mean 'variance'?"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ComponentError) as error:
        Fusion(**{"parts": {"a": None, "b": None}, **arguments})
    assert says in str(error.value)


@pytest.fixture(scope="module")
def illustrations(shared_data: Path) -> Collection:
    table = Table(
        path=str(shared_data / "illustrations" / "objects.csv"),
        image_column="image",
        id_column="id",
        label_columns=["word", "tags"],
        multi_valued={"tags": "|"},
    )
    whole = table.load()
    return whole.take(whole.ids[:30])


def component(parts: dict[str, Any], **arguments: Any) -> Component:
    def target(instance: Any) -> str:
        return f"{type(instance).__module__}.{type(instance).__name__}"

    config = {name: {"_target_": target(part)} for name, part in parts.items()}
    instance = Fusion(parts=parts, **arguments)
    return Component(
        name="fusion",
        config={"_target_": target(instance), "parts": config, **arguments},
        instance=instance,
    )


def test_each_part_is_kept_by_itself(illustrations: Collection, tmp_path: Path) -> None:
    store = Store(tmp_path)
    parts = {"look": ColorHist(), "tags": MultiHot(columns=["tags"])}
    first = extract(illustrations, component(parts), store=store)
    assert first.features.seen_labels == ("tags",)
    assert first.features.values.shape == (30, 96 + 6)
    again = extract(illustrations, component(parts, part_weights={"tags": 2.0}), store=store)
    assert "look: all 30 images from the store" in again.store
    alone = extract(illustrations, component({"look": ColorHist()}, normalize="none"), store=store)
    assert "look: all 30 images from the store" in alone.store


def test_an_image_that_fails_one_part_fails_all(illustrations: Collection) -> None:
    class Picky(Pixels):
        def prepare(self, image: np.ndarray) -> np.ndarray:
            if image.sum() % 2:
                raise ValueError("an odd sum")
            return super().prepare(image)

    parts = {"look": ColorHist(), "picky": Picky()}
    found = extract(illustrations, component(parts))
    assert 0 < len(found.failures) < 30
    assert len(found.features.ids) == 30 - len(found.failures)
    kept = illustrations.take(found.features.ids)
    assert found.features.ids == kept.ids
    alone = extract(kept, component(parts))
    assert np.allclose(found.features.values, alone.features.values, atol=1e-6)


def test_parts_that_share_no_image_are_an_error(illustrations: Collection) -> None:
    class Half(Pixels):
        def __init__(self, odd: bool) -> None:
            super().__init__()
            self.odd = odd

        def prepare(self, image: np.ndarray) -> np.ndarray:
            if image.sum() % 2 == self.odd:
                raise ValueError("not mine")
            return super().prepare(image)

    with pytest.raises(DataError, match="No image of 'objects' could be used by all parts"):
        extract(illustrations, component({"a": Half(True), "b": Half(False)}))


def test_a_part_s_mistake_names_the_part(illustrations: Collection) -> None:
    from clusterlab.extractors.timm import Timm

    parts = {"look": Timm(model="resnet18", weights="random", crop=0)}
    with pytest.raises(ComponentError, match=r"extractor\.parts\.look\.crop must be 1 or more"):
        extract(illustrations, component(parts))


def test_parts_are_chosen_by_name_on_the_command_line(shared_data: Path, tmp_path: Path) -> None:
    words = [
        "dataset=illustrations",
        f"data_dir={shared_data}",
        "dataset.sample_per_class=2",
        "extractor=fusion",
        "extractor@extractor.parts.image=color_hist",
        "~extractor@extractor.parts.caption",
        "+extractor@extractor.parts.tags=multi_hot",
        "extractor.parts.tags.columns=[tags]",
        "extractor.part_weights.tags=0.5",
        "reducer=none",
        "view=pca",
    ]
    result = clusterlab.run(overrides=words, folder=tmp_path / "run")
    assert result.metrics["n_features"] == 96 + 6
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "supervised" in page
