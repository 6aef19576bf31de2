"""Axes of a grid, as one writes them: `weight_decay=0.1:10:16:log`, `width=8,16,32`, `network=pair,mlp`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from statistics import mean, pstdev
from typing import TYPE_CHECKING, Any, NamedTuple

from bestiary.catalog.mistakes import nearest
from bestiary.catalog.setups.knobs import Knob
from bestiary.catalog.values import Key, declared, find, misfit, short, wrong

if TYPE_CHECKING:
    from bestiary.entry import Knobs, Phenomenon, Static

GRAMMAR = "NAME=LO:HI:N, NAME=LO:HI:N:log or NAME=A,B,C"
MOST = 100_000  # points along one axis; more is a slip of the finger
FEW = 100  # values of an axis that are all compared with those of another


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
        ValueError: in one line; see `typed`.
    """
    return typed(axis, declared(p.knobs, p.static))


def typed(axis: Axis, knobs: Sequence[Knob]) -> Axis:
    """Give the values of an axis the type that a knob or static value has.

    Raises:
        ValueError: in one line: no such knob; a knob that wants numbers; a static value that wants integers or words;
            a word that is none of those that the static value may be.
    """
    knob = next((knob for knob in knobs if knob.name == axis.name), None)
    if knob is None:
        names = list(dict.fromkeys(knob.name for knob in knobs))
        hint = nearest(axis.name, names)
        raise ValueError(f"{axis.name}: no such knob{hint or '.'} There are {', '.join(names)}")
    first, values = f"{axis.name}={axis.values[0]}", axis.values
    if knob.kind == "number":
        if not _numbers(values):
            raise ValueError(f"{first}: {axis.name} is a knob; want numbers")
        values = tuple(float(v) for v in values)
    elif knob.kind == "word":
        if not all(isinstance(v, str) for v in values):
            such = f"{axis.name}={','.join(knob.words) or knob.default}"
            raise ValueError(f"{first}: {axis.name} is static and wants words, such as {such}")
    else:
        for v in values:
            if isinstance(v, str) or abs(v - round(v)) > 1e-9 * max(1.0, abs(v)):
                raise ValueError(
                    f"{axis.name}={v}: {axis.name} is static and wants integers; name them, "
                    f"{axis.name}={knob.default},{2 * int(knob.default)}"
                )
        values = tuple(round(v) for v in values if not isinstance(v, str))
    for v in values:
        if why := misfit(knob, v):
            raise ValueError(f"{axis.name}={v}: {why}")
    return axis._replace(values=values)


def refuse(turned: Sequence[Axis], knobs: Sequence[Knob], values: Mapping[Key, Any]) -> None:
    """Check that every point of a grid lies in the ranges of the setup.

    Args:
        turned: the axes, with the setup's types.
        knobs: of the setup.
        values: of the setting in which the axes are turned.

    Raises:
        ValueError: in one line: which value of which axis is outside, and what the range is.
    """
    keys = {axis.name: (find("", knobs, axis.name).traced, axis.name) for axis in turned}
    for knob in knobs:
        involved = {(knob.traced, knob.name), *((False, name) for limit in knob.ranges for name in limit.names)}
        few = [axis for axis in turned if keys[axis.name] in involved]
        for where in product(*(_told(axis.values) for axis in few)) if few else ():
            change = {keys[axis.name]: value for axis, value in zip(few, where, strict=True)}
            for key, why in wrong([knob], {**values, **change}, change.keys()):
                raise ValueError(f"{key[1]}={short(change[key])}: {why}")


def _told(values: Sequence[Any]) -> Sequence[Any]:
    """All values of an axis; of a long one, its ends: ranges are without holes but for choices and multiples."""
    return values if len(values) <= FEW else (min(values), max(values), *values[:FEW])


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
