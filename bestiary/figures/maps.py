"""Figures of maps that were asked for: rate and onset along one knob, phase diagrams over two or three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bestiary.figures import diagram, names, points, style
from bestiary.figures.points import RED

if TYPE_CHECKING:
    from bestiary.maps.boundary import Crossing
    from bestiary.maps.explore import Exploration

LINE = 2.1  # [in] height of a panel


def draw(found: Exploration) -> Figure:
    """Draw a map."""
    with style.house_style():
        figure = _along(found) if found.line is not None else diagram.draw(found)
    return figure


def _along(found: Exploration) -> Figure:
    line, axis = found.line, found.plan.axes[0]
    assert line is not None  # draw has seen to it
    has_values = bool(np.isfinite(line.values(found.of)[0]).any())
    figure = Figure(figsize=(style.WIDTH * 0.6, LINE * (1 + has_values) + 0.5), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1 + has_values, 1, sharex=True))
    points.rates(panels[0], line, found.boundary_of)
    for crossing in found.crossings:
        for ax in panels:
            ax.axvspan(crossing.lo, crossing.hi, color=RED, alpha=0.25, linewidth=0)
    if has_values:
        y, cut = line.values(found.of)
        points.runs(panels[1], line.x, y, cut)
        if found.laws:
            at = points.grid(line.x, y, axis.log)
            law = found.laws[0]
            told = ", ".join(f"{name} {value:.3g}" for name, value in law.parameters.items())
            panels[1].plot(at, law.predict(at), color=style.INK, linewidth=0.8, label=f"{law.form}: {told}")
        points.scale_y(panels[1], y, bool((y[np.isfinite(y)] > 0).all()))
        panels[1].legend(frameon=False, fontsize=style.SMALL - 1)
        unit = found.table[found.of].attrs.get("units", "1")
        panels[1].set_ylabel(names.in_unit(found.of.replace("_", " "), unit), parse_math=False)
    points.scale_x(panels[-1], line.x, axis.log)
    panels[-1].set_xlabel(names.knob(found.plan.setup, axis.name).lines, parse_math=False)
    _label(panels[0], axis.name, found.crossings)
    style.titled(figure, f"{found.plan.setup.name} against {axis.name}", diagram.below(found))
    return figure


def _label(ax: Axes, knob: str, crossings: Sequence[Crossing]) -> None:
    """Write where each crossing is, a line each below the other, on the side that has more room."""
    for i, crossing in enumerate(crossings):
        place = ax.transAxes.inverted().transform(ax.transData.transform((crossing.estimate, 0.5)))[0]
        left = place < 0.5
        line = (len(crossings) - 1) / 2 - i
        ax.annotate(
            f"{knob} = {crossing.estimate:.4g} ({crossing.lo:.4g} to {crossing.hi:.4g})",
            (crossing.estimate, 0.5),
            xytext=(4 if left else -4, line * 1.5 * style.SMALL),
            textcoords="offset points",
            ha="left" if left else "right",
            va="center",
            size=style.SMALL - 1,
            color=RED,
            parse_math=False,
            bbox={"facecolor": style.PAPER, "alpha": 0.8, "linewidth": 0, "pad": 0.5},
        )
