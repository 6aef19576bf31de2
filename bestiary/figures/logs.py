"""The figure of `bestiary detect`: a row per run, its curves, and what was found behind them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bestiary.figures import style
from bestiary.figures.style import GREY, HUES, INK, SHADES, WIDTH
from bestiary.log import Series
from bestiary.watch import sentences
from bestiary.watch.detect import Answer, Read

ROWS = 8  # runs drawn
POINTS = 2000  # columns of a curve; each keeps its least and its greatest record
DECADES = 1.5  # that a positive channel spans before its axis is logarithmic
PANELS = (("loss", "train_loss", "test_loss"), ("train_acc", "test_acc"))  # channels that share an axis
NAMES = ("loss", "accuracy")
EDGE, LEFT, RIGHT, GAP, AXIS, AIR, REST = 0.08, 0.55, 0.14, 0.60, 0.36, 0.07, 0.12  # [in]
TALL = 1.5  # [in] height of a panel
THIN = 1.5  # [pt] least width of a span


def draw(reads: Sequence[Read]) -> Figure:
    """Draw the first runs, one below the other: the losses to the left, then accuracies, then what else was judged."""
    drawn = [(read, panels_of(read)) for read in reads[:ROWS]]
    page = WIDTH - 2 * EDGE
    names = dict.fromkeys(a.detector for read, _ in drawn for a in judged(read))
    shade = dict(zip(names, cycle(SHADES), strict=False))
    with style.house_style():
        heads = [style.paragraph(title(read), page, weight="bold") for read, _ in drawn]
        key = style.rows_of_key([_key(drawn), [_patch(name, shade[name]) for name in names]], page)
        more = f"{len(reads) - ROWS} further runs are not drawn" if len(reads) > ROWS else ""
        foot = style.paragraph(more, page, color=GREY)
        high = 2 * EDGE + len(key) * style.ROW + REST + style.height(foot)
        high += sum(style.height(head) + 2 * AIR + TALL + AXIS for head in heads)
        figure = Figure(figsize=(WIDTH, high))
        y = high - EDGE
        for row in key:
            style.draw_key(figure, row, EDGE, y)
            y -= style.ROW
        y -= REST
        for (read, panels), head in zip(drawn, heads, strict=True):
            style.write(figure, head, EDGE, y)
            y -= style.height(head) + 2 * AIR + TALL
            wide = (WIDTH - LEFT - RIGHT - (len(panels) - 1) * GAP) / len(panels)
            for i, (name, channels) in enumerate(panels):
                x = LEFT + i * (wide + GAP)
                ax = figure.add_axes((x / WIDTH, y / high, wide / WIDTH, TALL / high))
                _panel(ax, read, channels, shade)
                style.label_y(ax, name, "1", wide, TALL)
                style.label_x(ax, "step", "step")
            y -= AXIS
        style.write(figure, foot, EDGE, EDGE + style.height(foot))
    return figure


def title(read: Read) -> str:
    """Name a run, and say what was found in it."""
    shown = [(sentences.name(a), a.severity) for a in sentences.told(read.answers)]
    found = [name if severity is not None else f"{name} (undecided)" for name, severity in shown]
    name = ", ".join(filter(None, (read.path.name, read.reading.run))) or "in memory"
    return f"{name}: {', '.join(found) or 'nothing found'}"


def judged(read: Read) -> list[Answer]:
    """Choose the answers that have something to draw."""
    return [a for a in sentences.told(read.answers) if a.finding.spans or np.isfinite(a.finding.onset)]


def panels_of(read: Read) -> list[tuple[str, list[str]]]:
    """Return (name, channels) of each panel; at least one."""
    log = read.reading.log
    shared = [(name, [c for c in group if c in log]) for name, group in zip(NAMES, PANELS, strict=True)]
    if "train_loss" in log and "loss" in log and log["loss"].values is log["train_loss"].values:
        shared[0][1].remove("loss")  # lent
    known = {channel for group in PANELS for channel in group}
    others = dict.fromkeys(c for a in judged(read) for c in a.reads if c in log and c not in known)
    panels = [(name, channels) for name, channels in shared if channels] + [(c, [c]) for c in others]
    if not panels:
        panels = [(c, [c]) for c in log.channels] or [("no channel", [])]
    return panels[:3]


def _hue(channel: str) -> str:
    return HUES[1] if channel.startswith("test_") else HUES[0]


def _key(drawn: Sequence[tuple[Read, list[tuple[str, list[str]]]]]) -> list[Artist]:
    used = {channel for _, panels in drawn for _, channels in panels for channel in channels}
    parts = [("train", HUES[0]), ("test", HUES[1])] if any(c.startswith("test_") for c in used) else []
    return [Line2D([], [], color=hue, lw=1.0, label=name) for name, hue in parts]


def _patch(name: str, hue: str) -> Artist:
    return Patch(facecolor=hue, alpha=0.5, label=name.replace("_", " "))


def _panel(ax: Axes, read: Read, channels: Sequence[str], shade: dict[str, str]) -> None:
    """Draw curves over what was found; the steps are logarithmic where a detector's ABOUT says so."""
    log = read.reading.log
    curves = {channel: log[channel].finite() for channel in channels}
    curves = {channel: curve for channel, curve in curves.items() if curve.steps.size}
    every = [log[channel].steps for channel in channels if log[channel].steps.size]
    lo, hi = (min(t[0] for t in every), max(t[-1] for t in every)) if every else (0.0, 1.0)
    late = any(a.about.log_axis for a in judged(read))
    positive = [float(t[t > 0][0]) for t in every if (t > 0).any()]
    lo = min(positive) if late and positive else lo
    values = np.concatenate([curve.values for curve in curves.values()]) if curves else np.zeros(1)
    least, most = float(values.min()), float(values.max())
    decades = least > 0 and np.log10(most / least) > DECADES and not channels[0].endswith("_acc")
    room = 0.05 * (most - least or abs(most) or 1.0)
    factor = (most / least) ** 0.05 if decades else 1.0
    style.scale_x(ax, lo, max(hi, lo * 1.01, lo + 1e-9), late)
    style.scale_y(ax, *((least / factor, most * factor) if decades else (least - room, most + room)), decades)
    own = {*channels, "loss"} if "train_loss" in channels else {*channels}
    for answer in judged(read):
        if not own & set(answer.reads):
            continue
        found = answer.severity is not None
        for span in answer.finding.spans:
            look = {"color": shade[answer.detector], "alpha": 0.5 if found else 0.2, "lw": THIN}
            ax.axvspan(span.start, max(span.stop, span.start), zorder=0, **look)
        if np.isfinite(answer.finding.onset):
            ax.axvline(answer.finding.onset, color=INK, lw=0.8, ls=(0, (4, 2)), zorder=1)
    for channel, curve in curves.items():
        ax.plot(*thin(curve, late), color=_hue(channel), lw=0.8, marker="." if curve.steps.size == 1 else "")


def thin(curve: Series, log: bool, points: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Keep at most twice `points` records of a curve: the least and the greatest of each stretch of the axis."""
    t, y = curve
    if t.size <= 2 * points:
        return t, y
    along = np.log(np.maximum(t, t[t > 0][0])) if log and (t > 0).any() else t
    bins = np.floor((along - along[0]) / (along[-1] - along[0]) * (points - 1)).astype(int)
    order = np.lexsort((y, bins))
    starts = np.flatnonzero(np.r_[True, np.diff(bins[order]) > 0])
    ends = np.r_[starts[1:], t.size] - 1
    keep = np.unique(np.r_[order[starts], order[ends]])
    return t[keep], y[keep]
