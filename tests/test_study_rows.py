"""Every number that the museum, food and ncp studies publish, typed once more from the studies."""

from __future__ import annotations

import re
from functools import cache

import pytest

from clusterlab.config.compose import compose
from clusterlab.config.find import groups
from clusterlab.studies.definition import Study, read_study

# Experiment -> test accuracy in per cent, its deviation, then mean and deviation of precision and
# recall over all classes (the original rows), then over the selected classes.
SINGLE = """
vit_povo_original       68.32 1.52  .29 .02 .26 .02  .58 .01 .62 .01
vit_povo                70.99 0.73  -   -   -   -    .71 .02 .69 .02
vit_povo_frozen50       70.04 1.75  -   -   -   -    .69 .02 .65 .03
vit_povo_frozen80       67.48 1.13  -   -   -   -    .64 .01 .62 .01
vit_categoria_original  87.60 0.81  .78 .01 .76 .01  .86 .02 .84 .01
vit_categoria           88.64 1.53  -   -   -   -    .88 .01 .85 .01
vit_categoria_frozen50  87.43 1.37  -   -   -   -    .86 .02 .85 .02
vit_categoria_frozen80  86.30 1.30  -   -   -   -    .84 .02 .83 .02
dinov2_povo_original    62.73 0.62  .23 .01 .20 .01  .53 .02 .52 .01
dinov2_povo             71.46 1.13  -   -   -   -    .70 .01 .67 .01
dinov2_povo_frozen50    73.45 1.38  -   -   -   -    .72 .02 .70 .03
dinov2_povo_frozen80    74.70 1.24  -   -   -   -    .74 .03 .71 .01
dinov2_categoria_original 86.60 1.44 .80 .06 .78 .04 .84 .03 .83 .02
dinov2_categoria          90.21 1.22 -  -   -   -    .87 .02 .88 .02
dinov2_categoria_frozen50 89.90 0.88 -  -   -   -    .87 .01 .87 .02
dinov2_categoria_frozen80 90.52 0.64 -  -   -   -    .87 .01 .88 .01
"""
# Shares of povo and categoria -> accuracy, precision, recall of povo, then of categoria.
MULTI = """
vit_multihead_50_50    71.38 1.29 .72 .02 .68 .02  88.16 0.59 .86 .01 .85 .02
vit_multihead_70_30    71.16 1.86 .72 .02 .68 .02  89.26 1.20 .89 .01 .88 .02
vit_multihead_30_70    70.28 0.95 .69 .01 .68 .01  89.40 1.09 .89 .02 .87 .02
dinov2_multihead_50_50 69.61 1.00 .68 .01 .66 .03  89.61 0.60 .87 .01 .87 .01
dinov2_multihead_70_30 68.91 1.12 .68 .01 .66 .00  87.69 1.38 .85 .02 .85 .02
dinov2_multihead_30_70 70.86 1.34 .68 .01 .67 .02  89.05 0.53 .87 .01 .86 .02
"""
# Features -> ARI of k-means, of DBSCAN.
FOOD = """
food_sift .0210 0
food_hog .0145 0
food_color .0076 0
food_canny .0198 .0060
food_lbp .0060 0
food_concat .0077 0
food_resnet50 .2285 0
food_blip_sbert .2115 .0140
food_effnet .2791 0
food_vilt_sbert .1699 .0426
food_vilt_sbert_legacy_decode .1699 .0426
food_effnet_ft .4540 0
food_blip_ft_sbert .7726 .7741
food_blip_ft_compress .7760 .7741
food_blip_ft_final .8164 .8164
"""
KAGGLE = {"kmeans": 0.8036, "dbscan": 0.8041, "agglomerative": 0.8036}
# Homogeneity, entropy and Q of the labels in the clusters of ncp_exp28.
LABELLED = """
ncp_label_llava16_7b_p1  without .797 .696 1.144
ncp_label_llava16_7b_p2  without .843 .564 1.494
ncp_label_llava16_7b_p2  with    .820 .701 1.169
ncp_label_llava16_13b_p2 without .811 .715 1.135
ncp_label_llava15_7b_p2  without .907 .335 2.707
"""

Numbers = dict[tuple[str, str], tuple[float, float | None]]
NAMES = ("museum", "food", "ncp")


@cache
def study(name: str) -> Study:
    return read_study(name)


def published(name: str) -> Numbers:
    """(row, measure) -> mean and deviation, of all that the study's file has."""
    return {
        (row, measure): (said.published, said.std)
        for row, told in study(name).rows.items()
        for measure, said in told.measures.items()
        if said.published is not None
    }


