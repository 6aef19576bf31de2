"""The name of a number in a line of text, by what stands between it and the number before it."""

from __future__ import annotations

import re
from functools import lru_cache

from bestiary.logs.channels import channel as channel_of
from bestiary.logs.names import ROLES, role
from bestiary.logs.steps import is_step as step_of

LONGEST = 60  # [character] of a name
WORDS, BARE_WORDS = 6, 2  # [word] of a name before a colon or an equals sign; before a mere space
# Short names that only text logs have. Documented in docs/detect.md.
SHORT = {
    **{"s": "step", "it": "iter", "ep": "epoch", "up": "update", "trl": "train loss", "tel": "val loss"},
    **{"norm": "grad norm", "learn": "train loss"},
}
CUT = re.compile(  # what a name cannot go across; the last is the end of a sentence
    r"[|,;{}<>()\[\]\t│┃]|  | - | — |\x1f|(?:(?<=[a-z]{4})|^ ?s)\. (?=[A-Z])"
)
UNIT = re.compile(r"\s?\([^()]{0,20}\)$")  # `(ms)` behind a name
POSSESSIVE = re.compile(r"(?:_\d{1,3})?'s ")  # `valid_1's logloss`
PATH = re.compile(r"^/|\.[a-z]{1,4}$")  # of a source file, before the number of a line
MARKS = re.compile(r"[\s|,;:(){}\[\]'\"=*]+")  # between words
WORD = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)?")
LEVELS = frozenset({"DEBUG", "INFO", "WARN", "WARNING", "ERROR"})  # of Python's logging, before a name
DONE = frozenset({"completed", "finished", "done"})
STOP = frozenset("a an and are as at by for from in is it of on or than that the then this to was we were with".split())
_ROLE_WORDS = frozenset(word for known in ROLES.values() for word in known)

channel = lru_cache(2**12)(channel_of)  # names come again in line after line
is_step = lru_cache(2**12)(step_of)


@lru_cache(2**12)
def name_in(between: str) -> tuple[str, str]:
    """The name at the end of a text, empty if there is none, and what stands before the name."""
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
    name = POSSESSIVE.sub(" ", name.strip(" '\"*`#-_.>~").rpartition('"')[2].strip())
    parts = name.split()
    if parts and parts[0] in LEVELS:
        name, parts = " ".join(parts[1:]), parts[1:]
    if not re.search(r"[A-Za-z]", name) or not name.isascii():
        return "", between
    if len(parts) > 1 and is_step(parts[-1]):
        at_step = not explicit and parts[-2].lower() in STOP  # `validation loss at iteration 100`
        if at_step or (len(parts) == 2 and parts[0].lower() in DONE):
            return parts[-1], f"{before} {' '.join(parts[:-1])}"
    if channel(name) is not None or is_step(name):
        return name, f"{before} {noted}"
    if PATH.search(name):
        return "", between
    few = len(parts) <= (WORDS if explicit else BARE_WORDS) and len(name) <= LONGEST
    if few and not STOP & set(name.lower().split()):
        return name, f"{before} {noted}"
    return "", f"{before} {name} {noted}"  # what is no name may say what comes is of: `Test net output #0: loss = 1`


def is_meant(between: str, name: str) -> bool:
    """Whether what stands before `nan` or `inf` makes it a number: not in `number of nan iterations`."""
    return channel(name) is not None or is_step(name) or between.rstrip(" '\"").endswith((":", "="))


@lru_cache(2**12)
def role_in(text: str) -> str:
    """What the last word of a text that says train or test says; words are what spaces and marks part."""
    found = ""
    for token in MARKS.split(text):
        word = token.partition("_")[0].lower()
        if word in _ROLE_WORDS and WORD.fullmatch(token):
            found = role(word)
    return found
