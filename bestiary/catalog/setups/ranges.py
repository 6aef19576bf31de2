"""Ranges of knobs, as comments state them: `> 0`, `0 to 1`, `1 to static.positions`, `0 or 1`, `even`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
END = rf"(?:{NUMBER}|static\.[a-z][a-z0-9_]*)"
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "multiple": lambda value, of: value % of == 0,
}
COMPARED = re.compile(rf"(>=|<=|>|<) ({END})")
SPAN = re.compile(rf"({NUMBER}) to ({END})")
CHOICE = re.compile(rf"{NUMBER}(?:, {NUMBER})* or {NUMBER}")
MULTIPLE = re.compile(rf"a multiple of ({END})")


class Range(NamedTuple):
    """Where the values of a knob may lie.

    Attributes:
        text: as the comment states it.
        conditions: pairs of a sign and its right-hand side, a number or the name of a static value; all must hold.
        choices: the only values; empty if the conditions say all.
    """

    text: str
    conditions: tuple[tuple[str, float | str], ...] = ()
    choices: tuple[float, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the static values that the range depends on."""
        return tuple(end for _, end in self.conditions if isinstance(end, str))

    @property
    def has_low_end(self) -> bool:
        """Return whether the range ends below."""
        return bool(self.choices) or any(sign in (">", ">=") for sign, _ in self.conditions)

    def holds(self, value: float, static: Mapping[str, Any]) -> bool:
        """Return whether a value lies in the range.

        Args:
            value: of the knob.
            static: {name: static value} of the same setting.
        """
        ends = ((sign, static[end] if isinstance(end, str) else end) for sign, end in self.conditions)
        return all(SIGNS[sign](value, end) for sign, end in ends) and (not self.choices or value in self.choices)

    def told(self, static: Mapping[str, Any]) -> str:
        """Return the range in words, with the static values that it depends on."""
        return re.sub(r"static\.(\w+)", lambda found: f"{found.group(1)} ({static[found.group(1)]})", self.text)


def read(clause: str) -> Range | None:
    """Read one range; None if the clause states none, as prose does not.

    `A to B` includes both ends. Comparisons are joined by `and`: `>= 0 and < 1`. An upper end may be a static value of
    the same setting: `1 to static.positions`.
    """
    if found := SPAN.fullmatch(clause):
        return Range(clause, ((">=", float(found[1])), ("<=", _end(found[2]))))
    if CHOICE.fullmatch(clause):
        return Range(clause, choices=tuple(float(number) for number in re.findall(NUMBER, clause)))
    if clause == "even":
        return Range(clause, (("multiple", 2.0),))
    if found := MULTIPLE.fullmatch(clause):
        return Range(clause, (("multiple", _end(found[1])),))
    parts = [COMPARED.fullmatch(part) for part in clause.split(" and ")]
    if all(parts):
        return Range(clause, tuple((part[1], _end(part[2])) for part in parts if part))
    return None


def trailing(meaning: str) -> tuple[Range, ...]:
    """Read the ranges that end a comment, each after a semicolon: `hidden units; even`."""
    found: list[Range] = []
    for clause in reversed(meaning.split("; ")):
        if (one := read(clause)) is None:
            break
        found.insert(0, one)
    return tuple(found)


def _end(text: str) -> float | str:
    return text.removeprefix("static.") if text.startswith("static.") else float(text)
