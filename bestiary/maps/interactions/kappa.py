"""The correction to the sum of parts, kappa = ln(measured / predicted), and what its limits say.

Limits are by order statistics of paired values, so that their level holds whatever the law of the runs. What is known
of a run only to lie somewhere stands at the worse end for either limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from bestiary.catalog.interaction_claims import TOLERANCE
from bestiary.catalog.published import Estimate
from bestiary.judge.verdict import median_limits
from bestiary.maps.interactions.bounds import Bounds

CONFIDENCE = 0.95
MOST_RUNS = 100_000  # beyond this many no one runs a cell


class Correction(StrEnum):
    """What becomes of A with B on."""

    SUM = "sum of parts"
    SYNERGY = "synergy"
    ANTAGONISM = "antagonism"
    DESTROYED = "destroyed"
    MIMICRY = "mimicry"
    UNDECIDED = "undecided"


class Rates(NamedTuple):
    """In how many of n runs of each cell A is there."""

    neither: int
    a: int
    b: int
    both: int
    n: int

    def side(self, name: str, confidence: float = CONFIDENCE) -> int:
        """Return 1 if the rate of a cell is above one half for certain, -1 if it is below, 0 if that is undecided.

        The binomial test of that side is exact, at 1 - confidence.
        """
        return _side(getattr(self, name), self.n, 1 - confidence)


@cache
def _side(k: int, n: int, miss: float) -> int:
    if binom.sf(k - 1, n, 0.5) <= miss:
        return 1
    return -1 if binom.cdf(k, n, 0.5) <= miss else 0


class Answer(NamedTuple):
    """What the runs say of one value of the knob, and why; how many seeds would decide what they leave open."""

    correction: Correction
    why: str
    needs: int | None = None


def kappa_of(measured: Bounds, predicted: Bounds) -> Bounds:
    """Return ln(measured / predicted) of every pair of runs."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.log(measured.low) - np.log(predicted.high)
        value = np.log(measured.value) - np.log(predicted.value)
        high = np.log(measured.high) - np.log(predicted.low)
    # inf - inf: nothing is known
    return Bounds(np.where(np.isnan(low), -math.inf, low), value, np.where(np.isnan(high), math.inf, high))


def limits(kappa: Bounds, confidence: float = CONFIDENCE) -> Estimate:
    """Return the median of kappa over the pairs that have one, and its limits over all.

    P(median below the lower limit) and P(median above the upper one) are (1 - confidence) / 2 at most, each.
    """
    known = kappa.value[~np.isnan(kappa.value)]
    with np.errstate(invalid="ignore"):
        middle = float(np.median(known)) if known.size else math.nan
    if not kappa.value.size:
        return Estimate(math.nan, -math.inf, math.inf)
    return Estimate(middle, median_limits(kappa.low, confidence).low, median_limits(kappa.high, confidence).high)


def level(n: int, confidence: float = CONFIDENCE) -> float:
    """Return the exact level [1] of the limits of a median by order statistics of n values; 0 if there are none."""
    rank = int(binom.ppf((1 - confidence) / 2, n, 0.5))
    return float(1 - 2 * binom.cdf(rank - 1, n, 0.5)) if rank else 0.0


def answer(kappa: Bounds, rates: Rates, more: int, confidence: float = CONFIDENCE) -> Answer:
    """Say what becomes of A with B on.

    - mimicry: in B alone A is found in more than half of the runs.
    - destroyed: in both A is found in fewer than half of the runs.
    - sum of parts: the limits of kappa lie within [-0.1, 0.1], which is two one-sided tests at (1 - confidence) / 2. A
      correction whose limits exclude 0 is real all the same, and small.
    - synergy, antagonism: the limits lie outside of [-0.1, 0.1], at the side where A is stronger, or weaker.
    - undecided: else, or if A is not there by itself.

    So with a true |kappa| of 0.1 at most, synergy or antagonism is called with probability 1 - confidence at most, and
    with a greater one a sum of parts with (1 - confidence) / 2 at most.

    Args:
        kappa: (S) of the pairs of runs.
        rates: in how many runs A is there.
        more: 1 if a larger quantity is more of A, else -1.
        confidence: [1] of the limits, and of each rate.
    """
    if rates.side("a", confidence) < 1:
        return Answer(Correction.UNDECIDED, f"A by itself is there in {rates.a} of {rates.n} runs")
    if rates.side("b", confidence) == 1:
        return Answer(Correction.MIMICRY, f"B alone has it in {rates.b} of {rates.n} runs")
    if rates.side("both", confidence) == -1:
        return Answer(Correction.DESTROYED, f"with B on A is there in {rates.both} of {rates.n} runs")
    _, low, high = limits(kappa, confidence)
    if -TOLERANCE <= low and high <= TOLERANCE:
        small = "; small but real" if low > 0 or high < 0 else ""
        return Answer(Correction.SUM, f"the limits lie within {TOLERANCE:g} of 0{small}")
    for side, beyond in ((1, low > TOLERANCE), (-1, high < -TOLERANCE)):
        if beyond:
            word = Correction.SYNERGY if side == more else Correction.ANTAGONISM
            return Answer(word, f"the limits lie {'above' if side > 0 else 'below'} {side * TOLERANCE:g}")
    needs = runs_to_decide(kappa, confidence)
    sign = "above" if low > 0 else "below" if high < 0 else ""
    told = f"a correction {sign} 0, but not its size" if sign else "the limits reach across the tolerance"
    left = [f"{n} {word}" for n, word in ((kappa.cut, "cut off"), (kappa.unknown, "without a value")) if n]
    told += f"; {', '.join(left)}" if left else ""
    return Answer(Correction.UNDECIDED, told + (f"; about {needs} seeds would decide" if needs else ""), needs)


