"""Marks and scales that figures along a knob share: rates with their limits, runs with their medians, honest axes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from bestiary.figures import style
from bestiary.maps.censored import medians
from bestiary.maps.line import Line

BLUE, RED, GREEN, PURPLE = style.HUES
TICKS = 8  # as many values each have a tick
ROOM = 0.78  # [width] of a figure that its axis takes
LEAST_TICKS, MOST_TICKS = 4, 8  # numbers on an axis, where they can be round
GAP = 0.45  # [axis] at most without a number
LEAST_FACTOR = 3.0  # [1] from the lower to the upper end of a logarithmic axis: 5 % must not look like much
HALVES = tuple(v / 2 for v in range(2, 20))
SUBS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), tuple(range(1, 10)), HALVES)  # ticks of a decade


def rates(ax: Axes, line: Line, of: str) -> None:
    """Draw the rate with exact intervals at 95 %, joined, and the level 1/2."""
    k = np.array([a.rate(of) for a in line.answers])
    n = np.array([len(a.findings) for a in line.answers])
    limits = np.array([a.limits(of) for a in line.answers]).T
    errors = np.clip(np.abs(limits - k / n), 0, 1)
    look = {"markersize": 3, "linewidth": 0.8, "capsize": 1.5, "elinewidth": 0.7, "color": BLUE}
    ax.errorbar(line.x, k / n, errors, fmt="o-", label="rate, limits at 95 %", **look)
    ax.axhline(0.5, color=style.GREY, linewidth=0.5, linestyle=":")
    ax.set_ylim(-0.06, 1.06)
    ax.set_ylabel(f"share of runs: {of}", parse_math=False)


def runs(ax: Axes, x: np.ndarray, y: np.ndarray, cut: np.ndarray) -> None:
    """Draw every run as a dot, those cut off as arrows, and the medians.

    Args:
        ax: where.
        x: (K,) settings.
        y: (K, S) a value for each run, nan where there is none; the last step where cut off.
        cut: (K, S) whether the run was cut off. A median among such runs is not known, and not drawn.
    """
    wide, there, middle = np.broadcast_to(x[:, None], y.shape), np.isfinite(y), medians(y, cut)
    some = np.isfinite(middle)
    dots = {"color": BLUE, "alpha": 0.35, "markersize": 4, "markeredgewidth": 0}
    ax.plot(wide[there & ~cut], y[there & ~cut], ".", label="runs", **dots)
    (arrows,) = ax.plot(wide[cut], y[cut], "^", color=style.GREY, alpha=0.6, markersize=3, markeredgewidth=0)
    if cut.any():
        arrows.set_label("cut off")
    ax.plot(x[some], middle[some], "o", color=BLUE, markersize=4, label="median")


def grid(x: np.ndarray, y: np.ndarray, log: bool) -> np.ndarray:
    """Return 200 places along the settings x (K,) at which some run has a value y (K, S)."""
    there = x[np.isfinite(y).any(1)]
    return np.geomspace(there.min(), there.max(), 200) if log else np.linspace(there.min(), there.max(), 200)


def scale_x(ax: Axes, x: np.ndarray, log: bool) -> None:
    """Scale the axis of the settings x, with a number at each where there is room, else at round numbers."""
    if log:
        ax.set_xscale("log")
    lo, hi = float(x.min()), float(x.max())
    pad = (hi / lo) ** 0.06 if log else 0.06 * (hi - lo)
    ax.set_xlim(*((lo / pad, hi * pad) if log else (lo - pad, hi + pad)))
    if x.size <= TICKS and _apart(ax, x, log):
        ax.set_xticks(x, [_short(v) for v in x])
        ax.xaxis.set_minor_locator(NullLocator())
        return
    numbered(ax.xaxis, *ax.get_xlim(), log)
    ax.xaxis.set_minor_locator(FixedLocator(x.tolist()))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    return style.number(float(f"{value:.3g}"))


def _apart(ax: Axes, x: np.ndarray, log: bool) -> bool:
    """Whether numbers at all of the settings leave room between them."""
    at, (lo, hi) = np.sort(x), ax.get_xlim()
    share = np.log(at / lo) / np.log(hi / lo) if log else (at - lo) / (hi - lo)
    figure = ax.get_figure(root=True)
    assert figure is not None  # axes on the way to be drawn are in one
    wide = ROOM * figure.get_figwidth()
    halves = np.array([style.width_of(_short(v)) / 2 for v in at])
    return bool((np.diff(share) * wide > halves[1:] + halves[:-1] + 0.05).all())


def scale_y(ax: Axes, y: np.ndarray, log: bool) -> None:
    """Scale the axis of values y so that it exaggerates nothing: over a factor, or from zero."""
    seen = y[np.isfinite(y)]
    if not seen.size:
        return
    lo, hi = float(seen.min()), float(seen.max())
    if log and lo > 0:
        ax.set_yscale("log")
        pad = max((hi / lo) ** 0.07, (LEAST_FACTOR * lo / hi) ** 0.5, 1.05)
        lo, hi = lo / pad, hi * pad
    else:
        log = False
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        room = 0.07 * (hi - lo or 1.0)
        lo, hi = (lo - room if lo < 0 else lo), (hi + room if hi > 0 else hi)
    ax.set_ylim(lo, hi)
    numbered(ax.yaxis, lo, hi, log)


def numbered(axis: Axis, lo: float, hi: float, log: bool) -> None:
    """Put round numbers on an axis, without powers: as few to a decade as make enough, and leave no part without."""
    if log:
        axis.set_major_locator(FixedLocator(_decades(lo, hi)))
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(style.number))
    axis.set_minor_locator(NullLocator())


def _decades(lo: float, hi: float) -> list[float]:
    """Return the ticks of a logarithmic axis: LEAST_TICKS or one less, spread over the axis."""
    every = [[t for t in LogLocator(subs=subs, numticks=99).tick_values(lo, hi) if lo <= t <= hi] for subs in SUBS]
    for least in (LEAST_TICKS, LEAST_TICKS - 1):
        for ticks in every:
            gaps = np.diff(np.log([lo, *ticks, hi])) / np.log(hi / lo)
            if least <= len(ticks) <= MOST_TICKS and gaps.max() <= GAP:
                return ticks
    return next((ticks for ticks in every if len(ticks) >= LEAST_TICKS), every[-1])
