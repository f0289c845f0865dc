"""What moved between two runs."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from clusterlab.cli.compare import main
from clusterlab.reports.compare.leaderboard import compare
from clusterlab.reports.compare.moved import match_clusters
from clusterlab.reports.compare.render_text import render_text
from tests.compare_runs import cluster, write_run


def test_moved_counts_images_against_every_possible_matching(tmp_path: Path) -> None:
    write_run(tmp_path / "a", k=5)
    write_run(tmp_path / "b", k=6)
    before, after = cluster(5, 0, 8)[1], cluster(6, 0, 8)[1]
    moved = compare([tmp_path]).moved
    assert moved is not None
    most_kept = max(
        sum(int(((before == a) & (after == b)).sum()) for a, b in enumerate(chosen))
        for chosen in permutations(range(6), 5)
    )
    assert moved.n_changed == 240 - most_kept
    assert moved.ari == pytest.approx(adjusted_rand_score(before, after))
    assert moved.ami == pytest.approx(adjusted_mutual_info_score(before, after))
    assert sum(flow.n for flow in moved.flows) == moved.n_changed
    largest = moved.flows[0]
    table = pd.read_csv(tmp_path / "a" / "assignments.csv", dtype={"id": str})
    images = table[(before == largest.source) & (after == largest.target)]
    assert (largest.n, largest.top_label) == (len(images), str(images["label"].mode()[0]))
    assert set(largest.examples) <= set(images["id"])
    assert moved.config == (("clusterer.n_clusters", "5", "6"),)
    assert ("n_clusters", 5.0, 6.0) in moved.scores


def test_renumbered_clusters_are_no_move(tmp_path: Path) -> None:
    write_run(tmp_path / "a", name="a")
    write_run(tmp_path / "b", name="b")
    path = tmp_path / "b" / "assignments.csv"
    table = pd.read_csv(path, dtype={"id": str})
    table["cluster"] = 9 - table["cluster"]
    table.to_csv(path, index=False)
    moved = compare([tmp_path]).moved
    assert moved is not None
    assert (moved.n_changed, moved.ari, moved.flows) == (0, 1.0, ())
    assert {match[:2] for match in moved.matches} == {(k, 9 - k) for k in range(10)}
    assert moved.config == (("name", "a", "b"),)
    assert moved.scores == ()


def test_noise_is_never_matched_with_a_cluster() -> None:
    before, after = np.array([-1] * 8 + [0] * 3), np.array([4] * 8 + [-1] * 3)
    assert match_clusters(before, after) == []
    assert match_clusters(before, before) == [(-1, -1, 8), (0, 0, 3)]


def test_images_of_one_run_only_are_counted_apart(tmp_path: Path) -> None:
    write_run(tmp_path / "a", images=slice(0, 200))
    write_run(tmp_path / "b", k=8, images=slice(50, 240))
    moved = compare([tmp_path]).moved
    assert moved is not None
    assert (moved.n_common, moved.n_only_first, moved.n_only_second) == (150, 50, 40)


def test_no_image_in_common(tmp_path: Path) -> None:
    write_run(tmp_path / "a", images=slice(0, 100))
    write_run(tmp_path / "b", k=8, images=slice(100, 240))
    comparison = compare([tmp_path])
    assert comparison.moved is not None
    assert np.isnan(comparison.moved.ari)
    assert "The runs have no image in common." in render_text(comparison)


def test_moved_is_shown_for_two_runs_in_each_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "a", k=5)
    write_run(tmp_path / "b", k=6, seed=1, extractor="hog")
    main([str(tmp_path)])
    text = capsys.readouterr().out
    assert "extractor: pixels -> hog" in text
    assert "clusterer.n_clusters: 5 -> 6" in text
    assert "seed: 0 -> 1" in text
    assert "extractor._target_" not in text, "the option says it already"
    assert "random_state" not in text, "the seed says it already"
    main([str(tmp_path), "--json"])
    content = json.loads(capsys.readouterr().out)["moved"]
    changed = f"{content['n_changed']:,} images"
    assert ["clusterer.n_clusters", "5", "6"] in content["config"]
    assert changed in text
    for form in ("markdown", "html"):
        main([str(tmp_path), "--format", form])
        assert changed in capsys.readouterr().out
    write_run(tmp_path / "c", k=7)
    assert compare([tmp_path]).moved is None
