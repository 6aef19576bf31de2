"""Rises of a curve above its own recent past, which may be falling."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

REFRESH, BACK = 4, 3  # [record] between two baselines, for speed; in a row that end an excursion
QUARTERS, NEAR = 4, 8  # parts of a falling baseline; [record] that tell its present level
UPPER = 0.75  # quantile of the residuals that tells the spread upwards; a Gaussian's lies 1 / 1.4826 deviations up
STANDS_OUT = 0.75  # [z] what a peak must be above the records that follow it
MOST = 4096  # [record] looked at in one go


def median(x: np.ndarray) -> np.ndarray:
    """Median of the last axis of an array without NaN; numpy's own spends most of its time on checks."""
    n = x.shape[-1]
    return np.partition(x, (n - 1) // 2 if n % 2 else ((n - 1) // 2, n // 2))[..., (n - 1) // 2 : n // 2 + 1].mean(-1)


def unsteadiness(x: np.ndarray) -> np.ndarray:
    """Robust standard deviation of one record of white noise, from the changes from record to record."""
    change = np.diff(x)
    return 1.4826 / np.sqrt(2) * median(np.abs(change - median(change)[..., None]))


def baseline(recent: np.ndarray, *, z: float, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """Where a curve should be after some clean records, and the least value that is a rise.

    Let m1 and m2 be the medians of the records' first and second half, and f = m2 - m1 the fall from one to the other
    if the medians of the four quarters never rise, else 0. The level is the median of all, or, if that is lower, the
    line through m1 and m2 carried on to the last record, m2 + f / 2, yet no less than the median of the last 8: a
    curve that falls is compared with where it is now, and one that flattens is no rise. The spread is the largest of
    0.01 [unit of the curve], the upper quartile of the residuals about the line of fall f, and that of the change from
    record to record, both as deviations of a Gaussian.

    Args:
        recent: (..., W) clean records, one curve a row.
        z: [1] rise over spread.
        floor: [unit of the curve] least rise.

    Returns:
        (...) the level; (...) the level and max(floor, z spread).
    """
    n = recent.shape[-1]
    first, second = median(recent[..., : n // 2]), median(recent[..., n // 2 :])
    quarters = np.stack(
        [median(recent[..., n * k // QUARTERS : n * (k + 1) // QUARTERS]) for k in range(QUARTERS)], axis=-1
    )
    fall = np.where(np.all(np.diff(quarters) <= 0, axis=-1), np.minimum(second - first, 0), 0)
    level = np.minimum(median(recent), np.maximum(second + fall / 2, median(recent[..., -NEAR:])))
    line = ((first + second) / 2)[..., None] + fall[..., None] * ((np.arange(n) - (n - 1) / 2) / (n / 2))
    k = int(UPPER * n)
    upper = 1.4826 * np.partition(recent - line, k)[..., k]
    return level, level + np.maximum(floor, z * np.maximum(0.01, np.maximum(upper, unsteadiness(recent))))


def excursions(y: np.ndarray, *, window: int, z: float, floor: float) -> list[tuple[int, int, float, str]]:
    """Rises of a curve above its own recent past.

    One opens where y reaches the `baseline` of the last `window` clean records by max(floor, z spread), and is over
    once three records in a row lie below half of that. What lies inside an excursion never enters the baseline.

    Args:
        y: (T,) the curve, in logarithms if it spans decades.
        window: [record] length of the baseline, at least 8; nothing is called in its first half.
        z: [1] rise over spread that opens an excursion.
        floor: [unit of y] rise that opens one, however quiet the curve.

    Returns:
        (first record, last record, baseline, kind) of each; the kind is `spike`, `outlier` (one record wide), `noise`
        (its peak does not stand 3/4 z deviations above the median of the `window` records after it, as told by their
        changes: a smooth curve has become a noisy one), `shift` (still up after 4 `window`; the baseline starts anew)
        or `open` (the curve ends first).
    """
    events: list[tuple[int, int, float, str]] = []
    window = max(window, 2 * QUARTERS)
    clean, i, ahead = y[:0], 0, window
    while i < y.size:
        size = window if clean.size >= window else (window + 1) // 2
        if clean.size < size:
            fresh = y[i : i + size - clean.size]
            clean, i = np.concatenate([clean, fresh]), i + fresh.size
            continue
        coming = y[i : i + (ahead if size == window else window - clean.size)]
        known = sliding_window_view(np.concatenate([clean[-size:], coming]), size)[: coming.size : REFRESH]
        base, top = (np.repeat(x, REFRESH)[: coming.size] for x in baseline(known, z=z, floor=floor))
        risen = np.flatnonzero(coming >= top)
        quiet = int(risen[0]) if risen.size else coming.size
        clean, i, ahead = np.concatenate([clean, coming[:quiet]])[-window:], i + quiet, min(2 * ahead, MOST)
        if not risen.size:
            continue
        level, half = float(base[quiet]), (base[quiet] + top[quiet]) / 2
        low = y[i : i + 4 * window + BACK] < half
        back = np.flatnonzero(np.all(sliding_window_view(low, BACK), axis=1)) if low.size >= BACK else low[:0]
        if back.size:
            end = i + int(back[0]) - 1
            events.append((i, end, level, _kind(y, i, end, window, z)))
            clean, i = np.concatenate([clean, y[end + 1 : end + 1 + BACK]])[-window:], end + 1 + BACK
        elif i + 4 * window < y.size:
            end = i + 4 * window
            events.append((i, end, level, "shift"))
            clean, i = y[end - window + 1 : end + 1], end + 1
        else:
            return [*events, (i, y.size - 1, level, "open")]
        ahead = window
    return events


def without_spikes(y: np.ndarray, *, window: int = 64, z: float = 6.0, ratio: float = 1.1) -> np.ndarray:
    """A positive curve whose spikes and outliers lie at the level from which they rose; any other curve as it is.

    Only those after which the curve stays above half of that level, for as long as they lasted and in the median: a
    peak on the way down is no spike on a plateau.

    Args:
        y: (T,) the curve.
        window: [record] as in `excursions`.
        z: [1] as in `excursions`.
        ratio: [1] value over level that opens an excursion, however quiet the curve.
    """
    if y.min(initial=1) <= 0:
        return y
    logs, clear = np.log(y), y.copy()
    for start, end, level, kind in excursions(logs, window=window, z=z, floor=float(np.log(ratio))):
        after = logs[end + 1 :][: end + 1 - start]
        if kind in ("spike", "outlier") and median(after) > level - np.log(2):
            clear[start : end + 1] = np.exp(level)
    return clear


def _kind(y: np.ndarray, start: int, end: int, window: int, z: float) -> str:
    if end == start:
        return "outlier"
    after = y[end + 1 :][:window]
    stands_out = y[start : end + 1].max() - median(after) >= STANDS_OUT * z * unsteadiness(after)
    return "spike" if stands_out else "noise"
