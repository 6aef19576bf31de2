"""The rules of judgement against exact probabilities, and the words they come with."""

import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from bestiary.catalog import Claim
from bestiary.log import Effect, Finding, State
from bestiary.verdict import Outcome, family_wise, judge

HOLDS, FAILS, INCONCLUSIVE = Outcome.HOLDS, Outcome.FAILS, Outcome.INCONCLUSIVE


def claim(of, unit=None, **statistic):
    return Claim(of=of, unit=unit, source="measured", **statistic)


def found(k, n, state=State.ABSENT):
    return [Finding(State.FOUND, "")] * k + [Finding(state, "")] * (n - k)


def onsets(values, state=State.FOUND):
    return [Finding(state, "", onset=float(v)) for v in values]


def one(a_claim, findings, **options):
    (verdict,) = judge([a_claim], findings, **options)
    return verdict


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
    assert rate(20, 64, (0.0, 0.05)).measured == "> 21.8 % at 95 % (20/64)"
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
@pytest.mark.parametrize("n", [16, 64, 200])
def test_a_true_rate_fails_with_probability_alpha_at_most(interval, truths, n):
    alpha = 0.05
    failing = [k for k in range(n + 1) if rate(k, n, interval, alpha=alpha).outcome is FAILS]
    for p in truths:
        assert binom.pmf(failing, n, p).sum() <= alpha
    # Nor is the rule idle: near the interval's end it spends a good part of alpha, far from it it fails surely.
    assert n < 64 or max(binom.pmf(failing, n, p).sum() for p in truths) > alpha / 5
    assert binom.pmf(failing, n, 0.99 if interval[1] < 1 else 0.1).sum() > 0.99


@pytest.mark.parametrize("interval, truth", [((0.0, 0.05), 0.051), ((0.8, 1.0), 0.799), ((0.3, 0.7), 0.701)])
@pytest.mark.parametrize("n", [16, 64, 200])
def test_a_false_rate_holds_with_probability_one_minus_confidence_at_most(interval, truth, n):
    holding = [k for k in range(n + 1) if rate(k, n, interval).outcome is HOLDS]
    assert binom.pmf(holding, n, truth).sum() <= 0.05


def test_false_alarms_of_simulated_runs():
    rng = np.random.default_rng(0)
    runs = rng.binomial(64, 0.05, 2000)
    alarms = np.mean([rate(k, 64, (0.0, 0.05), alpha=0.05).outcome is FAILS for k in runs])
    assert 0.005 < alarms <= 0.05


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


# Medians.


def median(values, interval, unit="step", **options):
    return one(claim("onset", unit, median=interval), onsets(values), **options)


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize("quantum", [0.0, 25.0])
def test_a_true_median_fails_rarely_under_quantisation_ties_and_censoring(end, quantum):
    rng = np.random.default_rng(1)
    truth, alpha, failed = 100.0, 0.05, 0
    interval = (truth, truth + 60) if end == "low" else (truth - 60, truth)
    for _ in range(1500):
        x = truth * np.exp(rng.normal(size=20))  # median 100; a quarter above 196
        recorded = np.ceil(x / quantum) * quantum if quantum else x
        runs = [
            Finding(State.UNDECIDED, "") if cut else Finding(State.FOUND, "", onset=v)
            for v, cut in zip(recorded, x > 200, strict=True)
        ]
        failed += one(claim("onset", "step", median=interval), runs, quantum=quantum, alpha=alpha).outcome is FAILS
    assert failed / 1500 <= alpha / 2 + 0.01  # the other side cannot fail; 0.01 is 2.5 standard errors
    assert quantum or failed > 0


def test_the_median_rule_is_the_sign_test_exactly():
    n, alpha = 20, 0.05
    critical = next(k for k in range(n + 1) if binom.sf(k - 1, n, 0.5) <= alpha / 2)
    for below in range(n + 1):
        for values in ([90] * below + [110] * (n - below), [410] * below + [390] * (n - below)):
            verdict = median(values, (100, 400), alpha=alpha)
            assert (verdict.outcome is FAILS) == (below >= critical)
            assert verdict.outcome is not FAILS or f"{below} of 20 values lie" in verdict.reason


@pytest.mark.parametrize("quantum", [0.0, 25.0])
def test_a_false_median_holds_rarely(quantum):
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(1500):
        x = rng.normal(100 + quantum, 30, size=16)  # the true median lies `quantum` beyond the claim
        recorded = np.ceil(x / quantum) * quantum if quantum else x
        held += median(recorded, (-1000, 99.999), quantum=quantum).outcome is HOLDS
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


