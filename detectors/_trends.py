"""A level after a record, beside a trend before it."""

import numpy as np

FEW = 16  # [record] that tell a trend, or a level
TINY = 1e-6  # [largest value] what rounding leaves of a difference


def beyond_trend(y: np.ndarray, before: int, i: int, after: int) -> tuple[float, float] | None:
    """Compute how far a curve lies below its own trend after a record, and the standard error of that.

    Let m be the number of records from i to `after`, at most half of those from `before` to i, the first half of which
    may still settle. A line through the m records before i, against the number of the record, is continued to those
    from m / 8 to m / 2 after i, and their mean is compared with its mean.

    Args:
        y: (T,) the curve.
        before: the first record that belongs to the trend.
        i: the record.
        after: the first one that no longer belongs to the level after it.

    Returns:
        The excess and its standard error, in the unit of y; None if m < 32.
    """
    m = min((i - before) // 2, after - i)
    if m < 2 * FEW:
        return None
    k = np.arange(-m, 0)
    slope, level = np.polyfit(k, y[i - m : i], 1)
    later = y[i + m // 8 : i + m // 2]
    ahead = (m // 8 + m // 2 - 1) / 2
    far = (ahead - k.mean()) ** 2 / k.var()
    variance = variance_of_mean(y[i - m : i] - level - slope * k) * (1 + far) + variance_of_mean(later - later.mean())
    error = float(np.sqrt(variance)) + TINY * float(np.abs(y[i - m : i + m // 2]).max())
    return float(level + slope * ahead - later.mean()), max(error, np.finfo(float).tiny)


def variance_of_mean(x: np.ndarray) -> float:
    """Variance of the mean of n residuals; with correlation r of neighbours they count as n (1 - r) / (1 + r)."""
    power = float(np.mean(x**2))
    memory = float(np.clip(np.mean(x[1:] * x[:-1]) / power, 0, 1 - 2 / x.size)) if power > 0 else 0.0
    return power * (1 + memory) / (1 - memory) / x.size
