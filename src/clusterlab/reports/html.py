"""report.html: one file that needs no network, no server and no other file."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from clusterlab import __version__
from clusterlab.outcome import Outcome
from clusterlab.reports.names import (
    highlight_names,
    label_slugs,
    projection_names,
    split_map_names,
)
from clusterlab.reports.page import captions
from clusterlab.reports.page.ceiling import ceiling
from clusterlab.reports.page.clusters import cluster_cards
from clusterlab.reports.page.dataset import dataset
from clusterlab.reports.page.headline import headline
from clusterlab.reports.page.learned import learned, rows_on_page
from clusterlab.reports.page.macro import macro
from clusterlab.reports.page.made import made
from clusterlab.reports.page.map_data import map_data
from clusterlab.reports.page.meaning import meaning
from clusterlab.reports.page.neighbours import neighbours
from clusterlab.reports.page.people import people
from clusterlab.reports.page.scores import all_scores, headline_scores
from clusterlab.reports.page.stability import stability
from clusterlab.reports.page.text import number, picture, plural, projection, script_json
from clusterlab.reports.page.thumbs import Thumbs, choose_thumbs
from clusterlab.reports.seen import mixture
from clusterlab.reports.synthetic import column_tags


def write_html(
    outcome: Outcome,
    path: Path,
    *,
    figures: Path,
    max_thumbnails: int = 2000,
    thumbnails: dict[int, bytes | None] | None = None,
) -> None:
    """Write the page. figures: the folder that write_figures filled.

    max_thumbnails: images that have a thumbnail, every cluster its share; samples and mistakes come
    on top. thumbnails: row -> WebP
    as made by write_figures; those that are missing are made.
    """
    cache = {} if thumbnails is None else thumbnails
    thumbs = choose_thumbs(outcome, most=max_thumbnails, cache=cache)
    section = learned(outcome, figures, cache)
    page = _page(outcome, thumbs, section, figures, path.parent, cache)
    path.write_text(_environment().get_template("report.html.j2").render(page), encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Compiled once a process: a sweep writes many pages."""
    environment = Environment(
        loader=PackageLoader("clusterlab.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "plural": plural}
    return environment


def _page(
    outcome: Outcome,
    thumbs: Thumbs,
    section: dict[str, Any] | None,
    figures: Path,
    folder: Path,
    cache: dict[int, bytes | None],
) -> dict[str, Any]:
    """What the templates see. section: what a fine-tuned model learned."""
    voices = captions.authors(outcome)
    clusters = cluster_cards(outcome, thumbs, voices)
    data = dataset(outcome, figures, thumbs, voices)
    pictured = [one for card in clusters["cards"] for one in (*card["strip"], *card["more"])]
    on_page = {one["row"] for one in (*pictured, *data["samples"])} | rows_on_page(section)
    n_seen, n_unseen = mixture(outcome)
    plotly, script = _script(get_plotlyjs()), _script(_asset("map.js"))
    return {
        "head": headline(outcome),
        "marks": outcome.features.marks,
        "scores": headline_scores(outcome),
        "learned": section,
        "stability": stability(outcome),
        "meaning": meaning(outcome, figures),
        "people": people(outcome, figures),
        "ceiling": ceiling(outcome, figures),
        "macro": macro(outcome, figures),
        "neighbours": neighbours(outcome, figures, cache),
        "all_scores": all_scores(outcome),
        "views": list(outcome.views),
        "projection": projection(outcome.views),
        "label_columns": [str(column) for column in outcome.collection.labels.columns],
        "label_tags": {str(c): column_tags(outcome, str(c)) for c in outcome.collection.labels},
        "has_splits": len(set(outcome.collection.split)) > 1,
        "n_seen": n_seen,
        "n_unseen": n_unseen,
        "n_images": len(outcome.collection),
        "n_dimensions": outcome.reduced.values.shape[1],
        "n_thumbs": sum(map(len, thumbs.chosen.values())),
        "maps": _maps(outcome, figures),
        "map_json": script_json(map_data(outcome, thumbs, voices, on_page=on_page)),
        "clusters": clusters,
        "sizes": picture(figures, "cluster_sizes.png", "Bar chart of the cluster sizes"),
        "silhouettes": picture(figures, "silhouettes.png", "Silhouette of each cluster"),
        "tables": _tables(outcome, figures),
        "variance": picture(figures, "explained_variance.png", "Variance kept by the PCA"),
        "data": data,
        "made": made(outcome, folder),
        "version": __version__,
        "style": Markup(_asset("style.css")),
        "scripts": {"plotly": plotly, "map": script},
        "script_hashes": Markup(" ".join(_hash(one) for one in (plotly, script))),
    }


def _maps(outcome: Outcome, figures: Path) -> list[Any]:
    """The static maps: on paper and without JavaScript they stand for the interactive one."""
    drawn = [
        picture(figures, name, f"Map {view} coloured by {column or 'cluster'}")
        for (view, column), name in projection_names(outcome.views, outcome.collection).items()
    ]
    drawn += [
        picture(figures, name, f"Map {view} coloured by split")
        for view, name in split_map_names(outcome.views, outcome.collection).items()
    ]
    drawn += [
        picture(figures, name, f"Map {view} of the chosen classes")
        for view, name in highlight_names(outcome.views).items()
    ]
    return [one for one in drawn if one]


def _tables(outcome: Outcome, figures: Path) -> list[Any]:
    drawn = [
        picture(figures, f"contingency_{slug}.png", f"Classes of {column} against clusters")
        for column, slug in label_slugs(outcome.collection).items()
    ]
    return [one for one in drawn if one]


def _asset(name: str) -> str:
    return resources.files("clusterlab.reports").joinpath("templates", name).read_text("utf-8")


def _script(code: str) -> Markup:
    """A script that is safe inside <script>: it cannot end the element early."""
    return Markup(code.replace("</script", r"<\/script").replace("<!--", r"<\!--"))


def _hash(script: Markup) -> str:
    """The script's name in the page's security policy: the browser runs these and no others."""
    digest = hashlib.sha256(str(script).encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
