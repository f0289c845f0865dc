"""Contact sheets of the clusters, and sample images of the collection."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from clusterlab.members import showcase
from clusterlab.outcome import Outcome
from clusterlab.reports.called import called
from clusterlab.reports.members import by_centrality
from clusterlab.reports.plots.canvas import plain
from clusterlab.reports.plots.mosaic import draw_mosaic
from clusterlab.reports.thumbnails import fill
from clusterlab.types import NOISE

MOST_SHEETS = 12
SHEET = 60
SAMPLE_COLUMNS = 8


def draw_samples(outcome: Outcome, cache: dict[int, bytes | None]) -> Figure:
    """The sample images of the dataset summary. cache: row -> WebP, filled as needed."""
    rows = sample_rows(outcome)
    fill(cache, outcome, rows)
    return draw_mosaic(
        [cache[row] for row in rows],
        title=f"Images of “{plain(outcome.collection.name)}”",
        caption=f"{len(rows)} of {len(outcome.collection):,}, drawn at random",
        columns=SAMPLE_COLUMNS,
    )


def sample_rows(outcome: Outcome) -> list[int]:
    """The rows of the summary's sample images, without those that no stage could use."""
    row = {id_: position for position, id_ in enumerate(outcome.collection.ids)}
    return [row[id_] for id_ in outcome.summary["sample_ids"] if id_ in row]


def draw_sheets(outcome: Outcome, cache: dict[int, bytes | None]) -> Iterator[tuple[str, Figure]]:
    """(file name, contact sheet) for each of the largest clusters and for noise."""
    ordered = by_centrality(outcome)
    clusters = [cluster for cluster in ordered if cluster != NOISE][:MOST_SHEETS]
    clusters += [NOISE] if NOISE in ordered else []
    sheets = {cluster: showcase(ordered[cluster], SHEET) for cluster in clusters}
    if sheets:
        fill(cache, outcome, np.concatenate([rows for rows, _ in sheets.values()]))
    for cluster, (rows, central) in sheets.items():
        name = "noise" if cluster == NOISE else f"cluster_{cluster}"
        size = len(ordered[cluster])
        yield (
            f"contact_sheet_{name}.png",
            draw_mosaic(
                [cache[row] for row in rows.tolist()],
                title=f"{plain(_title(outcome, cluster), 60)}: {size:,} images",
                caption=showcase_caption(cluster, len(rows), central, size),
            ),
        )


def _title(outcome: Outcome, cluster: int) -> str:
    """The cluster as a heading; its name stays as it is."""
    text = called(outcome, cluster)
    return text[:1].upper() + text[1:]


def showcase_caption(cluster: int, shown: int, central: int, size: int) -> str:
    """What a contact sheet shows, and in which order."""
    if cluster == NOISE:
        return "In random order" if shown == size else f"{shown} of {size:,}, drawn at random"
    if shown == size:
        return "All of them, the most central first"
    return f"First the {central} most central, then {shown - central} random others"
