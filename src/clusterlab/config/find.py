"""Finds conf/, and reads what it offers without Hydra, so that listing stays fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clusterlab.errors import ConfigError, closest

_PACKAGE = Path(__file__).resolve().parent.parent
STUDY = "study"
# Folders of conf/ that hold no options of a run: Hydra's own, and the studies, which are made of
# runs.
_NOT_GROUPS = {"hydra", STUDY}


def conf_dir() -> Path:
    """The folder of the configs: inside the package when installed as a wheel, else the
    checkout's conf/."""
    for folder in (_PACKAGE / "conf", _PACKAGE.parent.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise ConfigError(f"clusterlab's own conf/ is missing beside {_PACKAGE}; install it again.")


def groups(config_dir: Path | None = None) -> dict[str, dict[str, str]]:
    """group -> option -> its one-line description, from every config folder.

    The description is the first comment line of the option's YAML.
    """
    if config_dir is not None and not config_dir.is_dir():
        raise ConfigError(f"--config-dir {config_dir} is not a folder.")
    found: dict[str, dict[str, str]] = {}
    for root in _roots(config_dir):
        for file in sorted(root.glob("*/**/*.yaml")):
            group = file.parent.relative_to(root).as_posix()
            if group.split("/")[0] not in _NOT_GROUPS and not file.name.startswith("_"):
                found.setdefault(group, {})[file.stem] = first_comment(file)
    return dict(sorted(found.items()))


def options(group: str, config_dir: Path | None = None) -> dict[str, str]:
    """The options of one group. Raises ConfigError, with the closest match, for an unknown one."""
    known = groups(config_dir)
    if group == STUDY:
        raise ConfigError("A study is no option of a run. See: clusterlab study list.")
    if group not in known:
        raise ConfigError(
            f"Unknown group '{group}'.{closest(group, known)} Groups: {', '.join(known)}."
        )
    return known[group]


def studies(config_dir: Path | None = None) -> dict[str, Path]:
    """Name -> file, of every study; one of `config_dir` goes before one of the same name."""
    files = [file for root in _roots(config_dir) for file in root.glob(f"{STUDY}/*.yaml")]
    return dict(sorted((file.stem, file) for file in files if not file.name.startswith("_")))


def written(group: str, option: str, config_dir: Path | None = None) -> dict[str, Any]:
    """What an option's YAML says, its defaults included; {} where there is none."""
    import yaml

    for root in reversed(_roots(config_dir)):
        file = root / group / f"{option}.yaml"
        if file.is_file():
            found = yaml.safe_load(file.read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
    return {}


def options_with(group: str, key: str, config_dir: Path | None = None) -> list[str]:
    """The options of a group that have this argument, or a group of options of this name, as far
    as their YAML says.

    >>> options_with("clusterer", "min_samples")
    ['dbscan', 'hdbscan']
    """
    known = groups(config_dir).get(group, {})
    return [option for option in known if key in _keys(group, option, config_dir)]


def _keys(group: str, option: str, config_dir: Path | None) -> set[str]:
    content = written(group, option, config_dir)
    found = {key for key in content if key != "defaults"}
    for entry in content.get("defaults", []):
        if isinstance(entry, dict):
            found |= {str(name) for name in entry}
        elif entry != "_self_":
            found |= _keys(group, entry, config_dir)
    return found


def _roots(config_dir: Path | None) -> list[Path]:
    return [conf_dir(), *([config_dir] if config_dir else [])]


def first_comment(file: Path) -> str:
    """The first comment that is prose: experiments open with their command, a later line says
    what they are."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            text = line.removeprefix("#").strip()
            if not line.startswith("#"):
                break
            if text and not text.startswith(("@package", "clusterlab ")):
                return text
    return ""
