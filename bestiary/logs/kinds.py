"""Lines of a text log that are of another kind than most: of an evaluation that was announced, and of sums up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np

from bestiary.logs.line_names import channel, role_in
from bestiary.logs.lines import Pair, plain
from bestiary.logs.names import roles

RARE = 1 / 3  # [1] of the rows of the main kind
MOSTLY = 0.8  # [1] of the rows of a kind
FEW, LONGEST = 3, 100  # [announcement] of either role, [character] of one
TESTING = re.compile(r"\b(?:evaluating|validating)\b", re.IGNORECASE)

Row = dict[str, Pair]
Kind = tuple[tuple[str, str], ...]


def announces(line: str) -> str:
    """`test` or `train` if a line without numbers says what comes is of that, as `Starting evaluation`; else empty."""
    line = plain(line).strip()
    return "" if len(line) > LONGEST else "test" if TESTING.search(line) else role_in(line)


def _kind(row: Row) -> Kind:
    return tuple((name, pair.mark + pair.said) for name, pair in row.items())


def evaluated(rows: list[Row], announced: Mapping[int, str]) -> list[Row]:
    """Name what is said of test by the lines above alone.

    Of two announcements that take turns, each is of the rows up to the next. Else a kind of row is of test that is
    rarer than the main kind and comes, where it comes, after an announcement or a row of test.

    Args:
        rows: of named numbers.
        announced: {row before which it was said: train or test}.
    """
    counts = Counter(map(_kind, rows))
    main = max((kind for kind in counts if _unsaid(dict(kind))), key=lambda kind: counts[kind], default=None)
    if main is None:
        return rows
    turns = Counter(announced.values())
    both = min(turns["test"], turns["train"]) >= FEW
    tested: list[bool] = []
    here = ""
    for i, row in enumerate(rows):
        here = announced.get(i, here)
        if not both and _kind(row) == main:
            here = ""
        tested.append(here == "test")
        if not both and {"test"} == {pair.said for pair in row.values() if pair.said}:
            here = "test"
    after = Counter(_kind(row) for row, test in zip(rows, tested, strict=True) if test)
    if not both:
        rare = {kind for kind, n in after.items() if n >= MOSTLY * counts[kind] and counts[kind] <= RARE * counts[main]}
        tested = [test and _kind(row) in rare for row, test in zip(rows, tested, strict=True)]
    return [_of_test(row) if test and not _is_said(row) else row for row, test in zip(rows, tested, strict=True)]


def _is_said(row: Row) -> bool:
    return any(pair.said for pair in row.values())


def _unsaid(names: Mapping[str, object]) -> list[str]:
    """Channels that are of train because nothing says otherwise."""
    return [name for name in names if channel(name) is not None and not roles(name)]


def _of_test(row: Row) -> Row:
    made: Row = {}
    for name, pair in row.items():
        tested = f"val {name}"
        new = tested if channel(tested) is not None and not roles(name) and tested not in row else name
        made[new] = pair._replace(name=new)
    return made


def without_sums(rows: list[Row]) -> list[Row]:
    """Leave out what a rarer kind of line says again, as the mean over an epoch at its end.

    It has a name of the main kind and is written otherwise, between two lines of the main kind that follow upon each
    other as usual: no record of its own is missing there.
    """
    kinds = [_kind(row) for row in rows]
    said = Counter((name, kind) for kind in kinds for name, _ in kind if channel(name) is not None)
    gone: set[tuple[Kind, str]] = set()
    for name in {name for name, _ in said}:
        own = {kind: n for (other, kind), n in said.items() if other == name}
        main = max(own, key=lambda kind: own[kind])
        rare = {kind for kind, n in own.items() if 1 < n <= RARE * own[main] and _otherwise(kind, main)}
        if rare:
            gone |= {(kind, name) for kind in rare if _between(rows, kinds, kind, main) >= MOSTLY}
    if not gone:
        return rows
    return [
        {name: pair for name, pair in row.items() if (kind, name) not in gone}
        for row, kind in zip(rows, kinds, strict=True)
    ]


def _otherwise(kind: Kind, main: Kind) -> bool:
    """Whether names that both have stand before other marks, or the main kind has steps that the other lacks."""
    here, there = dict(kind), dict(main)
    steps = {name for name in there if Pair(name, 0).step}
    return any(here[name] != there[name] for name in here.keys() & there.keys()) or bool(steps - here.keys())


def _between(rows: list[Row], kinds: list[Kind], kind: Kind, main: Kind) -> float:
    """Share of the rows of a kind that stand between two of the main kind that follow upon each other."""
    at = [i for i, other in enumerate(kinds) if other == main]
    counters = [np.array([rows[i][name].value for i in at]) for name, _ in main if Pair(name, 0).step]
    if not counters or len(at) < FEW:
        return 0.0
    steps = max(counters, key=lambda values: np.count_nonzero(np.diff(values)))
    usual = np.median(np.diff(steps))
    where = np.searchsorted(at, [i for i, other in enumerate(kinds) if other == kind])
    inner = where[(where > 0) & (where < len(at))]
    whole = [steps[i] - steps[i - 1] <= usual for i in inner]
    return float(np.mean([*whole, *[True] * (where.size - inner.size)]))


def of_one_process(rows: list[Row], ranks: Mapping[int, int]) -> tuple[list[Row], str]:
    """Of several processes that say the same, and not in turn, leave the one that says most, the first of those.

    Args:
        rows: of named numbers.
        ranks: {row: rank of the process that says so}.

    Returns:
        The rows, without those of the others; and what is read, empty if there is but one process.
    """
    known = Counter(rank for i, rank in ranks.items() if _unsaid(rows[i]))
    if len(known) < 2:
        return rows, ""
    one = min(known, key=lambda rank: (-known[rank], rank))
    kept = [row for i, row in enumerate(rows) if ranks.get(i, one) == one]
    return kept, f"{len(known)} processes; those of rank {one} are read"
