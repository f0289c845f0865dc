"""What the museum, food and ncp studies needed besides: a figure, a cost, a scaling."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clusterlab
from clusterlab.errors import ConfigError
from clusterlab.reducers.scale import Scale
from clusterlab.reports.plots.silhouettes import draw_silhouettes


def test_clusters_stand_from_the_best_on_and_noise_last() -> None:
    values, sizes = np.array([0.2, 0.9, -0.1, np.nan, -0.8]), np.array([10, 5, 3, 1, 4])
    figure = draw_silhouettes(
        values, sizes, noise=4, colour="#0072b2", grey="#b4b4b4", title="t", caption="c"
    )
    (axes,) = figure.axes
    bars = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in axes.patches]
    assert bars == [(0, 5, 0.9), (5, 10, 0.2), (15, 3, -0.1), (18, 4, -0.8)]
    # The mean over all 22 images, as the headline has it: (4.5 + 2 - .3 - 3.2) / 22.
    assert [text.get_text() for text in axes.texts] == ["mean 0.136"]
    assert axes.patches[-1].get_facecolor() != axes.patches[0].get_facecolor()


def test_a_run_draws_it_and_k_modes_says_its_cost(shared_data: Path, tmp_path: Path) -> None:
    """The cost is the number of cells in which an object differs from its cluster's mode."""
    words = [
        *("dataset=illustrations", f"data_dir={shared_data}", "extractor.columns=[kind,tags]"),
        *("extractor.categories=null", "clusterer.n_clusters=4"),
    ]
    result = clusterlab.run("museum_kmodes_elbow", words, folder=tmp_path / "run")
    assert (tmp_path / "run" / "figures" / "silhouettes.png").is_file()
    assert "Silhouette of each cluster" in (tmp_path / "run" / "report.html").read_text("utf-8")
    found = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    table = pd.read_csv(shared_data / "illustrations" / "objects.csv", keep_default_na=False)
    table = table.set_index("id")
    table.loc[table["kind"] == "unidentified", "kind"] = ""
    cells = pd.concat([table[c].str.get_dummies("|") for c in ("kind", "tags")], axis=1)
    cells = cells.drop(columns="", errors="ignore")
    clusters = result.assignments.set_index("id")["cluster"]
    groups = cells.loc[clusters.index].groupby(clusters)
    # Against the mode, a column's mismatches are its rarer value.
    least = sum(np.minimum(part.sum(), len(part) - part.sum()).sum() for _, part in groups)
    assert found["cost"] == pytest.approx(least)


@pytest.mark.parametrize("scaler", ["none", "standard", "minmax", "robust", "maxabs"])
def test_scaling_is_that_of_its_parts(scaler: str) -> None:
    X = np.random.default_rng(0).normal(1, 3, size=(40, 5))
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    low, high = unit.min(axis=0), unit.max(axis=0)
    quartiles = np.percentile(unit, [25, 75], axis=0)
    expected = {
        "none": unit,
        "standard": (unit - unit.mean(axis=0)) / unit.std(axis=0),
        "minmax": (unit - low) / (high - low),
        "robust": (unit - np.median(unit, axis=0)) / (quartiles[1] - quartiles[0]),
        "maxabs": unit / np.abs(unit).max(axis=0),
    }[scaler]
    scale = Scale(scaler=scaler)
    np.testing.assert_allclose(scale.fit_transform(X), expected, atol=1e-12)
    np.testing.assert_allclose(scale.transform(X[:3]), expected[:3], atol=1e-12)


@pytest.mark.parametrize(
    ("words", "message"),
    [({"scaler": "minmx"}, "Did you mean 'minmax'"), ({"norm": "l3"}, "Use l1, l2, max or null")],
)
def test_an_unknown_scaling_is_refused(words: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Scale(**words)
