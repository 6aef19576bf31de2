"""Whether a log that is read again is of the same run: by its bytes, and where these were rewritten, by its rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bestiary.log import Log, Series
from bestiary.logs.thinning import RECORDS

EDGE = 4096  # [byte] at the beginning and at the end of a file that are compared
SPREAD, LAST = 64, 8  # [record] of a channel that are compared: over all of the channel, and at its end


class Stamp(NamedTuple):
    """What the system says of a file."""

    size: int  # [byte]
    changed: int  # [ns]
    place: tuple[int, int]  # device and inode

    @classmethod
    def of(cls, file: Path) -> Stamp:
        """Ask the system.

        Raises:
            OSError: the file is not there.
        """
        stat = file.stat()
        return cls(stat.st_size, stat.st_mtime_ns, (stat.st_dev, stat.st_ino))


class Mark(NamedTuple):
    """How a file was when it was read; the digest is of the first and the last bytes."""

    stamp: Stamp
    digest: bytes


def mark(file: Path, stamp: Stamp) -> Mark | None:
    """Mark a file that was read after it was stamped; None if the file is not that any more."""
    try:
        with file.open("rb") as opened:
            now = os.fstat(opened.fileno())
            if (now.st_dev, now.st_ino) != stamp.place or now.st_size < stamp.size:
                return None
            first = opened.read(min(EDGE, stamp.size))
            opened.seek(max(stamp.size - EDGE, 0))
            return Mark(stamp, blake2b(first + opened.read(min(EDGE, stamp.size)), digest_size=16).digest())
    except OSError:
        return None


def appended(file: Path, before: Mark, stamp: Stamp) -> bool:
    """Return whether all that was in a file when it was marked is there, and nothing but more was written."""
    if stamp.size < before.stamp.size:
        return False
    now = mark(file, Stamp(before.stamp.size, stamp.changed, stamp.place))
    return now is not None and now.digest == before.digest


class Kept(Enum):
    """How much of a run is in the log that is read again."""

    ALL = "all"
    PART = "part"  # the log ends earlier, and is the same so far: it may be in the middle of being rewritten
    NONE = "none"  # another run


Trace = Mapping[str, Series]  # {channel: some of its records}


def trace(log: Log) -> Trace:
    """Return some records of every channel, to know the run by."""
    made = {}
    for name, (steps, values) in log.channels.items():
        at = np.unique(
            np.r_[np.linspace(0, max(steps.size - 1, 0), SPREAD).astype(int), steps.size - 1 - np.arange(LAST)]
        )
        at = at[(at >= 0) & (at < steps.size)]
        made[name] = Series(steps[at], values[at])
    return made


def kept(before: Trace, log: Log) -> Kept:
    """Compare a run with a log: of the records known of the run, all, some or none may be in the log.

    A record that the log has with another value is of another run. A channel that is long enough to be thinned may
    lack any record but its first.
    """
    there = missing = 0
    for name, (steps, values) in before.items():
        if name not in log or not log[name].steps.size:
            missing += steps.size
            continue
        curve = log[name]
        at = np.minimum(np.searchsorted(curve.steps, steps), curve.steps.size - 1)
        has = curve.steps[at] == steps
        if not np.array_equal(curve.values[at[has]], values[has], equal_nan=True):
            return Kept.NONE
        thinned = curve.steps.size > RECORDS // 2
        there += int(has.sum())
        missing += int((~has & ((steps > curve.steps[-1]) | (not thinned))).sum())
    if missing and not there:
        return Kept.NONE
    return Kept.PART if missing else Kept.ALL
