"""The five studies in little time, on the real images and weights that stand in for their own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from clusterlab.config.find import studies
from clusterlab.studies.definition import matches, read_study
from tests.runs import here


@pytest.mark.parametrize("name", sorted(studies()))
def test_each_study_runs_in_little_time(name: str, shared_data: Path, tmp_path: Path) -> None:
    weights = shared_data.parent / "weights"
    words = (f"data_dir={shared_data}", f"weights_dir={weights}", "report.max_thumbnails=10")
    done = here("study", "run", name, "--smoke", *words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / done.stdout.splitlines()[-1]
    found = pd.read_csv(folder / "results.csv", keep_default_na=False, dtype=str)
    assert found["ours"].ne("").any(axis=None)
    only = read_study(name).stand_in.smoke.only
    ran = {row for row, ours in zip(found["row"], found["ours"], strict=True) if ours}
    for pattern in only:
        assert any(matches(row, [pattern]) for row in ran), f"{pattern} has no number"
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "say nothing about the published ones" in text
    # Of other images no difference is taken.
    assert not found["difference"].ne("").any()
