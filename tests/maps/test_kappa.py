"""The limits of kappa and what they say, against order statistics by hand, and how often they are wrong."""

import math

import numpy as np
import pytest
from scipy.stats import binom, multinomial, norm

from bestiary.catalog.interaction_claims import TOLERANCE
from bestiary.maps.interactions.bounds import Bounds
from bestiary.maps.interactions.kappa import (
    Correction,
    Rates,
    answer,
    kappa_of,
    leaving,
    level,
    limits,
    runs_to_decide,
)

N = 24
THERE = Rates(neither=0, a=N, b=0, both=N, n=N)
SUM, SYNERGY, ANTAGONISM = Correction.SUM, Correction.SYNERGY, Correction.ANTAGONISM
UNDECIDED = Correction.UNDECIDED


def exact(values):
    values = np.asarray(values, float)
    return Bounds(values, values, values)


def called(values, rates=THERE, more=1, confidence=0.95):
    return answer(exact(values), rates, more, confidence).correction


def test_limits_are_the_order_statistics_that_a_binomial_law_says():
    found = limits(exact(np.arange(1, 25)))
    rank = 7  # P(Bin(24, 1/2) <= 6) = 0.0113 and P(Bin <= 7) = 0.032, so the 7th from either end
    assert (found.low, found.high) == (rank, 25 - rank)
    assert level(24) == pytest.approx(1 - 2 * binom.cdf(6, 24, 0.5)) and level(24) > 0.95
    assert level(6) == pytest.approx(1 - 2 / 64) and level(5) == 0
    assert limits(exact([1, 2, 3, 4, 5])).low == -math.inf


def test_what_is_not_known_of_a_run_stands_at_the_worse_end():
    """A run cut off is above its last step, one without a value anywhere: the limits are those of the worst case."""
    a = exact(np.full(8, 10.0))
    measured = Bounds(
        np.array([10, 10, 10, 10, 10, 10, 50, 0.0]),
        np.array([10, 10, 10, 10, 10, 10, math.inf, math.nan]),
        np.array([10, 10, 10, 10, 10, 10, math.inf, math.inf]),
    )
    k = kappa_of(measured, a)
    assert (k.cut, k.unknown) == (1, 1)
    assert k.low[6] == pytest.approx(math.log(5)) and (k.low[7], k.high[7]) == (-math.inf, math.inf)
    assert limits(k, 0.9).low == 0 and limits(k, 0.9).high == math.inf  # 2nd from below is 0, 2nd from above unknown
    both = kappa_of(measured, measured)
    assert (both.low[6], both.high[6]) == (-math.inf, math.inf)  # cut off alike: nothing is known of the two


def test_steps_between_records_widen_the_limits():
    onset = Bounds(np.full(N, 96.0), np.full(N, 100.0), np.full(N, 100.0))
    k = kappa_of(onset, onset)
    found = limits(k)
    assert found.value == 0 and found.high == pytest.approx(math.log(100 / 96)) == -found.low
    coarse = Bounds(np.full(N, 88.0), np.full(N, 100.0), np.full(N, 100.0))
    assert answer(kappa_of(coarse, coarse), THERE, 1).correction is UNDECIDED  # 12 % cannot show a sum of parts


def test_outcomes_by_hand():
    assert called(np.linspace(-0.09, 0.09, N)) is SUM
    assert called(np.linspace(0.2, 0.4, N)) is SYNERGY and called(np.linspace(0.2, 0.4, N), more=-1) is ANTAGONISM
    assert called(np.linspace(-0.4, -0.2, N)) is ANTAGONISM
    small = answer(exact(np.linspace(0.02, 0.06, N)), THERE, 1)
    assert small.correction is SUM and small.why.endswith("small but real")
    leaning = answer(exact(np.linspace(0.02, 0.25, N)), THERE, 1)
    assert leaning.correction is UNDECIDED and leaning.why.startswith("a correction above 0, but not its size")
    assert called(np.linspace(-0.4, 0.4, N)) is UNDECIDED


def test_a_phenomenon_that_is_gone_is_destroyed_and_one_that_b_has_is_mimicked():
    values = np.zeros(N)
    assert called(values, THERE._replace(both=3)) is Correction.DESTROYED
    assert called(values, THERE._replace(b=20)) is Correction.MIMICRY
    assert called(values, THERE._replace(a=12)) is UNDECIDED  # A itself is not decidedly there
    assert called(values, THERE._replace(both=11)) is SUM  # what is not decided decides nothing
    assert called(values, THERE._replace(both=7), confidence=1 - 1e-4) is SUM


def wrongly(count, of, rate):
    """Whether so many are more than a rate allows; true of one in a million."""
    return binom.sf(count - 1, of, rate) < 1e-6


def beside(count, of, rate):
    """Whether a count is as likely as a rate says; false of one in a million."""
    return binom.sf(count - 1, of, rate) > 5e-7 and binom.cdf(count, of, rate) > 5e-7


