"""The figure of a boundary: the rates along a knob, the brackets, where they were claimed to be and published."""

from __future__ import annotations

from matplotlib.axes import Axes

from bestiary.catalog.map_claims import Boundary
from bestiary.figures import names, points, style
from bestiary.maps.judge import MapResult

LEAST = 0.004  # [axis] width at which a bracket can be seen


def draw(ax: Axes, result: MapResult, block: Boundary) -> None:
    """Draw the rates, the brackets, the claims and the published places."""
    line = result.line
    assert line is not None  # a boundary has one
    points.rates(ax, line, block.of)
    points.scale_x(ax, line.x, line.axis.log)
    label = "claimed"
    for claim in block.claims:
        ax.axvspan(*claim.within, color=points.GREEN, alpha=0.2, linewidth=0, label=label, zorder=0)
        label = ""
    label = "bracket found"
    for crossing in result.crossings:
        ax.axvspan(crossing.lo, crossing.hi, color=points.RED, alpha=0.45, linewidth=0, zorder=1, label=label)
        ax.axvline(crossing.estimate, color=points.RED, linewidth=0.9, zorder=1)  # a narrow bracket is seen too
        label = ""
    for claim in block.claims:
        if claim.published is None:
            continue
        lo, hi = claim.published.ends
        told = f"published: {claim.published.words()}, {names.cited(claim.published.where)}"
        look = {"transform": ax.get_xaxis_transform(), "clip_on": False, "color": style.INK, "zorder": 5}
        ax.plot([lo, hi], [1, 1], marker="v", markersize=5, linewidth=1.5, label=told, **look)
    ax.set_xlabel(names.knob(result.setup, line.axis.name).lines, parse_math=False)
