"""Every reducer and view in conf/, and what answers for what a reducer returns."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import get_object, instantiate
from omegaconf import OmegaConf
from scipy.spatial.distance import cdist
from sklearn import decomposition
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clusterlab.errors import ComponentError, ConfigError
from clusterlab.reducers._neighbours import exact_neighbours
from clusterlab.reducers.explained_variance import explained_variance
from clusterlab.reducers.pca import PCA
from clusterlab.reducers.reduce import reduce
from clusterlab.reducers.trimap import TriMap
from clusterlab.reducers.tsne import TSNE
from clusterlab.reducers.umap import UMAP

CONF = Path(__file__).resolve().parent.parent / "conf"


def _components() -> dict[str, Any]:
    """Every reducer and view that can be built as it stands and learns from no label, by
    "group/option"; those that do are in test_mlp.py."""
    found = {}
    for path in sorted(CONF.glob("reducer/*.yaml")):
        found[f"reducer/{path.stem}"] = OmegaConf.load(path)
    for path in sorted(CONF.glob("view/*.yaml")):
        for name, config in OmegaConf.load(path).items():
            found[f"view/{name}"] = config
    return {
        name: OmegaConf.to_container(config)
        for name, config in found.items()
        if not OmegaConf.is_missing(config, "_target_")
        and not hasattr(get_object(config["_target_"]), "learn")
    }


COMPONENTS = _components()


def build(name: str, *, seed: int = 0) -> Any:
    return instantiate(OmegaConf.create({"seed": seed, "it": COMPONENTS[name]}).it)


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """120 real scans, 64 pixels each."""
    return load_digits().data[:120].astype(np.float32)


@pytest.mark.parametrize("name", COMPONENTS)
def test_contract(name: str, digits: np.ndarray) -> None:
    before = digits.copy()
    first, notes = reduce(build(name), digits)
    again, _ = reduce(build(name), digits)
    assert first.shape[0] == 120
    assert 1 <= first.shape[1] <= 64
    assert first.shape[1] == 2 or name.startswith("reducer/")
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert first.tobytes() == again.tobytes()
    assert digits.tobytes() == before.tobytes()
    assert notes == ()


@pytest.mark.parametrize("name", ["view/umap", "view/trimap", "view/mds"])
def test_another_seed_gives_another_layout(name: str, digits: np.ndarray) -> None:
    first, other = (reduce(build(name, seed=seed), digits)[0] for seed in (0, 1))
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("name", "least"),
    [("umap", 0.9), ("tsne", 0.9), ("trimap", 0.9), ("pca", 0.8), ("mds", 0.75)],
)
def test_views_keep_neighbours(name: str, least: float, digits: np.ndarray) -> None:
    layout, _ = reduce(build(f"view/{name}"), digits)
    assert trustworthiness(digits, layout, n_neighbors=10) > least


@pytest.mark.parametrize("name", [name for name in COMPONENTS if "trimap" not in name])
@pytest.mark.parametrize("n", [3, 5, 10, 16])
def test_tiny_collections_work(name: str, n: int, digits: np.ndarray) -> None:
    layout, _ = reduce(build(name), digits[:n])
    assert len(layout) == n


def test_trimap_says_how_many_images_it_needs(digits: np.ndarray) -> None:
    with pytest.raises(ComponentError, match=r"n_inliers=12 and n_outliers=4 .* 17 images, not 10"):
        reduce(TriMap(), digits[:10])
    assert len(reduce(TriMap(), digits[:17])[0]) == 17


@pytest.mark.parametrize("reducer", [PCA(), UMAP(), TSNE()])
def test_one_image_is_a_clear_error(reducer: Any, digits: np.ndarray) -> None:
    with pytest.raises(ComponentError, match=r"needs at least \d images, not 1"):
        reduce(reducer, digits[:1])


def test_what_a_reducer_changed_by_itself_is_noted(digits: np.ndarray) -> None:
    assert reduce(PCA(n_components=50), digits[:30])[1] == (
        "PCA kept 30 components, not 50: 30 images with 64 features allow no more.",
    )
    assert reduce(UMAP(), digits[:10])[1] == (
        "UMAP looked at 9 neighbours, not 15: there are 10 images.",
    )
    assert reduce(TSNE(), digits[:22])[1] == (
        "t-SNE used a perplexity of 7, not 30: there are only 22 images.",
    )
    chain = make_pipeline(StandardScaler(), PCA(n_components=50), UMAP(n_neighbors=40))
    assert [note.split()[0] for note in reduce(chain, digits[:30])[1]] == ["PCA", "UMAP"]


def test_pca_agrees_with_an_eigendecomposition(digits: np.ndarray) -> None:
    pca = PCA(n_components=5)
    reduced, _ = reduce(pca, digits)
    eigenvalues = np.linalg.eigvalsh(np.cov(digits.astype(np.float64).T))[::-1]
    share = eigenvalues / eigenvalues.sum()
    np.testing.assert_allclose(pca.explained_variance_ratio_, share[:5], rtol=1e-4)
    np.testing.assert_allclose(reduced.var(axis=0, ddof=1), eigenvalues[:5], rtol=1e-4)
    np.testing.assert_allclose(pca.transform(digits), reduced, atol=1e-3)


def test_pca_keeps_the_share_of_variance_asked_for(digits: np.ndarray) -> None:
    kept = reduce(PCA(n_components=0.9), digits)[0].shape[1]
    share = decomposition.PCA().fit(digits).explained_variance_ratio_.cumsum()
    assert share[kept - 1] > 0.9 >= share[kept - 2]


@pytest.mark.parametrize("n_components", [0, -3, 1.5])
def test_pca_refuses_a_senseless_number(n_components: float) -> None:
    with pytest.raises(ConfigError, match=f"n_components={n_components}"):
        PCA(n_components=n_components)


def test_explained_variance_is_found_in_a_chain(digits: np.ndarray) -> None:
    chain = make_pipeline(StandardScaler(), PCA(n_components=4), UMAP(n_epochs=5))
    reduce(chain, digits)
    share = explained_variance(chain)
    assert share is not None
    scaled = StandardScaler().fit_transform(digits)
    expected = decomposition.PCA(4, random_state=0).fit(scaled).explained_variance_ratio_
    np.testing.assert_allclose(share, expected, rtol=1e-5)
    assert explained_variance(UMAP()) is None


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
def test_neighbours_are_exact(metric: str, digits: np.ndarray) -> None:
    X = digits + 1000 if metric == "euclidean" else digits
    indices, distances = exact_neighbours(X, n_neighbors=7, metric=metric)
    true = cdist(X.astype(np.float64), X.astype(np.float64), metric)
    np.testing.assert_array_equal(indices[:, 0], np.arange(120))
    np.testing.assert_allclose(distances, np.sort(true, axis=1)[:, :7], atol=1e-5)
    np.testing.assert_allclose(distances, np.take_along_axis(true, indices, axis=1), atol=1e-5)


def test_copies_and_empty_rows_have_themselves_as_first_neighbour() -> None:
    X = np.zeros((12, 4), dtype=np.float32)
    X[8:, 1] = 2
    indices, distances = exact_neighbours(X, n_neighbors=3, metric="cosine")
    np.testing.assert_array_equal(indices[:, 0], np.arange(12))
    assert all(len(set(row)) == 3 for row in indices)
    assert (distances == 0).all()
    _, far = exact_neighbours(X, n_neighbors=12, metric="cosine")
    np.testing.assert_allclose(far[0], [0] * 8 + [1] * 4)


def test_umap_takes_any_metric_of_umap_learn(digits: np.ndarray) -> None:
    layout, notes = reduce(UMAP(metric="manhattan"), digits)
    assert notes == ()
    assert trustworthiness(digits, layout, n_neighbors=10, metric="manhattan") > 0.9


def test_chain_is_the_same_as_its_steps(digits: np.ndarray) -> None:
    chained, _ = reduce(build("reducer/standardize_pca"), digits)
    by_hand, _ = reduce(PCA(n_components=50), reduce(StandardScaler(), digits)[0])
    np.testing.assert_allclose(chained, by_hand, atol=1e-5)


class _Returns:
    """A user's reducer that returns what it is given."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def fit_transform(self, X: np.ndarray) -> Any:
        X += 1  # A careless estimator: the caller's features must survive it.
        return self.values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0], [np.nan], [2.0]], "NaN or infinity in 1 of 3 rows"),
        ([[1e300], [0.0], [2.0]], "NaN or infinity in 1 of 3 rows"),
        ([1.0, 2.0, 3.0], r"shape \(3,\); expected \(3, r\)"),
        ([[1.0], [2.0]], r"shape \(2, 1\)"),
        (np.empty((3, 0)), r"shape \(3, 0\)"),
        ([["a"], ["b"], ["c"]], "not numbers"),
        (None, "_Returns"),
    ],
)
def test_useless_results_are_refused(values: Any, message: str) -> None:
    X = np.arange(6, dtype=np.float32).reshape(3, 2)
    with pytest.raises(ComponentError, match=message):
        reduce(_Returns(values), X)
    np.testing.assert_array_equal(X, np.arange(6).reshape(3, 2))


