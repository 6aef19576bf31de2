"""The figure of a path: a column per rung with rate, onset and mechanism, and between rungs what a step changes.

The rate with the cause removed stands beside the rate, as an open bar. The marker of the mechanism is drawn with its
limits against the bands that the catalog names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Patch
from matplotlib.transforms import blended_transform_factory

from bestiary.catalog.path_claims import EntryPath
from bestiary.figures import names, points, style
from bestiary.maps.censored import medians, values_of
from bestiary.maps.judge import MapResult
from bestiary.maps.mechanism import Seen, seen, steps
from bestiary.maps.path import changes

EDGE, RIGHT, GAP = 0.62, 1.0, 0.16  # [in] left of the panels, right of them for the names of bands, between panels
RATE, ONSET, MARKER = 1.15, 1.15, 1.3  # [in] height of a panel
VERDICTS, AIR = 0.56, 0.08  # [in] the row of verdicts, between parts of the page
BARS, SHIFT = 0.34, 0.19  # [column] width of a bar, and how far the two of a rung are from its middle
NARROW, SLANT, SINE = 0.66, 40, 0.65  # [in] column whose name is slanted, by so many degrees, and their sine
NARROWEST = 0.44  # [in] column in which a verdict is a sign, and words stand upright
SIGNS = {"same mechanism": "=", "another mechanism": "\N{NOT EQUAL TO}", "unknown": "?"}
BANDS = ("#CFE3F3", "#FBE3CF", "#D5EEDF", "#F3DCEB", "#EEEEEE")
HUES = {"same mechanism": style.HUES[2], "another mechanism": style.HUES[1], "unknown": style.GREY}


class _Panel(NamedTuple):
    """A panel that all rungs share, and who draws it."""

    tall: float  # [in]
    draw: Callable[[Axes, MapResult, list[Seen], float], None]  # the last is the width of a column [in]


def draw(result: MapResult) -> Figure:
    """Draw the rungs of a path side by side, in the order of the path."""
    path = result.block
    assert isinstance(path, EntryPath)
    told = seen(result)
    panels = [_Panel(RATE, _rates), _Panel(ONSET, _onsets), *([_Panel(MARKER, _marker)] if told else [])]
    n = len(result.rungs)
    right = RIGHT if told or 1.1 * n > style.WIDTH else 0.1
    wide = min(style.WIDTH, 1.1 * n + EDGE + right)
    column = (wide - EDGE - right) / n
    page = wide - 0.2
    with style.house_style():
        names_tall = _names(None, result, column, 0.0) + AIR
        head = style.paragraph(f"{result.entry.title}: {path.title}", page, style.HEAD, weight="bold")
        key, foot = style.rows_of_key([[one] for one in _marks(path, bool(told))], page), _caption(result, page, told)
        high = AIR + style.height(head) + AIR + len(key) * style.ROW + 2 * AIR + names_tall
        high += sum(p.tall + GAP for p in panels) + (VERDICTS if told else 0) + AIR + style.height(foot) + AIR
        figure = Figure(figsize=(wide, high))
        y = high - AIR
        style.write(figure, head, 0.1, y)
        y -= style.height(head) + AIR
        for row in key:
            style.draw_key(figure, row, 0.1, y)
            y -= style.ROW
        y -= 2 * AIR
        y -= names_tall
        _names(figure, result, column, y + AIR)
        for panel in panels:
            y -= panel.tall
            ax = figure.add_axes((EDGE / wide, y / high, n * column / wide, panel.tall / high))
            ax.set_xlim(-0.5, n - 0.5)
            ax.set_xticks(range(n), [""] * n)
            panel.draw(ax, result, told, column)
            for i, j in changes(result):
                ax.axvline((i + j) / 2, color=points.RED, linewidth=0.8, linestyle="--", label="rate changes")
            y -= GAP
        if told:
            _verdicts(figure, result, told, column, y)
        style.write(figure, foot, 0.1, AIR + style.height(foot))
    return figure


def _names(figure: Figure | None, result: MapResult, column: float, bottom: float) -> float:
    """Write the names of the rungs above their columns, slanted where columns are narrow; return their height [in]."""
    tall = 0.0
    for i, rung in enumerate(r.rung for r in result.rungs):
        name, x = rung.name.replace("_", " "), EDGE + (i + 0.5) * column
        if column < NARROW:
            words = f"{name} ({rung.side})" if rung.side else name
            tall = max(tall, SINE * style.width_of(words, style.SMALL - 0.5) + 0.12)
            if figure is not None:
                wide, high = figure.get_size_inches()
                look = {"ha": "left", "va": "baseline", "rotation": SLANT, "rotation_mode": "anchor"}
                figure.text(x / wide, bottom / high, words, size=style.SMALL - 0.5, parse_math=False, **look)
            continue
        lines = style.paragraph(name, column - 0.04, style.SMALL - 0.5, weight="bold")
        lines += style.paragraph(rung.side or "", column - 0.04, style.SMALL - 1, color=style.GREY)
        tall = max(tall, style.height(lines))
        if figure is not None:
            _centred(figure, lines, x, bottom + style.height(lines))
    return tall


def _centred(figure: Figure, lines: list[style.Line], x: float, top: float) -> None:
    wide, high = figure.get_size_inches()
    for line in lines:
        look = {"ha": "center", "va": "top", "size": line.size, "parse_math": False}
        figure.text(x / wide, top / high, line.text, **look, **line.look)
        top -= line.height


def _marks(path: EntryPath, told: bool) -> list[Patch]:
    """Explain the bars."""
    bars = [Patch(facecolor=points.BLUE, alpha=0.6, label="rate of the phenomenon, exact limits at 95 %")]
    if told and path.cause is not None:
        open_bar = {"facecolor": style.PAPER, "edgecolor": points.BLUE, "linewidth": 0.9}
        bars.append(Patch(label=f"the same without {path.cause.removes}", **open_bar))
    return bars


def _caption(result: MapResult, page: float, told: list[Seen]) -> list[style.Line]:
    assert isinstance(result.block, EntryPath)
    seeds = len(result.rungs[0].answer.findings)
    words = [f"{seeds} seeds a rung, root {result.root}", "dashed: the rate changes"]
    words += ["from the real towards the toy"] if result.block.direction == "down" else []
    if told:
        narrow = len(result.rungs) * NARROWEST > style.WIDTH - EDGE - RIGHT
        words += [", ".join(f"{sign} {same}" for same, sign in SIGNS.items())] if narrow else []
        words.append("marker: median over the runs with the phenomenon where it is there (open circle: over all runs)")
        for step in steps(result):
            if step.same != "same mechanism":
                words.append(f"to {step.after.replace('_', ' ')}, {step.same}: {step.why}")
    return style.paragraph("; ".join(words) + ".", page, style.SMALL - 1, color=style.GREY)


def _rates(ax: Axes, result: MapResult, told: list[Seen], column: float) -> None:
    """Draw the rates, and beside each the rate with the cause removed."""
    path = result.block
    assert isinstance(path, EntryPath)
    place = np.arange(len(result.rungs))
    answers, without = [r.answer for r in result.rungs], [r.without for r in result.rungs]
    beside = any(less is not None for less in without)
    for shift, rows, filled in ((-SHIFT if beside else 0.0, answers, True), (SHIFT, without, False)):
        there = [(x + shift, a) for x, a in zip(place, rows, strict=True) if a is not None]
        if not there:
            continue
        at = [x for x, _ in there]
        shares = np.array([a.rate() / len(a.findings) for _, a in there])
        limits = np.array([a.limits() for _, a in there]).T
        look: dict[str, Any] = {"color": "none", "edgecolor": points.BLUE}
        look = {"color": points.BLUE, "alpha": 0.6} if filled else look
        ax.bar(at, shares, BARS if beside else 0.6, linewidth=0.9, label="rate" if filled else "without", **look)
        errors = np.clip(np.abs(limits - shares), 0, 1)
        ax.errorbar(at, shares, errors, fmt="none", capsize=1.5, elinewidth=0.7, capthick=0.7, color=style.INK)
    for x, row in enumerate(told):
        if not row.there:
            known = "not learned" if row.learned < 0.5 else "learned without it"
            upright = column < NARROWEST
            room = RATE if upright else column - 0.02
            lines = style.paragraph(known if path.learned else "not there", room, style.SMALL - 1.5)
            look: dict[str, Any] = {"ha": "center", "va": "center", "size": style.SMALL - 1.5, "style": "italic"}
            look["rotation"] = 90 if upright else 0
            ax.text(x, 0.62, "\n".join(line.text for line in lines), color=style.GREY, linespacing=1.1, **look)
    ax.set_ylim(0, 1.06)
    ax.set_yticks([0, 0.5, 1])
    ax.set_ylabel("share of runs", parse_math=False)


def _onsets(ax: Axes, result: MapResult, told: list[Seen], column: float) -> None:
    """Draw the onset of every run in which it was found, and the medians."""
    for x, r in enumerate(result.rungs):
        y, cut = (row[None] for row in values_of(r.answer.findings, r.answer.last, "onset"))
        known = y[np.isfinite(y) & ~cut]
        spread = np.linspace(-0.12, 0.12, known.size) if known.size > 1 else np.zeros(known.size)
        dots = {"color": points.BLUE, "alpha": 0.4, "markersize": 4, "markeredgewidth": 0}
        ax.plot(x + spread, known, ".", label="runs", **dots)
        arrows = {"color": style.GREY, "alpha": 0.6, "markersize": 3, "markeredgewidth": 0}
        ax.plot(np.full(int(cut.sum()), x), y[cut], "^", label="cut off", **arrows)
        ax.plot([x - 0.26, x + 0.26], np.repeat(medians(y, cut), 2), color=style.INK, linewidth=1.1, label="median")
    every = [values_of(r.answer.findings, r.answer.last, "onset")[0] for r in result.rungs]
    points.scale_y(ax, np.concatenate(every), True)
    ax.set_ylabel(names.value(result.setup, [r.answer for r in result.rungs], "onset"), parse_math=False)


def _marker(ax: Axes, result: MapResult, told: list[Seen], column: float) -> None:
    """Draw the marker of every rung with the limits of its median, against the bands of the mechanisms."""
    path = result.block
    assert isinstance(path, EntryPath) and path.marker is not None
    known = [v for row in told for v in (row.median, row.low, row.high) if np.isfinite(v)]
    ends = sorted(end for band in path.mechanisms.values() for end in band)
    shown = [*known, *(ends[1:-1] if known else ends)]
    room = 0.3 * (max(shown) - min(shown))  # the outermost ends of bands may lie far beyond all that is seen
    lo = min([max(ends[0], min(shown) - room), *known])
    hi = max([min(ends[-1], max(shown) + room), *known])
    pad = 0.06 * (hi - lo or 1.0)
    aside = blended_transform_factory(ax.transAxes, ax.transData)
    for (words, (low, high)), hue in zip(path.mechanisms.items(), BANDS * len(path.mechanisms), strict=False):
        ax.axhspan(low, high, color=hue, linewidth=0, zorder=0, label=words)
        middle = (max(low, lo - pad) + min(high, hi + pad)) / 2
        told_words = style.paragraph(words, RIGHT - 0.12, style.SMALL - 1)
        look = {"va": "center", "size": style.SMALL - 1, "linespacing": 1.1, "parse_math": False}
        ax.text(1.01, middle, "\n".join(line.text for line in told_words), transform=aside, **look)
    for x, row in enumerate(told):
        if not np.isfinite(row.median):
            continue
        low, high = (end if np.isfinite(end) else row.median for end in (row.low, row.high))
        look = {"fmt": "o", "markersize": 4, "capsize": 2, "elinewidth": 0.9, "color": style.INK}
        face = style.INK if row.there else style.PAPER
        errors = [[row.median - low], [high - row.median]]
        ax.errorbar([x], [row.median], errors, markerfacecolor=face, markeredgewidth=0.8, label="marker", **look)
    ax.set_ylim(lo - pad, hi + pad)
    points.numbered(ax.yaxis, lo - pad, hi + pad, False)
    ax.set_ylabel(names.value(result.setup, [r.answer for r in result.rungs], path.marker), parse_math=False)


def _verdicts(figure: Figure, result: MapResult, told: list[Seen], column: float, top: float) -> None:
    """Write between the rungs, from the last one before that has the phenomenon, whether the mechanism is the same."""
    place = {row.name: i for i, row in enumerate(told)}
    wide, high = figure.get_size_inches()
    for step in steps(result):
        j, hue, y = place[step.after], HUES[step.same], (top - 0.05) / high
        start, end = EDGE + (j - 0.32) * column, EDGE + (j + 0.32) * column
        look = {"arrowstyle": "-|>", "linewidth": 0.8, "mutation_scale": 6, "color": hue}
        figure.add_artist(FancyArrowPatch((start / wide, y), (end / wide, y), transform=figure.transFigure, **look))
        if column < NARROWEST:
            sign = style.Line(SIGNS[step.same], style.SMALL + 2, {"color": hue})
            _centred(figure, [sign], EDGE + j * column, top - 0.1)
            continue
        words = style.paragraph(step.same, column - 0.02, style.SMALL - (2 if column < NARROW else 1), color=hue)
        if place[step.before] < j - 1:  # it was not there in between
            before = f"as {step.before.replace('_', ' ')}"
            words += style.paragraph(before, column - 0.02, style.SMALL - 2, color=style.GREY)
        _centred(figure, words, EDGE + j * column, top - 0.1)
