"""A curve in a few thousand records, for detectors that may not keep a training loop waiting."""

from __future__ import annotations

import numpy as np

from bestiary.logs.thinning import stride

RECORDS = 2048  # [record] of a channel that a look takes in, whatever the length of the run
SHARE = 4  # [1 / RECORDS] of further records, in stretches that stand out
NEIGHBOURS = 32  # [stretch] that tell how much a curve usually moves within one
STANDS_OUT = 3.0  # [usual movement] a Gaussian's greatest range of thousands is twice the usual one
LAST = 64  # [record] that are always there: detectors ask how a run ends


def glimpse(steps: np.ndarray, values: np.ndarray, most: int = RECORDS) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve in fewer records, with its short events whole.

    Every s-th record is kept, as `bestiary.logs.thinning` does, and so are the last 64. In between lie stretches of s
    records. A stretch is kept whole if the curve moves within the stretch more than three times as far as it usually
    does within the stretches around it, or stops or begins to be finite there; at most a quarter of `most` further
    records are kept so, of the stretches that stand out most. What is returned are records of the curve, no averages.

    Args:
        steps: (T,) as written, before anything is sorted or overwritten.
        values: (T,) the records.
        most: [record] that every s-th record is at most.

    Returns:
        (N,) steps and (N,) values, N at most 1.25 `most` + max(64, s); the arrays themselves if T is at most `most`.
    """
    every = stride(values.size, most)
    if every == 1:
        return steps, values
    rows = values.size // every
    keep = np.zeros(values.size, bool)
    keep[::every] = True
    standing = _standing_out(values[: rows * every].reshape(rows, every))[: most // SHARE // every]
    keep[: rows * every].reshape(rows, every)[standing] = True
    keep[-max(LAST, every) :] = True
    return steps[keep], values[keep]


def _standing_out(stretches: np.ndarray) -> np.ndarray:
    """Return the stretches (R, s) that stand out, the most outstanding first, of equals the latest."""
    finite = np.isfinite(stretches)
    with np.errstate(all="ignore"):  # a curve may be as large as floats are, and no stretch need be finite
        moved = np.where(finite, stretches, -np.inf).max(1) - np.where(finite, stretches, np.inf).min(1)
        moved = np.where(finite.any(1), moved, 0)
        size = min(NEIGHBOURS, moved.size)
        groups = moved[: moved.size // size * size].reshape(-1, size)
        usual = np.repeat(np.median(groups, axis=1), size)
        usual = np.r_[usual, np.full(moved.size - usual.size, usual[-1])]
        ratio = np.where(moved > 0, moved / usual, 0)
    ratio[finite.any(1) & ~finite.all(1)] = np.inf
    order = np.lexsort((-np.arange(ratio.size), -ratio))
    return order[ratio[order] > STANDS_OUT]