def test_a_record_stands_for_the_interval_before_it():
    # Recorded every 10 steps, 109 may mean 99.5: not above 100 for certain. 110 means more than 100.
    assert median([109] * 20, (50, 100), quantum=10).outcome is HOLDS
    assert median([110] * 20, (50, 100), quantum=10).outcome is FAILS
    assert median([109] * 20, (50, 100)).outcome is FAILS
    assert median([50] * 20, (50, 100), quantum=10).outcome is HOLDS
    assert median([49] * 20, (50, 100), quantum=10).outcome is FAILS


def test_the_quantum_is_of_steps_alone():
    runs = [Finding(State.FOUND, "", effects={"ratio": Effect(10.5)})] * 20
    assert one(claim("ratio", "1", median=(5, 10)), runs, quantum=10).outcome is FAILS


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
    rng = np.random.default_rng(3)
    values = rng.normal(100, 30, 16)
    interval = (values.mean() - 12, values.mean() + 12)
    verdict = median(values, interval)
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.needs is not None
    assert 16 < verdict.needs < 200
    more = [median(rng.normal(100, 30, 2 * verdict.needs), interval).outcome for _ in range(50)]
    assert more.count(HOLDS) > 25
    half_absent = one(claim("onset", "step", median=interval), onsets(values) + found(0, 16))
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
    return [Finding(State.FOUND, "", onset=a, effects={"law": Effect(b)}) for a, b in zip(x, y, strict=True)]


def correlation(runs, interval, **options):
    return one(claim(("onset", "law"), correlation=interval), runs, **options)


@pytest.mark.parametrize(
    "r, n, interval, outcome",
    [
        (0.999, 16, (0.99, 1.0), HOLDS),
        (1.0, 16, (0.99, 1.0), HOLDS),
        (0.95, 16, (0.9, 1.0), INCONCLUSIVE),
        (0.2, 16, (0.99, 1.0), FAILS),
        (0.8, 100, (-0.3, 0.3), FAILS),
        (0.0, 100, (-0.3, 0.3), HOLDS),
    ],
)
def test_correlations(r, n, interval, outcome):
    verdict = correlation(pairs(r, n), interval)
    assert (verdict.outcome, verdict.n) == (outcome, n)
    assert verdict.measured.startswith(f"{r:.4f}") or r == 0


@pytest.mark.parametrize("r, interval", [(0.95, (0.9, 1.0)), (0.85, (0.9, 1.0)), (0.25, (-0.3, 0.3))])
def test_as_many_correlated_runs_as_needed_decide(r, interval):
    verdict = correlation(pairs(r, 16), interval)
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.needs is not None
    assert correlation(pairs(r, verdict.needs), interval).outcome is not INCONCLUSIVE
    assert correlation(pairs(r, verdict.needs - 1), interval).outcome is INCONCLUSIVE


def test_a_constant_has_no_correlation():
    runs = [Finding(State.FOUND, "", onset=100.0 + i, effects={"law": Effect(321.0)}) for i in range(16)]
    verdict = correlation(runs, (0.9, 1.0))
    assert verdict.outcome is INCONCLUSIVE
    assert verdict.reason == "law is the same in all runs, 321; there is nothing to correlate"


def test_three_pairs_are_too_few():
    verdict = correlation(pairs(1.0, 3) + found(0, 5), (0.9, 1.0))
    assert (verdict.outcome, verdict.n, verdict.measured) == (INCONCLUSIVE, 3, "3 of 8 runs")


def test_false_alarms_of_a_true_correlation():
    rng = np.random.default_rng(4)
    failed = 0
    for _ in range(1000):
        x = rng.normal(size=30)
        y = 0.8 * x + 0.6 * rng.normal(size=30)  # true correlation 0.8, the lower end of the claim
        runs = [Finding(State.FOUND, "", onset=a, effects={"law": Effect(b)}) for a, b in zip(x, y, strict=True)]
        failed += correlation(runs, (0.8, 1.0), alpha=0.05).outcome is FAILS
    assert 0 < failed / 1000 <= 0.05


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


def test_family_wise_false_alarms():
    assert family_wise(1, 0.01) == pytest.approx(0.01)
    assert family_wise(100, 1e-4) == pytest.approx(1 - 0.9999**100)
    assert family_wise(100, 1e-4) <= 100 * 1e-4
    assert family_wise(0) == 0
