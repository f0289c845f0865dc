"""What every figure shares: size, type, axes, and how it is saved."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

INK = "#23282d"
MUTED = "#6a7178"
RULE = "#d9dcdf"
WIDTH = 8.0
DPI = 150
TITLE_SIZE = 12.0
SMALL = 9.0
COMPRESSION = 4


def plain(text: str, limit: int = 32) -> str:
    """Text that matplotlib draws as it is: one line, cut to `limit`, no mathematics.

    >>> plain("a$b$")
    'a\\\\$b\\\\$'
    >>> plain("a very long name of a class", 12)
    'a very long…'
    """
    line = "".join(c if c.isprintable() else " " for c in str(text)).strip()
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line.replace("$", r"\$")


def new_axes(
    *,
    height: float,
    title: str,
    caption: str = "",
    left: float = 0.9,
    right: float = 0.25,
    bottom: float = 0.65,
    columns: int = 1,
    gap: float = 0.55,
) -> tuple[Figure, list[Axes]]:
    """A figure 8 inches wide with a title, a caption under it, and axes beside one another.

    height, left, right, bottom, gap: inches, so that margins do not grow with the figure.
    """
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    write_heading(figure, title, caption)
    top = 0.42 + (0.28 if caption else 0.12)
    each = (WIDTH - left - right - gap * (columns - 1)) / columns
    axes = [
        figure.add_axes(
            (
                (left + position * (each + gap)) / WIDTH,
                bottom / height,
                each / WIDTH,
                (height - top - bottom) / height,
            )
        )
        for position in range(columns)
    ]
    for one in axes:
        calm(one)
    return figure, axes


def write_heading(figure: Figure, title: str, caption: str) -> None:
    """The title and, smaller, the caption, both from the figure's left edge."""
    height = figure.get_figheight()
    left = 0.15 / figure.get_figwidth()
    heading = figure.text(left, 1 - 0.14 / height, title, va="top", color=INK, weight="bold")
    heading.set_fontsize(TITLE_SIZE)
    figure.text(left, 1 - 0.41 / height, caption, va="top", color=MUTED, fontsize=SMALL)


def calm(axes: Axes) -> None:
    """Thin grey lines, no box, small grey numbers."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=SMALL, length=3, color=RULE)
    axes.xaxis.label.set(color=MUTED, fontsize=SMALL)
    axes.yaxis.label.set(color=MUTED, fontsize=SMALL)
    axes.set_axisbelow(True)


def render(figure: Figure) -> Image.Image:
    """The figure as RGB pixels."""
    canvas = FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", dpi="figure")
    size = canvas.get_width_height()
    return Image.frombytes("RGBA", size, buffer.getvalue()).convert("RGB")


def save(picture: Image.Image, path: Path) -> None:
    """Write a PNG; the same pixels give the same bytes, with no date or version in them."""
    picture.save(path, format="PNG", compress_level=COMPRESSION)
