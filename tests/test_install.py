"""The configs are found wherever clusterlab runs from: a checkout, an editable install, a wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import clusterlab

LIST = ["-m", "clusterlab", "list", "experiment"]


def listed(python: Path | str, folder: Path, **extra: str) -> str:
    """`clusterlab list experiment` by some interpreter, from a folder that is no checkout."""
    done = subprocess.run(
        [str(python), *LIST],
        cwd=folder,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def where(python: Path | str, folder: Path, **extra: str) -> str:
    """Where that interpreter has clusterlab's configs from."""
    code = "from clusterlab.config.find import conf_dir; print(conf_dir())"
    return subprocess.run(
        [str(python), "-c", code],
        cwd=folder,
        env={**os.environ, **extra},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_from_a_checkout(root: Path, tmp_path: Path) -> None:
    source = str(root / "src")
    assert "ci_smoke" in listed(sys.executable, tmp_path, PYTHONPATH=source)
    assert where(sys.executable, tmp_path, PYTHONPATH=source) == str(root / "conf")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has this one's libraries, but not clusterlab."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    ours = Path(sys.executable).parent.parent.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text("".join(f"{path}\n" for path in ours))
    return folder


def install(python: Path, *words: str) -> None:
    """Installs with the pip of this environment into that of `python`."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "--force-reinstall",
            *words,
        ],
        check=True,
        capture_output=True,
    )


def test_from_an_editable_install(root: Path, bare: Path, tmp_path: Path) -> None:
    python = bare / "bin" / "python"
    install(python, "-e", str(root))
    assert "ci_smoke" in listed(python, tmp_path)
    assert where(python, tmp_path) == str(root / "conf")


def test_from_a_wheel(root: Path, bare: Path, tmp_path: Path) -> None:
    python = bare / "bin" / "python"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(tmp_path),
            str(root),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        names = set(files.namelist())
    shipped = {path.relative_to(root).as_posix() for path in (root / "conf").rglob("*.yaml")}
    assert {f"clusterlab/{name}" for name in shipped} <= names
    install(python, str(wheel))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert str(bare) in where(python, elsewhere)
    assert "ci_smoke" in listed(python, elsewhere)
    done = subprocess.run(
        [str(python), "-m", "clusterlab", "run", "+experiment=ci_smoke"],
        cwd=elsewhere,
        env={**os.environ, "CLUSTERLAB_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (elsewhere / done.stdout.splitlines()[-1] / "report.html").exists()


def test_the_version_is_told_once(root: Path) -> None:
    assert f'version = "{clusterlab.__version__}"' in (root / "pyproject.toml").read_text()
