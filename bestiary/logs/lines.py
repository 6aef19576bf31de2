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
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:T(?=\d))?|(?<!\d)\d{1,2}[-/]\d{1,2} (?=\d{1,2}:\d\d)"
    r"|\d{1,6}:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?!\d)|\b\d{1,5} days?,"
)
NUMBER = re.compile(
    r"(?<![\w.@-])(?P<number>[+-]?(?:\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,20})?(?!\d)"
    r"|\d{1,40}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,5})?|\.\d{1,40}(?:[eE][+-]?\d{1,5})?"
    r"|(?:nan|inf|infinity|NaN|Inf|Infinity|NAN|INF)(?!\w)))"
    r"(?: {0,10}/ {0,10}(?P<of>\d{1,15}|infinity)(?:/\d{1,15}){0,3}(?![\w.]))?"
    r"(?P<unit>%|[A-Za-zµ/]{0,12})(?P<more>[\w%|]?)"
)


SPAN = re.compile(r"\b\d{1,12}-(?=\d{1,12}(?:batch|step|iter)\b)")  # the first of `1-100batch`
THOUSANDS = re.compile(  # a bar that counts in thousands
    r"(?<![\w.])(\d{1,4}(?:\.\d{1,3})?)([kMGT]?)/(\d{1,4}(?:\.\d{1,3})?)([kMGT])(?= \[)"
)
SIZE = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
COUNTED = {"it": "iter", **{name: name for name in ("epoch", "epochs", "step", "steps", "batch", "iter", "iters")}}
KERAS = re.compile(r"\d(?:s|ms|us|µs)/(?:step|sample)\b|\d \[[=>.]{10,40}\]| - ETA: ")  # a bar beside which are means
MEANS = "means"  # mark of such a bar
VALUE_FIRST = re.compile(r"(?<![\w.])(\d{1,15}(?:\.\d{1,15})?|nan|inf) ([A-Za-z]{2,20}(?: [a-z]{2,20})?)(?=,|$)")


class Pair(NamedTuple):
    """A name and its number.

    Attributes:
        name: with a word for test if only the line says so.
        value: the number.
        of: how many there are, as of `3/60`; 0 if that is not said.
        mark: what stands between the two, one of `:`, `=` and a space.
        said: train or test, if the line or the name says so.
    """

    name: str
    value: float
    of: float = 0.0
    mark: str = ""
    said: str = ""

    @property
    def step(self) -> bool:
        """Whether it may be the step."""
        return is_step(self.name)


def plain(line: str) -> str:
    """A line without colours, and with what is a time or a date cut out."""
    line = line[:LONGEST]
    line = ESCAPES.sub("", line) if "[" in line or "\x1b" in line else line
    line = MOMENTS.sub("\x1f", WRAPPED.sub("", line) if "(" in line else line)
    if "/" in line:
        line = THOUSANDS.sub(lambda found: f"{_whole(found[1], found[2])}/{_whole(found[3], found[4])}", line)
    return SPAN.sub("", line) if "-" in line else line


def _whole(number: str, size: str) -> int:
    return round(float(number) * SIZE[size])


def pairs(line: str) -> list[Pair]:
    """The numbers of a line that have a name, each name once, the first; a name without train or test has the line's.

    A line's own is the word for validation or training that stands before a number's name, or in one of several words:
    `valid | epoch 1 | loss 0.5` is `val loss`, and so is the second of `train loss 0.5 acc 0.9 val loss 0.6 acc 0.8`.
    """
    line = plain(line)
    made: dict[str, Pair] = {}
    end, said, alone = 0, "", ""
    for found in islice(NUMBER.finditer(line), MOST):
        between = line[max(end, found.start() - BEFORE) : found.start()]
        if found["more"] and (found["more"] != "|" or found["unit"] == "%"):
            end = found.end("unit")  # `3f2a`, or the share in a progress bar
            continue
        name, before = name_in(between)
        if found["number"][-1].isalpha() and not is_meant(between, name):
            continue
        if not made and not name and between.endswith(("[", "[ ")) and line[found.end() : found.end() + 1] == "]":
            alone = alone or found["number"]
        if list(made) in (["step"], [PROGRESS]) and not name and not between.strip(" ,[]") and "[" in line[:end]:
            made = {"epoch": next(iter(made.values()))._replace(name="epoch", of=0)}  # `[1, 2000]`, `[0/25][1/99]`
            name = PROGRESS if found["of"] else "batch"
        end = found.end("unit")
        said = role_in(before) or said
        name = SHORT.get(name.lower(), name) or _unnamed(
            found, first=not made and not line[: found.start()].strip(" [")
        )
        if name.lower() in BARE:
            said = role(name)
            name = _of_role(name.lower(), found, line[end : end + 2] == " [", made)
        if name:
            said, name = _with_role(name, said, made)
            pair = _pair(name, found, between)._replace(said=said)
            made.setdefault(pair.name, pair)
    if list(made) == ["step"] and not re.search(r"[A-Za-z]", line):
        return []  # a number alone
    if PROGRESS in made and KERAS.search(line):
        made[PROGRESS] = made[PROGRESS]._replace(mark=MEANS)
    if not any(channel(name) for name in made):
        for number, name in VALUE_FIRST.findall(line):  # `3.52 avg loss, 0.001 rate`
            made |= {name: Pair(name, float(number))} if channel(name) else {}
    if alone.isdigit() and made and not any(pair.step for pair in made.values()):
        made = {"step": Pair("step", float(alone))} | made  # `name.py:48] [100] loss=0.5`
    return list(made.values())


def _unnamed(found: re.Match[str], first: bool) -> str:
    """What a number without a name is: of a bar, or the step at the start of `100 train 3.2` and `[100] loss: 3.2`."""
    if found["of"]:
        return PROGRESS
    if found["unit"] in COUNTED and found["number"].isdigit():
        return COUNTED[found["unit"]]  # `3epoch:train`, `600it [00:10`
    return "step" if first and found["number"].isdigit() and not found["unit"] else ""


def _of_role(name: str, found: re.Match[str], bracket: bool, made: Collection[str]) -> str:
    """What a number is that only train or test is said of: `Test: [100/1251]`, `Train: 3 [100/1251]`, `val 10.95`."""
    if found["unit"] in COUNTED and found["number"].isdigit():
        return COUNTED[found["unit"]]
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


def _pair(name: str, found: re.Match[str], between: str) -> Pair:
    """An accuracy of so many of so many is a share; one in per cent has a name that says so."""
    value, of = float(found["number"].replace(",", "")), float(found["of"] or 0)
    mark = between.rstrip(" '\"[")[-1:]
    mark = mark if mark in (":", "=") else " "
    known = channel(name)
    if known is None or not known[0].endswith("_acc") or is_step(name):
        return Pair(name, value, of, mark)
    if of:
        return Pair(name, value / of, mark=mark)
    return Pair(f"{name} %" if found["unit"] == "%" else name, value, mark=mark)
