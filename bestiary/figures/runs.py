"""Figures of runs: a column per case, a panel per channel, the onsets marked.

All cases share the axis of a channel, and those planned to be equally long that of steps. Runs are thin lines, or a
band where they are many, with their median over them. Controls are named as such and stand on grey.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from bestiary.entry import Phenomenon, log_schedule
from bestiary.figures import panels, style
from bestiary.figures.panels import Column
from bestiary.figures.style import GREY, HEAD, WIDTH, Line, save
from bestiary.judge import check
from bestiary.judge.verdict import states
from bestiary.log import Finding

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry

ABREAST = 4  # columns side by side at most
DELAYED = "final_test_acc"  # an effect by which findings of delayed_generalization, a ratio of steps, are known

EDGE, LEFT, RIGHT = 0.08, 0.70, 0.14  # [in] margin of the page; of the panels, left and right
GAP, STACK, AXIS = 0.22, 0.11, 0.36  # [in] between columns; between panels; below them, for the steps
REST, AIR = 0.10, 0.07  # [in] between parts of the page; between words and what belongs to them
TALL = (1.45, 1.2, 1.0, 1.0)  # [in] height of a panel, by the number of columns,
PAGE, LEAST = 5.0, 0.7  # [in] less if all panels one below the other would be higher than this; but no less than this


def draw(entry: Entry, phenomenon: Phenomenon, results: Sequence[check.CaseResult]) -> Figure:
    """The cases of one entry on one root, the positive ones first.

    Args:
        entry: the catalog's block.
        phenomenon: its setup, for channels and units.
        results: one per case.

    Raises:
        ValueError: there are no results.
    """
    ordered = sorted(results, key=lambda r: r.case.control is not None)
    columns = [
        panels.column(r.case.name.replace("_", " "), r.case.control or "", r.runs, 0, r.findings, phenomenon.figure)
        for r in ordered
    ]
    log = entry.detector == "delayed_generalization"
    return _figure(entry.title, entry.definition, phenomenon, columns, [r.runs.attrs for r in ordered], log)


def draw_runs(
    key: str,
    phenomenon: Phenomenon,
    ds: xr.Dataset,
    findings: Sequence[Sequence[Finding]],
    labels: Sequence[str],
) -> Figure:
    """Settings of an entry, whether or not they are cases of the catalog.

    Args:
        key: the entry's key.
        phenomenon: its setup, for channels and units.
        ds: dims (setting, seed, step).
        findings: (K) lists, one finding per seed.
        labels: (K) names of the settings.

    Raises:
        ValueError: there are no settings, or not as many as findings and labels.
    """
    settings = ds.sizes["setting"]
    if not settings == len(findings) == len(labels):
        raise ValueError(f"{settings} settings, {len(findings)} lists of findings, {len(labels)} labels: want one each")
    columns = [panels.column(name, "", ds, k, findings[k], phenomenon.figure) for k, name in enumerate(labels)]
    log = any(DELAYED in f.effects for some in findings for f in some)
    return _figure(key.replace("_", " "), "", phenomenon, columns, [ds.attrs], log)


def draw_all(results: Sequence[check.CaseResult], folder: Path) -> list[Path]:
    """Draw results, in the catalog's order, as one PNG per entry and root; returns the paths."""
    several, paths = len({r.root for r in results}) > 1, []
    for (key, root), group in groupby(results, key=lambda r: (r.entry.key, r.root)):
        cases = list(group)
        paths.append(folder / (f"{key}_root{root}.png" if several else f"{key}.png"))
        save(draw(cases[0].entry, check.load(cases[0].entry), cases), paths[-1])
    return paths


def _head(c: Column, width: float) -> list[Line]:
    """A case's name, what it is without, and how many runs were in which state."""
    n, found = len(c.findings), sum(f.found for f in c.findings)
    when = f", onset {np.median(c.onsets):.4g}" if c.onsets.size else ""
    others = states([f for f in c.findings if not f.found])
    return [
        *style.paragraph(c.title, width, weight="bold"),
        *(style.paragraph(f"control: without {c.control}", width, style="italic") if c.control else []),
        *style.paragraph(f"{found}/{n} found{when}" + (f"; {others}" if others else ""), width),
    ]


