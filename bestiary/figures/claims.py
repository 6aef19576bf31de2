"""Figures of what the catalog claims beyond single settings: a law, a boundary or a path, as it was judged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bestiary.catalog.forms import FORMS
from bestiary.catalog.map_claims import Boundary, Law
from bestiary.figures import maps as map_figures
from bestiary.figures import style
from bestiary.figures.maps import GREEN, RED
from bestiary.judge.outcome import Verdict
from bestiary.maps.judge import MapResult
from bestiary.maps.line import VARIABLES

SIZE = (3.4, 2.9)  # [in]


def draw_all(results: Sequence[MapResult], folder: Path) -> list[Path]:
    """Draw one PNG per law, boundary and path, and root if there are several; return the paths."""
    several, paths = len({r.root for r in results}) > 1, []
    for result in results:
        name = f"{result.entry.key}-{result.block.name}" + (f"_root{result.root}" if several else "")
        paths.append(folder / f"{name}.png")
        style.save(draw(result), paths[-1])
    return paths


def draw(result: MapResult) -> Figure:
    """Draw a law, a boundary or a path."""
    if result.line is None:
        return map_figures.draw_path(result)
    with style.house_style():
        figure = Figure(figsize=SIZE, layout="constrained")
        ax = figure.subplots()
        if isinstance(result.block, Law):
            _law(ax, result, result.block)
        elif isinstance(result.block, Boundary):
            _boundary(ax, result, result.block)
        title = result.block.title or result.block.name
        lines = style.paragraph(title, SIZE[0] - 0.2, style.SMALL + 1, weight="bold")
        verdicts = "; ".join(map(_in_words, result.verdicts))
        below = style.paragraph(f"{result.entry.key}, root {result.root}. {verdicts}", SIZE[0] - 0.2, style.SMALL - 1)
        joined = "\n".join(line.text for line in lines)
        figure.suptitle(joined, x=0.02, ha="left", size=style.SMALL + 1, weight="bold", parse_math=False)
        words = "\n".join(line.text for line in below)
        figure.supxlabel(words, x=0.02, ha="left", size=style.SMALL - 1, color=style.GREY, parse_math=False)
    return figure


def _in_words(v: Verdict) -> str:
    """Write what was measured, what is claimed, and the outcome."""
    measured = v.measured if str(v.claim.of) in v.measured else f"{v.claim.of} {v.measured}"
    return f"{measured}: claimed {v.expected}, {v.outcome}"


def _law(ax: Axes, result: MapResult, law: Law) -> None:
    """Draw every run, the medians, what was cut off, and the fitted law."""
    line = result.line
    assert line is not None  # draw has seen to it
    y, cut = line.values(law.of, law.censored)
    try:
        x = line.variable(law.against)
    except ValueError:
        x = line.x
    form = FORMS[law.form]
    log = bool((x > 0).all()) and (line.axis.log or form.above_0)
    map_figures.draw_law(ax, x, y, cut, result.fit, log)
    scale(ax, x if len(x) <= map_figures.TICKS else None, log, form.on_logs)
    variable = law.against.replace("x", law.axis.name) if law.against in VARIABLES else law.against
    ax.set_xlabel(variable, parse_math=False)
    ax.set_ylabel(law.of, parse_math=False)


def scale(ax: Axes, ticks: np.ndarray | None, log_x: bool, log_y: bool) -> None:
    """Make axes logarithmic where that is asked for, with ticks at the points if given, and numbers without powers."""
    if log_x:
        ax.set_xscale("log")
        _decades(ax.xaxis)
    if log_y:
        ax.set_yscale("log")
        _decades(ax.yaxis)
    if ticks is not None:
        ax.set_xticks(ticks, [style.number(float(f"{v:.3g}")) for v in ticks])
        ax.xaxis.set_minor_locator(NullLocator())


def _decades(axis: Axis) -> None:
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(style.number))
    axis.set_minor_locator(NullLocator())


def _boundary(ax: Axes, result: MapResult, block: Boundary) -> None:
    """Draw the rates, the brackets, and where they were claimed to be."""
    line = result.line
    assert line is not None  # draw has seen to it
    for claim in block.claims:
        ax.axvspan(*claim.within, color=GREEN, alpha=0.15, linewidth=0)
    for crossing in result.crossings:
        ax.axvspan(crossing.lo, crossing.hi, color=RED, alpha=0.35, linewidth=0)
    map_figures.rates(ax, line, block.of)
    scale(ax, None, line.axis.log, False)
    ax.set_xlabel(line.axis.name, parse_math=False)