def runs_to_decide(
    kappa: Bounds, confidence: float = CONFIDENCE, interval: tuple[float, float] = (-TOLERANCE, TOLERANCE)
) -> int | None:
    """Return about how many seeds shrink the limits into an interval or out of it, their width falling as 1 / sqrt(n).

    None if the limits are infinite at that side, or if so many would be needed that no one runs them.
    """
    lo, hi = interval
    n = kappa.value.size
    middle, low, high = limits(kappa, confidence)
    if not math.isfinite(middle):
        return None
    least = math.ceil(1 - math.log2(1 - confidence))  # fewer have no limits; the range of few stands for that of six
    if n < least and n and np.isfinite(kappa.low).all() and np.isfinite(kappa.high).all():
        n, low, high = least, float(kappa.low.min()), float(kappa.high.max())
    if lo < middle < hi:
        shrink = max((middle - low) / (middle - lo), (high - middle) / (hi - middle))
    elif middle in (lo, hi):
        return None
    else:
        shrink = (middle - low) / (middle - hi) if middle > hi else (high - middle) / (lo - middle)
    needs = n * shrink**2
    return max(math.ceil(needs), kappa.value.size + 1) if needs <= MOST_RUNS else None


class Leaving(NamedTuple):
    """Where along a knob |kappa| first leaves the tolerance.

    Attributes:
        within: the last value of the knob up to which all are shown to be the sum of parts.
        outside: the first that is shown not to be.
        estimate: where the medians pass the tolerance, between the two.
    """

    within: float
    outside: float
    estimate: float

    @property
    def ends(self) -> tuple[float, float]:
        """Return the bracket, lower end first."""
        return min(self.within, self.outside), max(self.within, self.outside)


def leaving(
    x: Sequence[float],
    kappas: Sequence[Bounds],
    rates: Sequence[Rates],
    off: float,
    *,
    log: bool = False,
    confidence: float = CONFIDENCE,
) -> Leaving | None:
    """Find where |kappa| first leaves the tolerance, going along a knob from where B is off; None if that is not shown.

    A value is within if its limits are, and outside if its limits are or A is destroyed, each at the level
    (1 - confidence) / (number of values), so that none is called wrongly with probability `confidence`.

    Args:
        x: (K) values of the knob, in the order in which B is turned on.
        kappas: (K) of each.
        rates: (K) of each.
        off: value of the knob with B off, where kappa is 0.
        log: whether the axis is logarithmic.
        confidence: [1] of all values being called rightly.
    """
    each = 1 - (1 - confidence) / max(len(x), 1)
    called = [answer(kappa, rate, 1, each).correction for kappa, rate in zip(kappas, rates, strict=True)]
    out = (Correction.SYNERGY, Correction.ANTAGONISM, Correction.DESTROYED)
    first = next((i for i, word in enumerate(called) if word in out), None)
    if first is None:
        return None
    last = next((i for i, word in enumerate(called) if word is not Correction.SUM), 0) - 1
    at = [off, *x]
    sizes = [0.0, *(abs(limits(kappa).value) for kappa in kappas)]
    estimate = (at[last + 1] + at[first + 1]) / 2
    for i, j in pairwise(range(last + 1, first + 2)):
        if sizes[i] <= TOLERANCE < sizes[j] < math.inf:
            estimate = _between(at[i], at[j], (TOLERANCE - sizes[i]) / (sizes[j] - sizes[i]), log)
            break
    return Leaving(at[last + 1], at[first + 1], estimate)


def _between(a: float, b: float, share: float, log: bool) -> float:
    return a * (b / a) ** share if log and a > 0 and b > 0 else a + (b - a) * share
