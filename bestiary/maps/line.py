"""What is seen along one knob: its points, and what became of their runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from bestiary.catalog.axes import Axis, Point, points
from bestiary.catalog.formula import evaluate
from bestiary.entry import Knobs, Static
from bestiary.judge.records import waiting_times
from bestiary.judge.rounds import Asking, Judged
from bestiary.maps import boundary
from bestiary.maps.censored import values_of
from bestiary.train.jobs import Request, Setup

MOST_POINTS = 64  # a refinement adds no more to an axis; twenty bisections of sixteen cells end long before

VARIABLES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "x": lambda x: x,
    "1 - x": lambda x: 1 - x,
    "1 / x": lambda x: 1 / x,
    "1 / (1 - x)": lambda x: 1 / (1 - x),
}


@dataclass(frozen=True)
class Line:
    """What was seen along one axis.

    Attributes:
        axis: the axis.
        points: in increasing order.
        answers: what became of the runs of each point.
        waits: names of waiting times, which a run that ended early may not have reached.
    """

    axis: Axis
    points: tuple[Point, ...]
    answers: tuple[Judged, ...]
    waits: tuple[str, ...] = ("onset",)

    @property
    def x(self) -> np.ndarray:
        """(K) values of the knob."""
        return np.asarray([p.where[0] for p in self.points], float)

    def counts(self, of: str) -> list[boundary.Point]:
        """How many runs of each point are in the state or phase of that name."""
        return [
            boundary.Point(float(x), a.rate(of), len(a.findings)) for x, a in zip(self.x, self.answers, strict=True)
        ]

    def values(self, of: str, censored: Iterable[str] = ("undecided",)) -> tuple[np.ndarray, np.ndarray]:
        """(K, S) the onset or effect of every run, and whether it is but a lower bound: the last step of the run."""
        rows = [values_of(a.findings, a.last, of, censored, self.waits) for a in self.answers]
        return np.array([y for y, _ in rows]), np.array([cut for _, cut in rows])

    def predicted(self, formula: str) -> np.ndarray:
        """(K) what a formula of knobs and numeric static values predicts at each point.

        Raises:
            ValueError: it cannot be computed there; in one line.
        """
        return np.array([evaluate(formula, numbers(p.knobs, p.static)) for p in self.points])

    def variable(self, against: str) -> np.ndarray:
        """(K) a function of the knob, or the median of an effect at each point; nan-free.

        Raises:
            ValueError: an effect that the runs of some point do not have.
        """
        if against in VARIABLES:
            return VARIABLES[against](self.x)
        medians = [
            np.median([f.effects[against].value for f in a.findings if against in f.effects] or [math.nan])
            for a in self.answers
        ]
        if np.isnan(medians).any():
            raise ValueError(
                f"no run at {self.axis.name} = {self.x[np.isnan(medians)][0]:g} has the effect {against!r}"
            )
        return np.asarray(medians)


def numbers(knobs: Knobs, static: Static) -> dict[str, float]:
    """Return the values of a setting that are numbers, by name."""
    both = {**static._asdict(), **knobs._asdict()}
    return {name: float(value) for name, value in both.items() if isinstance(value, int | float)}


def along(setup: Setup, axis: Axis, knobs: Knobs, static: Static, seeds: int, root: int) -> Asking[Line]:
    """Ask for every point of an axis."""
    there = sorted(points([axis], knobs, static), key=lambda p: p.where)
    answers = yield [Request(setup, p.knobs, p.static, seeds, root) for p in there]
    return Line(axis, tuple(there), tuple(answers), waiting_times(setup.detector))


def refined(setup: Setup, line: Line, seeds: int, root: int, of: str, resolution: float) -> Asking[Line]:
    """Bisect the brackets in which the rate of `of` crosses one half, until they are as narrow as `resolution`."""
    first = line.points[0]
    whole = isinstance(line.axis.values[0], int)
    while len(line.points) < MOST_POINTS + len(line.axis.values):
        room = MOST_POINTS + len(line.axis.values) - len(line.points)
        wanted = boundary.next_points(line.counts(of), resolution, line.axis.log, room, integer=whole)
        if not wanted:
            break
        values = tuple(round(v) if whole else v for v in wanted)
        more = yield from along(setup, line.axis._replace(values=values), first.knobs, first.static, seeds, root)
        both = {p.where: (p, a) for p, a in zip(line.points + more.points, line.answers + more.answers, strict=True)}
        there = [both[where] for where in sorted(both)]
        line = Line(line.axis, tuple(p for p, _ in there), tuple(a for _, a in there), line.waits)
    return line
