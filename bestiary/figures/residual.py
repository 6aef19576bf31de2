"""What is left of a quantity over two knobs after a product: the panel beside a phase diagram."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm

from bestiary.catalog.interaction_claims import TOLERANCE
from bestiary.figures import style
from bestiary.maps.factorise import Factorisation

HUES = "PuOr_r"
MOST = 64  # cells that have their number


def draw(ax: Axes, found: Factorisation, rows: np.ndarray, columns: np.ndarray) -> None:
    """Draw the residual of ln y in each cell, white where it is 0; grey where it is not known.

    Args:
        ax: where; its scales are set.
        found: of the grid.
        rows: (I + 1) bounds of the cells of the first knob, which is drawn upwards.
        columns: (J + 1) those of the second.
    """
    seen = found.residual[np.isfinite(found.residual)]
    far = max(2 * TOLERANCE, float(np.abs(seen).max(initial=0.0)))
    ax.set_facecolor("#DDDDDD")
    shown = np.ma.masked_invalid(found.residual)
    mesh = ax.pcolormesh(columns, rows, shown, cmap=HUES, norm=TwoSlopeNorm(0, -far, far), linewidth=0)
    if found.residual.size <= MOST:
        logs = ax.get_yscale() == "log", ax.get_xscale() == "log"
        both = zip((rows, columns), logs, strict=True)
        middles = [np.sqrt(b[:-1] * b[1:]) if log else (b[:-1] + b[1:]) / 2 for b, log in both]
        for i, j in zip(*np.nonzero(np.isfinite(found.residual)), strict=True):
            value = found.residual[i, j]
            colour = style.PAPER if abs(value) > 0.7 * far else style.INK
            at = float(middles[1][j]), float(middles[0][i])
            ax.text(*at, f"{value:.2f}", ha="center", va="center", size=style.SMALL - 2, color=colour)
    figure = ax.get_figure(root=True)
    assert figure is not None  # axes on the way to be drawn are in one
    bar = figure.colorbar(mesh, ax=ax, shrink=0.8, pad=0.02)
    bar.ax.tick_params(labelsize=style.SMALL - 1)
    bar.outline.set_linewidth(0.4)  # pyright: ignore
    ax.set_title(f"{found.of.replace('_', ' ')}: ln, less a product", size=style.SMALL, parse_math=False)
