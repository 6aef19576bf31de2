"""The four cells of an interaction, neither, A, B and both: the same seeds, so the same draws, in all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bestiary.catalog.axes import Axis, Point, fit, points
from bestiary.catalog.interaction_claims import OF_BOTH, Overrides, Pair, Rule
from bestiary.entry import Knobs, Static
from bestiary.judge.records import is_waiting_time, waiting_times
from bestiary.judge.rounds import Asking, Judged
from bestiary.maps.interactions.bounds import Bounds, read_off, threshold
from bestiary.maps.interactions.kappa import Rates, kappa_of
from bestiary.maps.interactions.rules import composed
from bestiary.maps.line import numbers
from bestiary.train.jobs import Request, Setup


@dataclass(frozen=True)
class Design:
    """Two things that one knob and one set of overrides turn on and off.

    Attributes:
        setup: the setup of A.
        knob: the axis of B's knob with its values where B is on, in the order in which it is turned on.
        off: its value with B off.
        knobs: traced values of A by itself.
        static: static values of A by itself.
        without_a: what takes A away.
        with_b: further overrides where B is on.
        of: onset or effect; with `along` a state or phase.
        along: the axis of a threshold; None if the quantity is an onset or effect.
        present: state or phase by which A is there.
        censored: states and phases in which a run without a value ended too early.
        rule: what the parts predict.
        stronger: which quantity is more of A; None: smaller for waiting times, else larger.
        seeds: runs of every cell.
        root: root seed.
        label: what it was asked for as, in words.
    """

    setup: Setup
    knob: Axis
    off: float | int | str
    knobs: Knobs
    static: Static
    without_a: Overrides
    with_b: Overrides
    of: str
    along: Axis | None
    present: str
    censored: tuple[str, ...]
    rule: Rule
    stronger: str | None
    seeds: int
    root: int
    label: str = ""

    @cached_property
    def waits(self) -> tuple[str, ...]:
        """Return the names of waiting times."""
        return waiting_times(self.setup.detector)

    @property
    def more(self) -> int:
        """Return 1 if a larger quantity is more of A, else -1."""
        if self.stronger is not None:
            return 1 if self.stronger == "larger" else -1
        return -1 if self.along is None and is_waiting_time(self.of, self.waits) else 1

    @property
    def a(self) -> Point:
        """Return the setting of A by itself."""
        return points([self.knob._replace(values=(self.off,))], self.knobs, self.static)[0]

    @property
    def both(self) -> list[Point]:
        """Return the settings of both, one for each value of B's knob."""
        knobs, static = self.knobs._replace(**self.with_b.knobs), self.static._replace(**self.with_b.static)
        return points([self.knob], knobs, static)

    def less(self, point: Point) -> Point:
        """Return a setting without A: neither or B, of A or of both."""
        away = self.without_a
        return Point(point.where, point.knobs._replace(**away.knobs), point.static._replace(**away.static))

    def ladder(self, point: Point) -> list[Point]:
        """Return the settings along which a threshold is sought, by increasing values; none without such an axis."""
        if self.along is None:
            return []
        rising = self.along._replace(values=tuple(sorted(self.along.values)))  # pyright: ignore
        return points([rising], point.knobs, point.static)


@dataclass(frozen=True)
class Seen:
    """What was seen at one value of B's knob.

    Attributes:
        x: the value.
        both: the runs with A and B.
        b: the runs with B alone.
        measured: the quantity in both.
        predicted: what the parts predict of it.
        rates: in how many runs of each cell A is there.
    """

    x: float | int | str
    both: Judged
    b: Judged
    measured: Bounds
    predicted: Bounds
    rates: Rates

    @cached_property
    def kappa(self) -> Bounds:
        """Return the correction, by pairs of runs."""
        return kappa_of(self.measured, self.predicted)


@dataclass(frozen=True)
class Table:
    """What was seen of an interaction.

    Attributes:
        design: what was run.
        neither: the runs with neither.
        a: the runs with A alone.
        alone: the quantity in A alone.
        points: in the order in which B is turned on.
        trouble: why nothing is predicted; then there are no points.
    """

    design: Design
    neither: Judged
    a: Judged
    alone: Bounds
    points: tuple[Seen, ...]
    trouble: str = ""


