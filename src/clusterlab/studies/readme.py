"""The README.md of a study's record."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from clusterlab.studies import display
from clusterlab.studies.definition import Study
from clusterlab.studies.drawn import chart_files, figure_name
from clusterlab.studies.lacking import Needed
from clusterlab.studies.places import without_places
from clusterlab.studies.results import Result, State, together
from clusterlab.studies.tasks import Occasion

_LIBRARIES = (
    *("clusterlab", "python", "numpy", "scikit-learn", "umap-learn", "hdbscan"),
    *("torch", "timm", "transformers"),
)


def readme(
    *,
    study: Study,
    occasion: Occasion,
    states: Sequence[State],
    rows: Sequence[Result],
    models: Mapping[str, Sequence[Needed]],
    takes_path: bool,
    figures: Path,
) -> str:
    """Title, question, commands, results and figures.

    takes_path: whether the study's images are somewhere on the disk. figures: the folder of them.
    """
    parts = [
        _head(study, occasion),
        _commands(study, occasion, takes_path=takes_path),
        _weights(states, models),
        _results(occasion, rows),
        _left_out(states),
        _figures(study, figures),
        _flaws(study),
        _made(states),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(study: Study, occasion: Occasion) -> str:
    lines = [f"# {study.title}", ""]
    if occasion.stands_in:
        smoke = " This is the short version of continuous integration." if occasion.smoke else ""
        lines += [
            f"**Other images and models than the study's: {study.stand_in.what}. They show that "
            "the rows can be had; their numbers say nothing about the published "
            f"ones.**{smoke}",
            "",
        ]
    lines += [study.question, ""]
    lines += [f"- Source of the published numbers: {study.source}."]
    lines += [f"- The study's data: {study.data}."]
    return "\n".join(lines)


def _commands(study: Study, occasion: Occasion, *, takes_path: bool) -> str:
    return "\n".join(
        [
            "## To get it again",
            "",
            "```sh",
            command("check", study, occasion, takes_path=takes_path),
            command("run", study, occasion, takes_path=takes_path),
            "```",
            "",
            "The first says what is lacking. A run that is there already is kept, so the second "
            "goes on where it stopped. A row of the table by itself: `--only ROW`.",
        ]
    )


def command(verb: str, study: Study, occasion: Occasion, *, takes_path: bool) -> str:
    """The command line of this record; PATH stands for places on one machine."""
    words = ["clusterlab", "study", verb, study.name]
    if occasion.stands_in:
        words.append("--smoke" if occasion.smoke and verb == "run" else "--stand-in")
    elif takes_path:
        words += ["--dataset", "PATH"]
    if verb == "run":
        words += ["--seeds", str(occasion.seeds)] if occasion.seeds else []
        words += ["--without-gpu"] if occasion.without_gpu else []
    words += ["--config-dir", "DIR"] if occasion.config_dir else []
    words += [re.sub(r"=['\"]?(~|\.\.?)?/.*", "=PATH", word, flags=re.S) for word in occasion.words]
    return shlex.join(words)


def _weights(states: Sequence[State], models: Mapping[str, Sequence[Needed]]) -> str:
    takers: dict[Needed, list[str]] = {}
    fetched: dict[str, tuple[str, list[str]]] = {}
    for row, needed in models.items():
        for one in needed:
            if one.how.startswith("clusterlab fetch"):
                fetched.setdefault(one.model, (one.how, []))[1].append(row)
            else:
                takers.setdefault(Needed(one.model, one.how, here=True), []).append(row)
    lines = [
        f"| {_cell(model)} | `{_cell(how)}` | {_some(rows, states)} |"
        for model, (how, rows) in fetched.items()
    ]
    lines += [
        f"| {_cell(one.model)} | {_cell(one.how)} | {_some(taking, states)} |"
        for one, taking in takers.items()
    ]
    if not lines:
        return ""
    return "\n".join(
        [
            "## The weights",
            "",
            "Weight files of your own go in one folder: `weights_dir=FOLDER`, or the environment "
            "variable CLUSTERLAB_WEIGHTS; `extractor.weights=PATH` with `--only ROW` names one for "
            "a single row.",
            "",
            "| model | where its weights come from | rows |",
            "|-|-|-|",
            *lines,
        ]
    )


def _results(occasion: Occasion, rows: Sequence[Result]) -> str:
    names = ["row", "measure", "published", "on the stand-in" if occasion.stands_in else "ours"]
    names += ["why"] if occasion.stands_in else ["difference", "why"]
    lines = [f"| {' | '.join(names)} |", f"|{'-|' * len(names)}"]
    before: tuple[str, str, str] | None = None
    for row in rows:
        status = "as above" if before and before[:2] == (row.row, row.status) else row.status
        why = "as above" if row.why and before and before[::2] == (row.row, row.why) else row.why
        before = (row.row, row.status, row.why)
        shown = [row.row, display.measure(row), display.published(row)]
        shown += [_ours(row, status if row.status else "")]
        shown += [] if occasion.stands_in else [display.difference(row)]
        lines.append(f"| {' | '.join(_cell(text) for text in [*shown, why])} |")
    said = "Mean ± standard deviation over seeds (n - 1). results.csv has the numbers in full."
    return "\n".join(["## Results", "", *lines, "", said])


def _ours(row: Result, status: str) -> str:
    said = display.ours(row)
    said += f" ({display.n_seeds(row)})" if row.ours is not None else ""
    return "; ".join(part for part in (said, status) if part)


def _left_out(states: Sequence[State]) -> str:
    reasons: dict[str, list[str]] = {}
    for state in states:
        if state.status:
            reasons.setdefault(state.status, []).append(state.task.label)
    if not reasons:
        return ""
    lines = [f"- {_some(rows, states)}: {_line(why)}" for why, rows in reasons.items()]
    return "\n".join(["## Not run, and why", "", *lines])


def _figures(study: Study, folder: Path) -> str:
    found = [(folder / figure_name(one), one.caption) for one in study.figures]
    found += [(file, one.caption) for one in study.charts for file in chart_files(one, folder)]
    lines = [
        f"![{_line(caption)}]({folder.name}/{file.name})\n\n{_line(caption)}"
        for file, caption in found
        if file.is_file()
    ]
    return "\n\n".join(["## Figures", *lines]) if lines else ""


def _flaws(study: Study) -> str:
    if not study.flaws:
        return ""
    lines = [f"- {_line(flaw)}" for flaw in study.flaws]
    return "\n".join(["## Flaws of the original, and what is done about each", "", *lines])


def _made(states: Sequence[State]) -> str:
    told = [run.environment for state in states for run in state.runs.values()]
    if not told:
        return "## How it was made\n\nNothing was run yet."
    days = sorted({str(one.get("finished", ""))[:10] for one in told} - {""})
    when = " to ".join(dict.fromkeys([days[0], days[-1]])) if days else "on an unknown day"
    machines = dict.fromkeys(_machine(one) for one in told)
    versions = [_versions(name, told) for name in _LIBRARIES]
    n = f"{len(told)} run{'s' if len(told) > 1 else ''}"
    lines = [f"- {n}, finished {when}.", *(f"- On {one}." for one in machines)]
    lines += [f"- Versions: {', '.join(part for part in versions if part)}."]
    return "\n".join(["## How it was made", "", *lines])


def _versions(name: str, told: Sequence[Mapping[str, Mapping[str, str]]]) -> str:
    found = dict.fromkeys(one.get("versions", {}).get(name, "") for one in told)
    known = " and ".join(version for version in found if version not in ("", "absent"))
    return f"{name} {known}" if known else ""


def _machine(environment: Mapping[str, Mapping[str, object]]) -> str:
    machine = environment.get("machine", {})
    devices = environment.get("devices") or environment.get("device")
    parts = [str(machine.get("processor", "an unknown processor"))]
    parts += [f"{machine['cores']} cores"] if "cores" in machine else []
    parts += [f"{machine['memory_gib']:.0f} GiB"] if "memory_gib" in machine else []
    parts += [f"models on {devices}"] if devices else []
    return ", ".join(parts)


def _some(rows: Sequence[str], states: Sequence[State]) -> str:
    return _cell(", ".join(together(rows, [state.task.label for state in states])))


def _line(text: str) -> str:
    return " ".join(without_places(text).split())


def _cell(text: str) -> str:
    """A text as one cell of a Markdown table."""
    return _line(text).replace("|", "\\|").replace("<", "&lt;")
