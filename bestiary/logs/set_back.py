"""A counter that is set back while the run goes on, told from a run that was resumed at an earlier checkpoint."""

from __future__ import annotations

import numpy as np

FEW, LOOKED = 4, 12  # [record] on either side of the place, at least and at most
CLEAR = 3.0  # [noise] by which the curve must differ from what it was at the step gone back to
GOES_ON = 1 / 3  # [1] of that difference which it may jump at the place


def counted_on(steps: np.ndarray, main: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Count on where the counter is set back and the curve does not go back with it.

    A run that is resumed has the loss that it had at that step; one whose counter alone is set back goes on from the
    loss that it has. Where the two are too near to be told apart, it is a resume.

    Args:
        steps: (rows,) of all rows.
        main: (N,) rows of the fullest column.
        values: (N,) its values.

    Returns:
        (rows,) the steps, and for each place the step before and the one that is written after it.
    """
    known = np.isfinite(steps[main]) & np.isfinite(values)
    main, values = main[known], values[known]
    at = steps[main]
    back = np.flatnonzero(np.diff(at) < 0) + 1
    if not back.size or back.size > at.size // FEW:
        return steps, []
    made, places, start = steps.copy(), [], 0
    for i in back.tolist():
        if at[i] > at[0] and _goes_on(at[start:i], values[start:i], at[i:], values[i:]):
            pace = float(np.median(np.diff(at[start:i])))
            row = next(r for r in range(main[i - 1] + 1, main[i] + 1) if steps[r] < at[i - 1])
            made[row:] += made[row - 1] + pace - made[row]
            places.append((float(at[i - 1]), float(at[i])))
        start = i
    return made, places


def _goes_on(before: np.ndarray, was: np.ndarray, after: np.ndarray, now: np.ndarray) -> bool:
    """Whether the curve goes on from where it is, and not from where it was at that step."""
    ends = np.flatnonzero(np.diff(after) < 0)
    many = min(LOOKED, was.size // 2, int(ends[0]) + 1 if ends.size else now.size)
    if many < FEW:
        return False
    here, there = np.median(was[-many:]), np.median(now[:many])
    place = int(np.clip(np.searchsorted(before, after[0]), 0, was.size - many))
    then = np.median(was[place : place + many])
    noise = 1.4826 * np.median(np.abs(np.diff(was))) / np.sqrt(2)
    return bool(abs(there - then) > CLEAR * noise and abs(there - here) < GOES_ON * abs(there - then))
