"""Curves in few records and few digits, as a page needs them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

DIGITS = 4  # significant ones of a recorded value
KEPT_WAY = 0.5  # [1] of the way of a curve that the kept records go at least, or no line is drawn between them


def chosen(t: np.ndarray, curves: Sequence[tuple[np.ndarray, bool]], log: bool, most: int) -> np.ndarray:
    """Choose the records to keep: close together where curves move, and never far apart along the axis.

    A record's share is the mean of how far the axis and each curve move up to it, every one of them over its whole way.

    Args:
        t: (T,) the recorded axis.
        curves: values (S, T), NaN where there are none, and whether they are drawn on a logarithmic axis.
        log: whether the recorded axis is logarithmic.
        most: how many records are kept.

    Returns:
        (N,) increasing indices, N at most `most`, the first and the last record among them.
    """
    if t.size <= most:
        return np.arange(t.size)
    ways = [np.abs(np.diff(np.log(np.maximum(t, t[t > 0].min(initial=1.0))) if log else t))]
    for values, logarithmic in curves:
        moved = _moved(values, logarithmic)
        if moved.sum() > 0:
            ways.append(moved)
    share = np.cumsum(np.mean([way / way.sum() for way in ways], axis=0))
    at = np.searchsorted(share, np.linspace(0, 1, most)[1:-1]) + 1
    return np.unique(np.r_[0, np.minimum(at, t.size - 2), t.size - 1])


def too_fast(values: np.ndarray, kept: np.ndarray, log: bool) -> bool:
    """Return whether a curve moves so fast that lines between the kept records would tell of another one.

    It does where the kept records go less than half of the way: an oscillation of two steps would look slow.

    Args:
        values: (S, T) the runs.
        kept: (N,) indices of the records that are kept.
        log: whether they are drawn on a logarithmic axis.
    """
    ways = [np.nanmean(_way(part, log)) if part.size else 0.0 for part in (values[:, kept], values)]
    return bool(ways[0] < KEPT_WAY * ways[1])


def _way(values: np.ndarray, log: bool) -> np.ndarray:
    """(S,) how far each run goes in all."""
    steps = _steps(values, log)
    return np.sum(np.where(np.isfinite(steps), steps, 0), axis=1)


def _steps(values: np.ndarray, log: bool) -> np.ndarray:
    """(S, T - 1) how far each run goes from record to record, as drawn; nan where it is not finite."""
    seen = np.where(values > 0, values, np.nan) if log else values
    with np.errstate(all="ignore"):
        return np.abs(np.diff(np.log10(seen) if log else seen, axis=1))


def _moved(values: np.ndarray, log: bool) -> np.ndarray:
    """(T - 1,) how far the runs move from record to record, on average over them; not finite counts as no movement."""
    steps, whole = _steps(values, log), _way(values, log)[:, None]
    with np.errstate(all="ignore"):
        return np.where(np.isfinite(steps) & (whole > 0), steps / whole, 0).mean(0)


def short(value: float) -> float | int | None:
    """Round a number to four significant digits; None if it is not finite.

    Examples:
        >>> short(0.123456), short(2.0), short(float("nan"))
        (0.1235, 2, None)
    """
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e6 else rounded


def row(values: np.ndarray) -> list[Any]:
    """Round a row of numbers."""
    return [short(float(v)) for v in values]


def steps(t: np.ndarray) -> list[Any]:
    """Write the recorded axis, whole numbers as such and in all their digits."""
    return [int(v) if float(v).is_integer() else short(float(v)) for v in t]
