"""Thumbnails in a grid: contact sheets and sample images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from clusterlab.reports.plots.canvas import DPI, WIDTH, write_heading
from clusterlab.reports.thumbnails import SIZE, pixels

COLUMNS = 10
GAP = 5
MARGIN = 24
HEADING = 0.75
PAPER = 244


def draw_mosaic(
    thumbnails: Sequence[bytes | None], *, title: str, caption: str, columns: int = COLUMNS
) -> Figure:
    """Thumbnails (WebP, None where unreadable) row by row, each whole, on light grey cells.

    The grid is copied pixel by pixel, never resampled, so that small scans stay crisp.
    """
    columns = min(columns, max(len(thumbnails), 1))
    cells = [_cell(content) for content in thumbnails]
    n_rows = -(-len(cells) // columns)
    step = SIZE + GAP
    grid = np.full((max(n_rows * step - GAP, 1), columns * step - GAP, 3), 255, np.uint8)
    for position, cell in enumerate(cells):
        row, column = divmod(position, columns)
        grid[row * step : row * step + SIZE, column * step : column * step + SIZE] = cell
    height = HEADING + (grid.shape[0] + MARGIN) / DPI
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    write_heading(figure, title, caption)
    figure.figimage(grid, xo=MARGIN, yo=MARGIN, origin="upper")
    return figure


def _cell(content: bytes | None) -> np.ndarray:
    cell = np.full((SIZE, SIZE, 3), PAPER, np.uint8)
    if content is None:
        line = np.arange(SIZE)
        cell[line, line] = cell[line, line[::-1]] = 205
        return cell
    image = pixels(content)
    top, left = (SIZE - image.shape[0]) // 2, (SIZE - image.shape[1]) // 2
    cell[top : top + image.shape[0], left : left + image.shape[1]] = image
    return cell
