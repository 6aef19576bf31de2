"""How medians and correlations are judged, against exact probabilities and simulated runs."""

import math

import numpy as np
import pytest
from judged import FAILS, HOLDS, INCONCLUSIVE, claim, found, one, onsets
from scipy.stats import binom, norm

from bestiary.judge.records import Resolution
from bestiary.log import Effect, Finding, State

# Medians.


def median(values, interval, unit="step", **options):
    return one(claim("onset", unit, median=interval), onsets(values), **options)


@pytest.mark.parametrize("end", ["low", "high"])
def test_a_true_median_fails_rarely_under_censoring(end):
    rng = np.random.default_rng(1)
    truth, alpha, failed = 100.0, 0.05, 0
    interval = (truth, truth + 60) if end == "low" else (truth - 60, truth)
    for _ in range(1500):
        x = truth * np.exp(rng.normal(size=20))  # median 100; a quarter above 196
        runs = [Finding(State.UNDECIDED, "") if v > 200 else Finding(State.FOUND, "", onset=v) for v in x]
        failed += one(claim("onset", "step", median=interval), runs, alpha=alpha).outcome is FAILS
    assert 0 < failed / 1500 <= alpha / 2 + 0.01  # the other side cannot fail; 0.01 is 2.5 standard errors


def test_the_median_rule_is_the_sign_test_exactly():
    n, alpha = 18, 0.05  # where alpha / 2 and alpha have different critical counts
    critical = next(k for k in range(n + 1) if binom.sf(k - 1, n, 0.5) <= alpha / 2)
    for below in range(n + 1):
        for values in ([90] * below + [110] * (n - below), [410] * below + [390] * (n - below)):
            verdict = median(values, (100, 400), alpha=alpha)
            assert (verdict.outcome is FAILS) == (below >= critical)
            assert verdict.outcome is not FAILS or f"{below} of {n} values lie" in verdict.reason


def test_a_false_median_holds_rarely():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(1500):
        held += median(rng.normal(100, 30, size=16), (-1000, 99.999)).outcome is HOLDS
    assert held / 1500 <= 0.025 + 0.01


def test_the_interval_of_the_median_has_its_ranks():
    # For 16 values the 95 % interval is the 4th from either end: P(Bin(16, 1/2) <= 3) = 0.0106, P(<= 4) = 0.038.
    values = np.arange(1, 17)
    assert median(values, (4, 13)).outcome is HOLDS
    assert median(values, (4.01, 13)).outcome is INCONCLUSIVE
    assert median(values, (4, 12.99)).outcome is INCONCLUSIVE
    assert median(values, (4, 13)).measured == "8.5 step, 4 to 13 at 95 % (16 of 16 runs)"


def test_five_values_have_no_interval_and_six_have():
    assert median([10] * 5, (5, 15)).outcome is INCONCLUSIVE
    assert median([10] * 5, (5, 15)).needs == 6
    assert "no limits" in median([10] * 5, (5, 15)).measured
    assert median([10] * 6, (5, 15)).outcome is HOLDS


def test_undecided_runs_are_censored_and_absent_ones_left_out():
    some = onsets([100] * 4)
    cut_off = one(claim("onset", "step", median=(50, 150)), some + found(0, 16, State.UNDECIDED))
    assert (cut_off.outcome, cut_off.n) == (INCONCLUSIVE, 20)
    assert cut_off.measured.endswith("(4 of 20 runs, 16 cut off)")
    assert one(claim("onset", "step", median=(50, 150)), found(0, 20, State.UNDECIDED)).outcome is FAILS
    absent = one(claim("onset", "step", median=(50, 150)), onsets([100] * 8) + found(0, 16))
    assert (absent.outcome, absent.n) == (HOLDS, 8)
    assert absent.measured.endswith("(8 of 24 runs)")
    silent = one(claim("onset", "step", median=(50, 150)), found(0, 16))
    assert (silent.outcome, silent.reason) == (INCONCLUSIVE, "no run has a value")


