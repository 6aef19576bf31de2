"""What stands beside an axis: a knob with meaning and unit, an onset or effect with its unit, a paper by its key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap
from typing import NamedTuple

from bestiary.catalog.setups.knobs import Knob, knobs_of
from bestiary.judge.rounds import Judged
from bestiary.maps.line import VARIABLES
from bestiary.train.jobs import Setup

WIDE = 44  # [character] of what a line below an axis holds
KEY = re.compile(r"[a-z]+\d{4}[a-z]*")  # of a reference: surname, year, word


class Label(NamedTuple):
    """The name of an axis, with its unit, and what it means."""

    name: str
    meaning: str = ""

    @property
    def lines(self) -> str:
        """The name, and below it the meaning, on lines that an axis has room for."""
        return "\n".join([self.name, *wrap(self.meaning, WIDE)])


def knob(setup: Setup, name: str) -> Label:
    """Name a knob or a static value, with its unit and its meaning as its setup's file tells them."""
    try:
        known = {one.name: one for one in knobs_of(setup.name)}
    except ValueError:  # a setup that has no file in phenomena/
        known = {}
    told = known.get(name)
    words = name.replace("_", " ")
    if told is None:
        return Label(words)
    return Label(in_unit(words, told.unit), _meaning(told))


def _meaning(told: Knob) -> str:
    """What a knob means, without the ranges that end its comment."""
    parts, ranges = told.meaning.split("; "), {one.text for one in told.ranges}
    while parts and (parts[-1] in ranges or parts[-1] == told.allowed):
        parts.pop()
    return "; ".join(parts)


def in_unit(words: str, unit: str) -> str:
    """Write a name and its unit, unless it has none."""
    return words if unit in ("", "1", words) else f"{words} [{unit}]"


def value(setup: Setup, answers: Iterable[Judged], of: str) -> str:
    """Name an onset or an effect, with its unit as the findings tell it."""
    if of == "onset":
        return f"onset [{setup.phenomenon.clock[1]}]"
    units = (f.effects[of].unit for answer in answers for f in answer.findings if of in f.effects)
    return in_unit(of.replace("_", " "), next(units, "1"))


def variable(setup: Setup, answers: Iterable[Judged], axis: str, against: str) -> Label:
    """Name what a law is against: a knob, a function of it, or an effect."""
    if against == "x":
        return knob(setup, axis)
    if against not in VARIABLES:
        return Label(value(setup, answers, against), "median of what the runs tell")
    name, meaning = axis.replace("_", " "), knob(setup, axis).meaning
    return Label(re.sub(r"\bx\b", name, against), f"{name}: {meaning}" if meaning else "")


def cited(where: str) -> str:
    """Name the paper that a `where` begins with, by its key; all of it if there is none."""
    found = KEY.search(where)
    return found[0] if found else where