TRIES = 2000
LAWS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "Cauchy": lambda rng, shape: rng.standard_cauchy(shape),
    "skewed": lambda rng, shape: rng.exponential(size=shape) - math.log(2),  # median 0
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [8, 24])
def test_no_true_sum_of_parts_is_called_more_than_that_too_often_whatever_the_law(law, n):
    """At |kappa| = 0.1, the edge of what is a sum of parts, either mistake is made at 2.5 % at most."""
    rng = np.random.default_rng(7)
    rates = Rates(0, n, 0, n, n)
    values = TOLERANCE + 0.2 * LAWS[law](rng, (TRIES, n))
    told = [called(row, rates) for row in values]
    assert not wrongly(told.count(SYNERGY), TRIES, 0.025) and told.count(SYNERGY) > 0
    assert not wrongly(told.count(SUM), TRIES, 0.025)
    assert told.count(ANTAGONISM) == 0 or not wrongly(told.count(ANTAGONISM), TRIES, 0.025)


@pytest.mark.parametrize("scatter", [0.2, 0.5])
def test_a_planted_interaction_is_found_as_often_as_the_binomial_law_says(scatter):
    """ln 0.7 with lognormal scatter: of 24 runs 18 must lie below -0.1 for the limits to do so."""
    rng, kappa = np.random.default_rng(3), math.log(0.7)
    told = [called(row) for row in kappa + scatter * rng.normal(size=(TRIES, N))]
    power = binom.sf(N - 7, N, norm.cdf((-TOLERANCE - kappa) / scatter))
    assert beside(told.count(ANTAGONISM), TRIES, power)
    assert power == pytest.approx({0.2: 0.9927, 0.5: 0.3729}[scatter], abs=2e-4)
    assert not wrongly(told.count(SUM), TRIES, 0.025) and told.count(SYNERGY) == 0


@pytest.mark.parametrize("scatter", [0.1, 0.2])
def test_a_planted_null_is_shown_to_be_one_as_often_as_the_multinomial_law_says(scatter):
    rng = np.random.default_rng(4)
    told = [called(row) for row in scatter * rng.normal(size=(TRIES, N))]
    out = norm.cdf(-TOLERANCE / scatter)  # at either side, where at most 6 of 24 may lie
    grid = [(i, j, N - i - j) for i in range(7) for j in range(7)]
    power = multinomial.pmf(grid, N, [out, out, 1 - 2 * out]).sum()
    assert beside(told.count(SUM), TRIES, power)
    assert power == pytest.approx({0.1: 0.8546, 0.2: 0.0667}[scatter], abs=2e-4)
    assert not wrongly(TRIES - told.count(SUM) - told.count(UNDECIDED), TRIES, 0.05)


def test_as_many_seeds_as_are_asked_for_decide_in_most_tries():
    rng = np.random.default_rng(5)
    asked = []
    for _ in range(200):
        values = math.log(0.7) + 0.5 * rng.normal(size=N)
        if called(values) is UNDECIDED and (needs := runs_to_decide(exact(values))):
            asked.append(needs)
    n = int(np.median(asked))
    assert N < n < 200
    rates = Rates(0, n, 0, n, n)
    told = [called(math.log(0.7) + 0.5 * rng.normal(size=n), rates) for _ in range(300)]
    assert told.count(ANTAGONISM) > 150
    assert runs_to_decide(exact(np.full(N, TOLERANCE))) is None
    wide = exact(np.linspace(-0.5, 0.5, N))  # limits of +-0.239, four times as many seeds for half of that
    assert runs_to_decide(wide, interval=(-0.239 / 2, 0.239 / 2)) == pytest.approx(4 * N, abs=1)
    assert runs_to_decide(wide, interval=(0.239 / 2, 1)) == pytest.approx(4 * N, abs=1)
    cut = Bounds(np.zeros(N), np.full(N, math.inf), np.full(N, math.inf))
    assert runs_to_decide(cut) is None


def test_where_the_correction_leaves_the_tolerance():
    at = [exact(m + np.linspace(-0.02, 0.02, N)) for m in (0.0, 0.05, -0.25, 0.0)]
    found = leaving([1, 2, 4, 8], at, [THERE] * 4, 0.5)
    assert found is not None and found.ends == (2, 4)
    assert found.estimate == pytest.approx(2 + 2 * (0.1 - 0.05) / (0.25 - 0.05))
    down = leaving([32, 16, 8], at[:3], [THERE] * 3, 64, log=True)
    assert down is not None and (down.within, down.outside) == (16, 8) and down.ends == (8, 16)
    assert down.estimate == pytest.approx(16 * 0.5**0.25)
    first = leaving([1, 2], [at[2], at[0]], [THERE] * 2, 0.0, log=True)
    assert first is not None and first.ends == (0, 1) and first.estimate == pytest.approx(0.1 / 0.25)
    assert leaving([1, 2], at[:2], [THERE] * 2, 0.0) is None


def test_what_is_undecided_before_widens_the_bracket_and_what_is_destroyed_ends_it():
    near, far = exact(np.linspace(-0.02, 0.02, N)), exact(np.linspace(0.3, 0.4, N))
    wide = exact(np.linspace(-0.3, 0.4, N))
    found = leaving([1, 2, 3, 4], [near, wide, near, far], [THERE] * 4, 0.0)
    assert found is not None and found.ends == (1, 4)
    gone = [THERE, THERE._replace(both=0)]
    found = leaving([1, 2], [near, near], gone, 0.0)
    assert found is not None and found.ends == (1, 2)
