"""Who may import whom: cli -> config -> pipeline -> stages -> what they share."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "clusterlab"
# What drives the stages, and what they share.
NO_STAGES = {"cli", "config", "pipeline", "tuning", "api", "models", "reading", "studies"}
STAGES = {
    folder.name
    for folder in PACKAGE.iterdir()
    if (folder / "__init__.py").exists() and folder.name not in NO_STAGES
}
# From the bottom: what the stages share (rank 0, by default), the stages, and what drives them.
LAYERS = [
    {"models", "reading"},
    STAGES,
    {"pipeline", "tuning", "predicting"},
    {"config"},
    {"api", "studies"},
    {"cli"},
]
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(file: Path) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def part(file: Path) -> str:
    """The stage folder, or the module, that a file belongs to."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_the_stages_are_found() -> None:
    assert {"datasets", "extractors", "reducers", "clusterers", "metrics", "reports"} <= STAGES


def rank(name: str) -> int:
    """How high a part of the package stands; imports go to the same rank at most."""
    for place, names in enumerate(LAYERS):
        if name in names:
            return place
    return 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_imports_point_downwards(file: Path) -> None:
    own = {name.split(".")[1] for name in imported(file) if name.startswith("clusterlab.")}
    if part(file) in STAGES:
        assert not own & (STAGES - {part(file)}), "stage folders do not import each other"
    if part(file) not in ("__init__", "__main__"):
        above = {name for name in own - {part(file)} if rank(name) > rank(part(file))}
        assert not above, f"{part(file)} must not know what is above it"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_only_config_and_cli_know_hydra(file: Path) -> None:
    outside = {name.split(".")[0] for name in imported(file)}
    if part(file) not in ("config", "cli"):
        assert not outside & {"hydra", "omegaconf"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_modules_stay_small(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 300
