"""Every figure of a run, as PNG files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from clusterlab.outcome import Outcome
from clusterlab.reports.called import called
from clusterlab.reports.ceiling_figures import draw_ceiling
from clusterlab.reports.classes import classes_of
from clusterlab.reports.highlight import draw_highlights
from clusterlab.reports.macro_figures import circular_bands, draw_macro
from clusterlab.reports.maps import (
    cluster_groups,
    count_clusters,
    draw_cluster_map,
    draw_label_map,
    draw_split_map,
)
from clusterlab.reports.meaning_figures import draw_meaning, synthetic_bands
from clusterlab.reports.names import (
    highlight_names,
    label_slugs,
    projection_names,
    split_map_names,
)
from clusterlab.reports.page.text import plural
from clusterlab.reports.palette import NOISE_GREY, PALETTE
from clusterlab.reports.people_figures import draw_people
from clusterlab.reports.plots.bars import draw_bars
from clusterlab.reports.plots.canvas import plain, render, save
from clusterlab.reports.plots.contingency import draw_contingency
from clusterlab.reports.plots.footer import draw_footer, draw_mixture, with_footer
from clusterlab.reports.plots.histograms import draw_image_sizes
from clusterlab.reports.plots.silhouettes import draw_silhouettes
from clusterlab.reports.plots.variance import draw_variance
from clusterlab.reports.seen import mixture, seen_splits
from clusterlab.reports.sheets import draw_samples, draw_sheets
from clusterlab.reports.training_figures import draw_training
from clusterlab.types import NOISE


def write_figures(
    outcome: Outcome, folder: Path, *, thumbnails: dict[int, bytes | None] | None = None
) -> list[Path]:
    """Draw all figures into an existing folder. Returns the paths, in the order written.

    What the features are marked with stands below each; below a map, that it mixes images which
    training has seen with others; and below what shows labels that a model made, that one did.
    thumbnails: row -> WebP; filled as needed, so that write_html can use them again.
    """
    cache = {} if thumbnails is None else thumbnails
    paths = []
    footer, mixed = draw_footer(outcome.features.marks), draw_mixture(*mixture(outcome))
    maps = {
        *projection_names(outcome.views, outcome.collection).values(),
        *split_map_names(outcome.views, outcome.collection).values(),
        *highlight_names(outcome.views).values(),
    }
    made = synthetic_bands(outcome) | circular_bands(outcome)
    # Compressing goes on beside drawing.
    with ThreadPoolExecutor(1) as pool:
        written = []
        for name, figure in _figures(outcome, cache):
            paths.append(folder / name)
            picture = with_footer(render(figure), made.get(name))
            picture = with_footer(picture, mixed if name in maps else None)
            written.append(pool.submit(save, with_footer(picture, footer), paths[-1]))
        for one in written:
            one.result()
    return paths


def _figures(outcome: Outcome, cache: dict[int, bytes | None]) -> Iterator[tuple[str, Figure]]:
    collection, labels = outcome.collection, outcome.clustering.labels
    columns = {name: classes_of(collection, name) for name in label_slugs(collection)}
    for (view, column), name in projection_names(outcome.views, collection).items():
        points = outcome.views[view]
        if column is None:
            yield name, draw_cluster_map(points, labels, view=view)
        else:
            yield name, draw_label_map(points, columns[column], view=view)
    for view, name in split_map_names(outcome.views, collection).items():
        split, seen = collection.split, seen_splits(outcome)
        yield name, draw_split_map(outcome.views[view], split, seen, view=view)
    yield from draw_highlights(outcome, columns)
    yield from draw_training(outcome)
    yield "cluster_sizes.png", _sizes(outcome)
    yield from _silhouettes(outcome)
    for column, slug in label_slugs(collection).items():
        label = outcome.summary["labels"].get(column)
        if label and label["counts"]:
            yield f"classes_{slug}.png", _class_counts(column, label, outcome.summary["n_images"])
        if columns[column].names:
            yield f"contingency_{slug}.png", draw_contingency(columns[column], labels)
    yield from draw_meaning(outcome, columns)
    yield from draw_macro(outcome)
    yield from draw_ceiling(outcome)
    yield from draw_people(outcome)
    if outcome.explained_variance is not None and len(outcome.explained_variance):
        yield "explained_variance.png", draw_variance(outcome.explained_variance)
    sizes = outcome.summary["sizes"]
    if sizes["width"]:
        widths, heights = np.array(sizes["width"]), np.array(sizes["height"])
        yield "image_sizes.png", draw_image_sizes(widths, heights)
    yield "samples.png", draw_samples(outcome, cache)
    yield from draw_sheets(outcome, cache)


def _sizes(outcome: Outcome) -> Figure:
    labels = outcome.clustering.labels
    groups, _ = cluster_groups(labels)
    names = {f"cluster {c}": called(outcome, int(c)) for c in outcome.clustering.clusters}
    sizes = [group.count for group in groups if group.role == "cluster"]
    spread = f"The largest holds {max(sizes):,}, the smallest {min(sizes):,}" if sizes else ""
    # Noise first: it must not vanish among the bars that there is no room for.
    ordered = sorted(groups, key=lambda group: group.role != "noise")
    return draw_bars(
        [names.get(group.name, group.name) for group in ordered],
        [group.count for group in ordered],
        [group.colour for group in ordered],
        title=f"Cluster sizes: {count_clusters(labels)}",
        caption=spread,
        of=len(labels),
        rest="smaller clusters",
    )


def _silhouettes(outcome: Outcome) -> Iterator[tuple[str, Figure]]:
    """Of each cluster, where there are two that have one."""
    table = outcome.evaluation.clusters
    if "silhouette" not in table or table["silhouette"].notna().sum() < 2:
        return
    is_noise = (table["cluster"] == NOISE).to_numpy()
    n_bad = int((table["silhouette"][~is_noise] < 0).sum())
    caption = f"The best first, each as wide as it is large; below zero: {n_bad:,}"
    if is_noise.any():
        caption += ". Noise counts as a cluster here, and comes last"
    yield (
        "silhouettes.png",
        draw_silhouettes(
            table["silhouette"].to_numpy(dtype=float),
            table["size"].to_numpy(dtype=int),
            noise=int(is_noise.argmax()) if is_noise.any() else None,
            colour=PALETTE[0],
            grey=NOISE_GREY,
            title="Silhouette of each cluster, in the reduced space",
            caption=caption,
        ),
    )


def _class_counts(column: str, label: Mapping[str, Any], n_images: int) -> Figure:
    """label: the column's entry in the dataset summary."""
    names = [str(name) for name, _ in label["counts"]]
    caption = f"n={n_images:,}, {label['missing']:,} without a value"
    if label["multi_valued"]:
        caption += "; an image counts for each of its values"
    if len(names) > 1:
        caption = f"The largest has {label['imbalance']:.1f} times the smallest. {caption}"
    return draw_bars(
        names,
        [count for _, count in label["counts"]],
        [PALETTE[0]] * len(names),
        title=f"Images per class of “{plain(column)}”: {plural(len(names), 'class', 'classes')}",
        caption=caption,
        of=n_images,
        rest="smaller classes",
    )
