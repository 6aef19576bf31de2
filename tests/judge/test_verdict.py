"""How rates are judged, against exact probabilities, and the words that come with a verdict."""

import math

import numpy as np
import pytest
from judged import FAILS, HOLDS, INCONCLUSIVE, claim, found, one, onsets
from scipy.stats import binom, binomtest

from bestiary.judge.verdict import judge
from bestiary.log import Effect, Finding, State


def rate(k, n, interval, **options):
    return one(claim("found", rate=interval), found(k, n), **options)


# Rates.


def test_the_numbers_of_a_silent_control_and_of_a_full_house():
    control, positive = rate(0, 64, (0.0, 0.05)), rate(16, 16, (0.8, 1.0))
    assert (control.outcome, control.measured) == (HOLDS, "< 4.6 % at 95 % (0/64)")
    assert (positive.outcome, positive.measured) == (HOLDS, "> 82.9 % at 95 % (16/16)")
    assert (control.expected, positive.expected) == ("at most 5 %", "at least 80 %")


def test_limits_are_rounded_outwards():
    assert 1 - 0.05 ** (1 / 66) == pytest.approx(0.04438, abs=1e-5)
    assert rate(0, 66, (0.0, 0.05)).measured == "< 4.5 % at 95 % (0/66)"
    assert rate(9, 9, (0.5, 1.0)).measured == "> 71.6 % at 95 % (9/9)"  # 0.05 ** (1 / 9) = 0.71687


def test_a_failed_rate_shows_the_limit_that_is_missed():
    assert rate(20, 64, (0.0, 0.05)).measured == "> 21.7 % at 95 % (20/64)"
    assert rate(4, 16, (0.8, 1.0)).measured == "< 48.5 % at 95 % (4/16)"


