"""What the command line prints of an interaction: the four cells, what the parts predict, and the correction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bestiary.catalog.interaction_claims import RULES, TOLERANCE
from bestiary.cli.output.page import Column, Page
from bestiary.maps.interactions.kappa import CONFIDENCE, Answer, answer, level, limits
from bestiary.maps.interactions.verdicts import left_at

if TYPE_CHECKING:
    from bestiary.maps.interactions.bounds import Bounds
    from bestiary.maps.interactions.cells import Design, Seen, Table


def print_interaction(table: Table, page: Page) -> None:
    """Print a row for each value of B's knob, where the sum of parts ends, and what the limits are."""
    design = table.design
    rule = RULES[design.rule.name]
    rule = f"{rule}, f = {design.rule.formula}" if design.rule.formula else rule
    page.say(f"{design.setup.name} with {design.knob.name}, {design.label or 'default'}, root {design.root}")
    page.say(f"Q is {quantity(design)}; the parts predict {rule}\n")
    if table.trouble:
        page.say(f"nothing is predicted: {table.trouble}")
        return
    columns = (
        Column(design.knob.name, bare=True),
        Column("neither", drop=1),
        Column("A"),
        Column("B"),
        Column("both"),
        Column("Q of A", drop=2),
        Column("predicted"),
        Column("measured"),
        Column("kappa"),
        Column("limits"),
        Column("outcome", bare=True),
    )
    told = [_answer(table, point) for point in table.points]
    rows = [_row(point, one) for point, one in zip(table.points, told, strict=True)]
    page.table(columns, [(_value(design.off), *_first(table)), *rows])
    for point, one in zip(table.points, told, strict=True):
        page.say(f"{design.knob.name} = {_value(point.x)}, {one.correction}: {one.why}", hang=2)
    page.say(ending(table))
    n = design.seeds
    page.say(
        f"kappa = ln(measured / predicted), median of {n} pairs; limits by order statistics at {100 * CONFIDENCE:g} %"
        f" or more ({100 * level(n):.1f} %); the sum of parts is {TOLERANCE:g} to either side of 0"
    )


def quantity(design: Design) -> str:
    """Say what quantity is compared."""
    if design.along is None:
        return design.of
    return f"the {design.along.name} at which a run is first {design.of}, of {len(design.along.values)} values"


def ending(table: Table) -> str:
    """Say where along B's knob the correction first leaves the tolerance."""
    knob, left = table.design.knob.name, left_at(table)
    if left is None:
        return f"|kappa| is not shown to leave {TOLERANCE:g} here"
    low, high = left.ends
    return f"|kappa| first leaves {TOLERANCE:g} at {knob} = {left.estimate:.4g} ({low:.4g} to {high:.4g} at 95 %)"


def _answer(table: Table, point: Seen) -> Answer:
    return answer(point.kappa, point.rates, table.design.more)


def _first(table: Table) -> tuple[str, ...]:
    """The row of B off."""
    rates, alone = table.points[0].rates, _median(table.alone)
    of = f"{rates.neither}/{rates.n}", f"{rates.a}/{rates.n}"
    return (*of, "", "", alone, "", "", "", "", "B is off")


def _row(point: Seen, told: Answer) -> tuple[str, ...]:
    rates, found = point.rates, limits(point.kappa)
    numbers = _median(point.predicted), _median(point.measured), _short(found.value)
    span = f"{_short(found.low)} to {_short(found.high)}"
    shares = f"{rates.b}/{rates.n}", f"{rates.both}/{rates.n}"
    return (_value(point.x), "", "", *shares, "", *numbers, span, str(told.correction))


def _median(of: Bounds) -> str:
    """The median over the runs that have a value; a run that was cut off lies above all."""
    known = of.value[~np.isnan(of.value)]
    middle = float(np.median(known)) if known.size else math.nan
    return "" if math.isnan(middle) else f"{middle:.4g}" if math.isfinite(middle) else "cut off"


def _short(x: float) -> str:
    return "" if math.isnan(x) else f"{x:.3g}" if math.isfinite(x) else "-" if x < 0 else "..."


def _value(x: float | int | str) -> str:
    return x if isinstance(x, str) else f"{x:g}"


def as_json(table: Table) -> Mapping[str, Any]:
    """Return what `interact` prints, for machines."""
    design, left = table.design, left_at(table)
    rule = {k: v for k, v in design.rule.model_dump(mode="json").items() if v is not None}
    made = {
        "entry": design.setup.name,
        "with": design.knob.name,
        "off": design.off,
        "setting": design.label or "default",
        "without": {**design.without_a.knobs, **design.without_a.static},
        "also": {**design.with_b.knobs, **design.with_b.static},
        "of": design.of,
        "along": None if design.along is None else {"name": design.along.name, "values": list(design.along.values)},
        "rule": rule,
        "stronger": "larger" if design.more > 0 else "smaller",
        "root": design.root,
        "seeds": design.seeds,
        "confidence": CONFIDENCE,
        "level": level(design.seeds),
        "tolerance": TOLERANCE,
        "points": [point(table, one) for one in table.points],
        "no_prediction_because": table.trouble,
    }
    ends = None if left is None else {"estimate": left.estimate, "low": left.ends[0], "high": left.ends[1]}
    return made | {"leaves": ends}


def point(table: Table, one: Seen) -> dict[str, Any]:
    """Return what was seen at one value of B's knob, for machines."""
    told, found = _answer(table, one), limits(one.kappa)
    return {
        "at": one.x,
        "found": one.rates._asdict(),
        "alone": _number(table.alone),
        "predicted": _number(one.predicted),
        "measured": _number(one.measured),
        "kappa": found.value,
        "limits": [found.low, found.high],
        "cut_off": one.kappa.cut,
        "without_a_value": one.kappa.unknown,
        "outcome": str(told.correction),
        "why": told.why,
        "needs": told.needs,
        "pairs": one.kappa.value.tolist(),
    }


def _number(of: Bounds) -> float:
    known = of.value[~np.isnan(of.value)]
    return float(np.median(known)) if known.size else math.nan
