"""A quantity of every run, and between which values it lies for certain: steps are read off records, and runs end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bestiary.judge.records import is_waiting_time
from bestiary.judge.rounds import Judged
from bestiary.maps.censored import values_of


class Bounds(NamedTuple):
    """A quantity of every run.

    Attributes:
        low: (S) the least that it can be.
        value: (S) what was read off; inf for a run that was cut off before, nan where nothing is known.
        high: (S) the greatest that it can be.
    """

    low: np.ndarray
    value: np.ndarray
    high: np.ndarray

    def through(self, increasing: Callable[[np.ndarray], np.ndarray]) -> Bounds:
        """Return an increasing function of the quantity."""
        return Bounds(*map(increasing, self))

    @property
    def cut(self) -> int:
        """Count the runs that ended before, so that there is only a lower bound."""
        return int(np.isposinf(self.value).sum())

    @property
    def unknown(self) -> int:
        """Count the runs of which nothing is known."""
        return int(np.isnan(self.value).sum())


def read_off(judged: Judged, of: str, censored: Iterable[str], waits: Sequence[str]) -> Bounds:
    """Return the onset or effect of every run; all must be above 0, since logarithms are taken.

    A waiting time lies between the record at which it was read and the one before. A run that ended too early reaches
    it beyond its last step. A run without a value for any other reason could have had any.

    Args:
        judged: the runs.
        of: onset or an effect.
        censored: states and phases in which a run without a value ended too early.
        waits: names of waiting times.
    """
    values, cut = values_of(judged.findings, judged.last, of, censored, waits)
    known = np.isfinite(values) & ~cut & (values > 0)
    between = [one.between.get(of, (v, v)) for one, v in zip(judged.resolution, values, strict=True)]
    if not is_waiting_time(of, waits):  # what is read off a length is within a gap of it at either side
        between = [(max(a, 0.0), b) for a, b in between]
    least, greatest = np.array(between, float).reshape(-1, 2).T
    low = np.where(cut, values, np.where(known, np.maximum(least, 0.0), 0.0))
    value = np.where(cut, math.inf, np.where(known, values, math.nan))
    return Bounds(low, value, np.where(known, greatest, math.inf))


def threshold(x: Sequence[float], along: Sequence[Judged], of: str) -> Bounds:
    """Return the value of a knob from which on every seed's run is first in a state or phase, going up.

    It lies between the first such value and the one before; beyond the last if there is none.

    Args:
        x: (K) values of the knob, increasing, above 0.
        along: (K) the runs at each.
        of: the state or phase.
    """
    there = np.array([[of in (f.state, f.phase) for f in judged.findings] for judged in along])  # (K, S)
    ends = np.array([0.0, *x, math.inf])
    first = np.where(there.any(0), there.argmax(0), len(x))
    low, high = ends[first], ends[first + 1]
    middle = np.where((low > 0) & np.isfinite(high), np.sqrt(low) * np.sqrt(high), high)
    return Bounds(low, np.where(low > 0, middle, math.nan), high)
