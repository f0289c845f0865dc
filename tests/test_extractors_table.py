"""Features from label columns, on the real illustrations table and on small ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MultiLabelBinarizer, OneHotEncoder

from clusterlab.errors import ComponentError, DataError
from clusterlab.extractors.multi_hot import MultiHot
from clusterlab.extractors.random_orthonormal import RandomOrthonormal
from clusterlab.extractors.triangle import Triangle
from clusterlab.types import Collection, MemoryImage


def collection(ids: list[str], multi_valued: set[str] | None = None, **columns: Any) -> Collection:
    labels = pd.DataFrame(
        {name: pd.Series(cells, dtype=object) for name, cells in columns.items()},
        index=range(len(ids)),
    )
    return Collection(
        name="objects.csv",
        ids=tuple(ids),
        images=tuple(MemoryImage(b"") for _ in ids),
        digests=tuple(ids),
        labels=labels,
        multi_valued=frozenset(multi_valued or ()),
        split=np.array(["all"] * len(ids)),
        numeric=pd.DataFrame(index=range(len(ids))),
    )


@pytest.fixture(scope="module")
def table(shared_data: Path) -> pd.DataFrame:
    path = shared_data / "illustrations" / "objects.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def illustrations(table: pd.DataFrame) -> Collection:
    """`kind` with its placeholder missing, and the multi-valued `tags`."""
    kinds = [None if kind == "unidentified" else kind for kind in table["kind"]]
    tags = [tuple(cell.split("|")) if cell else () for cell in table["tags"]]
    return collection(list(table["id"]), {"tags"}, kind=kinds, tags=tags)


@pytest.fixture
def museum() -> Collection:
    """10 categories and 4 materials, the last of which no object has, as in the study."""
    materials: list[tuple[str, ...]] = [
        ("animal",), ("vegetal",), ("mineral",), ("animal", "vegetal"), ("animal", "mineral"),
        ("vegetal", "mineral"), ("animal", "vegetal", "mineral"), ("animal",), ("mineral",),
        ("vegetal",),
    ]  # fmt: skip
    return collection(
        [f"o{i}" for i in range(10)],
        {"material"},
        categoria=[f"c{i}" for i in range(10)],
        material=materials,
    )


MATERIALS = ["animal", "vegetal", "mineral", "sintetico"]


def test_multi_hot_agrees_with_scikit_learn_on_a_real_table(
    illustrations: Collection, table: pd.DataFrame
) -> None:
    ours = MultiHot(columns=["kind", "tags"]).transform(illustrations)
    kinds = OneHotEncoder(sparse_output=False).fit_transform(table[["kind"]])
    placeholder = sorted(set(table["kind"])).index("unidentified")
    tags = MultiLabelBinarizer().fit_transform(illustrations.labels["tags"])
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, np.hstack([np.delete(kinds, placeholder, axis=1), tags]))
    assert (ours[(table["kind"] == "unidentified") & (table["tags"] == "")] == 0).all()


def test_multi_hot_keeps_the_place_of_a_listed_category_that_does_not_occur(
    museum: Collection,
) -> None:
    ours = MultiHot(
        columns=["categoria", "material"], categories={"material": MATERIALS}
    ).transform(museum)
    assert ours.shape == (10, 14)
    assert ours[:, 13].tolist() == [0] * 10
    assert ours[4, 10:].tolist() == [1, 0, 1, 0]


def test_orthonormal_categories_are_unit_vectors_at_right_angles(museum: Collection) -> None:
    ours = RandomOrthonormal(
        columns=["categoria", "material"], categories={"material": MATERIALS}
    ).transform(museum)
    assert ours.shape == (10, 14)
    categoria, material = ours[:, :10], ours[:, 10:]
    np.testing.assert_allclose(categoria @ categoria.T, np.eye(10), atol=1e-6)
    np.testing.assert_allclose(material[3], material[0] + material[1], atol=1e-6)
    np.testing.assert_allclose((material[6] ** 2).sum(), 3, atol=1e-5)


def test_orthonormal_keeps_the_distances_of_the_real_multi_hot_table(
    illustrations: Collection,
) -> None:
    columns = ["kind", "tags"]
    ours = RandomOrthonormal(columns=columns).transform(illustrations)
    hot = MultiHot(columns=columns).transform(illustrations)
    np.testing.assert_allclose(ours @ ours.T, hot @ hot.T, atol=1e-5)
    missing = hot.sum(axis=1) == 0
    assert missing.any()
    assert (ours[missing] == 0).all()


def test_orthonormal_repeats_under_a_seed_and_a_column_does_not_move_the_others(
    illustrations: Collection,
) -> None:
    both = RandomOrthonormal(columns=["kind", "tags"], random_state=3).transform(illustrations)
    tags = RandomOrthonormal(columns=["tags"], random_state=3).transform(illustrations)
    other = RandomOrthonormal(columns=["tags"], random_state=4).transform(illustrations)
    assert both[:, -tags.shape[1] :].tobytes() == tags.tobytes()
    assert not np.allclose(tags, other)


def test_triangle_without_noise_is_the_mean_of_the_corners(museum: Collection) -> None:
    ours = Triangle(column="material", categories=MATERIALS[:3], sigma=0).transform(museum)
    top = -8 + 8 * 3**0.5
    assert ours.dtype == np.float32
    np.testing.assert_allclose(
        ours[:7],
        [
            [-8, -8], [8, -8], [0, top], [0, -8], [-4, (top - 8) / 2], [4, (top - 8) / 2],
            [0, (top - 16) / 3],
        ],
        atol=1e-5,
    )  # fmt: skip


def test_triangle_noise_has_the_stated_spread_and_belongs_to_the_id() -> None:
    ids = [f"{i:04}" for i in range(4000)]
    everything = collection(ids, m=["a", "b", "c", "c"] * 1000)
    extractor = Triangle(column="m", categories=["a", "b", "c"], random_state=5)
    ours = extractor.transform(everything)
    still = Triangle(column="m", categories=["a", "b", "c"], sigma=0).transform(everything)
    noise = ours - still
    np.testing.assert_allclose(noise.std(axis=0), 0.6, rtol=0.05)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.04)
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.06
    part = everything.take(ids[100:300])
    assert extractor.transform(part).tobytes() == ours[100:300].tobytes()
    again = Triangle(column="m", categories=["a", "b", "c"], random_state=6)
    assert not np.allclose(again.transform(part), ours[100:300])


def test_triangle_places_images_with_none_of_the_three_only_where_it_is_told_to() -> None:
    some = collection(["p", "q", "r", "s", "t"], {"m"}, m=[("a",), ("b", "x"), ("c",), ("x",), ()])
    with pytest.raises(DataError, match=r"2 of 5 images have none of a, b, c .* 's'.*missing_at"):
        Triangle(column="m", categories=["a", "b", "c"]).transform(some)
    ours = Triangle(column="m", categories=["a", "b", "c"], missing_at=[0, -16], sigma=0).transform(
        some
    )
    assert ours[3:].tolist() == [[0, -16]] * 2
    assert ours[1].tolist() == [8, -8]


@pytest.mark.parametrize(
    "extractor",
    [
        MultiHot(columns=["povoo"]),
        RandomOrthonormal(columns=["povoo"]),
        Triangle(column="povoo", categories=["a", "b", "c"]),
    ],
)
def test_an_unknown_column_is_answered_with_the_closest(extractor: Any) -> None:
    data = collection(["a"], povo=["x"], categoria=["y"])
    message = (
        "Unknown column 'povoo' in 'objects.csv' (extractor.columns). Did you mean 'povo'? "
        "Label columns: povo, "
    )
    with pytest.raises(DataError, match=re.escape(message)):
        extractor.transform(data)
    assert list(extractor.columns) == ["povoo"]


def test_a_column_without_any_value_is_an_error() -> None:
    data = collection(["a", "b"], povo=[None, None])
    with pytest.raises(DataError, match=r"'povo' of 'objects\.csv' has no value at all"):
        MultiHot(columns=["povo"]).transform(data)


def test_a_value_outside_the_listed_categories_is_an_error(museum: Collection) -> None:
    extractor = MultiHot(
        columns=["material"], categories={"material": ["animal", "vegetal", "minerals"]}
    )
    with pytest.raises(DataError, match=r"holds 'mineral'.*Did you mean 'minerals'\?"):
        extractor.transform(museum)


def test_a_triangle_category_that_no_image_has_is_an_error(museum: Collection) -> None:
    extractor = Triangle(column="material", categories=["animal", "vegetal", "mineiral"])
    with pytest.raises(DataError, match=r"'mineiral' in column 'material'\. Did you mean 'mineral"):
        extractor.transform(museum)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MultiHot(columns="povo"), r"Write extractor\.columns=\[povo\]"),
        (lambda: MultiHot(columns=["a", "a"]), "different columns"),
        (lambda: MultiHot(columns=[]), "one or more"),
        (lambda: MultiHot(columns=["povo"], categories={"pov": []}), "Did you mean 'povo'"),
        (lambda: Triangle(column="m", categories=["a", "b"]), "three different categories"),
        (lambda: Triangle(column="m", categories=["a", "b", "c"], missing_at=[1]), r"\[x, y\]"),
    ],
)
def test_impossible_settings_are_refused_when_built(build: Any, message: str) -> None:
    with pytest.raises(ComponentError, match=message):
        build()
