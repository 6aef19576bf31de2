"""Whether runs bear out a claim: it holds, it fails, or there are too few runs to tell.

A claim fails only if a test at level `alpha` excludes everything it allows, so a true claim
fails with probability alpha at most: for rates and medians whatever the law of the runs, for
correlations under an elliptical one. It holds only if a confidence interval lies within it.
Between the two it is inconclusive, and the verdict estimates how many runs would decide.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom, binomtest

from bestiary.catalog.published import Estimate
from bestiary.judge import correlation
from bestiary.judge.outcome import ALPHA, Outcome, Verdict
from bestiary.judge.records import Resolution, is_waiting_time
from bestiary.log import Finding, State

if TYPE_CHECKING:
    from bestiary.catalog.claims import Claim

MOST_RUNS = 100_000  # beyond this many no one runs a case; `needs` gives up
LEAST_PAIRS = 4  # an interval of a correlation divides by the root of n - 3


def judge(
    claims: Sequence[Claim],
    findings: Sequence[Finding],
    *,
    resolution: Sequence[Resolution] = (),
    waits: Sequence[str] = ("onset",),
    alpha: float = ALPHA,
    confidence: float = 0.95,
) -> list[Verdict]:
    """Judge every claim of a case by the findings of its runs.

    Rate: k of n runs are in the state or phase of that name, or have an effect of that name that is neither 0 nor
    nan; a run without the effect counts as 0, and every run counts in n, diverged ones too. The claim fails if the
    exact binomial test excludes its whole interval: at alpha / 2 each side, or at alpha where only one end can be
    missed since the other is 0 or 1. It holds if the one-sided Clopper-Pearson limits at `confidence` lie within.

    Median: of the onset or of an effect, over the runs that have it. How often a run has it is the rate's affair. An
    undecided run without a value ended too early: its waiting time lies beyond its last step, and of any other effect
    it says nothing and is left out. The claim fails if the sign test says, at alpha / 2 each side, that the median is
    below or above the interval. A value in steps counts as below or above only if every step is that it stands for,
    between its records or beyond the last, so that the level is that of true steps. The claim holds if the interval of
    order statistics at `confidence` lies within, a run cut off above all.

    Correlation: Pearson's, over the runs that have both values. The claim fails if it is missed, at alpha / 2 each
    side, by the limits that are exact for elliptical laws and by the approximate ones; see `judge.correlation`. It
    holds if the approximate limits lie within at `confidence`.

    Args:
        claims: what is claimed of the case.
        findings: one per run.
        resolution: one per run, between which steps its true onset and effects lie; by default values are exact.
        waits: names of waiting times.
        alpha: [1] highest probability with which a true claim fails.
        confidence: [1] of the limits, each side for a rate, both sides together for a median or a correlation.

    Returns:
        A verdict per claim, in their order.
    """
    resolution = resolution or [Resolution()] * len(findings)
    judged = []
    for claim in claims:
        if claim.statistic == "rate":
            judged.append(_rate(claim, findings, alpha, confidence))
        elif claim.statistic == "median":
            judged.append(_median(claim, findings, resolution, waits, alpha, confidence))
        else:
            judged.append(_correlation(claim, findings, alpha, confidence))
    return judged


def _rate(claim: Claim, findings: Sequence[Finding], alpha: float, confidence: float) -> Verdict:
    (lo, hi), name, n = claim.interval, str(claim.of), len(findings)
    k = sum(_is(finding, name) for finding in findings)
    level = alpha / 2 if 0 < lo and hi < 1 else alpha

    def fails(k, n):
        return ((hi < 1) & (binom.sf(k - 1, n, hi) <= level)) | ((lo > 0) & (binom.cdf(k, n, lo) <= level))

    def holds(k, n):  # a Clopper-Pearson limit lies within the interval where the tail at the interval's end is thin
        miss = 1 - confidence
        return ((hi == 1) | (binom.cdf(k, n, hi) <= miss)) & ((lo == 0) | (binom.sf(k - 1, n, lo) <= miss))

    def decides(runs):
        return fails(np.rint(k / n * runs), runs) | holds(np.rint(k / n * runs), runs)

    low = binomtest(k, n, alternative="greater").proportion_ci(confidence).low if n else 0.0
    high = binomtest(k, n, alternative="less").proportion_ci(confidence).high if n else 1.0
    low, high = math.floor(1000 * low + 1e-9) / 10, math.ceil(1000 * high - 1e-9) / 10  # [%] rounded outwards
    at = f"at {100 * confidence:g} % ({k}/{n})"
    if lo == 0 and hi == 1:
        expected, measured = "any rate", f"{k}/{n}"
    elif lo == 0:
        expected, measured = f"at most {100 * hi:.4g} %", f"< {high:g} % {at}"
    elif hi == 1:
        expected, measured = f"at least {100 * lo:.4g} %", f"> {low:g} % {at}"
    else:
        expected, measured = f"{100 * lo:.4g} % to {100 * hi:.4g} %", f"{low:g} % to {high:g} %, each {at}"

    estimate = Estimate(k / n, *binomtest(k, n).proportion_ci(confidence)) if n else None
    odd = _odd(findings)
    if not k and name not in list(State) and not any(name in f.effects for f in findings):
        odd += f"; no run has a phase or an effect {name!r}"
    if not n:
        return Verdict(claim, Outcome.INCONCLUSIVE, "no runs", expected, "no runs", 0)
    if fails(k, n):
        missed = f"> {low:g} % {at}" if k / n > hi else f"< {high:g} % {at}"
        reason = f"the binomial test excludes every such rate at {level:g}"
        return Verdict(claim, Outcome.FAILS, missed, expected, reason + odd, n, estimate=estimate)
    if holds(k, n):
        reason = "the limits lie within the claim" + odd
        return Verdict(claim, Outcome.HOLDS, measured, expected, reason, n, estimate=estimate)
    needs = _first(decides, n)
    return Verdict(claim, Outcome.INCONCLUSIVE, measured, expected, _too_few(n, needs) + odd, n, needs, estimate)


def _median(
    claim: Claim,
    findings: Sequence[Finding],
    resolution: Sequence[Resolution],
    waits: Sequence[str],
    alpha: float,
    confidence: float,
) -> Verdict:
    (lo, hi), name, total = claim.interval, str(claim.of), len(findings)
    unit = "" if claim.unit == "1" else f" {claim.unit}"
    expected = f"{lo:g} to {hi:g}{unit}"
    units = {f.effects[name].unit for f in findings if name in f.effects} - {claim.unit}
    if units:
        reason = f"measured in {', '.join(sorted(map(repr, units)))}, claimed in {claim.unit!r}"
        return Verdict(claim, Outcome.FAILS, "another unit", expected, reason, 0)

    values = np.array([value_of(finding, name) for finding in findings])
    cut_off = np.array([f.state is State.UNDECIDED for f in findings], bool) & np.isnan(values)
    ended = int(cut_off.sum())
    cut_off &= is_waiting_time(name, waits)
    known = ~np.isnan(values) | cut_off
    between = [one.between.get(name, (v, v)) for one, v in zip(resolution, values, strict=True)]
    least, greatest = np.array(between, float).reshape(-1, 2).T
    least = np.where(cut_off, [one.last for one in resolution], least)[known]
    greatest, x = (np.where(cut_off, math.inf, v)[known] for v in (greatest, values))
    x.sort()
    n, censored = x.size, int(cut_off.sum())
    share = f"{n - censored} of {total} runs" + (f", {ended} cut off" if ended else "")
    share += " and left out" if ended > censored else ""
    if not n:
        reason = "no run has a value" + _odd(findings)
        return Verdict(claim, Outcome.INCONCLUSIVE, share, expected, reason, 0)

    too_low, too_high = int(np.sum(greatest < lo)), int(np.sum(least > hi))
    middle, low, high = estimate = median_limits(x, confidence)
    limits = f"{low:.4g} to {high:.4g}" if math.isfinite(low) else "no limits"
    measured = f"{middle:.4g}{unit}, {limits} at {100 * confidence:g} % ({share})"
    for count, side, bound in ((too_low, "below", lo), (too_high, "above", hi)):
        if binom.sf(count - 1, n, 0.5) <= alpha / 2:
            reason = f"{count} of {n} values lie {side} {bound:g}; the sign test excludes that at {alpha / 2:g}"
            return Verdict(claim, Outcome.FAILS, measured, expected, reason + _odd(findings), n, estimate=estimate)
    if lo <= low and high <= hi:
        reason = "the limits lie within the claim"
        return Verdict(claim, Outcome.HOLDS, measured, expected, reason + _odd(findings), n, estimate=estimate)
    needs = _runs_for_median(x, _rank(n, confidence), middle, lo, hi, confidence, total)
    reason = _too_few(n, needs)
    return Verdict(claim, Outcome.INCONCLUSIVE, measured, expected, reason + _odd(findings), n, needs, estimate)


def median_limits(values: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Return the median and its limits by order statistics; infinite ones where there are too few values.

    Args:
        values: (N,) at least one, inf for a run that was cut off.
        confidence: [1] of both limits together.
    """
    x = np.sort(values)
    rank = _rank(x.size, confidence)
    low, high = (x[rank - 1], x[x.size - rank]) if rank else (-math.inf, math.inf)
    return Estimate(float(np.median(x)), float(low), float(high))


