"""The figure of the table of interactions: entry by partner, kappa in the cell, what nobody measured left empty."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from bestiary.figures import style
from bestiary.maps.interactions.summary import Cell

WIDE, TALL = 0.95, 0.42  # [in] of a cell
LEFT, ABOVE = 1.9, 0.75  # [in] room for names
FAR = 1.0  # [1] of |kappa| at which colours end


def draw(cells: Sequence[Cell]) -> Figure:
    """Draw entries down, partners across, and kappa in colour and number; several of a pair below each other.

    Args:
        cells: in the order of the catalog; at least one.
    """
    entries = list(dict.fromkeys(cell.a for cell in cells))
    partners = list(dict.fromkeys(cell.partner for cell in cells))
    hues, scale = matplotlib.colormaps["PuOr_r"], Normalize(-FAR, FAR)
    with style.house_style():
        size = (LEFT + WIDE * len(partners) + 0.2, ABOVE + TALL * len(entries) + 0.75)
        figure = Figure(figsize=size, layout="constrained")
        ax = figure.subplots()
        ax.set_xlim(0, len(partners))
        ax.set_ylim(len(entries), 0)
        for i, a in enumerate(entries):
            for j, partner in enumerate(partners):
                here = [c for c in cells if (c.a, c.partner) == (a, partner)]
                for k, cell in enumerate(here):
                    high = 1 / len(here)
                    value = cell.kappa
                    hue = style.PAPER if value is None else hues(scale(value))
                    box = Rectangle((j, i + k * high), 1, high, facecolor=hue, edgecolor=style.GREY, linewidth=0.5)
                    ax.add_patch(box)
                    dark = value is not None and abs(value) > 0.7 * FAR
                    number = "" if value is None else f"{value:+.2g}\n"
                    look = {"ha": "center", "va": "center", "size": style.SMALL - 1.5, "linespacing": 1.05}
                    told = f"{number}{cell.outcome}"
                    colour = style.PAPER if dark else style.INK
                    ax.text(j + 0.5, i + (k + 0.5) * high, told, color=colour, parse_math=False, **look)
        ax.xaxis.tick_top()
        ax.set_xticks([j + 0.5 for j in range(len(partners))], [_broken(p) for p in partners])
        ax.set_yticks([i + 0.5 for i in range(len(entries))], [a.replace("_", " ") for a in entries])
        ax.tick_params(length=0)
        ax.xaxis.set_minor_locator(NullLocator())
        for spine in ax.spines.values():
            spine.set_visible(False)
        below = "kappa = ln(measured / sum of parts) at the last value of B's knob; empty: nobody has measured it."
        style.titled(figure, "A (down) with B (across)", below)
    return figure


def _broken(words: str) -> str:
    lines = style.paragraph(words.replace("_", " "), WIDE - 0.05, style.SMALL)
    return "\n".join(line.text for line in lines)