def _provenance(columns: Sequence[Column], attrs: Sequence[dict]) -> str:
    """Root seed, seeds, versions, as far as the runs tell."""
    first, sizes = attrs[0], sorted({len(c.findings) for c in columns})
    machine = json.loads(first.get("machine", "{}"))
    commit = f" ({first['commit']})" if first.get("commit") else ""
    parts = [
        f"root seed {first['root']}" if "root" in first else "",
        f"{' or '.join(map(str, sizes))} seeds per case",
        f"bestiary {first['bestiary']}{commit}" if "bestiary" in first else "",
        f"jax {machine['jax']} on {machine.get('device', machine.get('platform', '?'))}" if "jax" in machine else "",
        first.get("date", "")[:10],
        "runs end when settled" if any(c.settled for c in columns) else "",
    ]
    return " · ".join(filter(None, parts))


def _figure(
    title: str, definition: str, p: Phenomenon, columns: Sequence[Column], attrs: Sequence[dict], log: bool
) -> Figure:
    """The page, from top to bottom: title and definition, key, rows of cases, provenance."""
    if not columns:
        raise ValueError("nothing to draw: no case was run")
    shared, page = panels.panels_of(p), WIDTH - 2 * EDGE
    units = [p.units.get(panel[0], "1") for panel in shared]
    limits = [panels.limits_y(panel, unit, columns) for panel, unit in zip(shared, units, strict=True)]
    across = -(-len(columns) // -(-len(columns) // ABREAST))  # as even as can be
    rows = [columns[i : i + across] for i in range(0, len(columns), across)]
    wide = (WIDTH - LEFT - RIGHT - (across - 1) * GAP) / across
    tall = max(LEAST, min(TALL[across - 1], PAGE / (len(rows) * len(shared))))
    shades = panels.shades_of(columns)
    with style.house_style():
        top = style.paragraph(title, page, HEAD, weight="bold") + style.paragraph(definition, page)
        key = style.rows_of_key(panels.key(shared, columns, any(u.endswith("threshold") for u in units)), page)
        foot = style.paragraph(_provenance(columns, attrs), page, color=GREY)
        heads = [[_head(c, wide) for c in row] for row in rows]
        tops = [max(map(style.height, head)) + AIR for head in heads]
        body = len(shared) * (tall + STACK) - STACK + AXIS
        high = EDGE + style.height(top) + AIR + len(key) * style.ROW + REST
        high += sum(tops) + len(rows) * (body + REST) + style.height(foot) + EDGE

        figure = Figure(figsize=(WIDTH, high))
        y = high - EDGE
        style.write(figure, top, EDGE, y)
        y -= style.height(top) + AIR
        for entries in key:
            style.draw_key(figure, entries, EDGE, y)
            y -= style.ROW
        y -= REST
        for row, head, above in zip(rows, heads, tops, strict=True):
            for i, c in enumerate(row):
                x = LEFT + i * (wide + GAP)
                style.write(figure, head[i], x, y - above + AIR + style.height(head[i]))
                steps = panels.limits_x(c, columns, log or p.schedule is log_schedule)
                for k, (panel, unit, values) in enumerate(zip(shared, units, limits, strict=True)):
                    bottom = y - above - tall - k * (tall + STACK)
                    ax = figure.add_axes((x / WIDTH, bottom / high, wide / WIDTH, tall / high))
                    style.scale_x(ax, *steps, ticks=max(4, round(1.6 * wide)))
                    style.scale_y(ax, *values)
                    panels.draw(ax, panel, unit, c, steps, values, shades)
                    ax.tick_params(labelleft=i == 0, labelbottom=panel is shared[-1])
                    if k == 0:
                        panels.rug(ax, c, steps)
                    if i == 0:
                        style.label_y(ax, panels.name_of(panel), unit, wide, tall + STACK)
                    if panel is shared[-1]:
                        style.label_x(ax, *p.clock)
            y -= above + body + REST
        style.write(figure, foot, EDGE, EDGE + style.height(foot))
    return figure
