"""Limits of Pearson's correlation: exact ones for every elliptical law, and narrower ones that are approximate.

Fisher's interval is for normal data: runs that share a random scale make it miss far too often.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

LEAST_RATIOS = 3  # a median between two others
DRAWS = 200_000  # of a median and a range: a tail of 5e-5 holds ten
NEARLY_1 = 1 - 1e-12  # of which artanh is finite


def pearson(both: np.ndarray) -> float:
    """Return Pearson's correlation of two columns (n, 2) that are not constant."""
    return float(np.clip(np.corrcoef(both.T)[0, 1], -1, 1))


def exact_limits(both: np.ndarray, level: float) -> tuple[float, float]:
    """Return limits of the correlation, each missed with probability `level` at most under every elliptical law.

    The difference (u, v) of two runs has no centre and the correlation r of the runs. If the law is elliptical, u / v
    is Cauchy, with location / scale = r / sqrt(1 - r^2) whatever the tails and the units are. Runs 0 and 1, runs 2 and
    3, ... give m independent ratios, with median a and half distance b of two outer order statistics. With a0 and b0
    the same of m standard Cauchy draws,

        P(a / b >= T) = P(T b0 - a0 <= r / sqrt(1 - r^2)),

    so that the limits are quantiles of T b0 - a0 at the observed T. The quantiles come from DRAWS draws of a fixed
    stream, by ranks that keep the level of a Monte Carlo test.

    Elliptical are the normal law, Student's t, and every law with a random scale that the two values share. Under
    another law the limits are of the r that an elliptical law with the same ratios has.

    Args:
        both: (n, 2) values of the runs, in the order of the runs.
        level: [1] of one limit.

    Returns:
        The lower and the upper limit; -1 and 1 where there are too few runs, or the level is too small for the draws.

    Source: Cacoullos (1985) for ratios of elliptical variates; Dufour (2006) for the ranks.
    """
    pairs = both[: len(both) // 2 * 2]
    u, v = (pairs[1::2] - pairs[::2]).T
    known = v != 0  # two equal values: the law was not continuous there
    ratios = np.sort(u[known] / v[known])
    rank = math.floor(level * (DRAWS + 1))
    if ratios.size < LEAST_RATIOS or not rank:
        return -1.0, 1.0
    a, b = _middle_and_range(*ratios[_ranks(ratios.size)])
    if b <= 0:  # all on one line
        return (-1.0 if a <= 0 else 1.0), (1.0 if a >= 0 else -1.0)
    a0, b0 = _standard(ratios.size)
    ends = np.partition(a / b * b0 - a0, (rank - 1, DRAWS - rank))[[rank - 1, DRAWS - rank]]
    low, high = ends / np.hypot(1, ends)
    return float(low), float(high)


def near_limits(both: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return the wider of two approximate intervals of the correlation, end by end: Fisher's and the jackknife's.

    Both are of artanh r. Fisher's is +- z / sqrt(n - 3). The jackknife leaves out one run at a time; its interval is +-
    Student's t times the standard error of the pseudo-values, which feels the tails.

    Args:
        both: (n, 2) values of the runs; n >= 4.
        confidence: [1] with which the interval covers the correlation.

    Source: Fisher (1921); Duncan and Layard (1973), A Monte Carlo study of asymptotically robust tests for correlation.
    """
    n, z = len(both), _artanh(pearson(both))
    far = norm.ppf((1 + confidence) / 2) / math.sqrt(n - 3)
    x = both - both.mean(axis=0)
    with np.errstate(invalid="ignore"):  # one run may be all the variance there is
        left = (_artanh(r) for r in _without_each(x / x.std(axis=0)))
        pseudo = n * z - (n - 1) * np.fromiter(left, float, n)
    half = student.ppf((1 + confidence) / 2, n - 1) * pseudo.std(ddof=1) / math.sqrt(n)
    if not math.isfinite(half):
        return -1.0, 1.0
    low, high = min(z - far, pseudo.mean() - half), max(z + far, pseudo.mean() + half)
    return math.tanh(low), math.tanh(high)


def times_as_many(near: tuple[float, float], far: tuple[float, float], r: float, claim: tuple[float, float]) -> float:
    """Return about how many times as many runs decide a claim, the limits of artanh r closing in like 1 / sqrt(n).

    Args:
        near: limits that have to shrink into the claim, if r lies within.
        far: limits that have to let go of the claim, if r lies outside.
        r: the correlation.
        claim: where it is claimed to lie.

    Returns:
        [1] infinite if r lies at an end of the claim, or no number of runs is known to do.
    """
    z, (lo, hi) = _artanh(r), claim
    a, b = (math.copysign(math.inf, v) if abs(v) == 1 else math.atanh(v) for v in claim)
    if lo < r < hi:
        shrink = max((z - _artanh(near[0])) / (z - a), (_artanh(near[1]) - z) / (b - z))
    elif lo <= r <= hi:
        return math.inf
    else:
        shrink = (_artanh(far[1]) - z) / (a - z) if r < lo else (z - _artanh(far[0])) / (z - b)
    return shrink**2


def _artanh(r: float) -> float:
    return math.atanh(min(max(r, -NEARLY_1), NEARLY_1))


def _without_each(x: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation without run i, for every i (n,); the columns x (n, 2) have mean 0."""
    n = len(x)
    mean = -x / (n - 1)
    square = ((x**2).sum(axis=0) - x**2) / (n - 1) - mean**2
    product = (x.prod(axis=1).sum() - x.prod(axis=1)) / (n - 1) - mean.prod(axis=1)
    return product / np.sqrt(square.prod(axis=1))


def _ranks(m: int) -> list[int]:
    """Return the ranks of the two middle and of two outer order statistics, near the quartiles, of m >= 3."""
    outer = min(round((m - 1) / 4), (m - 1) // 2 - 1)
    return [outer, (m - 1) // 2, m // 2, m - 1 - outer]


def _middle_and_range(low, middle, other, high):
    return (middle + other) / 2, (high - low) / 2


@lru_cache(maxsize=8)
def _standard(m: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw median and half range of m standard Cauchy variates; the order statistics of uniforms are sums of gammas."""
    gaps = np.diff([-1, *_ranks(m), m])
    rng = np.random.default_rng(m)
    sums = np.cumsum([rng.standard_gamma(gap, DRAWS) if gap else np.zeros(DRAWS) for gap in gaps], axis=0)
    return _middle_and_range(*np.tan(np.pi * (sums[:-1] / sums[-1] - 0.5)))
