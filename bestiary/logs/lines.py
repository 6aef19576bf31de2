"""Numbers with names in one line of a text log: `name: number`, `name=number`, `name number`, and dictionaries.

The name of a number is what stands between it and the number before it, from the last bracket, bar, comma or wide gap
on. No expression here can take longer than in proportion to the line.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from bestiary.logs.channels import channel as channel_of
from bestiary.logs.names import ROLES, phrase, role, words
from bestiary.logs.steps import STEPS

LONGEST = 20_000  # [character] of a line that are looked at
MOST = 400  # [number] of a line
BEFORE = 300  # [character] before a number that are looked at for its name
NAME = 60  # [character] of a name
WORDS = 6  # [word] of a name before a colon or an equals sign; before a mere space, two, or those of a known name
PROGRESS = "progress"  # the name of `12/438` that has none
# Short names that only text logs have. Documented in docs/detect.md.
SHORT = {
    **{"s": "step", "it": "iter", "ep": "epoch", "trl": "train loss", "tel": "val loss", "norm": "grad norm"},
    **{"learn": "train loss"},
}
BARE = ("train", "val", "valid", "test")  # alone they are a loss; an accuracy in per cent, or if the line has a loss

ESCAPES = re.compile(  # with and, as in what was pasted, without the character that cannot be seen
    r"\x1b\[[0-9;?]{0,20}[A-Za-z]|\x1b\][^\x07\x1b]{0,200}\x07?|\[(?:\d{1,3};){0,4}\d{1,3}m"
)
WRAPPED = re.compile(r"\b(?:(?:np|numpy|torch|jnp)\.)?(?:float|int|bfloat|array|tensor|Array)\d{0,3}\(")
MOMENTS = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:T(?=\d))?|\d{1,6}:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?!\d)|\b\d{1,5} days?,"
)
NUMBER = re.compile(
    r"(?<![\w.@-])(?P<number>[+-]?(?:\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,20})?(?!\d)|\d{1,40}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,5})?"
    r"|\.\d{1,40}(?:[eE][+-]?\d{1,5})?|(?:nan|inf|infinity|NaN|Inf|Infinity|NAN|INF)(?!\w)))"
    r"(?: {0,10}/ {0,10}(?P<of>\d{1,15}|infinity)(?![\w.]))?(?P<unit>%|[A-Za-zµ/]{0,12})(?P<more>[\w%|]?)"
)
CUT = re.compile(r"[|,;{}<>()\[\]\t│┃]|  | - | — |\x1f")  # what a name cannot go across
UNIT = re.compile(r"\s?\([^()]{0,20}\)$")  # `(ms)` behind a name
POSSESSIVE = re.compile(r"(?:_\d{1,3})?'s ")  # `valid_1's logloss`
DONE = frozenset({"completed", "finished", "done"})
PATH = re.compile(r"^/|\.[a-z]{1,4}$")  # of a source file, before the number of a line
TOKEN = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)?")
STOP = frozenset("a an and are as at by for from in is it of on or than that the then this to was we were with".split())


channel = lru_cache(2**12)(channel_of)


class Pair(NamedTuple):
    """A name, its number, and of how many it is one, 0 if that is not said."""

    name: str
    value: float
    of: float = 0.0

    @property
    def step(self) -> bool:
        """Whether it may be the step."""
        return is_step(self.name)


@lru_cache(2**12)
def is_step(name: str) -> bool:
    """Whether a name is one of a step."""
    return phrase(name) in STEPS


def plain(line: str) -> str:
    """A line without colours, and with what is a time or a date cut out."""
    line = ESCAPES.sub("", line[:LONGEST])
    return MOMENTS.sub("\x1f", WRAPPED.sub("", line))


def pairs(line: str) -> list[Pair]:
    """The numbers of a line that have a name, each name once, the first; a name without train or test has the line's.

    A line's own is the word for validation or training that stands before a number's name, or in one of several words:
    `valid | epoch 1 | loss 0.5` is `val loss`, and so is the second of `train loss 0.5 acc 0.9 val loss 0.6 acc 0.8`.
    """
    line = plain(line)
    made: dict[str, Pair] = {}
    end, said = 0, ""
    for i, found in enumerate(NUMBER.finditer(line)):
        if i == MOST:
            break
        between, after = line[max(end, found.start() - BEFORE) : found.start()], found.end("unit")
        if found["more"] and (found["more"] != "|" or found["unit"] == "%"):
            end = after
            continue  # `3f2a`, or the share in a progress bar
        name, before = _name(between)
        if found["number"][-1].isalpha() and not _is_said(between, name):
            continue  # `number of nan iterations`
        end = after
        said = _said(before) or said
        name = SHORT.get(name, name)
        value, of = float(found["number"].replace(",", "")), float(found["of"] or 0)
        if not name:
            if of:
                name = PROGRESS
            elif not made and found["number"].isdigit() and not line[: found.start()].strip(" [") and not found["unit"]:
                name = "step"  # `100 train 3.2`, `[100] loss: 3.2`
            else:
                continue
        if name.lower() in BARE and found["number"].isdigit() and not found["unit"]:
            said = role(name)
            if not of and line[after : after + 2] != " [":
                continue
            name = PROGRESS if of else "epoch"  # `Test: [100/1251]`, `Train: 3 [100/1251 (8%)]`
        elif name.lower() in BARE:
            right = found["unit"] == "%" or of or any(channel(other) == channel("loss") for other in made)
            name = f"{name.lower()} {'accuracy' if right else 'loss'}"
        parts = name.split()
        if len(parts) > 1 and (spoken := _said(parts[0])):
            said = spoken
            if is_step(" ".join(parts[1:])) and not is_step(name):
                name = " ".join(parts[1:])
        elif said == "test" and channel(f"val {name}") and f"val {name}" not in made and not _has_role(name):
            name = f"val {name}"
        pair = Pair(name, value, of)
        known = channel(name)
        if known and known[0].endswith("_acc") and not pair.step:
            if of:
                pair = Pair(name, value / of)
            elif found["unit"] == "%":
                pair = Pair(f"{name} %", value)
        made.setdefault(pair.name, pair)
    if list(made) == ["step"] and not re.search(r"[A-Za-z]", line):
        return []  # a number alone
    return list(made.values())


@lru_cache(2**12)  # the same in line after line
def _name(between: str) -> tuple[str, str]:
    """The name at the end of what stands before a number, and what stands before the name."""
    text = between.rstrip(" \t'\"[")
    bare = text.rstrip(" :=\t'\"")
    explicit = bare != text.rstrip("'\" ") or between.rstrip(" ").endswith("[")
    unit = UNIT.search(bare)
    noted = unit[0] if unit else ""
    bare = bare[: unit.start()] if unit else bare
    cut = max((found.end() for found in CUT.finditer(bare)), default=0)
    before, name = bare[:cut], bare[cut:]
    for mark in (":", "="):
        above, found, name = name.rpartition(mark)
        before += above + found
    name = POSSESSIVE.sub(" ", name.strip(" '\"*`#-_.>~"))
    parts = name.split()
    if not re.search(r"[A-Za-z]", name) or any(not part.isascii() for part in parts):
        return "", between
    if len(parts) > 1 and not explicit and parts[-2].lower() in STOP and is_step(parts[-1]):
        return parts[-1], f"{before} {' '.join(parts[:-1])}"  # `validation loss at iteration 100`
    if len(parts) == 2 and parts[0].lower() in DONE and is_step(parts[1]):
        return parts[1], f"{before} {parts[0]}"
    if _is_known(name):
        return name, f"{before} {noted}"
    if PATH.search(name):
        return "", between
    short = len(parts) <= (WORDS if explicit else 2) and len(name) <= NAME and not STOP & set(name.lower().split())
    return (name if short else ""), f"{before} {noted}"


def _is_said(between: str, name: str) -> bool:
    """Whether what stands before `nan` or `inf` makes it a number."""
    return _is_known(name) or between.rstrip(" '\"").endswith((":", "="))


def _is_known(name: str) -> bool:
    return channel(name) is not None or is_step(name)


def _has_role(name: str) -> bool:
    return any(word in known for known in ROLES.values() for word in words(name))


@lru_cache(2**12)
def _said(text: str) -> str:
    """What the last word of a text that is one for train or test says; words are what spaces and marks part."""
    found = ""
    for token in re.split(r"[\s|,;:(){}\[\]'\"=*]+", text):
        if TOKEN.fullmatch(token):
            found = role(token.partition("_")[0]) if token.partition("_")[0].lower() in _ROLE_WORDS else found
    return found


_ROLE_WORDS = frozenset(word for known in ROLES.values() for word in known)