def test_a_run_that_was_cut_off_lies_beyond_its_last_step_and_no_farther():
    runs = onsets([100]) + found(0, 19, State.UNDECIDED)
    for last, outcome in ((151.0, FAILS), (150.0, INCONCLUSIVE), (90.0, INCONCLUSIVE)):
        ends = [Resolution(last=last)] * 20
        assert one(claim("onset", "step", median=(50, 150)), runs, resolution=ends).outcome is outcome, last


def test_a_run_that_was_cut_off_says_nothing_of_what_is_no_waiting_time():
    """It has no ratio and no period yet, and that is no bound: as a waiting time, 52 of 64 refute the claim."""
    for unit in ("1", "step"):
        runs = [Finding(State.FOUND, "", 10.0, {"size": Effect(1.0, unit)})] * 12 + found(0, 52, State.UNDECIDED)
        verdict = one(claim("size", unit, median=(0.9, 1.1)), runs)
        assert (verdict.outcome, verdict.n) == (HOLDS, 12)
        assert verdict.measured.endswith("(12 of 64 runs, 52 cut off and left out)")
        waited = one(claim("size", unit, median=(0.9, 1.1)), runs, waits=("onset", "si*"))
        assert (waited.outcome, waited.n) == (FAILS, 64)


def test_an_undecided_run_with_a_value_is_not_censored():
    runs = [Finding(State.UNDECIDED, "", effects={"width": Effect(7.0, "step")})] * 8
    verdict = one(claim("width", "step", median=(5, 9)), runs)
    assert (verdict.outcome, verdict.n) == (HOLDS, 8)
    assert "cut off" not in verdict.measured


def test_a_median_in_another_unit_fails():
    verdict = one(
        claim("ratio", "step", median=(0, 100)), [Finding(State.FOUND, "", effects={"ratio": Effect(5.0)})] * 20
    )
    assert verdict.outcome is FAILS
    assert verdict.reason == "measured in '1', claimed in 'step'"


def test_about_as_many_median_runs_as_needed_decide():
    def spread(n):  # n runs that look exactly like a normal distribution
        return norm.ppf((np.arange(n) + 0.5) / n, 100, 30)

    verdict = median(spread(16), (90, 112))
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.needs is not None
    assert median(spread(round(1.25 * verdict.needs)), (90, 112)).outcome is HOLDS
    assert median(spread(round(0.5 * verdict.needs)), (90, 112)).outcome is INCONCLUSIVE
    half_absent = one(claim("onset", "step", median=(90, 112)), onsets(spread(16)) + found(0, 16))
    assert half_absent.needs == pytest.approx(2 * verdict.needs, abs=2)  # runs of the case, not values


def test_more_runs_do_not_help_a_median_outside_its_claim():
    verdict = median([100, 101, 102, 103, 150, 160, 170], (104, 200))
    assert (verdict.outcome, verdict.needs) == (INCONCLUSIVE, None)


# Correlations.


def pairs(r, n):
    """Runs whose onset and effect have a sample correlation of exactly r."""
    x = np.arange(n, dtype=float)
    x -= x.mean()
    noise = np.cos(2.4 * np.arange(n))
    noise -= noise.mean()
    noise -= x * (noise @ x) / (x @ x)
    y = r * x / np.linalg.norm(x) + math.sqrt(1 - r**2) * noise / np.linalg.norm(noise)
    runs = [Finding(State.FOUND, "", onset=a, effects={"law": Effect(b)}) for a, b in zip(x, y, strict=True)]
    return [runs[i] for i in np.random.default_rng(0).permutation(n)]  # seeds come in no order


def correlation(runs, interval, **options):
    return one(claim(("onset", "law"), correlation=interval), runs, **options)


