"""Laws, boundaries and paths: from what an entry's detector says along an axis to verdicts.

Each is a generator that asks for runs and is sent what became of them, so that all those of a
catalog share one round of compiling and training, and only what must be refined goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bestiary.catalog.axes import Axis, Point, fit, points
from bestiary.catalog.claims import Claim
from bestiary.catalog.entries import Entry
from bestiary.catalog.map_claims import Boundary, EntryPath, Law, MapClaim, Rung
from bestiary.entry import Knobs, Static
from bestiary.judge.verdict import ALPHA, Outcome, Verdict, judge, value_of
from bestiary.maps import boundary, laws
from bestiary.maps.grid import Answer, Request, Setup, answer
from bestiary.train.campaign import Tell
from bestiary.train.store import Store

MOST_POINTS = 64  # a refinement adds no more to an axis; twenty bisections of sixteen cells end long before

VARIABLES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "x": lambda x: x,
    "1 - x": lambda x: 1 - x,
    "1 / x": lambda x: 1 / x,
    "1 / (1 - x)": lambda x: 1 / (1 - x),
}

T = TypeVar("T")
Asking = Generator[list[Request], list[Answer], T]  # asks for runs, is sent what became of them, ends with a result


@dataclass(frozen=True)
class Line:
    """What was seen along one axis: points in increasing order, and what became of their runs."""

    axis: Axis
    points: tuple[Point, ...]
    answers: tuple[Answer, ...]

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
        rows = [
            [_value(f, last, of, censored) for f, last in zip(a.findings, a.last, strict=True)] for a in self.answers
        ]
        both = np.asarray(rows, float)
        return both[..., 0], both[..., 1] > 0

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


def _value(finding, last: float, of: str, censored: Iterable[str]) -> tuple[float, bool]:
    """A run's value, or its last step if it ended in a state or phase that means `not yet`."""
    value = value_of(finding, of)
    if math.isfinite(value):
        return value, False
    ended_early = finding.state in censored or (finding.phase and finding.phase in censored)
    return (last, True) if ended_early else (math.nan, False)


@dataclass(frozen=True)
class Map:
    """One law, boundary or path of an entry, run and judged on one root seed.

    Attributes:
        entry: the catalog's block.
        block: the law, the boundary or the path.
        root: root seed.
        verdicts: one per claim; those of a path in the order of its rungs.
        line: what was seen along the axis; None for a path.
        fit: the law's fit; None if it could not be made, and for others.
        rivals: the forms compared, best first.
        crossings: of a boundary.
        rungs: of a path, each with what became of its runs and its verdicts.
        trouble: why there is no fit.
    """

    entry: Entry
    block: Law | Boundary | EntryPath
    root: int
    verdicts: list[Verdict]
    line: Line | None = None
    fit: laws.Fit | None = None
    rivals: tuple[laws.Fit, ...] = ()
    crossings: tuple[boundary.Crossing, ...] = ()
    rungs: tuple[tuple[Rung, Answer, list[Verdict]], ...] = ()
    trouble: str = ""

    @property
    def kind(self) -> str:
        """Law, boundary or path."""
        return {Law: "law", Boundary: "boundary", EntryPath: "path"}[type(self.block)]

    def headed(self) -> list[tuple[str, Verdict]]:
        """The verdicts, those of a path each with the name of its rung."""
        heads = [rung.name for rung, _, verdicts in self.rungs for _ in verdicts]
        return list(zip(heads or [""] * len(self.verdicts), self.verdicts, strict=True))


def along(setup: Setup, axis: Axis, knobs: Knobs, static: Static, seeds: int, root: int) -> Asking[Line]:
    """Ask for every point of an axis."""
    there = sorted(points([axis], knobs, static), key=lambda p: p.where)
    answers = yield [Request(setup, p.knobs, p.static, seeds, root) for p in there]
    return Line(axis, tuple(there), tuple(answers))


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
        line = Line(line.axis, tuple(p for p, _ in there), tuple(a for _, a in there))
    return line


def _setting(setup: Setup, block: Law | Boundary) -> tuple[Axis, Knobs, Static]:
    p = setup.phenomenon
    return fit(block.axis, p), p.knobs._replace(**block.knobs), p.static._replace(**block.static)


