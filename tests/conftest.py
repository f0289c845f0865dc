"""What every test can ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# First of all libraries: it settles how numpy's threads wait, before numpy is loaded.
import clusterlab  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real collections beside the checkout, or at CLUSTERLAB_TEST_DATA."""
    folder = Path(os.environ.get("CLUSTERLAB_TEST_DATA", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no real collections at {folder}; set CLUSTERLAB_TEST_DATA")
    return folder


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's own store."""
    monkeypatch.setenv("CLUSTERLAB_CACHE", str(tmp_path / "cache"))
