"""What a check will take, by what the entries cost when they were measured, and what fits into a given time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
LAPTOP = 120.0  # [s] of CPU time of one root: a minute on two cores
LARGER = "workstation"


class Part(NamedTuple):
    """What is judged or left out as a whole: the cases of an entry, or its laws, boundaries and paths.

    Attributes:
        key: of the entry.
        beyond: whether it is the laws, boundaries and paths.
        seconds: CPU time of one root, when it was measured; None if that is not known.
    """

    key: str
    beyond: bool
    seconds: float | None

    def __str__(self) -> str:
        return f"{self.key}{' (laws, boundaries, paths)' if self.beyond else ''}"


def seconds_of(record: Mapping[str, Any] | None, beyond: bool | None = None) -> float | None:
    """Return the CPU time [s] that one root of an entry took, in all or of a part; None if nobody knows.

    Args:
        record: of the entry.
        beyond: True for its laws, boundaries and paths, False for its cases, None for both.
    """
    cost = (record or {}).get("cost")
    if not cost:
        return None
    cases, others = sum(cost["cases"].values()), cost.get("beyond", 0.0)
    return cases + others if beyond is None else others if beyond else cases


def scale(seconds: float | None) -> str | None:
    """Return `laptop` for what takes a minute on two cores at most, else `workstation`; None if nobody knows."""
    return None if seconds is None else "laptop" if seconds <= LAPTOP else LARGER


def parse(text: str) -> float:
    """Read a time such as `90s`, `10m` or `1.5h`; return it in seconds.

    Raises:
        ValueError: it is none, or no longer than nothing.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", text.strip())
    if found is None or float(found[1]) <= 0:
        raise ValueError(f"{text!r} is no time; want a number with s, m or h, as in 90s or 10m")
    return float(found[1]) * UNITS[found[2]]


def words(seconds: float) -> str:
    """Write a time as one reads it: `40 s`, `3 min`, `1.5 h`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def parts_of(keys: Iterable[str], laws: bool, read: Callable[[str], Mapping[str, Any] | None]) -> list[Part]:
    """List what a check is made of.

    Args:
        keys: of the entries.
        laws: whether laws, boundaries and paths are asked for.
        read: gives the record of an entry.
    """
    made = []
    for key in keys:
        record = read(key)
        made.append(Part(key, False, seconds_of(record, False)))
        if laws and (seconds_of(record, True) or record is None or "maps" in record):
            made.append(Part(key, True, seconds_of(record, True)))
    return made


def expected(parts: Sequence[Part], roots: int) -> str:
    """Say how long it will take if nothing is kept; empty if nobody knows."""
    known = [p.seconds for p in parts if p.seconds is not None]
    if not known:
        return ""
    lacking = len(parts) - len(known)
    total, cores = roots * sum(known), os.cpu_count() or 1
    more = f", and {lacking} more that nobody measured" if lacking else ""
    return f"about {words(total / cores)} on {cores} core{'s' if cores > 1 else ''} if nothing is kept{more}"


def within(parts: Sequence[Part], roots: int, budget: float) -> tuple[list[Part], list[Part]]:
    """Take the cheapest parts, as many as fit a time; what nobody measured is not taken.

    Args:
        parts: of the check.
        roots: number of roots.
        budget: [s] of wall time, on all cores of this machine.

    Returns:
        What is judged and what is left out, both in the order that was given.
    """
    left, taken = budget * (os.cpu_count() or 1), set()
    for part in sorted((p for p in parts if p.seconds is not None), key=lambda p: p.seconds or 0.0):
        left -= roots * (part.seconds or 0.0)
        if left < 0:
            break
        taken.add(part)
    return [p for p in parts if p in taken], [p for p in parts if p not in taken]