def lines(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def pairs(row: str, column: str, names: list[str], cells: list[str]) -> Numbers:
    """Of each measure a mean and a deviation; accuracies are typed in per cent."""
    found: Numbers = {}
    for name, mean, std in zip(names, cells[::2], cells[1::2], strict=True):
        if mean != "-":
            scale = 100 if name.endswith("accuracy") else 1
            found[row, f"{name}/{column}"] = (float(mean) / scale, float(std) / scale)
    return found


def same(found: Numbers, typed: Numbers) -> None:
    assert {*found} == {*typed}
    for key, (mean, std) in typed.items():
        assert found[key][0] == pytest.approx(mean, abs=1e-9), key
        assert found[key][1] == (std if std is None else pytest.approx(std, abs=1e-9)), key


def test_the_museum_s_numbers_are_the_study_s() -> None:
    typed: Numbers = {}
    kept = ["kept_precision", "kept_recall"]
    for row, *cells in lines(SINGLE):
        column = row.split("_")[1]
        # The balanced rows were tested on images of the classes that they keep.
        accuracy = "accuracy" if row.endswith("_original") else "kept_accuracy"
        typed |= pairs(row, column, [accuracy, "macro_precision", "macro_recall", *kept], cells)
    for row, *cells in lines(MULTI):
        typed |= pairs(row, "povo", ["kept_accuracy", *kept], cells[:6])
        typed |= pairs(row, "categoria", ["kept_accuracy", *kept], cells[6:])
    same(published("museum"), typed)
    measures = [m for row in study("museum").rows.values() for m in row.measures.items()]
    assert all(m.percent == ("accuracy" in key) for key, m in measures)


def test_the_food_study_s_numbers_are_its_own() -> None:
    typed: Numbers = {("food_effnet_ft", "accuracy/label"): (0.71, None)}
    for row, k_means, dbscan in lines(FOOD):
        typed[row, "ari/label"] = (float(k_means), None)
        typed[f"{row}_dbscan", "ari/label"] = (float(dbscan), None)
    for clusterer, ari in KAGGLE.items():
        typed[f"food_kaggle_{clusterer}", "ari/label"] = (ari, None)
        assert study("food").rows[f"food_kaggle_{clusterer}"].after == "food_blip_ft_final"
    same(published("food"), typed)


def test_the_ncp_study_s_numbers_are_its_own() -> None:
    cell = "scores.csv:value[metric=silhouette,space=reduced,noise=dropped,split=all]"
    typed: Numbers = {
        ("ncp_exp28", "n_clusters"): (262, None),
        ("ncp_exp28", "noise_share"): (0.0906, None),
        ("ncp_exp28", cell): (0.6402, None),
    }
    for row, noise, *cells in lines(LABELLED):
        for name, value in zip(("homogeneity", "entropy", "q"), cells, strict=True):
            where = f"homogeneity_summary.csv:{name}[label=llava,noise={noise}]"
            typed[row, where] = (float(value), None)
    same(published("ncp"), typed)


@pytest.mark.parametrize("name", NAMES)
def test_every_experiment_of_the_study_is_a_row(name: str) -> None:
    """By its own name, or, where it lacks one, under DBSCAN and the like on top of it."""
    start = {"museum": ("museum_", "vit_", "dinov2_"), "food": ("food_",), "ncp": ("ncp_",)}[name]
    rows = study(name).rows
    used = {row.experiment or label for label, row in rows.items()}
    assert {one for one in groups()["experiment"] if one.startswith(start)} == used


def test_the_ncp_study_searches_by_each_objective() -> None:
    rows = study("ncp").rows
    for row in (row for row in rows if re.fullmatch(r"ncp_(base|small)_\w+?_[a-z]+", row)):
        if row.endswith(("_db", "_noise")):
            continue
        assert rows[f"{row}_db"].words == ("search.objective=davies_bouldin",)
        assert (f"{row}_noise" in rows) == row.endswith("_hdbscan") == (f"{row}_db_noise" in rows)
    assert len(rows) == 1 + 18 * 2 + 6 * 2 + 9


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("museum", "museum_rop_mds_hdbscan"),
        ("museum", "museum_triangle"),
        ("food", "food_sift_dbscan_auto"),
        ("food", "food_blip_ft_final_dbscan"),
        ("food", "food_blip_ft_final_agglomerative"),
        ("ncp", "ncp_base_pca_hdbscan_db_noise"),
    ],
)
def test_a_row_s_words_compose(name: str, row: str) -> None:
    told = study(name).rows[row]
    config = compose([f"+experiment={told.experiment or row}", *told.words])
    if "dbscan" in row and "hdbscan" not in row:
        assert config.clusterer._target_.endswith("DBSCAN")
        assert config.clusterer.eps == ("auto" if row.endswith("auto") else 0.5)
        assert config.clusterer.min_samples == 10


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_compare_says_why(name: str) -> None:
    """Rows that our split, our images or our decoding keeps from being the study's number."""
    rows = study(name).rows
    told = {row for row in rows if rows[row].why}
    expected = {
        "museum": {line[0] for line in lines(SINGLE) + lines(MULTI)},
        "food": {row for row in rows if re.search("compress|kaggle|vilt_sbert(_dbscan)?$", row)},
        "ncp": set(),
    }
    assert told == expected[name]
    assert study(name).flaws
