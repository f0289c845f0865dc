"""What a leaderboard says about runs that were made with scikit-learn alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from clusterlab.errors import DataError, UsageError
from clusterlab.reports.compare.leaderboard import Comparison, compare
from tests.compare_runs import write_run, write_unfinished


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """k = 8 and k = 10, three seeds each."""
    tmp_path = tmp_path_factory.mktemp("runs")
    for number, (k, seed) in enumerate((k, seed) for k in (8, 10) for seed in (0, 1, 2)):
        write_run(tmp_path / "sweep" / str(number), k=k, seed=seed)
    return tmp_path / "sweep"


def metrics_of(folder: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((folder / "metrics.json").read_text())
    return found


def order(comparison: Comparison, column: str) -> list[str]:
    return comparison.table[column].tolist()


def test_runs_that_differ_only_in_the_seed_are_one_row(sweep: Path) -> None:
    comparison = compare([sweep])
    assert comparison.table["n_seeds"].tolist() == [3, 3]
    assert comparison.warnings == ()
    for _, row in comparison.table.iterrows():
        runs = [3, 4, 5] if row["clusterer.n_clusters"] == "10" else [0, 1, 2]
        ari = [metrics_of(sweep / str(number))["ari/label"] for number in runs]
        assert len(set(ari)) == 3, "the seeds must differ for the test to mean anything"
        assert row["ari/label"] == pytest.approx(np.mean(ari))
        assert row["ari/label std"] == pytest.approx(np.std(ari, ddof=1))
        assert row["seeds"] == "0|1|2"


def test_columns_are_what_differs_and_no_seed(sweep: Path) -> None:
    table = compare([sweep]).table
    assert list(table.columns[:4]) == ["run", "clusterer.n_clusters", "n_seeds", "seeds"]
    assert not [column for column in table.columns if "random_state" in column]


def test_by_seed_gives_each_run_its_row(sweep: Path) -> None:
    table = compare([sweep], by_seed=True).table
    assert len(table) == 6
    assert sorted(table["seed"]) == ["0", "0", "1", "1", "2", "2"]
    assert "ari/label std" not in table.columns


def test_a_random_state_apart_from_the_seed_is_a_setting(tmp_path: Path) -> None:
    write_run(tmp_path / "0", seed=0)
    write_run(tmp_path / "1", seed=0, random_state=1)
    write_run(tmp_path / "2", seed=0, random_state=2)
    table = compare([tmp_path]).table
    assert sorted(table["random_state"]) == ["0", "1", "2"]


def test_a_random_state_fixed_at_the_first_seed_still_pools(tmp_path: Path) -> None:
    for seed in (0, 1, 2):
        write_run(tmp_path / str(seed), seed=seed, random_state=0)
    assert compare([tmp_path]).table["n_seeds"].tolist() == [3]


def test_a_repeated_seed_counts_once_and_the_newest(tmp_path: Path) -> None:
    write_run(tmp_path / "old", seed=0, finished="2025-01-01T10:00:00+00:00")
    write_run(tmp_path / "new", seed=0, finished="2025-01-02T10:00:00+00:00")
    write_run(tmp_path / "other", seed=1)
    comparison = compare([tmp_path])
    values = [metrics_of(tmp_path / name)["ari/label"] for name in ("new", "other")]
    (row,) = comparison.table.to_dict(orient="records")
    assert row["n_seeds"] == 2
    assert row["ari/label std"] == pytest.approx(np.std(values, ddof=1))
    assert row["folders"] == f"{tmp_path / 'new'}|{tmp_path / 'other'}"
    assert [str(tmp_path / "old") in warning for warning in comparison.warnings] == [True]
    assert len(compare([tmp_path], by_seed=True).table) == 3


def test_the_same_run_given_twice_is_one_run(tmp_path: Path) -> None:
    write_run(tmp_path / "a")
    comparison = compare([tmp_path, tmp_path / "a", tmp_path / "." / "a"])
    assert comparison.warnings == ()
    assert len(comparison.table) == 1


def test_best_first_by_the_ari_of_the_first_label_column(tmp_path: Path) -> None:
    found = {
        k: write_run(tmp_path / str(k), k=k, labels=("label", "parity"))["ari/label"]
        for k in (3, 10, 30)
    }
    comparison = compare([tmp_path])
    best_first = sorted(found, key=lambda k: -found[k])
    assert order(comparison, "clusterer.n_clusters") == [str(k) for k in best_first]
    assert (comparison.metric, comparison.ranked) == ("ari/label", True)


@pytest.mark.parametrize(
    ("metric", "sort", "ascending"),
    [
        ("davies_bouldin", "auto", True),
        ("davies_bouldin/reduced", "desc", False),
        ("ami/parity", "auto", False),
        ("silhouette", "auto", False),
        ("silhouette", "asc", True),
        ("seconds", "auto", True),
    ],
)
def test_sorted_by_any_metric_in_its_own_direction(
    tmp_path: Path, metric: str, sort: str, ascending: bool
) -> None:
    for k in (3, 10, 30):
        write_run(tmp_path / str(k), k=k, labels=("label", "parity"))
    comparison = compare([tmp_path], metric=metric, sort=sort)  # type: ignore[arg-type]
    values = comparison.table[comparison.metric].tolist()
    assert values == sorted(values, reverse=not ascending)


def test_unknown_metric_offers_the_nearest(sweep: Path) -> None:
    with pytest.raises(UsageError, match=r"'ari/lable'.*Did you mean 'ari/label'\?.*n_clusters"):
        compare([sweep], metric="ari/lable")


def test_different_images_are_said_and_not_ranked(tmp_path: Path) -> None:
    write_run(tmp_path / "whole", k=8)
    write_run(tmp_path / "part", k=10, images=slice(0, 200))
    comparison = compare([tmp_path])
    assert not comparison.ranked
    (warning,) = [text for text in comparison.warnings if "different images" in text]
    assert "240 images (split all)" in warning
    assert "200 images (split all)" in warning
    assert sorted(comparison.table["images"]) == ["A", "B"]
    assert comparison.table["caveats"].str.contains("scored on different images").all()


def test_as_many_but_other_images_are_different_images(tmp_path: Path) -> None:
    write_run(tmp_path / "first", k=8, images=slice(0, 200))
    write_run(tmp_path / "last", k=10, images=slice(40, 240))
    assert "Rows were scored on different images" in compare([tmp_path]).warnings[0]


def test_only_the_scored_split_counts(tmp_path: Path) -> None:
    for k in (8, 10):
        write_run(tmp_path / str(k), k=k)
        path = tmp_path / str(k) / "metrics.json"
        path.write_text(path.read_text().replace('"scored_split": "all"', '"scored_split": "test"'))
        table = tmp_path / str(k) / "assignments.csv"
        lines = table.read_text().splitlines(keepends=True)
        lines[1:101] = [line.replace(",all,", ",test,") for line in lines[1:101]]
        # Other training images do not make the scores incomparable.
        table.write_text("".join(lines if k == 8 else lines[:-20]))
    assert compare([tmp_path]).warnings == ()


def test_other_labels_on_the_same_images_are_said(tmp_path: Path) -> None:
    write_run(tmp_path / "a", k=8)
    write_run(tmp_path / "b", k=10)
    path = tmp_path / "b" / "assignments.csv"
    path.write_text(path.read_text().replace(",4\n", ",four\n"))
    comparison = compare([tmp_path])
    assert not comparison.ranked
    assert "different labels in column 'label'" in comparison.warnings[0]


def test_different_spaces_are_said_and_do_not_rank(tmp_path: Path) -> None:
    write_run(tmp_path / "8", n_components=8)
    write_run(tmp_path / "20", n_components=20)
    by_ari, by_silhouette = compare([tmp_path]), compare([tmp_path], metric="silhouette")
    assert by_ari.ranked
    assert not by_silhouette.ranked
    for comparison in (by_ari, by_silhouette):
        assert "2 different spaces; do not rank by them" in comparison.warnings[0]
    assert sorted(by_ari.table["space reduced"]) == ["A", "B"]


def test_the_digest_of_the_values_decides_what_one_space_is(tmp_path: Path) -> None:
    write_run(tmp_path / "same" / "0", extractor="pixels", spaces={"reduced": "abc"})
    write_run(tmp_path / "same" / "1", extractor="grey", spaces={"reduced": "abc"})
    assert compare([tmp_path / "same"]).warnings == ()
    write_run(tmp_path / "other" / "0", k=8, spaces={"reduced": "abc"})
    write_run(tmp_path / "other" / "1", k=10, spaces={"reduced": "def"})
    assert "different spaces" in compare([tmp_path / "other"]).warnings[0]


def test_without_labels_the_silhouette_ranks_only_in_one_space(tmp_path: Path) -> None:
    for k in (4, 8, 12):
        write_run(tmp_path / "one" / str(k), k=k, labels=())
    one = compare([tmp_path / "one"])
    assert (one.metric, one.ranked) == ("silhouette/reduced", True)
    assert one.metrics == (
        "silhouette/reduced",
        "n_clusters",
        "noise_share",
        "davies_bouldin/reduced",
    )
    write_run(tmp_path / "two" / "0", labels=(), n_components=20)
    two = compare([tmp_path / "one", tmp_path / "two"])
    assert (two.metric, two.ranked) == (None, False)
    assert "different spaces" in two.warnings[0]


def test_rows_without_the_metric_come_last(tmp_path: Path) -> None:
    write_run(tmp_path / "a", name="unlabelled", labels=())
    write_run(tmp_path / "b", name="labelled", k=3)
    comparison = compare([tmp_path])
    assert order(comparison, "run") == ["labelled", "unlabelled"]
    assert "Without ari/label, and therefore last: unlabelled." in comparison.warnings


def test_supervised_rows_are_tagged_on_their_own_column(tmp_path: Path) -> None:
    write_run(tmp_path / "a", name="tuned", seen_labels=("label",), labels=("label", "parity"))
    write_run(tmp_path / "b", name="plain", k=8, labels=("label", "parity"))
    by_label, by_parity = compare([tmp_path]), compare([tmp_path], metric="ari/parity")
    tags = dict(zip(by_label.table["run"], by_label.table["supervised"], strict=True))
    assert tags == {"tuned": "label", "plain": ""}
    assert "Supervised: the features of tuned" in by_label.warnings[0]
    assert not [warning for warning in by_parity.warnings if "Supervised" in warning]


def test_unfinished_and_damaged_runs_are_left_out_by_name(tmp_path: Path) -> None:
    write_run(tmp_path / "0")
    write_unfinished(tmp_path / "1", state="running", stage="extract")
    write_run(tmp_path / "2", k=8)
    (tmp_path / "2" / "assignments.csv").unlink()
    comparison = compare([tmp_path])
    assert len(comparison.table) == 1
    reasons = {one.folder.name: one.reason for one in comparison.left_out}
    assert reasons["1"] == "running, stage extract"
    assert "assignments.csv" in reasons["2"]


def test_only_unfinished_runs_is_an_error(tmp_path: Path) -> None:
    write_unfinished(tmp_path / "1")
    with pytest.raises(DataError, match=r"failed, stage reduce"):
        compare([tmp_path])


def test_a_path_that_is_no_run(tmp_path: Path) -> None:
    write_run(tmp_path / "a")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="No such run"):
        compare([tmp_path / "missing"])
    with pytest.raises(UsageError, match="is no run folder and holds none"):
        compare([tmp_path / "empty"])
    with pytest.raises(UsageError, match=r"is a file.*Did you mean its folder '.*a'"):
        compare([tmp_path / "a" / "metrics.json"])


def test_chance_comes_from_the_row_of_the_headline(tmp_path: Path) -> None:
    write_run(tmp_path / "a")
    table = compare([tmp_path]).table
    assert 0.1 < table["purity/label chance"][0] < table["purity/label"][0]


def test_a_custom_component_goes_by_its_class(tmp_path: Path) -> None:
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", k=8, _target_="sklearn.cluster.Birch")
    path = tmp_path / "b" / "environment.json"
    path.write_text(path.read_text().replace('"kmeans"', '"custom"'))
    assert sorted(compare([tmp_path]).table["clusterer"]) == ["Birch", "kmeans"]
