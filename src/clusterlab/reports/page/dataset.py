"""The dataset summary as the page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clusterlab.outcome import Outcome
from clusterlab.reports.names import label_slugs
from clusterlab.reports.page.captions import Author
from clusterlab.reports.page.captions import summary as text_summary
from clusterlab.reports.page.text import NOTHING, number, percent, picture, plural
from clusterlab.reports.page.thumbs import Thumbs, picture_of
from clusterlab.reports.sheets import sample_rows
from clusterlab.reports.synthetic import column_tags


def dataset(
    outcome: Outcome, figures: Path, thumbs: Thumbs, voices: Sequence[Author]
) -> dict[str, Any]:
    """facts: (name, text). labels, numeric: table rows. texts: who said what, and how often.
    pictures: figures. samples: thumbnails."""
    summary = outcome.summary
    drawn = [
        picture(figures, f"classes_{slug}.png", f"Bar chart of the images per class of {column}")
        for column, slug in label_slugs(outcome.collection).items()
    ]
    drawn.append(picture(figures, "image_sizes.png", "Histograms of the image sizes"))
    return {
        "facts": list(_facts(summary)),
        "labels": [
            _label_row(name, label, column_tags(outcome, name))
            for name, label in summary["labels"].items()
        ],
        "numeric": [_numeric_row(name, column) for name, column in summary["numeric"].items()],
        "texts": text_summary(voices),
        "duplicates": summary["duplicates"]["examples"],
        "pictures": [one for one in drawn if one],
        "samples": [picture_of(outcome, thumbs, voices, row) for row in sample_rows(outcome)],
    }


def _facts(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Images", f"{summary['n_images']:,}"
    if summary["n_failed"]:
        yield "Listed but not found", f"{summary['n_failed']:,}"
    splits = summary["splits"]
    if len(splits) > 1:
        yield "Split", ", ".join(f"{name} {count:,}" for name, count in splits.items())
    yield "Exact duplicates", _duplicates(summary["duplicates"])
    if summary["text"] is not None:
        yield "Text", f"{summary['text']['missing']:,} images without"
    sizes = summary["sizes"]
    if sizes["sampled"]:
        yield "Sizes measured on", f"{sizes['n_measured']:,} images drawn at random"
    if sizes["n_unread"]:
        yield "Size unreadable", plural(sizes["n_unread"], "image")


def _duplicates(found: Mapping[str, Any]) -> str:
    if not found["n_groups"]:
        return "none"
    text = f"{plural(found['n_extra'], 'extra copy', 'extra copies')} in "
    text += plural(found["n_groups"], "group")
    conflicts = [f"“{name}” in {count:,}" for name, count in found["conflicting"].items() if count]
    return f"{text}; copies disagree on {', '.join(conflicts)}" if conflicts else text


def _label_row(name: str, label: Mapping[str, Any], tags: Sequence[str]) -> list[str]:
    counts = label["counts"]
    beside = [*(["several values an image"] if label["multi_valued"] else []), *tags]
    return [
        f"{name} ({', '.join(beside)})" if beside else name,
        f"{label['n_classes']:,}",
        f"{counts[0][0]} ({counts[0][1]:,})" if counts else NOTHING,
        f"{counts[-1][0]} ({counts[-1][1]:,})" if counts else NOTHING,
        f"{label['imbalance']:.1f} : 1" if label["imbalance"] else NOTHING,
        f"{label['missing']:,} ({percent(label['missing_share'])})",
    ]


def _numeric_row(name: str, column: Mapping[str, Any]) -> list[str]:
    return [
        name,
        *(number(column[key]) for key in ("min", "median", "max")),
        f"{column['missing']:,}",
    ]