@cache
def _rank(n: int, confidence: float) -> int:
    """The interval of a median is the rank-th value from either end."""
    return int(binom.ppf((1 - confidence) / 2, n, 0.5))


def _runs_for_median(
    x: np.ndarray, rank: int, middle: float, lo: float, hi: float, confidence: float, total: int
) -> int | None:
    """About how many runs shrink the median's interval into [lo, hi], its width falling like 1 / sqrt(n).

    Below about six values there is no interval; then the range of the values stands for that of six.
    """
    least = math.ceil(1 - math.log2(1 - confidence))
    n, low, high = (x.size, x[rank - 1], x[x.size - rank]) if rank else (least, x[0], x[-1])
    if not lo < middle < hi or not math.isfinite(high - low):
        return None
    shrink = max((middle - low) / (middle - lo), (high - middle) / (hi - middle))
    needs = max(math.ceil(max(n * shrink**2, n if rank else least) * total / x.size), total + 1)
    return needs if needs <= MOST_RUNS else None


def _correlation(claim: Claim, findings: Sequence[Finding], alpha: float, confidence: float) -> Verdict:
    lo, hi = claim.interval
    expected = f"{lo:g} to {hi:g}"
    both = np.array([[value_of(f, name) for name in claim.of] for f in findings]).reshape(-1, 2)
    both = both[np.isfinite(both).all(1)]
    n, share = len(both), f"{len(both)} of {len(findings)} runs"
    if n < LEAST_PAIRS:
        reason = f"{n} runs have both values; a correlation needs {LEAST_PAIRS}"
        return Verdict(claim, Outcome.INCONCLUSIVE, share, expected, reason + _odd(findings), n)
    for name, column in zip(claim.of, both.T, strict=True):
        if np.ptp(column) <= 1e-9 * np.abs(column).max():
            reason = f"{name} is the same in all runs, {column[0]:g}; there is nothing to correlate"
            return Verdict(claim, Outcome.INCONCLUSIVE, share, expected, reason + _odd(findings), n)
    r, (low, high) = correlation.pearson(both), correlation.near_limits(both, confidence)
    measured = f"{r:.4f}, {low:.4f} to {high:.4f} at {100 * confidence:g} % ({share})"
    estimate = Estimate(r, low, high)
    far = -1.0, 1.0
    if not lo <= r <= hi:  # else no limits can exclude the claim
        near, exact = correlation.near_limits(both, 1 - alpha), correlation.exact_limits(both, alpha / 2)
        far = min(near[0], exact[0]), max(near[1], exact[1])
    if far[1] < lo or hi < far[0]:
        reason = f"the limits at {1 - alpha:g}, {far[0]:.4f} to {far[1]:.4f}, miss the claim"
        return Verdict(claim, Outcome.FAILS, measured, expected, reason + _odd(findings), n, estimate=estimate)
    if lo <= low and high <= hi:
        reason = "the limits lie within the claim"
        return Verdict(claim, Outcome.HOLDS, measured, expected, reason + _odd(findings), n, estimate=estimate)
    grown = correlation.times_as_many((low, high), far, r, (lo, hi)) * len(findings)
    needs = max(math.ceil(grown), len(findings) + 1) if grown <= MOST_RUNS else None
    reason = _too_few(n, needs) + _odd(findings)
    return Verdict(claim, Outcome.INCONCLUSIVE, measured, expected, reason, n, needs, estimate)


