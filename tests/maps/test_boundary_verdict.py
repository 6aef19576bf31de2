"""Verdicts on boundaries against hand arithmetic, and how often a true one fails against simulation."""

import numpy as np
import pytest
from scipy.special import expit

from bestiary.judge.outcome import Outcome
from bestiary.maps.boundary import Point, judge_boundary

HOLDS, FAILS, INCONCLUSIVE = Outcome.HOLDS, Outcome.FAILS, Outcome.INCONCLUSIVE


def points(*rates, n=16, start=0):
    return [Point(float(start + i), k, n) for i, k in enumerate(rates)]


def test_a_boundary_within_the_claim_holds():
    outcome, measured, reason, _ = judge_boundary((1.5, 5), points(0, 0, 0, 16, 16), "appears")
    assert (outcome, reason) == (HOLDS, "the limits lie within the claim")
    assert measured == "appears at 2.5, 2 to 3 at 95 % (5 points, 80 runs)"


def test_a_bracket_that_reaches_beyond_the_claim_asks_for_points_or_runs_a_smooth_one_for_runs():
    beyond = "the limits reach beyond the claim; "
    outcome, _, reason, _ = judge_boundary((2.5, 5), points(0, 0, 0, 16, 16), "appears")
    assert (outcome, reason) == (INCONCLUSIVE, beyond + "more points there, or more runs, would tell")
    smooth = [Point(x, k, 32) for x, k in zip([0, 1, 9, 10], [0, 15, 17, 32], strict=True)]
    assert judge_boundary((4, 6), smooth, "appears")[2] == beyond + "more runs would tell"


def test_a_boundary_elsewhere_fails_once_there_are_runs_enough():
    few, many = points(0, 0, 0, 15, 15, n=15), points(0, 0, 0, 16, 16, n=16)  # 2 ** -n against 1e-4 / 5
    outcome, _, reason, _ = judge_boundary((3.1, 5), few, "appears")
    assert (outcome, reason) == (INCONCLUSIVE, "5 of 5 points have too few runs to tell; it takes 16 each at least")
    outcome, _, reason, _ = judge_boundary((3.1, 5), many, "appears")
    assert (outcome, reason) == (FAILS, "the limits at 0.9999, 2 to 3, miss the claim")
    assert judge_boundary((3, 5), many, "appears")[0] is INCONCLUSIVE  # they touch it


def test_no_crossing_fails_if_every_point_is_decided_and_they_reach_across_the_claim():
    silent = points(0, 0, 0, 0, n=32)
    outcome, measured, reason, _ = judge_boundary((1, 2.5), silent, "appears")
    assert (outcome, measured) == (FAILS, "appears nowhere at 95 % (4 points, 128 runs)")
    assert reason == "all points are decided at 0.9999, and it appears at none"
    for beyond in ((1, 3.5), (-1, 2)):
        outcome, _, reason, _ = judge_boundary(beyond, silent, "appears")
        assert (outcome, reason) == (INCONCLUSIVE, "the points do not reach from one end of the claim to the other")
    outcome, _, reason, _ = judge_boundary((1, 2.5), [*silent[:2], Point(2, 16, 32), silent[3]], "appears")
    assert (outcome, reason) == (INCONCLUSIVE, "1 of 4 points have too few runs to tell; it takes 16 each at least")
    assert judge_boundary((1, 2), [], "appears")[0] is INCONCLUSIVE


def test_the_wrong_direction_is_no_crossing():
    step = points(0, 0, 32, 32, n=32)
    assert [judge_boundary((0.5, 2.5), step, way)[0] for way in ("appears", "vanishes")] == [HOLDS, FAILS]
    with pytest.raises(ValueError, match="no direction 'appear'; there are appears and vanishes"):
        judge_boundary((0.5, 2.5), step, "appear")


def test_one_of_several_crossings_of_a_direction_is_enough():
    twice = points(0, 32, 0, 0, 32, n=32)
    measured = "appears at 0.5, 0 to 1 at 95 % and 3.5, 3 to 4 at 95 % (5 points, 160 runs)"
    assert judge_boundary((3, 4), twice, "appears")[:2] == (HOLDS, measured)
    assert judge_boundary((3.5, 4.5), twice, "appears")[0] is INCONCLUSIVE
    assert judge_boundary((1.5, 2.5), twice, "appears")[0] is FAILS
    weak = [*twice[:3], Point(4, 12, 12)]  # decided at 95 %, not at 99.99 %
    assert judge_boundary((3.5, 4.5), weak, "appears")[0] is INCONCLUSIVE


def test_a_true_boundary_fails_no_more_often_than_alpha():
    """At alpha = 0.05, of 500 experiments whose threshold is at the claim's very end 25 may fail; few do."""
    rng, failed = np.random.default_rng(5), 0
    for _ in range(500):
        rates = expit((np.linspace(0, 10, 6) - 4.1) / 2)
        have = [Point(2.0 * i, int(k), 16) for i, k in enumerate(rng.binomial(16, rates))]
        failed += judge_boundary((4.1, 9.9), have, "appears", alpha=0.05)[0] is FAILS
    assert 0 < failed <= 25  # nor is the rule idle
