"""What a log resolves of a step: a log has a record only now and then, and ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from bestiary.log import Finding, Log


class Resolution(NamedTuple):
    """What a log resolves of what a detector read off it.

    Attributes:
        between: {onset or effect: (least, greatest)} true value that the one read off stands for [step]; both can be
            true. What is missing is exact.
        last: [step] of the last record: a waiting time that was not reached is no less.
    """

    between: Mapping[str, tuple[float, float]] = {}
    last: float = math.inf


def waiting_times(detector: str) -> tuple[str, ...]:
    """Return the names of what is a step at which something happens: the onset, and what the detector's ABOUT lists.

    Args:
        detector: name of the detector; the onset alone is known of one without a file, or without a name.
    """
    file = f"bestiary.detectors.{detector}"
    return ("onset", *(import_module(file).ABOUT.waits if detector and find_spec(file) else ()))


def is_waiting_time(name: str, waits: Sequence[str]) -> bool:
    """Return whether an onset or effect is one of the waiting times, whose names may be patterns."""
    return any(fnmatchcase(name, pattern) for pattern in waits)


def resolution_of(finding: Finding, log: Log, waits: Sequence[str] = ("onset",)) -> Resolution:
    """Return between which steps the true onset lies, and every effect in steps.

    A waiting time v is a step at which something happened. Let a < v <= b be the neighbouring records of an axis of the
    log. If v is a record of some axis, v stands for a true step in (v - (b - a), v], with the longest b - a over the
    axes that have v: the finding does not say from which of them v was read. Else v lies between records and stands
    for a true step in (v - (b - a), b], with the longest b - a and the greatest b over all axes.

    Another effect in steps is a length: a difference of two steps, each of which is late by less than a gap. Steps are
    whole numbers, so a length v stands for one in [v - g, v + g], with g one less than the longest gap of the log.

    Args:
        finding: what a detector says of the log.
        log: the run.
        waits: names of waiting times.
    """
    axes = _axes(log)
    values = {"onset": finding.onset} | {n: e.value for n, e in finding.effects.items() if e.unit == "step"}
    far = max((float(np.diff(axis).max(initial=1.0)) for axis in axes), default=1.0) - 1
    between = {
        name: _position(v, axes) if is_waiting_time(name, waits) else (v - far, v + far)
        for name, v in values.items()
        if math.isfinite(v)
    }
    return Resolution(between, max((float(axis[-1]) for axis in axes), default=math.inf))


def _axes(log: Log) -> list[np.ndarray]:
    """Return the different axes of steps of a log."""
    axes: dict[bytes, np.ndarray] = {}
    for steps, _ in log.channels.values():
        if steps.size:
            axes.setdefault(steps.tobytes(), steps)
    return list(axes.values())


def _position(v: float, axes: Sequence[np.ndarray]) -> tuple[float, float]:
    rounding = 1e-9 * max(abs(v), 1.0)
    after = [int(np.searchsorted(axis, v - rounding)) for axis in axes]  # of the first record at v or later
    there = [(axis, i) for axis, i in zip(axes, after, strict=True) if 0 < i < axis.size]
    recorded = [(axis, i) for axis, i in there if axis[i] - v <= rounding]
    gap = max((float(axis[i] - axis[i - 1]) for axis, i in recorded or there), default=0.0)
    least = float(np.nextafter(v - gap, math.inf)) if gap else v  # the end is open
    return least, v if recorded else max((float(axis[i]) for axis, i in there), default=v)