def designed(setup: Setup, block: Pair, root: int) -> Design:
    """Return the cells that are asked for.

    Raises:
        ValueError: an axis does not fit the setup; in one line.
    """
    p, along = setup.phenomenon, block.threshold_axis
    return Design(
        setup,
        fit(block.axis, p),
        fit(block.axis._replace(values=(block.value_off,)), p).values[0],
        p.knobs._replace(**block.knobs),
        p.static._replace(**block.static),
        block.without_a,
        block.with_b,
        block.of,
        None if along is None else fit(along, p),
        block.present,
        block.censored,
        block.rule,
        block.stronger,
        block.seeds,
        root,
        block.name,
    )


def seen(design: Design) -> Asking[Table]:
    """Ask for the runs of all cells, and read the quantity off each."""
    a, both = design.a, design.both
    neither, b = design.less(a), [design.less(p) for p in both]
    rows = [a, neither, *both, *b]
    drawn = {0, 1, 1 + len(both), 1 + 2 * len(both)}  # the cells of the last value are drawn
    wanted = [_request(design, p, curves=i in drawn) for i, p in enumerate(rows)]
    measured_b = design.rule.name in OF_BOTH and design.rule.of is not None
    climbed = [a, *both, *(b if measured_b else [])] if design.along is not None else []
    steps = [[_request(design, p) for p in design.ladder(point)] for point in climbed]
    answers = yield [*wanted, *(request for ladder in steps for request in ladder)]
    rest: Iterator[Judged] = iter(answers[len(wanted) :])
    ladders = [[next(rest) for _ in ladder] for ladder in steps]
    seen_a, seen_neither = answers[:2]
    of_both, of_b = answers[2 : 2 + len(both)], answers[2 + len(both) : len(wanted)]

    def quantity(of: str, judged: Judged, ladder: int) -> Bounds:
        if design.along is None:
            return read_off(judged, of, design.censored, design.waits)
        return threshold(sorted(map(float, design.along.values)), ladders[ladder], of)

    alone, made = quantity(design.of, seen_a, 0), []
    try:
        for i, point in enumerate(both):
            measured = quantity(design.of, of_both[i], 1 + i)
            other = None
            if measured_b and design.rule.of is not None:
                other = quantity(design.rule.of, of_b[i], 1 + len(both) + i)
                _refuse_units(design, [seen_a, of_both[i]], of_b[i])
            told = numbers(point.knobs, point.static), numbers(a.knobs, a.static)
            predict = composed(design.rule, *told)
            sides = [predict(q, None if other is None else other[k]) for k, q in enumerate(alone)]
            neither, in_a, in_b, in_both = (j.rate(design.present) for j in (seen_neither, seen_a, of_b[i], of_both[i]))
            rates = Rates(neither, in_a, in_b, in_both, design.seeds)
            made.append(Seen(point.where[0], of_both[i], of_b[i], measured, Bounds(*sides), rates))
    except ValueError as error:
        return Table(design, seen_neither, seen_a, alone, (), str(error))
    return Table(design, seen_neither, seen_a, alone, tuple(made))


def _request(design: Design, p: Point, curves: bool = False) -> Request:
    return Request(design.setup, p.knobs, p.static, design.seeds, design.root, curves)


def _refuse_units(design: Design, of_a: list[Judged], b: Judged) -> None:
    """Refuse to compose quantities without a common unit.

    Raises:
        ValueError: they have none; in one line.
    """
    if design.along is not None or design.rule.of is None:
        return
    mine = {unit for judged in of_a for unit in _units(design, judged, design.of)}
    other = set(_units(design, b, design.rule.of))
    if mine and other and mine != other:
        told = [" and ".join(sorted(map(repr, units))) for units in (mine, other)]
        raise ValueError(
            f"no common unit: {design.of} is in {told[0]}, {design.rule.of} in {told[1]}; "
            f"the rule {design.rule.name} compares them"
        )


def _units(design: Design, judged: Judged, of: str) -> list[str]:
    if of == "onset":
        return [design.setup.phenomenon.clock[1]]
    return [f.effects[of].unit for f in judged.findings if of in f.effects]
