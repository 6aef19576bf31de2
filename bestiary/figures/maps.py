"""Figures of maps: rate and onset along one knob, phase diagrams over two or three, the rungs of a path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from bestiary.catalog.axes import Axis
from bestiary.figures import style
from bestiary.log import State
from bestiary.maps.censored import medians, values_of
from bestiary.maps.path import changes
from bestiary.maps.table import commonest, named

if TYPE_CHECKING:
    from bestiary.maps.boundary import Crossing
    from bestiary.maps.explore import Exploration
    from bestiary.maps.judge import MapResult
    from bestiary.maps.laws import Fit
    from bestiary.maps.line import Line

BLUE, RED, GREEN, PURPLE = style.HUES
OWN = {"found": BLUE, "absent": "#DDDDDD", "undecided": "#AAAAAA", "not_applicable": "#FFFFFF", "diverged": RED}
OTHERS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#999999", "#8C564B", "#0072B2")  # phases
TICKS = 8  # as many values each have a tick
LINE, PANEL = 2.1, 3.2  # [in] height of a panel of a line; side of a diagram


def draw(found: Exploration) -> Figure:
    """Draw a map."""
    with style.house_style():
        return _along(found) if found.line is not None else _diagram(found)


def _title(figure: Figure, text: str, below: str) -> None:
    room = figure.get_figwidth() - 0.2
    title = "\n".join(line.text for line in style.paragraph(text, room, style.HEAD, weight="bold"))
    figure.suptitle(title, x=0.01, ha="left", size=style.HEAD, weight="bold", parse_math=False)
    lines = style.paragraph(below, room, style.SMALL - 1)
    words = "\n".join(line.text for line in lines)
    figure.supxlabel(words, x=0.01, ha="left", size=style.SMALL - 1, color=style.GREY, parse_math=False)


def _below(found: Exploration) -> str:
    plan, attrs = found.plan, found.table.attrs
    what = f"{plan.label}; " if plan.label != "default" else ""
    return f"{what}{plan.seeds} seeds a point, root {plan.root}; bestiary {attrs['bestiary']}, {attrs['date'][:10]}"


def _along(found: Exploration) -> Figure:
    line, axis = found.line, found.plan.axes[0]
    assert line is not None  # draw has seen to it
    has_values = bool(np.isfinite(line.values(found.of)[0]).any())
    figure = Figure(figsize=(style.WIDTH * 0.6, LINE * (1 + has_values) + 0.5), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1 + has_values, 1, sharex=True))
    rates(panels[0], line, found.boundary_of)
    for crossing in found.crossings:
        for ax in panels:
            ax.axvspan(crossing.lo, crossing.hi, color=RED, alpha=0.25, linewidth=0)
    if has_values:
        y, cut = line.values(found.of)
        draw_law(panels[1], line.x, y, cut, found.laws[0] if found.laws else None, axis.log)
        panels[1].set_yscale("log" if (y[np.isfinite(y)] > 0).all() else "linear")
        panels[1].legend(frameon=False, fontsize=style.SMALL - 1)
        unit = found.table[found.of].attrs.get("units", "1")
        panels[1].set_ylabel(found.of if unit == "1" else f"{found.of} [{unit}]", parse_math=False)
    if axis.log:
        panels[-1].set_xscale("log")
    panels[-1].set_xlabel(axis.name, parse_math=False)
    _label(panels[0], axis.name, found.crossings)
    _title(figure, f"{found.plan.setup.name} against {axis.name}", _below(found))
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


def rates(ax: Axes, line: Line, of: str) -> None:
    """Draw the rate with exact intervals at 95 %, joined, and the level 1/2."""
    k = np.array([a.rate(of) for a in line.answers])
    n = np.array([len(a.findings) for a in line.answers])
    limits = np.array([a.limits(of) for a in line.answers]).T
    errors = np.clip(np.abs(limits - k / n), 0, 1)
    ax.errorbar(line.x, k / n, errors, fmt="o-", markersize=3, linewidth=0.8, capsize=1.5, elinewidth=0.7, color=BLUE)
    ax.axhline(0.5, color=style.GREY, linewidth=0.5, linestyle=":")
    ax.set_ylim(-0.06, 1.06)
    ax.set_ylabel(f"share of runs: {of}", parse_math=False)


def draw_law(ax: Axes, x: np.ndarray, y: np.ndarray, cut: np.ndarray, law: Fit | None, log_x: bool) -> None:
    """Draw every run as a dot, those cut off as arrows, the medians, and a law.

    Args:
        ax: where.
        x: (K,) settings.
        y: (K, S) a value for each run, nan where there is none; the last step where cut off.
        cut: (K, S) whether the run was cut off. A median among such runs is not known, and not drawn.
        law: the law; None draws none.
        log_x: whether the points of the law are spaced for a logarithmic axis.
    """
    wide, there, middle = np.broadcast_to(x[:, None], y.shape), np.isfinite(y), medians(y, cut)
    some = np.isfinite(middle)
    ax.plot(wide[there & ~cut], y[there & ~cut], ".", color=BLUE, alpha=0.35, markersize=4, markeredgewidth=0)
    (arrows,) = ax.plot(wide[cut], y[cut], "^", color=style.GREY, alpha=0.6, markersize=3, markeredgewidth=0)
    if cut.any():
        arrows.set_label("cut off")
    ax.plot(x[some], middle[some], "o", color=BLUE, markersize=4, label="median")
    if law is not None:
        lo, hi = x[there.any(1)].min(), x[there.any(1)].max()
        grid = np.geomspace(lo, hi, 200) if log_x else np.linspace(lo, hi, 200)
        ax.plot(grid, law.predict(grid), "-", color=style.INK, linewidth=0.8, label=_words(law))


def _words(law: Fit) -> str:
    return f"{law.form}: " + ", ".join(f"{name} {value:.3g}" for name, value in law.parameters.items())


def _diagram(found: Exploration) -> Figure:
    axes, made = list(found.plan.axes), found.table
    names = " and ".join(axis.name for axis in axes[:2])
    if len(axes) == 1:  # along words: a diagram of one column
        axes, made = [*axes, Axis("", ("all else as it was",))], made.expand_dims({"": 1}, 1)
    planes = [made] if len(axes) < 3 else [made.isel({axes[2].name: k}) for k in range(len(axes[2].values))]
    wide = min(style.WIDTH, PANEL * len(planes) + 1.2)
    figure = Figure(figsize=(wide, PANEL * (wide - 1.2) / (PANEL * len(planes)) + 1.0), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(planes), sharey=True))
    words = sorted({w for plane in planes for w in named(plane).ravel()})
    hues = colours(words)
    for i, (ax, plane) in enumerate(zip(panels, planes, strict=True)):
        _cells(ax, plane, axes, hues)
        _contour(ax, plane, axes, found.boundary_of)
        if len(axes) > 2:
            value = axes[2].values[i]
            head = f"{axes[2].name} = {value if isinstance(value, str) else format(value, '.3g')}"
            ax.set_title(head, size=style.SMALL, parse_math=False)
    panels[0].set_ylabel(axes[0].name, parse_math=False)
    patches = [Patch(facecolor=hues[w], edgecolor=style.GREY, linewidth=0.4, label=w.replace("_", " ")) for w in words]
    above = 1.06 if len(axes) > 2 else 1.0  # the panels of a third axis have titles
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, above), "frameon": False, "fontsize": style.SMALL}
    abreast = len(patches) if len(planes) > 1 else 3
    panels[0].legend(handles=patches, ncols=abreast, handlelength=1.2, columnspacing=1.0, **place)
    below = f"{_below(found)}; pale where runs disagree; line: half of the runs {found.boundary_of}"
    _title(figure, f"{found.plan.setup.name} over {names}", below)
    return figure


def colours(words: Sequence[str]) -> dict[str, Any]:
    """Choose a colour for every state or phase: states have their own, phases take turns."""
    phases = [word for word in words if word not in {str(s).replace(" ", "_") for s in State}]
    return {word: OWN[word] if word in OWN else OTHERS[phases.index(word) % len(OTHERS)] for word in words}


def _edges(axis) -> tuple[np.ndarray, list[str] | None]:
    """Return the bounds of the cells along an axis, and its words, which stand at 0, 1, 2, ..."""
    if isinstance(axis.values[0], str):
        return np.arange(len(axis.values) + 1) - 0.5, [str(v) for v in axis.values]
    values = np.asarray(axis.values, float)
    if len(values) == 1:
        return values[0] * np.array([0.9, 1.1]) if axis.log else values[0] + np.array([-0.5, 0.5]), None
    v = np.log(values) if axis.log else values
    bounds = np.r_[v[0] - (v[1] - v[0]) / 2, (v[1:] + v[:-1]) / 2, v[-1] + (v[-1] - v[-2]) / 2]
    return np.exp(bounds) if axis.log else bounds, None


def _cells(ax: Axes, plane: xr.Dataset, axes, hues: dict[str, Any]) -> None:
    """Draw each cell in the colour of its commonest phase, mixed with white by the share of the runs that disagree."""
    word, share = commonest(plane)
    image = np.array([[to_rgb(hues[w]) for w in row] for row in word])
    image = share[..., None] * image + (1 - share[..., None])
    (ys, y_words), (xs, x_words) = _edges(axes[0]), _edges(axes[1])
    ax.pcolormesh(xs, ys, image, edgecolors="none", linewidth=0)
    for scale, axis, words in ((ax.set_xscale, axes[1], x_words), (ax.set_yscale, axes[0], y_words)):
        if words is None:
            scale("log" if axis.log else "linear")
    for target, axis, words in ((ax.xaxis, axes[1], x_words), (ax.yaxis, axes[0], y_words)):
        if words is not None:
            target.set_ticks(range(len(words)), words)
        elif len(axis.values) <= TICKS:
            target.set_ticks(axis.values, [f"{v:.3g}" for v in axis.values])
        else:
            target.set_major_formatter(FuncFormatter(style.number))
        if words is not None or len(axis.values) <= TICKS:
            target.set_minor_locator(NullLocator())
    ax.set_xlim(xs[0], xs[-1])
    ax.set_ylim(ys[0], ys[-1])
    ax.set_xlabel(axes[1].name, parse_math=False)


def _contour(ax: Axes, plane: xr.Dataset, axes, of: str) -> None:
    """Draw the line on which half of the runs are in the state or phase `of`."""
    words, phase = named(plane), of.replace(" ", "_")
    codes = plane["state"].attrs["flag_meanings"].split()
    rate = np.mean(plane["state"].values == codes.index(phase) if phase in codes else words == phase, axis=-1)
    numeric = all(not isinstance(axis.values[0], str) and len(axis.values) > 1 for axis in axes[:2])
    if numeric and rate.min() < 0.5 <= rate.max():
        ax.contour(axes[1].values, axes[0].values, rate, levels=[0.5], colors=[style.INK], linewidths=0.9)


def draw_path(result: MapResult) -> Figure:
    """Draw the rungs side by side, with rate and onset, and a line between two rungs where the rate changes."""
    rungs = [r.rung for r in result.rungs]
    answers = [r.answer for r in result.rungs]
    place = np.arange(len(rungs))
    with style.house_style():
        figure = Figure(figsize=(min(style.WIDTH, 1.1 * len(rungs) + 1), 2 * LINE), layout="constrained")
        top, low = figure.subplots(2, 1, sharex=True)
        rates = np.array([a.rate() / len(a.findings) for a in answers])
        limits = np.array([a.limits() for a in answers]).T
        top.bar(place, rates, 0.6, color=BLUE, alpha=0.6)
        errors = np.clip(np.abs(limits - rates), 0, 1)
        top.errorbar(place, rates, errors, fmt="none", capsize=2, elinewidth=0.8, color=style.INK)
        top.set_ylim(0, 1.06)
        top.set_ylabel("share of runs: found")
        seen = [values_of(answer.findings, answer.last, "onset") for answer in answers]
        draw_law(low, place, np.array([y for y, _ in seen]), np.array([cut for _, cut in seen]), None, False)
        low.set_yscale("log")
        low.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        low.yaxis.set_major_formatter(FuncFormatter(style.number))
        low.yaxis.set_minor_formatter(NullFormatter())
        low.set_ylabel("onset [step]")
        for i, j in changes(result):
            for ax in (top, low):
                ax.axvline((i + j) / 2, color=RED, linewidth=0.8, linestyle="--")
        labels = ["\n".join([r.name.replace("_", " "), *([f"({r.side})"] if r.side else [])]) for r in rungs]
        low.set_xticks(place, labels, rotation=30 if len(rungs) > 5 else 0, parse_math=False)
        seeds = len(answers[0].findings)
        below = f"{seeds} seeds a rung, root {result.root}; dashed: the rate changes"
        _title(figure, f"{result.entry.key}: {result.block.title}", below)
    return figure