def test_float64_becomes_float32() -> None:
    X = np.arange(6, dtype=np.float32).reshape(3, 2)
    values, _ = reduce(_Returns([[0.1], [1e-50], [2.0]]), X)
    np.testing.assert_array_equal(values, np.float32([[0.1], [0], [2]]))


def test_the_error_of_a_library_names_the_reducer_and_keeps_its_cause(digits: np.ndarray) -> None:
    with pytest.raises(
        ComponentError, match=r"Reducer PCA failed on 20 x 64 features: .*n_components=50"
    ) as caught:
        reduce(decomposition.PCA(50), digits[:20])
    assert isinstance(caught.value.__cause__, ValueError)


def test_equal_features_are_refused() -> None:
    with pytest.raises(ComponentError, match="all 4 images are equal"):
        reduce(PCA(), np.full((4, 3), 0.5, dtype=np.float32))


class _Warns:
    def fit_transform(self, X: np.ndarray) -> np.ndarray:
        for _ in range(3):
            warnings.warn("did not converge", UserWarning, stacklevel=1)
        warnings.warn("use another argument", FutureWarning, stacklevel=1)
        return X


def test_warnings_about_the_data_become_notes_and_others_pass(digits: np.ndarray) -> None:
    with pytest.warns(FutureWarning, match="use another argument") as passed:
        _, notes = reduce(_Warns(), digits)
    assert notes == ("_Warns warned: did not converge",)
    assert len(passed) == 1


def test_layouts_repeat_in_another_process(digits: np.ndarray) -> None:
    code = (
        "import hashlib, clusterlab, numpy as np\n"
        "from sklearn.datasets import load_digits\n"
        "from clusterlab.reducers.reduce import reduce\n"
        "from clusterlab.reducers.tsne import TSNE\n"
        "from clusterlab.reducers.trimap import TriMap\n"
        "X = load_digits().data[:120].astype(np.float32)\n"
        "for r in (TSNE(), TriMap()):\n"
        "    print(hashlib.sha256(reduce(r, X)[0].tobytes()).hexdigest())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = [hashlib.sha256(reduce(r, digits)[0].tobytes()).hexdigest() for r in (TSNE(), TriMap())]
    assert done.stdout.split() == here
