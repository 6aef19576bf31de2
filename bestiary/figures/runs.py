"""Figures of runs: a column per case, a panel per channel, the onsets marked.

All cases share the axis of a channel, and those planned to be equally long that of steps. Runs are thin lines, or a
band where they are many, with their median over them. Controls are named as such and stand on grey.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from bestiary.entry import Phenomenon
from bestiary.figures import columns as parts
from bestiary.figures import panels, style
from bestiary.figures.columns import Column, Look
from bestiary.figures.limits import Limits, limits_of, limits_x
from bestiary.figures.style import GREY, HEAD, WIDTH, Line, save
from bestiary.judge.annotate import log_steps
from bestiary.judge.check import CaseResult
from bestiary.judge.verdict import states
from bestiary.log import Finding

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry

ABREAST = 4  # columns side by side at most

EDGE, LEFT, RIGHT = 0.08, 0.70, 0.14  # [in] margin of the page; of the panels, left and right
GAP, STACK, AXIS = 0.22, 0.11, 0.36  # [in] between columns; between panels; below them, for the steps
REST, AIR = 0.10, 0.07  # [in] between parts of the page; between words and what belongs to them
TALL = (1.45, 1.2, 1.0, 1.0)  # [in] height of a panel, by the number of columns,
PAGE, LEAST = 5.0, 0.7  # [in] less if all panels one below the other would be higher than this; but no less than this


def draw(entry: Entry, phenomenon: Phenomenon, results: Sequence[CaseResult]) -> Figure:
    """Draw the cases of one entry on one root, the positive ones first.

    Args:
        entry: the catalog's block.
        phenomenon: its setup, for channels and units.
        results: one per case.

    Raises:
        ValueError: there are no results.
    """
    ordered = sorted(results, key=lambda r: r.case.control is not None)
    recorded = {str(name) for r in ordered for name in r.runs.data_vars}
    look = Look.of(phenomenon, log_steps(entry.detector))
    look = look._replace(figure=parts.claimed(look.figure, entry, recorded))
    columns = [
        parts.column(r.case.name.replace("_", " "), r.case.control or "", r.runs, 0, r.findings, look.figure)
        for r in ordered
    ]
    return _figure(entry.title, entry.definition, look, columns, [r.runs.attrs for r in ordered])


def draw_runs(
    key: str,
    phenomenon: Phenomenon,
    ds: xr.Dataset,
    findings: Sequence[Sequence[Finding]],
    labels: Sequence[str],
    *,
    log: bool = False,
) -> Figure:
    """Draw settings of an entry, whether or not they are cases of the catalog.

    Args:
        key: the entry's key.
        phenomenon: its setup, for channels and units.
        ds: dims (setting, seed, step).
        findings: (K) lists, one finding per seed.
        labels: (K) names of the settings.
        log: whether the axis of steps is logarithmic; it is for setups that record on a logarithmic schedule.

    Raises:
        ValueError: there are no settings, or not as many as findings and labels.
    """
    settings = ds.sizes["setting"]
    if not settings == len(findings) == len(labels):
        raise ValueError(f"{settings} settings, {len(findings)} lists of findings, {len(labels)} labels: want one each")
    columns = [parts.column(name, "", ds, k, findings[k], phenomenon.figure) for k, name in enumerate(labels)]
    return _figure(key.replace("_", " "), "", Look.of(phenomenon, log), columns, [ds.attrs])


def draw_look(key: str, look: Look, settings: Sequence[tuple[str, xr.Dataset, Sequence[Finding]]]) -> Figure:
    """Draw settings whose setup is known by its look alone.

    Args:
        key: name of the setup.
        look: channels, units and axis.
        settings: for each its name, its runs with dims (setting: 1, seed, ...), and one finding per seed.

    Raises:
        ValueError: there are no settings.
    """
    columns = [parts.column(name, "", ds, 0, findings, look.figure) for name, ds, findings in settings]
    return _figure(key.replace("_", " "), "", look, columns, [ds.attrs for _, ds, _ in settings])


def draw_all(results: Sequence[CaseResult], folder: Path) -> list[Path]:
    """Draw results, in the catalog's order, as one PNG per entry and root; return the paths."""
    several, paths = len({r.root for r in results}) > 1, []
    for (key, root), group in groupby(results, key=lambda r: (r.entry.key, r.root)):
        cases = list(group)
        paths.append(folder / (f"{key}_root{root}.png" if several else f"{key}.png"))
        save(draw(cases[0].entry, cases[0].setup.phenomenon, cases), paths[-1])
    return paths


def _head(c: Column, width: float) -> list[Line]:
    """Write a case's name, what the case is without, and how many runs were in which state."""
    n, found = len(c.findings), sum(f.found for f in c.findings)
    when = f", onset {c.onset:.4g}" if np.isfinite(c.onset) else ""
    others = states([f for f in c.findings if not f.found])
    return [
        *style.paragraph(c.title, width, weight="bold"),
        *(style.paragraph(f"control: without {c.control}", width, style="italic") if c.control else []),
        *style.paragraph(f"{found}/{n} found{when}" + (f"; {others}" if others else ""), width),
    ]


