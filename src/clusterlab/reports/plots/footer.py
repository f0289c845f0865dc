"""A band below a figure that says what its run, or the figure, is marked with."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from PIL import Image

from clusterlab.reports.plots.canvas import DPI, INK, SMALL, WIDTH, plain, render

HEIGHT = 0.3
GROUND = "#fbe7b8"


def with_footer(picture: Image.Image, footer: Image.Image | None) -> Image.Image:
    """The figure with the footer below it: in the figure it might cover something."""
    if footer is None:
        return picture
    whole = Image.new("RGB", (picture.width, picture.height + footer.height), "white")
    whole.paste(picture, (0, 0))
    whole.paste(footer, (0, picture.height))
    return whole


def draw_footer(marks: Sequence[str]) -> Image.Image | None:
    """A band as wide as every figure, or None without marks."""
    return _band(f"This run is marked: {', '.join(marks)}") if marks else None


def draw_mixture(n_seen: int, n_unseen: int) -> Image.Image | None:
    """The same for a map of images of which training has seen some; None of all or none."""
    if not n_seen or not n_unseen:
        return None
    return _band(f"This map mixes {n_seen:,} images seen in training with {n_unseen:,} unseen ones")


def draw_synthetic(column: str, marks: Sequence[str]) -> Image.Image:
    """The same for labels that a model made. marks: of that model."""
    text = f"A model made the labels of “{plain(column, 28)}”; no person has looked at them"
    # `_band` makes it plain once more.
    return _band(", ".join([text.replace(r"\$", "$"), *marks]))


def draw_circular(column: str) -> Image.Image:
    """The same for labels that were made of the features."""
    return _band(f"Circular: “{column[:28]}” was made of the features that are scored against it")


def _band(text: str) -> Image.Image:
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor=GROUND)
    line = plain(text, 90)
    figure.text(0.15 / WIDTH, 0.5, line, va="center", color=INK, fontsize=SMALL, weight="bold")
    return render(figure)
