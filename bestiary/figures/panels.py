"""One panel: the curves of one or more channels over the runs of one setting, and what a detector saw in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bestiary.figures.columns import Column
from bestiary.figures.limits import CROWD, Limits, quantiles
from bestiary.figures.style import CONTROL, GREY, HUES, INK, PAPER, SHADES, darker
from bestiary.log import State

ONSET: dict[str, Any] = {"lw": 0.8, "ls": (0, (4, 2))}
CHANCE: dict[str, Any] = {"lw": 0.8, "ls": (0, (1, 1.5, 4, 1.5))}


def draw(ax: Axes, panel: Sequence[str], unit: str, c: Column, x: Limits, y: Limits, shades: Mapping[str, str]) -> None:
    """Draw the spans of one run, the curves of all, and the median onset.

    Args:
        ax: where; its scales are set.
        panel: the channels.
        unit: theirs.
        c: the runs.
        x: limits of the steps.
        y: limits of the values; what lies far outside is moved to just outside.
        shades: {label of a span: colour}.
    """
    ax.set_facecolor(CONTROL if c.control else PAPER)
    reach = (y.lo / 10, y.hi * 10) if y.log else (2 * y.lo - y.hi, 2 * y.hi - y.lo)
    if c.example is not None:
        for start, stop, label in c.findings[c.example].spans:
            start, stop = np.clip((start, stop), x.lo, x.hi)
            if stop > start:
                ax.axvspan(start, stop, color=shades[label], alpha=0.4, lw=0, zorder=0, label="span")
            else:
                ax.axvline(start, color=shades[label], alpha=0.7, lw=1.5, zorder=0, label="span")
    if unit.endswith("threshold"):
        ax.axhline(1.0, color=GREY, lw=0.8, ls=":", zorder=1, label="threshold")
    if (chance := c.chance(panel)) is not None:
        ax.axhline(chance, color=GREY, zorder=1, label="chance", **CHANCE)
    empty = True
    for hue, channel in zip(cycle(HUES), panel, strict=False):
        if channel not in c.curves:
            continue
        t, values = c.curves[channel]
        empty &= not np.isfinite(values).any()
        values = np.clip(values, *reach)
        _runs(ax, t, values, hue, c.example)
        for row, finding in zip(values, c.findings, strict=True):
            if finding.state is State.DIVERGED and (there := np.flatnonzero(np.isfinite(row))).size:
                end = np.clip(t[there[-1]], x.lo, x.hi), np.clip(row[there[-1]], y.lo, y.hi)
                ax.plot(*end, "x", color=hue, ms=3, mew=0.7, zorder=4, clip_on=False, label="diverged")
    if empty:
        words = "no finite value" if any(channel in c.curves for channel in panel) else "not recorded"
        ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", color=GREY)
    if np.isfinite(c.onset):
        ax.axvline(max(c.onset, x.lo), color=INK, zorder=5, label="onset", **ONSET)


def rug(ax: Axes, c: Column, x: Limits) -> None:
    """Draw a tick for each onset at the upper edge."""
    if c.onsets.size:
        at = np.maximum(c.onsets, x.lo)
        edge = {"transform": ax.get_xaxis_transform(), "clip_on": False, "zorder": 6}
        ax.plot(at, np.ones(at.size), "|", color=INK, ms=5, mew=0.5, alpha=0.7, label="onsets", **edge)


def _runs(ax: Axes, t: np.ndarray, values: np.ndarray, hue: str, example: int | None) -> None:
    low, middle, high = quantiles(values)
    if len(values) > CROWD:
        ax.fill_between(t, low, high, color=hue, alpha=0.25, lw=0, zorder=1, label="band")
    else:
        ax.plot(t, values.T, color=hue, lw=0.4, alpha=0.4, zorder=2, label="run")
    ax.plot(t, middle, color=hue, lw=1.3, zorder=3, label="median")
    if example is not None:
        ax.plot(t, values[example], color=darker(hue), lw=0.6, zorder=2.5, label="example")


def shades_of(columns: Sequence[Column]) -> dict[str, str]:
    """Choose a colour for each label of an example's spans, in the order in which labels appear."""
    spans = [span for c in columns if c.example is not None for span in c.findings[c.example].spans]
    labels = dict.fromkeys(span.label for span in spans)
    return {label: SHADES[i % len(SHADES)] for i, label in enumerate(labels)}


def key(panels: Sequence[Sequence[str]], columns: Sequence[Column], threshold: bool) -> list[list[Artist]]:
    """Explain the marks that the figure has, in groups."""
    several = max(panels, key=len)
    hues = zip(cycle(HUES), several, strict=False) if len(several) > 1 else ()
    groups: list[list[Artist]] = [[Line2D([], [], color=h, lw=1.3, label=c.replace("_", " "))] for h, c in hues]
    hue, sizes = GREY if groups else HUES[0], [len(c.findings) for c in columns]

    def add(artist: Artist) -> None:
        groups.append([artist])

    add(Line2D([], [], color=hue, lw=1.3, label="median"))
    if min(sizes) <= CROWD:
        add(Line2D([], [], color=hue, lw=0.4, alpha=0.7, label="single runs"))
    if max(sizes) > CROWD:
        add(Patch(color=hue, alpha=0.25, lw=0, label="5 to 95 % of runs"))
    if any(c.onsets.size for c in columns):
        add(Line2D([], [], color=INK, label="median onset (ticks: each run)", **ONSET))
    if threshold:
        add(Line2D([], [], color=GREY, lw=0.8, ls=":", label="threshold"))
    if any(c.chance(panel) is not None for c in columns for panel in panels):
        add(Line2D([], [], color=GREY, label="chance: the untrained network", **CHANCE))
    if any(f.state is State.DIVERGED for c in columns for f in c.findings):
        add(Line2D([], [], color=hue, ls="", marker="x", ms=3, mew=0.7, label="diverged"))
    if shades := shades_of(columns):
        add(Line2D([], [], color=darker(hue), lw=0.6, label="example run, shaded:"))
        groups[-1] += [Patch(color=shade, alpha=0.4, lw=0, label=label) for label, shade in shades.items()]
    return groups
