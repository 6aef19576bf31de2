"""Numbers with names in one line of a text log: `name: number`, `name=number`, `name number`, and dictionaries.

The name of a number is what stands between it and the number before it, from the last bracket, bar, comma or wide gap
on. No expression here can take longer than in proportion to the line.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice
from typing import NamedTuple

from bestiary.logs.line_names import SHORT, channel, is_meant, is_step, name_in, role_in
from bestiary.logs.names import role, roles

LONGEST = 20_000  # [character] of a line that are looked at
MOST = 400  # [number] of a line
BEFORE = 300  # [character] before a number that are looked at for its name
PROGRESS = "progress"  # the name of `12/438` that has none
BARE = ("train", "val", "valid", "test")  # alone they are a loss; an accuracy in per cent, or if the line has a loss

ESCAPES = re.compile(  # with and, as in what was pasted, without the character that cannot be seen
    r"\x1b\[[0-9;?]{0,20}[A-Za-z]|\x1b\][^\x07\x1b]{0,200}\x07?|\[(?:\d{1,3};){0,4}\d{1,3}m"
)
WRAPPED = re.compile(r"\b(?:(?:np|numpy|torch|jnp)\.)?(?:float|int|bfloat|array|tensor|Array)\d{0,3}\(")
MOMENTS = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:T(?=\d))?|\d{1,6}:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?!\d)|\b\d{1,5} days?,"
)
NUMBER = re.compile(
    r"(?<![\w.@-])(?P<number>[+-]?(?:\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,20})?(?!\d)"
    r"|\d{1,40}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,5})?|\.\d{1,40}(?:[eE][+-]?\d{1,5})?"
    r"|(?:nan|inf|infinity|NaN|Inf|Infinity|NAN|INF)(?!\w)))"
    r"(?: {0,10}/ {0,10}(?P<of>\d{1,15}|infinity)(?![\w.]))?(?P<unit>%|[A-Za-zµ/]{0,12})(?P<more>[\w%|]?)"
)


class Pair(NamedTuple):
    """A name, its number, and of how many it is one, 0 if that is not said."""

    name: str
    value: float
    of: float = 0.0

    @property
    def step(self) -> bool:
        """Whether it may be the step."""
        return is_step(self.name)


def plain(line: str) -> str:
    """A line without colours, and with what is a time or a date cut out."""
    line = line[:LONGEST]
    line = ESCAPES.sub("", line) if "[" in line or "\x1b" in line else line
    return MOMENTS.sub("\x1f", WRAPPED.sub("", line) if "(" in line else line)


def pairs(line: str) -> list[Pair]:
    """The numbers of a line that have a name, each name once, the first; a name without train or test has the line's.

    A line's own is the word for validation or training that stands before a number's name, or in one of several words:
    `valid | epoch 1 | loss 0.5` is `val loss`, and so is the second of `train loss 0.5 acc 0.9 val loss 0.6 acc 0.8`.
    """
    line = plain(line)
    made: dict[str, Pair] = {}
    end, said = 0, ""
    for found in islice(NUMBER.finditer(line), MOST):
        between = line[max(end, found.start() - BEFORE) : found.start()]
        if found["more"] and (found["more"] != "|" or found["unit"] == "%"):
            end = found.end("unit")  # `3f2a`, or the share in a progress bar
            continue
        name, before = name_in(between)
        if found["number"][-1].isalpha() and not is_meant(between, name):
            continue
        end = found.end("unit")
        said = role_in(before) or said
        name = SHORT.get(name, name) or _unnamed(found, first=not made and not line[: found.start()].strip(" ["))
        if name.lower() in BARE:
            said = role(name)
            name = _of_role(name.lower(), found, line[end : end + 2] == " [", made)
        if name:
            said, name = _with_role(name, said, made)
            pair = _pair(name, found)
            made.setdefault(pair.name, pair)
    if list(made) == ["step"] and not re.search(r"[A-Za-z]", line):
        return []  # a number alone
    return list(made.values())


def _unnamed(found: re.Match[str], first: bool) -> str:
    """What a number without a name is: of a bar, or the step at the start of `100 train 3.2` and `[100] loss: 3.2`."""
    if found["of"]:
        return PROGRESS
    return "step" if first and found["number"].isdigit() and not found["unit"] else ""


def _of_role(name: str, found: re.Match[str], bracket: bool, made: Collection[str]) -> str:
    """What a number is that only train or test is said of: `Test: [100/1251]`, `Train: 3 [100/1251]`, `val 10.95`."""
    if found["number"].isdigit() and not found["unit"]:
        return PROGRESS if found["of"] else "epoch" if bracket else ""
    right = found["unit"] == "%" or found["of"] or any(channel(other) == channel("loss") for other in made)
    return f"{name} {'accuracy' if right else 'loss'}"


def _with_role(name: str, said: str, made: Collection[str]) -> tuple[str, str]:
    """What is said of train or test from here on, and the name with what was said of it before, if it says nothing."""
    first, _, rest = name.partition(" ")
    if rest and (own := role_in(first)):
        return own, rest if is_step(rest) and not is_step(name) else name
    tested = f"val {name}"
    return said, tested if said == "test" and channel(tested) and tested not in made and not roles(name) else name


def _pair(name: str, found: re.Match[str]) -> Pair:
    """An accuracy of so many of so many is a share; one in per cent has a name that says so."""
    value, of = float(found["number"].replace(",", "")), float(found["of"] or 0)
    known = channel(name)
    if known is None or not known[0].endswith("_acc") or is_step(name):
        return Pair(name, value, of)
    return Pair(name, value / of) if of else Pair(f"{name} %" if found["unit"] == "%" else name, value)
