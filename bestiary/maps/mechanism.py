"""Whether a phenomenon is there for the same reason on two rungs of a path: by a marker, and by removing the cause."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bestiary.catalog.path_claims import EntryPath
from bestiary.judge.rounds import Judged
from bestiary.judge.verdict import median_limits, value_of
from bestiary.log import Finding
from bestiary.maps.judge import MapResult

Sameness = Literal["same mechanism", "another mechanism", "unknown"]


@dataclass(frozen=True)
class Seen:
    """What tells the mechanism of one rung.

    Attributes:
        name: of the rung.
        there: whether the phenomenon is there: more often than without the cause, or in more than half of the runs.
        median: of the marker over the runs that have it, those with the phenomenon where it is there.
        low: lower limit of that median.
        high: upper limit.
        band: the mechanism in whose band the limits lie; None if they lie in none.
        missed: mechanisms whose bands the limits miss.
        kills: whether the removed cause kills the phenomenon; None if that is undecided.
        learned: share of all runs that learned the task, with the phenomenon or without.
    """

    name: str
    there: bool
    median: float
    low: float
    high: float
    band: str | None
    missed: frozenset[str]
    kills: bool | None
    learned: float


@dataclass(frozen=True)
class Step:
    """A step of a path: from the last rung before at which the phenomenon is there.

    Attributes:
        before: name of that rung.
        after: name of the rung.
        same: same mechanism, another mechanism, or unknown.
        why: in words.
    """

    before: str
    after: str
    same: Sameness
    why: str


def seen(result: MapResult, confidence: float = 0.95) -> list[Seen]:
    """Tell the mechanism of every rung of a path.

    The marker is in a band if the limits of its median lie within the band, and misses the band if they lie outside.
    The removed cause kills the phenomenon if the Clopper-Pearson limits of the two rates do not overlap, the rate with
    the cause removed being the lower one; it does not kill it if that rate is above one half by its own limits.

    Args:
        result: of a path that has a marker and a cause; an empty list for another.
        confidence: [1] of the limits, both sides together.
    """
    path = result.block
    if not isinstance(path, EntryPath) or path.marker is None or path.cause is None:
        return []
    rows = []
    for r in result.rungs:
        assert r.without is not None  # the path has a cause
        low, _ = r.answer.limits(confidence=confidence)
        less_low, less_high = r.without.limits(confidence=confidence)
        kills = True if less_high < low else False if less_low > 0.5 else None
        there = low > 0.5 or kills is True
        marker = _marker(r.answer, path.marker, there)
        m = median_limits(marker, confidence) if marker.size else None
        median, a, b = m or (math.nan, -math.inf, math.inf)
        within = [name for name, (lo, hi) in path.mechanisms.items() if lo <= a and b <= hi]
        missed = frozenset(name for name, (lo, hi) in path.mechanisms.items() if b < lo or hi < a)
        share = float(np.mean([_learned(f, path) for f in r.answer.findings]))
        band = within[0] if within else None
        rows.append(Seen(r.rung.name, there, median, a, b, band, missed, kills, share))
    return rows


def steps(result: MapResult, confidence: float = 0.95) -> list[Step]:
    """Say of every step of a path whether the phenomenon has the same mechanism after it as before it.

    The same: it is there at both, the marker lies in the same band at both, and the removed cause kills it at both.
    Another: it is there at both, and the marker misses the band in which it was, or the removed cause kills it at one
    of them and not at the other. Else unknown. A step that keeps the mechanism is called another one with a
    probability of at most 1 - confidence by the marker, and as much by the cause.

    Args:
        result: of a path; a path without a marker has no steps.
        confidence: [1] of the limits.
    """
    rows, made = seen(result, confidence), []
    last = None
    for i, here in enumerate(rows):
        if i:
            made.append(Step((last or rows[i - 1]).name, here.name, *_compared(last, here)))
        last = here if here.there else last
    return made


def _compared(before: Seen | None, here: Seen) -> tuple[Sameness, str]:
    if not here.there:
        if here.learned < 0.5:
            return "unknown", "it is not there: the task is not learned"
        return "unknown", "it is not there, though the task is learned: the delay is gone"
    if before is None:
        return "unknown", "it was at no rung before"
    if before.band is not None and before.band in here.missed:
        return "another mechanism", f"the marker leaves {before.band!r}" + (f" for {here.band!r}" if here.band else "")
    if before.kills is not None and here.kills is not None and before.kills != here.kills:
        return "another mechanism", f"the removed cause {'kills it now' if here.kills else 'kills it no longer'}"
    if before.band is None or here.band != before.band:
        return "unknown", f"the marker at {(before if before.band is None else here).name} lies in no band for certain"
    if not before.kills or not here.kills:
        at = before if not before.kills else here
        told = "may or may not kill it" if at.kills is None else "does not kill it"
        return "unknown", f"the removed cause {told} at {at.name}"
    return "same mechanism", f"{here.band}, and the removed cause kills it"


def _marker(answer: Judged, name: str, there: bool) -> np.ndarray:
    """The marker of the runs with the phenomenon, of all runs where it is not there; (N,) finite."""
    chosen = [f for f in answer.findings if f.found or not there]
    values = np.array([value_of(f, name) for f in chosen], float)
    return values[np.isfinite(values)]


def _learned(finding: Finding, path: EntryPath) -> bool:
    """Whether a run has learned its task: it has the phenomenon, or what the path says of others."""
    if finding.found or path.learned is None:
        return finding.found
    if path.learned.of in (finding.state, finding.phase):
        return True
    return value_of(finding, path.learned.of) > path.learned.above