@pytest.mark.parametrize("interval", [(0.0, 0.2), (0.7, 1.0), (0.3, 0.6), (0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_rates_agree_with_the_exact_test_and_its_limits(interval):
    lo, hi = interval
    alpha = 1e-2
    level = alpha / 2 if 0 < lo and hi < 1 else alpha
    for n in (1, 7, 16, 40):
        for k in range(n + 1):
            high = hi < 1 and binomtest(k, n, hi, "greater").pvalue <= level
            low = lo > 0 and binomtest(k, n, lo, "less").pvalue <= level
            upper = hi == 1 or binomtest(k, n, alternative="less").proportion_ci(0.9).high <= hi
            lower = lo == 0 or binomtest(k, n, alternative="greater").proportion_ci(0.9).low >= lo
            expected = FAILS if high or low else HOLDS if upper and lower else INCONCLUSIVE
            assert rate(k, n, interval, alpha=alpha, confidence=0.9).outcome is expected, (k, n)


@pytest.mark.parametrize(
    "interval, truths", [((0.0, 0.05), [0.05]), ((0.8, 1.0), [0.8]), ((0.3, 0.7), [0.3, 0.5, 0.7])]
)
@pytest.mark.parametrize("n", [16, 64])
def test_a_true_rate_fails_with_probability_alpha_at_most(interval, truths, n):
    alpha = 0.05
    failing = [k for k in range(n + 1) if rate(k, n, interval, alpha=alpha).outcome is FAILS]
    for p in truths:
        assert binom.pmf(failing, n, p).sum() <= alpha
    # Nor is the rule idle: near the interval's end it spends a good part of alpha, far from it it fails surely.
    assert n < 64 or max(binom.pmf(failing, n, p).sum() for p in truths) > alpha / 5
    assert binom.pmf(failing, n, 0.999 if interval[1] < 1 else 0.1).sum() > 0.98


@pytest.mark.parametrize("interval, truth", [((0.0, 0.05), 0.051), ((0.8, 1.0), 0.799), ((0.3, 0.7), 0.701)])
@pytest.mark.parametrize("n", [16, 64])
def test_a_false_rate_holds_with_probability_one_minus_confidence_at_most(interval, truth, n):
    holding = [k for k in range(n + 1) if rate(k, n, interval).outcome is HOLDS]
    assert binom.pmf(holding, n, truth).sum() <= 0.05


def test_false_alarms_of_simulated_runs():
    rng = np.random.default_rng(0)
    counts, times = np.unique(rng.binomial(64, 0.05, 20_000), return_counts=True)
    failed = [rate(int(k), 64, (0.0, 0.05), alpha=0.05).outcome is FAILS for k in counts]
    assert 0.01 < times[failed].sum() / 20_000 <= 0.05


@pytest.mark.parametrize("k, n, interval", [(0, 16, (0.0, 0.05)), (15, 16, (0.8, 1.0)), (13, 16, (0.4, 0.9))])
def test_as_many_rate_runs_as_needed_decide_and_one_less_does_not(k, n, interval):
    verdict = rate(k, n, interval)
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.needs is not None
    assert rate(round(k / n * verdict.needs), verdict.needs, interval).outcome is not INCONCLUSIVE
    assert rate(round(k / n * (verdict.needs - 1)), verdict.needs - 1, interval).outcome is INCONCLUSIVE
    assert f"about {verdict.needs} runs" in verdict.reason


def test_a_silent_control_needs_59_runs():
    assert rate(0, 16, (0.0, 0.05)).needs == 59


def test_needs_looks_beyond_a_thousand_runs():
    verdict = rate(1990, 2000, (0.0, 0.994))
    assert verdict.needs is not None
    assert verdict.needs > 2000
    assert rate(round(0.995 * verdict.needs), verdict.needs, (0.0, 0.994)).outcome is FAILS


def test_a_rate_at_the_end_of_the_claim_is_never_decided():
    assert rate(8, 10, (0.8, 1.0)).needs is None


def test_no_runs_is_no_evidence():
    for c in (
        claim("found", rate=(0.8, 1.0)),
        claim("onset", "step", median=(1, 2)),
        claim(("a", "b"), correlation=(0, 1)),
    ):
        verdict = one(c, [])
        assert (verdict.outcome, verdict.n, verdict.needs) == (INCONCLUSIVE, 0, None)


def test_diverged_and_inapplicable_runs_count_in_the_denominator_and_are_told():
    runs = found(8, 8) + found(0, 5, State.DIVERGED) + found(0, 3, State.NOT_APPLICABLE)
    verdict = one(claim("found", rate=(0.9, 1.0)), runs)
    assert (verdict.outcome, verdict.n) == (FAILS, 16)
    assert "(8/16)" in verdict.measured
    assert verdict.reason.endswith("; 3 not applicable, 5 diverged")


def test_a_rate_counts_states_phases_and_effects_other_than_zero():
    runs = [
        Finding(State.ABSENT, "", phase="memorisation", effects={"lead": Effect(1.0)}),
        Finding(State.UNDECIDED, "", phase="memorisation", effects={"lead": Effect(0.0)}),
        Finding(State.NOT_APPLICABLE, "", effects={"lead": Effect(math.nan)}),
        Finding(State.FOUND, ""),  # a run without the effect counts as 0
    ]
    for name, count in {"memorisation": 2, "lead": 1, "undecided": 1, "not applicable": 1, "found": 1}.items():
        assert one(claim(name, rate=(0.0, 1.0)), runs).measured == f"{count}/4", name


def test_a_name_that_no_run_knows_is_pointed_out():
    assert (
        "no run has a phase or an effect 'memorization'"
        in one(claim("memorization", rate=(0, 0.05)), found(0, 8)).reason
    )
    assert "no run has" not in one(claim("found", rate=(0, 0.05)), found(0, 8)).reason


# All together.


def test_verdicts_come_in_the_order_of_the_claims():
    claims = [
        claim("onset", "step", median=(50, 150)),
        claim("found", rate=(0.5, 1.0)),
        claim("found", rate=(0.0, 0.5)),
    ]
    verdicts = judge(claims, onsets([100] * 16))
    assert [v.claim for v in verdicts] == claims
    assert [v.outcome for v in verdicts] == [HOLDS, HOLDS, FAILS]