@pytest.mark.parametrize(
    "r, n, interval, outcome",
    [
        (0.999, 16, (0.99, 1.0), HOLDS),
        (1.0, 16, (0.99, 1.0), HOLDS),
        (0.95, 16, (0.9, 1.0), INCONCLUSIVE),
        (0.2, 64, (0.99, 1.0), FAILS),
        (0.8, 300, (-0.3, 0.3), FAILS),
        (0.0, 100, (-0.3, 0.3), HOLDS),
    ],
)
def test_correlations(r, n, interval, outcome):
    verdict = correlation(pairs(r, n), interval)
    assert (verdict.outcome, verdict.n) == (outcome, n)
    assert verdict.measured.startswith(f"{r:.4f}") or r == 0


@pytest.mark.parametrize("r, interval", [(0.95, (0.9, 1.0)), (0.25, (-0.3, 0.3))])
def test_about_as_many_correlated_runs_as_needed_decide(r, interval):
    verdict = correlation(pairs(r, 16), interval)
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.needs is not None
    assert correlation(pairs(r, round(1.25 * verdict.needs)), interval).outcome is HOLDS
    assert correlation(pairs(r, round(0.5 * verdict.needs)), interval).outcome is INCONCLUSIVE


def test_runs_without_a_pair_are_needed_too():
    all_have, half_have = (
        correlation(pairs(0.95, 16), (0.9, 1.0)),
        correlation(pairs(0.95, 16) + found(0, 16), (0.9, 1.0)),
    )
    assert all_have.needs is not None
    assert half_have.needs == pytest.approx(2 * all_have.needs, abs=2)


def test_a_constant_has_no_correlation():
    runs = [Finding(State.FOUND, "", onset=100.0 + i, effects={"law": Effect(321.0)}) for i in range(16)]
    verdict = correlation(runs, (0.9, 1.0))
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reason == "law is the same in all runs, 321; there is nothing to correlate"


def test_three_pairs_are_too_few():
    verdict = correlation(pairs(1.0, 3) + found(0, 5), (0.9, 1.0))
    assert (verdict.outcome, verdict.n, verdict.measured) == (INCONCLUSIVE, 3, "3 of 8 runs")


def drawn(rng, r, n, tails):
    """Runs with a correlation r: a normal law whose two values share a scale exp(tails N(0, 1))."""
    x, z = rng.normal(size=(2, n)) * np.exp(tails * rng.normal(size=n))
    y = r * x + math.sqrt(1 - r**2) * z
    return [Finding(State.FOUND, "", onset=a, effects={"law": Effect(b)}) for a, b in zip(x, y, strict=True)]


@pytest.mark.parametrize("r, interval", [(0.0, (-0.05, 0.05)), (0.8, (0.8, 1.0))])
@pytest.mark.parametrize("tails", [0.0, 1.0])
def test_a_true_correlation_fails_rarely_however_heavy_the_tails(r, interval, tails):
    """A common scale of log-spread 1 made Fisher's interval fail one true claim in ten at 1e-4."""
    rng = np.random.default_rng(4)
    for n, alpha in ((32, 1e-2), (32, 1e-3), (12, 1e-2)):
        failed = sum(correlation(drawn(rng, r, n, tails), interval, alpha=alpha).outcome is FAILS for _ in range(250))
        assert binom.sf(failed - 1, 250, alpha) > 1e-3, (n, alpha, failed)


@pytest.mark.parametrize("tails", [0.0, 1.0])
def test_a_false_correlation_holds_rarely(tails):
    rng = np.random.default_rng(5)
    held = sum(correlation(drawn(rng, 0.79, 32, tails), (0.8, 1.0)).outcome is HOLDS for _ in range(400))
    assert held / 400 <= 0.05 + 0.02  # nominal 0.025; with Fisher's interval alone a quarter, where tails are heavy


def test_a_false_correlation_fails():
    rng = np.random.default_rng(6)
    fails = [correlation(drawn(rng, 0.0, 64, 0.0), (0.9, 1.0)).outcome is FAILS for _ in range(50)]
    assert sum(fails) > 40
