"""A map that somebody asks for: any entry, any one to three of its knobs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from bestiary.catalog.axes import Axis, Point, points, refuse, typed
from bestiary.catalog.values import declared, overrides
from bestiary.entry import Knobs, Static
from bestiary.judge.records import waiting_times
from bestiary.judge.rounds import Asking, drive
from bestiary.judge.setting import Setting
from bestiary.maps import boundary, laws
from bestiary.maps.censored import values_of
from bestiary.maps.factorise import Factorisation, of_grid
from bestiary.maps.line import Line, along, refined
from bestiary.maps.table import table
from bestiary.train.event import OnProgress
from bestiary.train.executors.protocol import Executor
from bestiary.train.jobs import SLAB, Request, Setup, curve_bytes
from bestiary.train.memory import check_memory, in_words
from bestiary.train.store import Store


@dataclass(frozen=True)
class Plan:
    """A grid to be trained.

    Attributes:
        setup: the entry's setup.
        axes: one to three, with the setup's types.
        knobs: traced values of what is not turned.
        static: static values of what is not turned.
        label: what was asked for beside the axes, in words.
        seeds: runs of every point.
        root: root seed.
    """

    setup: Setup
    axes: tuple[Axis, ...]
    knobs: Knobs
    static: Static
    label: str
    seeds: int
    root: int

    @property
    def points(self) -> list[Point]:
        """Every combination of the axes' values."""
        return points(self.axes, self.knobs, self.static)


@dataclass(frozen=True)
class Exploration:
    """What was found along one knob, or over a grid of several.

    Attributes:
        plan: what was asked for.
        table: states, phases, onsets and effects with the knobs as dims; see `maps.table.table`.
        line: along the knob, with the points that a refinement added; None for several knobs.
        boundary_of: state or phase whose boundary was sought.
        crossings: where its rate crosses one half.
        of: onset or effect whose law was fitted.
        laws: the forms, best first.
        trouble: why there is no law.
        factorisation: whether the onset or effect is a product over two knobs; None for another number of knobs.
    """

    plan: Plan
    table: xr.Dataset
    line: Line | None = None
    boundary_of: str = "found"
    crossings: tuple[boundary.Crossing, ...] = ()
    of: str = "onset"
    laws: tuple[laws.Fit, ...] = ()
    trouble: str = ""
    factorisation: Factorisation | None = None


def plan(setting: Setting, axes: Sequence[Axis], seeds: int, root: int) -> Plan:
    """The grid over a setting.

    Raises:
        ValueError: an axis does not fit the setup, or a value on it is out of range; in one line.
        TooLarge: the runs of a point need more memory than there is; in one line.
    """
    p = setting.setup.phenomenon
    known = declared(p.knobs, p.static)
    fitted = tuple(typed(axis, known) for axis in axes)
    refuse(fitted, known, overrides(setting.knobs._asdict(), setting.static._asdict()))
    ends = [_ends(axis) for axis in fitted if axis.name in setting.static._fields]
    for point in points(ends, setting.knobs, setting.static):
        check_memory(p, point.static)
    return Plan(setting.setup, fitted, setting.knobs, setting.static, setting.label, seeds, root)


def _ends(axis: Axis) -> Axis:
    """An axis with its ends alone, between which memory lies; with all its words."""
    values = axis.values
    return axis if isinstance(values[0], str) else axis._replace(values=tuple({min(values), max(values)}))


def size(asked: Plan) -> str:
    """How large a grid is, in words."""
    p, fixed = asked.setup.phenomenon, [axis for axis in asked.axes if axis.name in asked.static._fields]
    statics = [point.static for point in points(fixed, asked.knobs, asked.static)]
    there = math.prod(len(axis.values) for axis in asked.axes)
    runs = there // len(statics) * asked.seeds  # of each program
    total, steps = sum(curve_bytes(p, static) for static in statics) * runs, sum(s.steps for s in statics) * runs
    programs = f"{len(statics)} program{'s' if len(statics) > 1 else ''}, {in_words(total)} of curves"
    words = f"{asked.setup.name}: {there:,} points x {asked.seeds} seeds, {steps:,} steps, {programs}"
    slabs = -(-total // SLAB)
    return words if slabs <= 1 else f"{words}; read in {slabs} batches of at most {in_words(SLAB)}"


def run(
    asked: Plan,
    store: Store,
    on_progress: OnProgress = lambda p: None,
    *,
    of: str = "onset",
    boundary_of: str = "found",
    resolution: float | None = None,
    executor: Executor | None = None,
) -> Exploration:
    """Train the grid and say what is there.

    Args:
        asked: the grid.
        store: where runs are kept.
        on_progress: called with each Progress.
        of: onset or effect whose law is fitted along a single knob, or that may be a product over two.
        boundary_of: state or phase whose boundary is sought along a single knob.
        resolution: how narrow the brackets of that boundary are made; None leaves the grid as it is.
        executor: who trains; default: this process.
    """
    single = len(asked.axes) == 1 and not isinstance(asked.axes[0].values[0], str)
    one = explore(asked, of, boundary_of, resolution) if single else _grid(asked, of, boundary_of)
    return drive([one], store, on_progress, executor)[0]


def _grid(asked: Plan, of: str, boundary_of: str) -> Asking[Exploration]:
    """Over several knobs, or along words: the table; of two knobs whether a quantity factorises."""
    there = asked.points
    answers = yield [Request(asked.setup, p.knobs, p.static, asked.seeds, asked.root) for p in there]
    made, both = table(asked.setup, asked.axes, there, answers, asked.root), None
    if len(asked.axes) == 2:
        waits = waiting_times(asked.setup.detector)
        seen = [values_of(a.findings, a.last, of, (), waits)[0] for a in answers]
        both = of_grid(seen, (len(asked.axes[0].values), len(asked.axes[1].values)), of)
    return Exploration(asked, made, boundary_of=boundary_of, of=of, factorisation=both)


def explore(asked: Plan, of: str, boundary_of: str, resolution: float | None) -> Asking[Exploration]:
    """Along one knob: the rates, the boundaries, refined if a resolution is given, and the law."""
    (axis,) = asked.axes
    line = yield from along(asked.setup, axis, asked.knobs, asked.static, asked.seeds, asked.root)
    if resolution is not None:
        line = yield from refined(asked.setup, line, asked.seeds, asked.root, boundary_of, resolution)
    taken = axis._replace(values=tuple(p.where[0] for p in line.points))
    made = table(asked.setup, [taken], line.points, line.answers, asked.root)
    crossings = boundary.bracket(line.counts(boundary_of), log=axis.log)
    rivals, trouble = (), ""
    try:
        rivals = tuple(laws.compare(line.x, *line.values(of)))
    except ValueError as error:
        trouble = str(error)
    return Exploration(asked, made, line, boundary_of, tuple(crossings), of, rivals, trouble)