def _provenance(columns: Sequence[Column], attrs: Sequence[dict]) -> str:
    """Write root seed, seeds and versions, as far as the runs have them; a commit that was not whole names nothing."""
    first, sizes = attrs[0], sorted({len(c.findings) for c in columns})
    machine = json.loads(first.get("machine", "{}"))
    commit = f" ({first['commit']})" if first.get("commit") and not first["commit"].endswith("-dirty") else ""
    parts = [
        f"root seed {first['root']}" if "root" in first else "",
        f"{' or '.join(map(str, sizes))} seeds per case",
        f"bestiary {first['bestiary']}{commit}" if "bestiary" in first else "",
        f"jax {machine['jax']} on {machine.get('device', machine.get('platform', '?'))}" if "jax" in machine else "",
        first.get("date", "")[:10],
        "runs end when settled" if any(c.settled for c in columns) else "",
    ]
    return " · ".join(filter(None, parts))


class _Common(NamedTuple):
    """What the panels of all cases have in common."""

    look: Look
    panels: list[list[str]]  # channels of each panel
    units: list[str]
    limits: list[list[Limits]]  # of the values: panel by panel those of each case
    steps: list[Limits]  # of each case
    shades: dict[str, str]  # of spans
    gap: float  # [in] between columns
    wide: float  # [in] of a panel
    tall: float  # [in]

    @property
    def body(self) -> float:
        """Return the height of a case's panels, one below the other, with the axis of steps [in]."""
        return len(self.panels) * (self.tall + STACK) - STACK + AXIS


def _common(look: Look, columns: Sequence[Column], across: int) -> _Common:
    """Settle what all cases share, `across` of which are side by side."""
    shared = parts.panels_of(look)
    units = [look.units.get(panel[0], "1") for panel in shared]
    limits = [limits_of(panel, unit, columns) for panel, unit in zip(shared, units, strict=True)]
    gap = GAP + (style.TICKS if any(len(set(of)) > 1 for of in limits) else 0)
    wide = (WIDTH - LEFT - RIGHT - (across - 1) * gap) / across
    tall = max(LEAST, min(TALL[across - 1], PAGE / (-(-len(columns) // across) * len(shared))))
    steps = [limits_x(c, columns, look.log) for c in columns]
    return _Common(look, shared, units, limits, steps, panels.shades_of(columns), gap, wide, tall)


def _figure(title: str, definition: str, look: Look, columns: Sequence[Column], attrs: Sequence[dict]) -> Figure:
    """Draw the page, from top to bottom: title and definition, key, rows of cases, provenance."""
    if not columns:
        raise ValueError("nothing to draw: no case was run")
    across = -(-len(columns) // -(-len(columns) // ABREAST))  # as even as can be
    rows = [range(len(columns))[i : i + across] for i in range(0, len(columns), across)]
    page = WIDTH - 2 * EDGE
    with style.house_style():
        common = _common(look, columns, across)
        top = style.paragraph(title, page, HEAD, weight="bold") + style.paragraph(definition, page)
        threshold = any(unit.endswith("threshold") for unit in common.units)
        key = style.rows_of_key(panels.key(common.panels, columns, threshold), page)
        foot = style.paragraph(_provenance(columns, attrs), page, color=GREY)
        heads = [_head(c, common.wide) for c in columns]
        above = [max(style.height(heads[i]) for i in row) + AIR for row in rows]
        high = EDGE + style.height(top) + AIR + len(key) * style.ROW + REST
        high += sum(above) + len(rows) * (common.body + REST) + style.height(foot) + EDGE

        figure = Figure(figsize=(WIDTH, high))
        y = high - EDGE
        style.write(figure, top, EDGE, y)
        y -= style.height(top) + AIR
        for entries in key:
            style.draw_key(figure, entries, EDGE, y)
            y -= style.ROW
        y -= REST
        for row, room in zip(rows, above, strict=True):
            y -= room
            for place, i in enumerate(row):
                x = LEFT + place * (common.wide + common.gap)
                style.write(figure, heads[i], x, y + room)
                _draw_case(figure, common, columns[i], i, x, y, leftmost=place == 0)
            y -= common.body + REST
        style.write(figure, foot, EDGE, EDGE + style.height(foot))
    return figure


def _draw_case(figure: Figure, common: _Common, c: Column, i: int, x: float, top: float, *, leftmost: bool) -> None:
    """Draw the panels of case i one below the other, the upper left corner of the first at (x, top) [in]."""
    steps = common.steps[i]
    page, high = figure.get_size_inches()
    wide, tall, last = common.wide, common.tall, len(common.panels) - 1
    for k, (panel, unit, limits) in enumerate(zip(common.panels, common.units, common.limits, strict=True)):
        values, alike = limits[i], len(set(limits)) == 1
        bottom = top - tall - k * (tall + STACK)
        ax = figure.add_axes((x / page, bottom / high, wide / page, tall / high))
        style.scale_x(ax, *steps, ticks=max(4, round(1.6 * wide)))
        style.scale_y(ax, *values)
        panels.draw(ax, panel, unit, c, steps, values, common.shades)
        ax.tick_params(labelleft=leftmost or not alike, labelbottom=k == last)
        if k == 0:
            panels.rug(ax, c, steps)
        if leftmost:
            style.label_y(ax, parts.name_of(panel), unit, wide, tall + STACK)
        if k == last:
            style.label_x(ax, *common.look.clock)
