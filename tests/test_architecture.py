"""Who may import whom: cli -> config -> pipeline -> stages -> what they share."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "clusterlab"
ABOVE_STAGES = {"cli", "config", "pipeline", "api"}
STAGES = {
    folder.name
    for folder in PACKAGE.iterdir()
    if (folder / "__init__.py").exists() and folder.name not in ABOVE_STAGES
}
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


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_imports_point_downwards(file: Path) -> None:
    own = {name.split(".")[1] for name in imported(file) if name.startswith("clusterlab.")}
    if part(file) in STAGES:
        assert not own & (STAGES - {part(file)}), "stage folders do not import each other"
    if part(file) not in ABOVE_STAGES | {"__init__", "__main__"}:
        assert not own & ABOVE_STAGES, "nothing below the pipeline knows what is above it"
        if part(file) not in STAGES:
            assert not own & STAGES, "what the stages share knows none of them"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_only_config_and_cli_know_hydra(file: Path) -> None:
    outside = {name.split(".")[0] for name in imported(file)}
    if part(file) not in ("config", "cli"):
        assert not outside & {"hydra", "omegaconf"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_modules_stay_small(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 300
