"""One panel: the curves of one or more channels over the runs of one setting, and what a detector saw in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bestiary.entry import Phenomenon, log_schedule
from bestiary.figures.style import CONTROL, GREY, HUES, INK, PAPER, SHADES, darker
from bestiary.log import Finding, State
from bestiary.maps.censored import medians, values_of

CROWD = 24  # runs above which a band stands for the lines
BAND = (0.05, 0.5, 0.95)  # quantiles over the runs
DECADES = 2.5  # that a positive channel spans before its axis is logarithmic
BELOW = 100.0  # [1] how far below the positive cases a control may stretch a logarithmic axis
ROUNDING = 1e-5  # [maximum] how far below zero rounding may take a positive channel
ONSET: dict[str, Any] = {"lw": 0.8, "ls": (0, (4, 2))}


class Look(NamedTuple):
    """What a figure of runs needs to know of their setup.

    Attributes:
        figure: the channels to draw, most telling first.
        units: {channel: unit}.
        clock: name and unit of the recorded axis.
        log: whether the recorded axis is logarithmic.
    """

    figure: Sequence[str]
    units: Mapping[str, str]
    clock: tuple[str, str]
    log: bool

    @classmethod
    def of(cls, p: Phenomenon, log: bool) -> Look:
        """Return the look of a setup; a setup that records on a logarithmic schedule is drawn so."""
        return cls(p.figure, p.units, p.clock, log or p.schedule is log_schedule)


class Column(NamedTuple):
    """One setting's runs, and the words above them."""

    title: str
    control: str  # empty for a positive case
    findings: Sequence[Finding]
    planned: int | None  # [step] that runs which do not settle take
    settled: bool  # a run ended before
    curves: dict[str, tuple[np.ndarray, np.ndarray]]  # channel -> steps (T,), values (S, T), nan where there is none

    @property
    def onsets(self) -> np.ndarray:
        """Return the onsets [step] of the runs in which the phenomenon was found."""
        onsets = np.array([f.onset for f in self.findings if f.found])
        return onsets[np.isfinite(onsets)]

    @property
    def onset(self) -> float:
        """Return the median onset [step]; an undecided run lies above all, and nan stands for a median among those."""
        onset, cut = values_of(self.findings, [np.inf] * len(self.findings), "onset")
        return float(medians(onset[None], cut[None])[0])

    @property
    def example(self) -> int | None:
        """Return a run with spans: the middle one by onset, or by first span if none of them was found."""
        found = [f.onset if f.found and f.spans else np.nan for f in self.findings]
        spans = [f.spans[0].start if f.spans else np.nan for f in self.findings]
        for times in map(np.array, (found, spans)):
            known = np.flatnonzero(np.isfinite(times))
            if known.size:
                return int(known[np.argsort(times[known], kind="stable")[(known.size - 1) // 2]])
        return None


class Limits(NamedTuple):
    """Of an axis."""

    lo: float
    hi: float
    log: bool


def column(
    title: str, control: str, ds: xr.Dataset, setting: int, findings: Sequence[Finding], channels: Sequence[str]
) -> Column:
    """Collect the runs of one setting, of which there are as many as findings."""
    n, curves = len(findings), {}
    last = ds["last_step"].values[setting][:n]
    for channel in filter(ds.data_vars.__contains__, channels):
        t = ds[ds[channel].dims[-1]].values.astype(float)
        y = ds[channel].values[setting][:n].astype(float)
        ran = t <= last.max()
        curves[channel] = t[ran], np.where(np.isfinite(y) & (t <= last[:, None]), y, np.nan)[:, ran]
    planned = ds.attrs.get("steps_planned")
    return Column(title, control, findings, planned, planned is not None and bool(last.min() < planned), curves)


def panels_of(p: Look) -> list[list[str]]:
    """Group channels into panels: by unit, and dimensionless channels only where they differ in the split alone."""
    panels: dict[tuple[str, str], list[str]] = {}
    for channel in p.figure:
        unit = p.units.get(channel, "1")
        quantity = channel.removeprefix("train_").removeprefix("test_") if unit == "1" else ""
        panels.setdefault((unit, quantity), []).append(channel)
    return list(panels.values())


def name_of(panel: Sequence[str]) -> str:
    """Name the vertical axis: by the channel, or by what the channels have in common."""
    words = [channel.split("_") for channel in panel]
    common = [word for word in words[0] if all(word in other for other in words)]
    return " ".join(common) or ", ".join(" ".join(w) for w in words)


def _values(panel: Sequence[str], columns: Sequence[Column], calm: bool) -> np.ndarray:
    """Collect the finite values that a panel shows, of a band its quantiles; of runs that did not diverge if `calm`."""
    parts = [np.empty(0)]
    for c in columns:
        keep = [not calm or f.state is not State.DIVERGED for f in c.findings]
        for channel in filter(c.curves.__contains__, panel):
            values = c.curves[channel][1][keep]
            parts.append((quantiles(values) if len(c.findings) > CROWD else values).ravel())
    flat = np.concatenate(parts)
    return flat[np.isfinite(flat)]


def quantiles(values: np.ndarray) -> np.ndarray:
    """Return the BAND (3, T) of values (S, T), nan where fewer than half of the runs have a value."""
    band, there = np.full((len(BAND), values.shape[1]), np.nan), np.isfinite(values)
    all_, most = there.all(0), there.sum(0) >= max(1, len(values) / 2)
    if len(values):
        band[:, all_] = np.quantile(values[:, all_], BAND, axis=0)
        for i in np.flatnonzero(most & ~all_):
            band[:, i] = np.quantile(values[there[:, i], i], BAND)
    return band


def limits_y(panel: Sequence[str], unit: str, columns: Sequence[Column]) -> Limits:
    """Return the limits that all cases share; logarithmic if the positive cases are positive over many decades.

    Shares and multiples of a threshold stay on a linear axis: there 1 is what matters. Runs that diverged have no say
    as long as others did not.
    """
    calm = _values(panel, columns, True).size > 0
    seen = _values(panel, columns, calm)
    if not seen.size:
        return Limits(0.0, 1.0, False)
    threshold = unit.endswith("threshold")
    positive = _values(panel, [c for c in columns if not c.control], calm)
    positive = positive if positive.size else seen
    above = positive[positive > 0]
    if above.size and positive.min() >= -ROUNDING * above.max() and not threshold and not unit.startswith("share"):
        if above.max() > 10**DECADES * above.min():
            lo, hi = max(seen[seen > 0].min(), above.min() / BELOW), seen.max()
            pad = (hi / lo) ** 0.05
            return Limits(lo / pad, hi * pad, True)
    lo, hi = (min(seen.min(), 1.0), max(seen.max(), 1.0)) if threshold else (seen.min(), seen.max())
    pad = 0.05 * (hi - lo) or 0.5 * abs(hi) or 0.5
    return Limits(lo - pad, hi + pad, False)


def limits_x(c: Column, columns: Sequence[Column], log: bool) -> Limits:
    """Return limits from the first record, on a logarithmic axis the first after step 0, to the last of any such case.

    Cases planned to be equally long share the axis: one that settled early does not look slow.
    """
    alike = [other for other in columns if other.planned == c.planned]
    steps = np.concatenate([np.zeros(1), *(t for other in alike for t, _ in other.curves.values())])
    lo = steps[steps > 0].min(initial=np.inf) if log else 0.0
    lo = float(lo) if np.isfinite(lo) else 1.0
    return Limits(lo, max(float(steps.max()), 2 * lo, 1.0), log)


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
    if any(f.state is State.DIVERGED for c in columns for f in c.findings):
        add(Line2D([], [], color=hue, ls="", marker="x", ms=3, mew=0.7, label="diverged"))
    if shades := shades_of(columns):
        add(Line2D([], [], color=darker(hue), lw=0.6, label="example run, shaded:"))
        groups[-1] += [Patch(color=shade, alpha=0.4, lw=0, label=label) for label, shade in shades.items()]
    return groups
