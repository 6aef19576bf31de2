"""Phase diagrams over two or three knobs: every run is a strip of its cell, and the line follows the cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator
from scipy.stats import binomtest

from bestiary.catalog.axes import Axis
from bestiary.figures import names, residual, style
from bestiary.figures.points import TICKS
from bestiary.log import State
from bestiary.maps.table import named

if TYPE_CHECKING:
    from bestiary.maps.explore import Exploration
    from bestiary.maps.factorise import Factorisation
    from bestiary.train.jobs import Setup

OWN = {
    "found": style.HUES[0],
    "absent": "#DDDDDD",
    "undecided": "#777777",
    "not_applicable": "#FFFFFF",
    "diverged": style.HUES[1],
}
OTHERS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#B8860B", "#8C564B", "#0072B2")  # phases
PANEL = 3.2  # [in] side of a diagram


def below(found: Exploration) -> str:
    """Write what a map is of."""
    plan, attrs = found.plan, found.table.attrs
    what = f"{plan.label}; " if plan.label != "default" else ""
    return f"{what}{plan.seeds} seeds a point, root {plan.root}; bestiary {attrs['bestiary']}, {attrs['date'][:10]}"


def draw(found: Exploration) -> Figure:
    """Draw a diagram, or one for each value of a third knob; of two knobs also what is left after a product."""
    axes, made = list(found.plan.axes), found.table
    told = " and ".join(axis.name.replace("_", " ") for axis in axes[:2])
    if len(axes) == 1:  # along words: a diagram of one column
        axes, made = [*axes, Axis("", ("all else as it was",))], made.expand_dims({"": 1}, 1)
    planes = [made] if len(axes) < 3 else [made.isel({axes[2].name: k}) for k in range(len(axes[2].values))]
    both = found.factorisation
    rest = int(both is not None and not both.trouble)
    across = len(planes) + rest
    wide = min(style.WIDTH, PANEL * across + 1.2)
    figure = Figure(figsize=(wide, PANEL * (wide - 1.2) / (PANEL * across) + 1.2), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, across, sharey=True))
    if both is not None and rest:
        _residual(panels[-1], both, axes, found.plan.setup)
        panels = panels[:-1]
    words = sorted({w for plane in planes for w in named(plane).ravel()})
    hues = colours(words)
    for i, (ax, plane) in enumerate(zip(panels, planes, strict=True)):
        _cells(ax, plane, axes, words, hues)
        _line(ax, plane, axes, found.boundary_of)
        ax.set_xlabel(names.knob(found.plan.setup, axes[1].name).lines, parse_math=False)
        if len(axes) > 2:
            value = axes[2].values[i]
            head = f"{axes[2].name} = {value if isinstance(value, str) else format(value, '.3g')}"
            ax.set_title(head, size=style.SMALL, parse_math=False)
    panels[0].set_ylabel(names.knob(found.plan.setup, axes[0].name).lines, parse_math=False)
    patches = [Patch(facecolor=hues[w], edgecolor=style.GREY, linewidth=0.4, label=w.replace("_", " ")) for w in words]
    above = 1.06 if len(axes) > 2 else 1.0  # the panels of a third axis have titles
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, above), "frameon": False, "fontsize": style.SMALL}
    abreast = len(patches) if len(planes) > 1 else 3
    panels[0].legend(handles=patches, ncols=abreast, handlelength=1.2, columnspacing=1.0, **place)
    line = f"line: half of the runs {found.boundary_of}, solid where the cells on both sides tell at 95 %"
    if both is not None and not both.trouble:
        line += f". {both.words(axes[0].name, axes[1].name)}"
    caption = f"Each cell is a point of the grid, and each of its strips a run; {line}. {below(found)}"
    style.titled(figure, f"{found.plan.setup.name.replace('_', ' ')} over {told}", caption)
    return figure


def _residual(ax: Axes, both: Factorisation, axes: Sequence[Axis], setup: Setup) -> None:
    """Draw what is left of a quantity after a product over two knobs, on the axes of the diagram."""
    (rows, _), (columns, _) = _edges(axes[0]), _edges(axes[1])
    _scales(ax, axes)
    residual.draw(ax, both, rows, columns)
    ax.set_xlim(columns[0], columns[-1])
    ax.set_xlabel(names.knob(setup, axes[1].name).lines, parse_math=False)


def colours(words: Sequence[str]) -> dict[str, Any]:
    """Choose a colour for every state or phase: states have their own, phases take turns."""
    phases = [word for word in words if word not in {str(s).replace(" ", "_") for s in State}]
    return {word: OWN[word] if word in OWN else OTHERS[phases.index(word) % len(OTHERS)] for word in words}


def _edges(axis: Axis) -> tuple[np.ndarray, list[str] | None]:
    """Return the bounds of the cells along an axis, and its words, which stand at 0, 1, 2, ..."""
    if isinstance(axis.values[0], str):
        return np.arange(len(axis.values) + 1) - 0.5, [str(v) for v in axis.values]
    values = np.asarray(axis.values, float)
    if len(values) == 1:
        return values[0] * np.array([0.9, 1.1]) if axis.log else values[0] + np.array([-0.5, 0.5]), None
    v = np.log(values) if axis.log else values
    bounds = np.r_[v[0] - (v[1] - v[0]) / 2, (v[1:] + v[:-1]) / 2, v[-1] + (v[-1] - v[-2]) / 2]
    return np.exp(bounds) if axis.log else bounds, None


def _strips(edges: np.ndarray, n: int, log: bool) -> np.ndarray:
    """Divide each cell into n strips; return their bounds."""
    v = np.log(edges) if log else edges
    share = np.arange(n) / n
    inner = (v[:-1, None] + share * np.diff(v)[:, None]).ravel()
    bounds = np.r_[inner, v[-1]]
    return np.exp(bounds) if log else bounds


def _cells(ax: Axes, plane: xr.Dataset, axes: Sequence[Axis], words: Sequence[str], hues: dict[str, Any]) -> None:
    """Draw each run as a strip of its cell in the colour of its phase, runs of a phase side by side."""
    phases = named(plane)
    order = {word: i for i, word in enumerate(words)}
    rows, columns, seeds = phases.shape
    sorted_runs = np.sort(np.vectorize(order.__getitem__)(phases), axis=-1).reshape(rows, columns * seeds)
    image = np.array([to_rgb(hues[w]) for w in words])[sorted_runs]
    (ys, _), (xs, _) = _edges(axes[0]), _edges(axes[1])
    ax.pcolormesh(_strips(xs, seeds, axes[1].log), ys, image, edgecolors="none", linewidth=0)
    _scales(ax, axes)
    ax.set_xlim(xs[0], xs[-1])
    ax.set_ylim(ys[0], ys[-1])


def _scales(ax: Axes, axes: Sequence[Axis]) -> None:
    """Scale both axes, with a number or a word at each value where these are few."""
    (_, y_words), (_, x_words) = _edges(axes[0]), _edges(axes[1])
    for scale, axis, told in ((ax.set_xscale, axes[1], x_words), (ax.set_yscale, axes[0], y_words)):
        if told is None:
            scale("log" if axis.log else "linear")
    for target, axis, told in ((ax.xaxis, axes[1], x_words), (ax.yaxis, axes[0], y_words)):
        if told is not None:
            target.set_ticks(range(len(told)), told)
        elif len(axis.values) <= TICKS:
            target.set_ticks(axis.values, [f"{v:.3g}" for v in axis.values])
        else:
            target.set_major_formatter(FuncFormatter(style.number))
        if told is not None or len(axis.values) <= TICKS:
            target.set_minor_locator(NullLocator())


def _line(ax: Axes, plane: xr.Dataset, axes: Sequence[Axis], of: str) -> None:
    """Draw, along the edges of cells, where half of the runs are in the state or phase `of`.

    An edge is solid where the limits of both cells at 95 % exclude one half, and dotted where they do not: there the
    line may lie in the next cell as well.
    """
    phase = of.replace(" ", "_")
    codes = plane["state"].attrs["flag_meanings"].split()
    hit = plane["state"].values == codes.index(phase) if phase in codes else named(plane) == phase
    count, n = hit.sum(-1), hit.shape[-1]
    most = count >= n / 2
    sure = np.vectorize(lambda k: binomtest(int(k), n, 0.5).pvalue < 0.05)(count)
    (ys, _), (xs, _) = _edges(axes[0]), _edges(axes[1])
    if most.all() or not most.any():
        return
    edges: dict[bool, list[Any]] = {True: [], False: []}
    for i, j in np.argwhere(most[:, 1:] != most[:, :-1]):
        edges[bool(sure[i, j] and sure[i, j + 1])].append([(xs[j + 1], ys[i]), (xs[j + 1], ys[i + 1])])
    for i, j in np.argwhere(most[1:] != most[:-1]):
        edges[bool(sure[i, j] and sure[i + 1, j])].append([(xs[j], ys[i + 1]), (xs[j + 1], ys[i + 1])])
    for known, segments in edges.items():
        look = {"linewidths": 1.2, "linestyles": "solid" if known else (0, (1, 1.2)), "colors": [style.INK]}
        ax.add_collection(LineCollection(segments, label="sure" if known else "unsure", capstyle="butt", **look))