def _is(finding: Finding, name: str) -> bool:
    """Whether the run is in the state or phase of that name, or has an effect of that name other than 0."""
    effect = finding.effects.get(name)
    return name in (finding.state, finding.phase) or (effect is not None and abs(effect.value) > 0)


def value_of(finding: Finding, name: str) -> float:
    """The onset or the effect of that name; nan if the run has none."""
    if name == "onset":
        return finding.onset
    effect = finding.effects.get(name)
    return math.nan if effect is None else effect.value


def states(findings: Sequence[Finding]) -> str:
    """Say how many runs were in which phase or state, commonest first."""
    counts = Counter(f.phase or str(f.state) for f in findings)
    return ", ".join(f"{n} {name}" for name, n in counts.most_common())


def _odd(findings: Sequence[Finding]) -> str:
    """`; 2 diverged, 1 undecided`: the runs in which the detector could not answer yes or no."""
    states = Counter(f.state for f in findings)
    told = [f"{states[s]} {s}" for s in (State.UNDECIDED, State.NOT_APPLICABLE, State.DIVERGED) if states[s]]
    return "; " + ", ".join(told) if told else ""


def _too_few(n: int, needs: int | None) -> str:
    return f"{n} are too few to tell" + (f"; about {needs} runs would do" if needs else "")


def _first(decides: Callable[[np.ndarray], np.ndarray], n: int) -> int | None:
    """The smallest number of runs above n that decides, if what was seen of them persists."""
    for stop in (1000, 10_000, MOST_RUNS):  # most searches end early
        numbers, n = np.arange(n + 1, stop + 1), max(n, stop)
        hits = np.flatnonzero(decides(numbers)) if numbers.size else numbers
        if hits.size:
            return int(numbers[hits[0]])
    return None
