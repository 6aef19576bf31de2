"""The figure of an interaction: the curves of the four cells, and the correction to the sum of parts along B's knob."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from bestiary.catalog.interaction_claims import TOLERANCE
from bestiary.figures import columns, limits, names, points, style
from bestiary.judge.annotate import log_steps
from bestiary.judge.rounds import Judged
from bestiary.maps.interactions.cells import Seen, Table
from bestiary.maps.interactions.kappa import Correction, answer
from bestiary.maps.interactions.kappa import limits as limits_of
from bestiary.maps.interactions.verdicts import left_at

WIDE, CURVES, KAPPA = 4.2, 1.25, 1.9  # [in] of the figure; height of a panel of curves, and of kappa
MOST = 2  # panels of curves
HUES = {"neither": style.GREY, "A": style.HUES[0], "B alone": style.SHADES[1], "both": style.HUES[1]}
DASHES: dict[str, Any] = {"neither": (0, (1, 1)), "A": "-", "B alone": (0, (4, 1.5)), "both": "-"}
CALLED = {
    Correction.SUM: style.HUES[2],
    Correction.SYNERGY: style.HUES[1],
    Correction.ANTAGONISM: style.HUES[0],
    Correction.UNDECIDED: style.GREY,
}
LEAST = 2 * TOLERANCE  # [1] of kappa that is always shown at either side


def draw(table: Table, title: str = "", caption: str = "") -> Figure:
    """Draw the four cells at the last value of B's knob, and below them kappa at all of its values.

    Args:
        table: what was seen.
        title: in words; default: of what it is.
        caption: what was claimed and measured; default: what was asked for.
    """
    design, p = table.design, table.design.setup.phenomenon
    look = columns.Look.of(p, log_steps(design.setup.detector))
    panels = columns.panels_of(look)[:MOST] if table.points else []
    tall = [*[CURVES] * len(panels), KAPPA]
    with style.house_style():
        figure = Figure(figsize=(WIDE, sum(tall) + 1.15), layout="constrained")
        axes = np.atleast_1d(figure.subplots(len(tall), 1, height_ratios=tall))
        for ax, panel in zip(axes, panels, strict=False):
            _curves(ax, table, look, panel)
        if panels:
            axes[0].legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, frameon=False, fontsize=style.SMALL)
            style.label_x(axes[len(panels) - 1], *look.clock)
        _kappa(axes[-1], table)
        name = f"{design.setup.name.replace('_', ' ')} with {design.knob.name.replace('_', ' ')}"
        style.titled(figure, title or name, caption or _caption(table), style.SMALL + 1)
    return figure


def _caption(table: Table) -> str:
    design = table.design
    label = "" if design.label in ("", "default") else f"{design.label}; "
    return f"{label}{design.of}, {design.rule.name}; {design.seeds} pairs of runs at each value, root {design.root}."


def _cells(table: Table) -> dict[str, Judged]:
    last = table.points[-1]
    return {"neither": table.neither, "A": table.a, "B alone": last.b, "both": last.both}


def _curves(ax: Axes, table: Table, look: columns.Look, panel: list[str]) -> None:
    """Draw the median and the band of each cell, of the first channel of a panel."""
    channel = panel[0]
    made = {}
    for name, judged in _cells(table).items():
        assert judged.curves is not None  # they were asked for
        control = "A" if name in ("neither", "B alone") else ""
        made[name] = columns.column(name, control, judged.curves, 0, judged.findings, [channel])
    every, unit = list(made.values()), look.units.get(channel, "1")
    style.scale_x(ax, *limits.limits_x(every[0], every, look.log))
    of_y = limits.limits_y([channel], unit, every)
    style.scale_y(ax, *of_y)
    for name, c in made.items():
        if channel not in c.curves:
            continue
        t, values = c.curves[channel]
        low, middle, high = limits.quantiles(values)
        ax.fill_between(t, low, high, color=HUES[name], alpha=0.18, linewidth=0, label=f"{name}: 5 to 95 %")
        ax.plot(t, middle, color=HUES[name], linewidth=1.1, linestyle=DASHES[name], label=name)
    handles, labels = ax.get_legend_handles_labels()
    for handle, label in zip(handles, labels, strict=True):
        handle.set_label(label if label in HUES else f"_{label}")  # one mark for each cell in the key
    style.label_y(ax, channel.replace("_", " "), unit, WIDE - 0.8, CURVES)


def _kappa(ax: Axes, table: Table) -> None:
    """Draw kappa of every pair, its median with limits, and the tolerance; in words where there is no kappa."""
    design, words = table.design, isinstance(table.design.off, str)
    values = [design.off, *(p.x for p in table.points)]
    x = np.arange(len(values), dtype=float) if words else np.array([float(v) for v in values])  # pyright: ignore
    ax.axhspan(-TOLERANCE, TOLERANCE, color=points.GREEN, alpha=0.18, linewidth=0, label=f"within {TOLERANCE:g}")
    ax.axhline(0, color=style.GREY, linewidth=0.5, linestyle=":")
    ax.plot(x[:1], [0], "o", color=style.PAPER, markeredgecolor=style.INK, markersize=4, label="B off")
    _scale(ax, table, x, words)
    for at, point in zip(x[1:], table.points, strict=True):
        _point(ax, float(at), point, design.more)
    left = None if words else left_at(table)
    if left is not None:
        ax.axvspan(*left.ends, color=points.RED, alpha=0.15, linewidth=0, zorder=0, label="where it leaves them")
    ax.set_xlabel(names.knob(design.setup, design.knob.name).lines, parse_math=False)
    along = "" if design.along is None else f", along {design.along.name.replace('_', ' ')}"
    ax.set_ylabel(f"kappa of {design.of.replace('_', ' ')}{along}", parse_math=False)
    seen = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    ax.legend(seen.values(), seen.keys(), frameon=False, fontsize=style.SMALL - 1, ncols=2, loc="best")


def _point(ax: Axes, x: float, point: Seen, more: int) -> None:
    told, found = answer(point.kappa, point.rates, more).correction, limits_of(point.kappa)
    hue, (bottom, top) = CALLED.get(told, style.INK), ax.get_ylim()
    if told in (Correction.DESTROYED, Correction.MIMICRY):
        ax.annotate(
            told, (x, 0.5), xycoords=("data", "axes fraction"), rotation=90, ha="center", va="center", color=hue
        )
        return
    pairs = point.kappa.value[np.isfinite(point.kappa.value)]
    ax.plot(np.full(pairs.size, x), pairs, ".", color=hue, alpha=0.3, markersize=3.5, markeredgewidth=0)
    if np.isfinite(found.value):
        low, high = max(found.low, bottom), min(found.high, top)
        span = [[max(found.value - low, 0)], [max(high - found.value, 0)]]
        look = {"markersize": 4, "capsize": 2, "linewidth": 1.0, "color": hue}
        ax.errorbar([x], [found.value], span, fmt="o", label=str(told), **look)


def _scale(ax: Axes, table: Table, x: np.ndarray, words: bool) -> None:
    """Scale both axes; kappa so that the tolerance is seen, and no more than the limits and most pairs need."""
    ends = [limits_of(p.kappa) for p in table.points]
    shown = [v for e in ends for v in e if np.isfinite(v)]
    shown += [
        q
        for p in table.points
        if (k := p.kappa.value[np.isfinite(p.kappa.value)]).size
        for q in np.quantile(k, (0.05, 0.95))
    ]
    low, high = min([-LEAST, *shown]), max([LEAST, *shown])
    room = 0.06 * (high - low)
    ax.set_ylim(low - room, high + room)
    points.numbered(ax.yaxis, low - room, high + room, False)
    if words:
        ax.set_xlim(-0.5, x.size - 0.5)
        ax.xaxis.set_major_locator(FixedLocator(x.tolist()))
        ax.set_xticklabels([str(table.design.off), *(str(p.x) for p in table.points)])
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        points.scale_x(ax, np.sort(x), table.design.knob.log and bool((x > 0).all()))
