"""Figures of what the catalog claims beyond single settings: a law, boundary, path or interaction, as judged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.transforms import ScaledTranslation

from bestiary.catalog.map_claims import Boundary, Law
from bestiary.figures import boundaries, interactions, laws, paths, style
from bestiary.judge.outcome import Verdict
from bestiary.maps.judge import MapResult

SIZE = (3.4, 3.3)  # [in]
SHORT = 26  # [character] of a label that shares a row with others


def draw_all(results: Sequence[MapResult], folder: Path) -> list[Path]:
    """Draw one PNG per law, boundary, path and interaction, and root if there are several; return the files."""
    several, drawn = len({r.root for r in results}) > 1, []
    for result in results:
        name = name_of(result, result.root if several else None)
        drawn.append(folder / f"{name}.png")
        style.save(draw(result), drawn[-1])
    return drawn


def name_of(result: MapResult, root: int | None = None) -> str:
    """Name the figure of a law, a boundary, a path or an interaction; a law may have the name of an interaction."""
    beside = "with-" if result.kind == "interaction" else ""
    return f"{result.entry.key}-{beside}{result.block.name}" + (f"_root{root}" if root is not None else "")


def draw(result: MapResult) -> Figure:
    """Draw a law, a boundary, a path or an interaction."""
    if result.table is not None:
        title = result.block.title or result.block.name
        return interactions.draw(result.table, title, caption(result))
    if result.line is None:
        return paths.draw(result)
    with style.house_style():
        figure = Figure(figsize=SIZE, layout="constrained")
        ax = figure.subplots()
        if isinstance(result.block, Law):
            laws.draw(ax, result, result.block)
        elif isinstance(result.block, Boundary):
            boundaries.draw(ax, result, result.block)
        style.titled(figure, result.block.title or result.block.name, caption(result), style.SMALL + 1)
        _key(ax)
    return figure


def _key(ax: Axes) -> None:
    """Explain the marks above the axes: the long lines, each broken where it must be, below a row of short ones."""
    handles, labels = ax.get_legend_handles_labels()
    size = style.SMALL - 1
    lines = [style.paragraph(label, SIZE[0] - 0.8, size) for label in labels]
    look: dict[str, Any] = {"frameon": False, "fontsize": size, "handlelength": 1.6, "labelspacing": 0.25}
    look |= {"borderpad": 0.0, "borderaxespad": 0.0, "columnspacing": 1.0}
    above = 0.08  # [in] from the axes to the next row
    long = [i for i, label in enumerate(labels) if len(label) > SHORT]
    short = [i for i, label in enumerate(labels) if len(label) <= SHORT]
    for rows, across in ((long, 1), (short, len(short))):
        if not rows:
            continue
        up = ScaledTranslation(0, above, ax.figure.dpi_scale_trans)
        place = {"loc": "lower left", "bbox_to_anchor": (-0.12, 1.0), "bbox_transform": ax.transAxes + up}
        texts = ["\n".join(line.text for line in lines[i]) for i in rows]
        look["ncols"] = across
        key = ax.add_artist(Legend(ax, [handles[i] for i in rows], texts, **place, **look))
        key.set_clip_on(False)  # it lies outside, and the layout leaves room for what is not clipped
        above += sum(style.height(lines[i]) for i in rows) + 0.05


def caption(result: MapResult) -> str:
    """Write what was measured with its limits, beside what is claimed and what was published."""
    if result.table is not None:
        beside = f"{result.table.design.seeds} pairs of runs at each value"
    else:
        beside = f"{len(result.line.answers[0].findings) if result.line is not None else 0} seeds a point"
    told = "; ".join(map(in_words, result.verdicts))
    return f"{told}. Limits at 95 %; {beside}, root {result.root}."


def in_words(v: Verdict) -> str:
    """Write what was measured, what is claimed, and the outcome."""
    if v.estimate is None:
        measured = v.measured if str(v.claim.of) in v.measured else f"{v.claim.of} {v.measured}"
    else:
        value, low, high = v.estimate
        measured = f"{v.claim.of} {value:.4g} ({low:.4g} to {high:.4g})"
    words = f"{measured}, claimed {v.expected}: {v.outcome}"
    return f"{words}; minus published {v.difference.words()}" if v.difference is not None else words