def judge_law(setup: Setup, law: Law, root: int, alpha: float = ALPHA) -> Asking[Map]:
    """Fit a law over its axis and judge its claims."""
    axis, knobs, static = _setting(setup, law)
    line = yield from along(setup, axis, knobs, static, law.seeds, root)
    y, cut = line.values(law.of, law.censored)
    try:
        x = line.variable(law.against)
        rivals = laws.compare(x, y, cut)
        own = laws.fit(x, y, cut, law.form)
    except ValueError as error:
        none = [_verdict(c, (Outcome.INCONCLUSIVE, "no fit", str(error)), y.size) for c in law.claims]
        return Map(setup.entry, law, root, none, line, trouble=str(error))
    verdicts = [_verdict(c, laws.judge_law(c.within, own, c.of, alpha), own.n) for c in law.claims]
    return Map(setup.entry, law, root, verdicts, line, own, tuple(rivals))


def judge_boundary(setup: Setup, block: Boundary, root: int, alpha: float = ALPHA) -> Asking[Map]:
    """Find where the rate crosses one half, and judge where it is claimed to."""
    axis, knobs, static = _setting(setup, block)
    line = yield from along(setup, axis, knobs, static, block.seeds, root)
    line = yield from refined(setup, line, block.seeds, root, block.of, block.resolution)
    counts = line.counts(block.of)
    crossings = boundary.bracket(counts, log=axis.log)
    verdicts = [
        _verdict(
            c, boundary.judge_boundary(c.within, counts, c.of, log=axis.log, alpha=alpha), sum(p.n for p in counts)
        )
        for c in block.claims
    ]
    return Map(setup.entry, block, root, verdicts, line, crossings=tuple(crossings))


def _verdict(claim, judged: tuple[Outcome, str, str], n: int) -> Verdict:
    outcome, measured, reason = judged
    lo, hi = claim.interval
    return Verdict(claim, outcome, measured, f"{lo:g} to {hi:g}", reason, n)


def judge_path(setup: Setup, trail: EntryPath, root: int, alpha: float = ALPHA) -> Asking[Map]:
    """Run the rungs of a path and judge what is claimed of each."""
    p = setup.phenomenon
    knobs, static, wanted = p.knobs, p.static, []
    for rung in trail.rungs:
        knobs, static = knobs._replace(**rung.knobs), static._replace(**rung.static)
        wanted.append(Request(setup, knobs, static, trail.seeds, root))
    answers = yield wanted
    rungs = tuple(
        (rung, a, judge(rung.claims, a.findings, quantum=a.quantum, alpha=alpha))
        for rung, a in zip(trail.rungs, answers, strict=True)
    )
    return Map(setup.entry, trail, root, [v for _, _, verdicts in rungs for v in verdicts], rungs=rungs)


def claims_of(entry: Entry) -> list[Claim | MapClaim]:
    """All that an entry claims of laws, boundaries and paths."""
    lines: list[Claim | MapClaim] = [
        c for block in (*entry.laws.values(), *entry.boundaries.values()) for c in block.claims
    ]
    return lines + [c for trail in entry.paths.values() for rung in trail.rungs for c in rung.claims]


def tasks(setup: Setup, root: int, alpha: float = ALPHA) -> list[Asking[Map]]:
    """Everything beyond single settings that an entry claims."""
    entry = setup.entry
    return [
        *(judge_law(setup, law, root, alpha) for law in entry.laws.values()),
        *(judge_boundary(setup, block, root, alpha) for block in entry.boundaries.values()),
        *(judge_path(setup, trail, root, alpha) for trail in entry.paths.values()),
    ]


def drive(asking: Sequence[Asking[T]], cabinet: Store, tell: Tell = lambda p: None) -> Iterator[T]:
    """Run generators side by side: the wishes of all of them are trained together, round by round."""
    waiting = [(one, next(one)) for one in asking]
    while waiting:
        known = answer([request for _, wanted in waiting for request in wanted], cabinet, tell)
        still = []
        for one, wanted in waiting:
            try:
                still.append((one, one.send([known[request] for request in wanted])))
            except StopIteration as end:
                yield end.value
        waiting = still
