"""The README.md of a study's record."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from clusterlab.studies.definition import Study
from clusterlab.studies.drawn import chart_files, figure_name
from clusterlab.studies.lacking import Needed
from clusterlab.studies.markdown import cell, line, named_rows, table
from clusterlab.studies.results import Result
from clusterlab.studies.state import State
from clusterlab.studies.summary import came_of_it, left_out
from clusterlab.studies.tables import results_section
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
    """Title, question, what was run, what came of it, results and figures.

    takes_path: whether the study's images are somewhere on the disk. figures: the folder of them.
    """
    parts = [
        _head(study, occasion),
        _what_ran(study, occasion, states, models),
        _commands(study, occasion, takes_path=takes_path),
        came_of_it(study, states, rows),
        results_section(rows, stands_in=occasion.stands_in),
        _figures(study, figures),
        left_out(states, rows),
        _flaws(study),
        _weights(states, models),
        _made(states),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(study: Study, occasion: Occasion) -> str:
    lines = [f"# {study.title}", "", study.question]
    if occasion.stands_in:
        smoke = " This is the short version of continuous integration." if occasion.smoke else ""
        lines += [
            "",
            f"**Other images and models than the study's: {study.stand_in.what}. They show that "
            "the rows can be had; their numbers say nothing about the published "
            f"ones.**{smoke}",
        ]
    return "\n".join(lines)


def _what_ran(
    study: Study,
    occasion: Occasion,
    states: Sequence[State],
    models: Mapping[str, Sequence[Needed]],
) -> str:
    runs = [run for state in states for run in state.runs.values()]
    ran = [state for state in states if state.runs] or states
    taken = dict.fromkeys(one.model for state in ran for one in models.get(state.task.label, ()))
    lines = [] if occasion.stands_in else [f"- Images: {line(study.data)}."]
    if runs:
        counts = [f"{n:,}" for n in sorted({int(run.metrics["n_images"]) for run in runs})]
        sizes = " to ".join(dict.fromkeys([counts[0], counts[-1]]))
        lines.append(f"- Images in a row: {sizes}.")
    if taken:
        lines.append(f"- Pretrained models: {', '.join(map(cell, taken))}.")
    if runs:
        seeds = sorted({seed for state in states for seed in state.runs})
        lines.append(f"- Seeds: {', '.join(map(str, seeds))}.")
    if occasion.stands_in and study.stand_in.columns:
        pairs = [f"{here} for {its}" for its, here in study.stand_in.columns.items()]
        lines.append(f"- Label columns, which go by the study's names below: {', '.join(pairs)}.")
    lines.append(f"- Published numbers: {line(study.source)}.")
    if occasion.stands_in:
        lines.append(f"- The study's own data, which is not here: {line(study.data)}.")
    return "\n".join(lines)


def _commands(study: Study, occasion: Occasion, *, takes_path: bool) -> str:
    check = command("check", study, occasion, takes_path=takes_path)
    return "\n".join(
        [
            "```sh",
            command("run", study, occasion, takes_path=takes_path),
            "```",
            "",
            f"`{check}` says what is lacking. What ran already is kept, so the command goes on "
            "where it stopped; `--only ROW` runs a row by itself.",
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
        [cell(model), f"`{cell(how)}`", named_rows(taking, states)]
        for model, (how, taking) in fetched.items()
    ]
    lines += [
        [cell(one.model), cell(one.how), named_rows(taking, states)]
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
            *table(["model", "where its weights come from", "rows"], lines),
        ]
    )


def _figures(study: Study, folder: Path) -> str:
    found = [(folder / figure_name(one), one.caption) for one in study.figures]
    found += [(file, one.caption) for one in study.charts for file in chart_files(one, folder)]
    lines = [
        f"![{line(caption)}]({folder.name}/{file.name})\n\n{line(caption)}"
        for file, caption in found
        if file.is_file()
    ]
    return "\n\n".join(["## Figures", *lines]) if lines else ""


def _flaws(study: Study) -> str:
    if not study.flaws:
        return ""
    lines = [f"- {line(flaw)}" for flaw in study.flaws]
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
