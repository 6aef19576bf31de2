"""Axes of a grid, as one writes them: `weight_decay=0.1:10:16:log`, `width=8,16,32`, `network=pair,mlp`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from statistics import mean, pstdev
from typing import TYPE_CHECKING, Any, NamedTuple

from bestiary.catalog.yaml_source import nearest

if TYPE_CHECKING:
    from bestiary.entry import Knobs, Phenomenon, Static

GRAMMAR = "NAME=LO:HI:N, NAME=LO:HI:N:log or NAME=A,B,C"
MOST = 100_000  # points along one axis; more is a slip of the finger


class Axis(NamedTuple):
    """One knob or static value and the values it takes, in the order in which they were asked for."""

    name: str
    values: tuple[float | int | str, ...]
    log: bool = False

    def __str__(self) -> str:
        v = self.values
        return f"{self.name}={v[0]:g}:{v[-1]:g}:{len(v)}" if _numbers(v) else f"{self.name}={','.join(map(str, v))}"


def parse(text: str) -> Axis:
    """Read an axis.

    `LO:HI:N` are N values from LO to HI with equal differences, with `:log` equal ratios; `A,B,C` are those values.

    Raises:
        ValueError: in one line, what is wrong and what would be right.
    """

    def refuse(why: str) -> ValueError:
        return ValueError(f"{text}: {why}")

    name, equals, rest = text.partition("=")
    name, rest = name.strip(), rest.strip()
    if not equals or not name or not rest:
        raise refuse(f"want {GRAMMAR}")
    parts = [part.strip() for part in rest.split(":")]
    if len(parts) == 1:
        values = tuple(_value(part.strip()) for part in rest.split(","))
        if "" in values:
            raise refuse("an empty value between commas")
        if len(set(values)) < len(values):
            raise refuse("a value is there twice")
        if len({isinstance(v, str) for v in values}) > 1:
            raise refuse("numbers and words are mixed")
        if not all(isinstance(v, str) or math.isfinite(v) for v in values):
            raise refuse("want finite numbers")
        return Axis(name, values, _geometric(values))
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "log"):
        raise refuse(f"want {GRAMMAR}")
    try:
        lo, hi = float(parts[0]), float(parts[1])
    except ValueError:
        wrong = next(part for part in parts[:2] if isinstance(_value(part), str))
        raise refuse(f"{wrong!r} is not a number") from None
    try:
        n = int(parts[2])
    except ValueError:
        raise refuse(f"the number of points, {parts[2]!r}, is not an integer") from None
    log = len(parts) == 4
    if not (math.isfinite(lo) and math.isfinite(hi)):
        raise refuse("want finite numbers")
    if n < 1:
        raise refuse(f"{n} points make an empty range; want at least one")
    if n > MOST:
        raise refuse(f"{n} points; want at most {MOST}")
    if lo > hi:
        raise refuse(f"the range is reversed; write {name}={parts[1]}:{parts[0]}:{n}{':log' if log else ''}")
    if lo == hi and n > 1:
        raise refuse(f"the range is empty: {n} points from {lo:g} to {hi:g}")
    if log and lo <= 0:
        raise refuse(f"a logarithmic range cannot {'begin at' if lo == 0 else 'pass through'} zero")
    share = [i / max(n - 1, 1) for i in range(n)]
    inner = [lo * (hi / lo) ** s if log else lo + (hi - lo) * s for s in share]
    return Axis(name, (lo, *inner[1:-1], hi) if n > 1 else (lo,), log)


def _value(text: str) -> float | int | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(v, int | float) for v in values)


def _geometric(values: Sequence[Any]) -> bool:
    """Whether a list of numbers is better drawn on a logarithmic axis: all positive, ratios more alike than gaps."""
    if not _numbers(values) or len(values) < 3 or min(values) <= 0:
        return False
    ordered = sorted(values)
    gaps, ratios = ([b - a for a, b in pairwise(v)] for v in (ordered, [math.log(v) for v in ordered]))
    return pstdev(ratios) / mean(ratios) < pstdev(gaps) / mean(gaps)


def fit(axis: Axis, p: Phenomenon) -> Axis:
    """Give the values of an axis the type that the setup's knob or static value has.

    Raises:
        ValueError: in one line: no such knob; a knob that wants numbers; a static value that wants integers or words.
    """
    knobs, static = p.knobs._asdict(), p.static._asdict()
    if axis.name in knobs:
        if not _numbers(axis.values):
            raise ValueError(f"{axis.name}={axis.values[0]}: {axis.name} is a knob; want numbers")
        return axis._replace(values=tuple(float(v) for v in axis.values))
    if axis.name not in static:
        hint, known = nearest(axis.name, [*knobs, *static]), ", ".join([*knobs, *static])
        raise ValueError(f"{axis.name}: no such knob{hint or '.'} There are {known}")
    if isinstance(static[axis.name], str):
        if not all(isinstance(v, str) for v in axis.values):
            raise ValueError(
                f"{axis.name}={axis.values[0]}: {axis.name} is static and wants words, such as "
                f"{axis.name}={static[axis.name]}"
            )
        return axis
    for v in axis.values:
        if isinstance(v, str) or abs(v - round(v)) > 1e-9 * max(1.0, abs(v)):
            raise ValueError(
                f"{axis.name}={v}: {axis.name} is static and wants integers; name them, "
                f"{axis.name}={static[axis.name]},{2 * static[axis.name]}"
            )
    return axis._replace(values=tuple(round(v) for v in axis.values if not isinstance(v, str)))


@dataclass(frozen=True)
class Point:
    """One setting of a grid: its coordinates along the axes, and all values of the setup there."""

    where: tuple[float | int | str, ...]
    knobs: Knobs
    static: Static


def points(axes: Sequence[Axis], knobs: Knobs, static: Static) -> list[Point]:
    """List every combination of the axes' values, the last axis fastest; the rest as given."""
    import numpy as np  # reading a catalog needs none of it

    made = []
    for where in product(*(axis.values for axis in axes)):
        change = dict(zip((axis.name for axis in axes), where, strict=True))
        mine = {name: float(np.float32(v)) for name, v in change.items() if name in knobs._fields}
        words = {name: v for name, v in change.items() if name in static._fields}
        made.append(Point(where, knobs._replace(**mine), static._replace(**words)))
    return made
