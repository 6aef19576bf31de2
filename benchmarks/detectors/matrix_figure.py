"""The matrix of detectors and entries at the width of a page: a row per entry, positive cases beside controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, HEAD, FOOT = 0.165, 1.15, 0.42  # [in] height of an entry; of the detectors' names; of the key
LEFT, GAP, RIGHT = 1.62, 0.14, 0.34  # [in] for the entries' names; between the panels; for slanted names at the end
SMALL, TINY = 6.5, 5.0  # [pt]


class Pooled(NamedTuple):
    """One detector on all positive cases of an entry, or on all of its controls."""

    fired: int
    n: int  # 0 where no case has the channels
    relation: str  # "own", "declared" or "none"


def pooled(cells: Sequence[Mapping[str, Any]], control: bool) -> dict[tuple[str, str], Pooled]:
    """Sum the runs of the cases of an entry, by entry and detector."""
    made: dict[tuple[str, str], Pooled] = {}
    for c in cells:
        at = c["entry"], c["detector"]
        before = made.get(at, Pooled(0, 0, c["relation"]))
        own = (c["fired"], c["n"]) if bool(c["control"]) is control else (0, 0)
        made[at] = Pooled(before.fired + own[0], before.n + own[1], before.relation)
    return made


def draw(cells: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the shares of runs that fire.

    Args:
        cells: as in matrix.json: entry, case, control, detector, fired, n, relation.
    """
    from matplotlib.figure import Figure

    from bestiary.figures import style

    entries = list(dict.fromkeys(c["entry"] for c in cells))
    detectors = list(dict.fromkeys(c["detector"] for c in cells))
    high = HEAD + ROW * len(entries) + FOOT
    wide = (style.WIDTH - LEFT - GAP - RIGHT) / 2
    with style.house_style():
        figure = Figure(figsize=(style.WIDTH, high))
        for k, (title, control) in enumerate((("positive cases", False), ("controls", True))):
            x = (LEFT + k * (wide + GAP)) / style.WIDTH
            ax = figure.add_axes((x, FOOT / high, wide / style.WIDTH, ROW * len(entries) / high))
            _panel(ax, pooled(cells, control), entries, detectors)
            ax.set_yticks(range(len(entries)), [e.replace("_", " ") for e in entries] if not k else [])
            ax.set_xlabel(title, size=SMALL + 0.5, weight="bold", labelpad=3)
        words = (
            "Share of an entry's runs in which a detector fires [%]; a full square is all of them. Solid box: its own "
            "detector; dotted: one that is declared to fire too; \u00b7 no case has its channels."
        )
        lines = style.paragraph(words, style.WIDTH - 0.2, SMALL - 0.5, color=style.GREY)
        style.write(figure, lines, 0.1, style.height(lines) + 0.02)
    return figure


def _panel(ax: Axes, shares: Mapping[tuple[str, str], Pooled], entries: list[str], detectors: list[str]) -> None:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    from bestiary.figures import style

    image = np.full((len(entries), len(detectors)), np.nan)
    for (entry, detector), cell in shares.items():
        y, x = entries.index(entry), detectors.index(detector)
        if cell.n:
            image[y, x] = cell.fired / cell.n
        centre = {"ha": "center", "va": "center", "size": TINY}
        if not cell.n:
            ax.text(x, y, "\u00b7", color=style.GREY, **centre)
        elif 0 < cell.fired < cell.n:
            share = 100 * cell.fired / cell.n
            told = "<1" if share < 1 else ">99" if share > 99 else f"{share:.0f}"
            ax.text(x, y, told, color=style.PAPER if share > 50 else style.INK, **centre)
        if cell.relation != "none":
            line = "-" if cell.relation == "own" else (0, (1, 1))
            look = {"fill": False, "edgecolor": style.INK, "linewidth": 0.7, "linestyle": line, "zorder": 3}
            ax.add_patch(Rectangle((x - 0.46, y - 0.45), 0.92, 0.9, **look))
    colours = LinearSegmentedColormap.from_list("share", (style.PAPER, style.HUES[0]))
    ax.imshow(image, cmap=colours, vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(len(detectors)), [d.replace("_", " ") for d in detectors])
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=SMALL - 0.5, pad=1.5)
    for label in ax.get_xticklabels():
        label.set(rotation=55, ha="left", rotation_mode="anchor", size=SMALL - 0.5)
    ax.xaxis.set_label_position("bottom")
    ax.set_yticks(np.arange(1, len(entries)) - 0.5, minor=True)
    ax.grid(which="minor", axis="y", color="0.88", linewidth=0.4)
    ax.tick_params(which="minor", length=0)
    for spine in ax.spines.values():
        spine.set(visible=True, linewidth=0.4, color="0.7")
