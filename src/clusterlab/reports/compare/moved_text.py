"""What moved between two runs, as short lines of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

from clusterlab.reports.compare.configs import is_seed
from clusterlab.reports.compare.moved import NOISE, Moved
from clusterlab.reports.compare.names import plain
from clusterlab.reports.compare.read_runs import Run
from clusterlab.reports.compare.scores import label_of, show, synthetic_in
from clusterlab.reports.compare.settings import chosen, stages_apart

_N_FLOWS = 5
_N_SETTINGS = 10


def moved_lines(moved: Moved, keys: Sequence[str]) -> list[str]:
    """A title line, then indented lines. keys: the metrics whose differences are shown."""
    lines = [
        f"What moved from {_folder(moved.first)} to {_folder(moved.second)}",
        *agreement(moved),
    ]
    flows = [flow_line(moved, number) for number in range(min(_N_FLOWS, len(moved.flows)))]
    lines += _listed("Largest moves (cluster numbers are each run's own):", flows, len(moved.flows))
    settings = setting_lines(moved)
    lines += _listed("Settings:", settings[:_N_SETTINGS], len(settings))
    scores = score_lines(moved, keys)
    return [lines[0], *(f"  {line}" for line in [*lines[1:], *_listed("Scores:", scores)])]


def _folder(run: Run) -> str:
    marks = f" ({', '.join(run.marks)})" if run.marks else ""
    return plain(f"{run.folder}{marks}")


def agreement(moved: Moved) -> list[str]:
    """How far the two clusterings agree, in sentences."""
    if not moved.n_common:
        return ["The runs have no image in common."]
    found = [
        f"The clusterings agree by ARI {moved.ari:.3f}, AMI {moved.ami:.3f} on "
        f"{moved.n_common:,} common images.",
        f"{moved.n_changed:,} images ({moved.n_changed / moved.n_common:.1%}) changed cluster, "
        f"after the clusters were matched by overlap.",
    ]
    if moved.n_only_first or moved.n_only_second:
        found.append(
            f"Not compared: {moved.n_only_first:,} images of the first run only, "
            f"{moved.n_only_second:,} of the second only."
        )
    return found


def flow_line(moved: Moved, number: int) -> str:
    """One flow: from where to where, how many, mostly which label, a few ids."""
    flow = moved.flows[number]
    source, target = (cluster_name(cluster) for cluster in (flow.source, flow.target))
    mostly = f", mostly {plain(flow.top_label)}" if flow.top_label else ""
    examples = ", ".join(plain(example) for example in flow.examples)
    return f"{source} -> {target}: {flow.n:,}{mostly} (such as {examples})"


def setting_lines(moved: Moved) -> list[str]:
    """Options that differ, then config values that differ under the same option; of the seeds
    that follow the run's own, only that one."""
    first, second = moved.first, moved.second
    seeds = (str(first.seed), str(second.seed))
    stages = stages_apart([first, second])
    found = [
        f"{stage.replace('.', '/')}: {chosen(first, stage) or '-'} -> "
        f"{chosen(second, stage) or '-'}"
        for stage in stages
    ]
    found += [
        f"{key}: {before} -> {after}"
        for key, before, after in moved.config
        if not any(f"{key}.".startswith(f"{stage}.") for stage in stages)
        and not (is_seed(key) and key != "seed" and (before, after) == seeds)
    ]
    return [plain(line) for line in found]


def score_lines(moved: Moved, keys: Sequence[str]) -> list[str]:
    """The scores that differ, with the difference."""
    found = []
    for key, before, after in moved.scores:
        if key in keys:
            change = after - before
            sign = "" if math.isnan(change) else f" ({'-' if change < 0 else '+'}"
            sign += f"{show(key, abs(change))})" if sign else ""
            made = {*synthetic_in(moved.first.metrics), *synthetic_in(moved.second.metrics)}
            tag = " (synthetic)" if label_of(key) in made else ""
            found.append(f"{plain(key)}{tag}: {show(key, before)} -> {show(key, after)}{sign}")
    return found


def cluster_name(cluster: int) -> str:
    """How a cluster is called in a sentence."""
    return "noise" if cluster == NOISE else f"cluster {cluster}"


def _listed(title: str, lines: Sequence[str], total: int | None = None) -> list[str]:
    if not lines:
        return []
    more = (total or len(lines)) - len(lines)
    rest = [f"  and {more:,} more (all with --format json)"] if more else []
    return [title, *(f"  {line}" for line in lines), *rest]
