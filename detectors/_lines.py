"""Straight lines by least squares, with the standard error of their slope."""

from typing import NamedTuple

import numpy as np


class Line(NamedTuple):
    """A line z = level + slope x; `error` is the standard error of the slope, `off` the root mean square about it."""

    slope: float
    level: float
    error: float
    off: float


def line(x: np.ndarray, z: np.ndarray) -> Line:
    """Fit a line to points of equal and independent error.

    Args:
        x: (n,) three or more, not all the same.
        z: (n,).

    Returns:
        The line. The variance of its slope is sum r^2 / (n - 2) / sum (x - mean x)^2, of residuals r.
    """
    far = x - x.mean()
    slope = float(far @ z / (far @ far))
    level = float(z.mean() - slope * x.mean())
    squares = float(np.sum((z - level - slope * x) ** 2))
    return Line(slope, level, float(np.sqrt(squares / (x.size - 2) / (far @ far))), float(np.sqrt(squares / x.size)))


def parts(x: np.ndarray, z: np.ndarray, start: float, end: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute the means of x (n,) and z (n,) in `count` stretches of equal width of x, of those that have records."""
    at = np.clip((x - start) / (end - start) * count, 0, count - 1).astype(int)
    size = np.bincount(at, minlength=count)
    full = size > 0
    x_sum, z_sum = (np.bincount(at, weights=w, minlength=count) for w in (x, z))
    return x_sum[full] / size[full], z_sum[full] / size[full]
