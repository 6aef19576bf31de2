"""What was recorded of a target, and whether it got worse since, beyond chance.

The cases are the same ones, so that answers are compared in pairs. Under the hypothesis that nothing changed, a case
that went the other way is as likely to be better as worse: the test is the exact one of McNemar, a one-sided sign test.
It is made on all cases, on those with and those without the event, on each shape and on each transformation, of the
answers and of the errors of onsets and estimates; Holm's correction holds the probability of any alarm below the level.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from math import comb
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bestiary.certify.asking import Row
from bestiary.certify.cases import EDITION
from bestiary.files import replace_with

LEVEL = 0.01
SAME = 0.01  # [1] errors that differ by less, relative to the larger, and by less than this, are the same


class BadBaseline(Exception):
    """A baseline that cannot be compared with; one line, with what to do."""


class Told(NamedTuple):
    """What was recorded of one case."""

    name: str
    group: str
    condition: str
    there: bool | None  # whether the event is; None of a problem of an estimator
    right: bool
    error: float


class Change(NamedTuple):
    """What changed in one group of cases.

    Attributes:
        group: which cases: all, a shape or a transformation; and of what: answers or errors.
        worse: cases in which the target is worse than recorded.
        better: cases in which it is better.
        p: one-sided exact p-value.
        adjusted: p-value after Holm's correction.
    """

    group: str
    worse: int
    better: int
    p: float
    adjusted: float


def told(rows: Sequence[Row]) -> list[Told]:
    """Return what is recorded of rows."""
    return [
        Told(row.case.name, row.case.group, row.case.condition, row.case.positive, row.right, float(row.error))
        for row in rows
    ]


def write(path: Path, head: dict[str, Any], rows: Sequence[Row]) -> None:
    """Write a baseline.

    Args:
        path: a JSON file.
        head: which cases: kind, root, seeds, each; and the target's name.
        rows: what the target answered.

    Raises:
        OSError: it cannot be written.
    """
    each = [[*one[:4], one.right, None if np.isnan(one.error) else float(f"{one.error:.6g}")] for one in told(rows)]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in each)
    text = json.dumps({"edition": EDITION, **head}, indent=1)
    replace_with(path, f'{text[:-2]},\n "cases": [\n{lines}\n ]\n}}\n'.encode())


def read(path: Path, head: dict[str, Any]) -> list[Told]:
    """Read a baseline that was made of the same cases.

    Raises:
        BadBaseline: there is none, it is damaged, or it is of other cases.
    """
    made, now = _parsed(path), {"edition": EDITION, **head}
    if other := [name for name in sorted({*made, *now} - {"target", "cases"}) if made.get(name) != now.get(name)]:
        name = other[0]
        what = "bestiary has other cases now" if name == "edition" else f"ask with the same {name}"
        then = f"recorded with {name} {made.get(name)}, not {now.get(name)}"
        raise BadBaseline(f"{path}: {then}; {what}, or record it anew with --write-baseline")
    try:
        return [
            Told(str(name), str(group), str(condition), there, bool(right), np.nan if error is None else float(error))
            for name, group, condition, there, right, error in made["cases"]
        ]
    except (TypeError, ValueError):
        raise BadBaseline(f"{path}: its cases are damaged; record it anew with --write-baseline") from None


def head(path: Path) -> dict[str, Any]:
    """Return which cases a baseline is of: kind, root, seeds, each.

    Raises:
        BadBaseline: there is none, or it is damaged.
    """
    made = _parsed(path)
    return {name: made[name] for name in made if name not in ("edition", "cases", "target")}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        made = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadBaseline(f"{path}: no such file; --write-baseline records what the target answers today") from None
    except (OSError, ValueError) as error:
        raise BadBaseline(f"{path}: cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(made, dict) or not {"edition", "kind", "root", "seeds", "cases"} <= made.keys():
        raise BadBaseline(f"{path}: no baseline; --write-baseline records one")
    return made


def sign_test(worse: int, better: int) -> float:
    """Return the probability of as many signs or more, of all, if both are equally likely.

    Examples:
        >>> sign_test(0, 0), sign_test(5, 0), sign_test(3, 1)
        (1.0, 0.03125, 0.3125)
    """
    n = worse + better
    return sum(comb(n, k) for k in range(worse, n + 1)) / 2**n


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values as Holm corrects them for their number.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order, adjusted, least = sorted(range(len(p)), key=lambda i: p[i]), [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = least
    return adjusted


def compare(before: Sequence[Told], now: Sequence[Told]) -> list[Change]:
    """Compare what was recorded with what is answered now, in every group; the smallest p-value first.

    Raises:
        BadBaseline: the cases are not the same.
    """
    then = {one.name: one for one in before}
    if then.keys() != {one.name for one in now}:
        raise BadBaseline("the baseline has other cases than today; --write-baseline records it anew")
    pairs = [(then[one.name], one) for one in now]
    signs: dict[str, list[int]] = {}
    for name, part in _groups(pairs):
        for what, sign in (("answers", _answers), ("errors", _errors)):
            signs[f"{name}, {what}"] = [sign(pair) for pair in part]
    counts = {name: (sum(s < 0 for s in of), sum(s > 0 for s in of)) for name, of in signs.items()}
    counts = {name: both for name, both in counts.items() if any(both)}
    p = [sign_test(*both) for both in counts.values()]
    made = [
        Change(name, *both, one, adjusted)
        for (name, both), one, adjusted in zip(counts.items(), p, holm_of(p, len(signs)), strict=True)
    ]
    return sorted(made, key=lambda change: change.p)


def holm_of(p: Sequence[float], tests: int) -> list[float]:
    """Return p-values corrected for so many tests: those that are left out have p = 1."""
    return holm([*p, *[1.0] * (tests - len(p))])[: len(p)]


Pair = tuple[Told, Told]


def _groups(pairs: Sequence[Pair]) -> Iterable[tuple[str, list[Pair]]]:
    yield "all", list(pairs)
    for name, there in (("with the event", True), ("without it", False)):
        if part := [pair for pair in pairs if pair[1].there is there]:
            yield name, part
    for name in dict.fromkeys(now.group for _, now in pairs):
        yield name, [pair for pair in pairs if pair[1].group == name]
    conditions = list(dict.fromkeys(now.condition for _, now in pairs))
    for name in conditions if len(conditions) > 1 else ():
        yield name, [pair for pair in pairs if pair[1].condition == name]


def _answers(pair: Pair) -> int:
    before, now = pair
    return int(now.right) - int(before.right)


def _errors(pair: Pair) -> int:
    before, now = abs(pair[0].error), abs(pair[1].error)
    if np.isnan(before) or np.isnan(now) or abs(before - now) <= SAME * max(before, now, SAME):
        return 0
    return 1 if now < before else -1
