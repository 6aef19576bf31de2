"""Brackets against exact binomial arithmetic; refinement and how often brackets err against simulated thresholds."""

import math

import numpy as np
import pytest
from scipy.special import expit

from bestiary.maps.boundary import Point, bracket, next_points, no_crossing


def points(*rates, n=16, start=0):
    return [Point(float(start + i), k, n) for i, k in enumerate(rates)]


def simulate(truth, xs, n, rng):
    return [Point(float(x), int(rng.binomial(n, truth(x))), n) for x in xs]


def refine(truth, xs, n, resolution, rng, log=False, **options):
    """Points after as many rounds as refinement asks for."""
    have = simulate(truth, xs, n, rng)
    while new := next_points(have, resolution, log, 8, **options):
        assert not {p.x for p in have} & set(new)
        have += simulate(truth, new, n, rng)
        assert len(have) < 100  # it ends
    return have


def bracket_of(have, **options):
    (crossing,) = bracket(have, **options)
    return crossing


# Which points are decided.


@pytest.mark.parametrize("k, n", [(0, 16), (2, 16), (0, 8), (1, 12), (6, 32)])
def test_a_point_is_decided_up_to_the_level_that_its_binomial_tail_has(k, n):
    tail = sum(math.comb(n, j) for j in range(k + 1)) / 2**n  # P(k or fewer of n) at a rate of one half
    for low, high in ((k, n), (0, n - k)):
        two = [Point(0, low, n), Point(1, high, n)]
        assert len(bracket(two, 1 - 2 * tail * 1.001)) == 1  # (1 - confidence) / 2 points
        assert len(bracket(two, 1 - 2 * tail * 0.999)) == 0


def test_the_level_is_shared_among_the_points():
    for n, most in ((16, 3276), (8, 12)):  # 2**-16 and 2**-8 against 0.05 / points
        ends = [Point(-2, 0, n), Point(-1, n, n)]
        others = [Point(i, 1, 2) for i in range(most - 2)]
        assert len(bracket(ends + others)) == 1
        assert len(bracket([*ends, *others, Point(most, 1, 2)])) == 0
    assert bracket([Point(0, 0, 4), Point(1, 4, 4)]) == []


# Brackets.


def test_a_bracket_reaches_from_the_last_decided_point_to_the_first_of_the_other_kind():
    c = bracket_of(reversed(points(0, 1, 5, 9, 16, 8, 16)))
    assert (c.lo, c.hi, c.direction, c.n_points) == (1, 4, "appears", 7)
    assert c.lo <= c.estimate <= c.hi


def test_what_vanishes_is_the_mirror_of_what_appears():
    have = points(0, 1, 5, 9, 16, 8, 16)
    up, down = bracket_of(have), bracket_of([Point(-p.x, p.k, p.n) for p in have])
    assert (down.lo, down.hi, down.direction) == (-up.hi, -up.lo, "vanishes")
    assert down.estimate == pytest.approx(-up.estimate, abs=1e-6)
    assert (down.width, down.sharp, down.smooth) == (pytest.approx(up.width, rel=1e-6), up.sharp, up.smooth)
    swapped = bracket_of([Point(p.x, p.n - p.k, p.n) for p in have])  # found and absent exchanged
    assert (swapped.lo, swapped.hi, swapped.direction) == (up.lo, up.hi, "vanishes")
    assert (swapped.estimate, swapped.width) == pytest.approx((up.estimate, up.width), rel=1e-6)


def test_a_window_has_two_crossings_each_with_a_neighbourhood_of_its_own():
    up, down = bracket(points(0, 0, 7, 16, 16, 16, 1, 0, 0))
    assert (up.lo, up.hi, up.direction, up.n_points) == (1, 3, "appears", 6)
    assert (down.lo, down.hi, down.direction, down.n_points) == (5, 6, "vanishes", 6)
    assert (up.estimate, down.estimate) == (2, 6)  # the one point with both failures and successes


@pytest.mark.parametrize("have", [[], points(0, 0, 0), points(8, 8, 8), points(0, 8, 0), points(16, 9)])
def test_no_crossing_without_points_of_both_kinds(have):
    assert bracket(have) == []


NONSENSE = [
    ([*points(0, 16), Point(1, 3, 16)], False, "x = 1 is there twice"),
    ([Point(0, 0, 16), Point(1, 16, 16)], True, "x = 0: want numbers above 0"),
    ([Point(math.nan, 0, 16)], False, "want finite x"),
    ([Point(2, 17, 16)], False, "x = 2: 17 of 16 runs"),
]


@pytest.mark.parametrize("have, log, words", NONSENSE)
def test_points_that_make_no_sense_are_refused_in_one_line(have, log, words):
    with pytest.raises(ValueError, match=f"^.*{words}.*$"):  # one line: a dot is no line break
        bracket(have, log=log)


# Estimate, width, sharp and smooth.


def test_separated_points_are_sharp_with_the_middle_for_an_estimate():
    for log, middle in ((False, 5), (True, 4)):
        c = bracket_of([Point(1, 0, 16), Point(2, 0, 16), Point(8, 16, 16)], log=log)
        assert (c.estimate, c.width, c.sharp, c.smooth) == (pytest.approx(middle), 6, True, False)
    undecided = bracket_of([Point(0, 0, 16), Point(4, 0, 3), Point(5, 3, 3), Point(8, 16, 16)])
    assert (undecided.lo, undecided.hi, undecided.estimate) == (0, 8, 4.5)


def test_a_few_odd_runs_do_not_blur_a_sharp_crossing():
    c = bracket_of(points(1, 0, 0, 0, 16, 16, 15, 16))
    assert c.sharp
    assert (c.lo, c.hi, c.width) == (3, 4, 1)
    assert not bracket_of(points(0, 0, 0, 2, 16, 16, 15, 16)).sharp  # 2 of 16 is above 0.1
    assert bracket_of(points(*[2] * 20, 16)).estimate == 20  # the curve's is beyond the bracket
    c = bracket_of([Point(-10, 50100, 100_000), *points(0, 16), Point(11, 49900, 100_000)])  # slopes the other way
    assert (c.lo, c.hi, c.width, c.sharp) == (0, 1, 1, True)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_logistic_curve_of_exact_rates_is_recovered(log, sign):
    u, n, at, spread = np.linspace(-3, 4, 15), 10**6, 0.3, 0.4
    counts = np.rint(n * expit(sign * (u - at) / spread)).astype(int)
    x = np.exp(u) if log else u
    c = bracket_of([Point(float(a), int(k), n) for a, k in zip(x, counts, strict=True)], log=log)
    ends = at + spread * math.log(9) * np.array([-1, 1])
    assert c.estimate == pytest.approx(math.exp(at) if log else at, rel=1e-3)
    assert c.width == pytest.approx(np.ptp(np.exp(ends) if log else ends), rel=1e-3)
    assert (c.direction, c.sharp) == ("appears" if sign > 0 else "vanishes", False)


def test_a_bracket_half_filled_with_undecided_points_is_smooth():
    rates = [0, 8, 8, 16]
    for x, smooth in (([0, 4, 5, 10], False), ([0, 2, 8, 10], True), ([0, 2.5, 7.5, 10], True)):
        assert bracket_of([Point(a, k, 16) for a, k in zip(x, rates, strict=True)]).smooth is smooth
    for x, smooth in (([1, 2, 50, 100], True), ([1, 10, 60, 100], False)):  # ln 25 and ln 6 of ln 100
        assert bracket_of([Point(a, k, 16) for a, k in zip(x, rates, strict=True)], log=True).smooth is smooth


def test_a_crossing_is_told_in_words():
    sharp = bracket_of([Point(1.0, 0, 16), Point(2.0, 16, 16)])
    assert sharp.words("found", "lr") == "found appears at lr = 1.5 (1 to 2 at 95 %); sharp"
    smooth = bracket_of([Point(float(x), k, 16) for x, k in enumerate((16, 16, 12, 8, 4, 0, 0))])
    assert smooth.words("growing", "lr") == (
        f"growing vanishes at lr = {smooth.estimate:.4g} ({smooth.lo:g} to {smooth.hi:g} at 95 %); "
        f"smooth: from 10 % to 90 % within {smooth.width:.3g}"
    )


# Refinement.


def test_a_bracket_is_halved_on_its_axis():
    ends = [Point(1, 0, 16), Point(100, 16, 16)]
    for log, middle in ((False, 50.5), (True, 10)):
        assert next_points(ends, 0.01, log, 4) == [pytest.approx(middle)]
        assert next_points(ends, 98.9, log, 4) == [pytest.approx(middle)]
        assert next_points(ends, 99, log, 4) == []  # hi - lo, or hi / lo - 1


def test_among_undecided_points_the_wider_outer_gap_is_halved():
    have = [Point(0, 0, 16), Point(6, 8, 16), Point(7, 8, 16), Point(16, 16, 16)]
    assert next_points(have, 0.1, False, 4) == [11.5]
    assert next_points([*have, Point(9, 8, 16)], 0.1, False, 4) == [12.5]
    assert next_points([*have, Point(14, 8, 16)], 0.1, False, 4) == []  # smooth: half of it is undecided


def test_no_more_points_than_asked_and_the_widest_bracket_first():
    window = [Point(0, 0, 16), Point(2, 16, 16), Point(3, 16, 16), Point(8, 0, 16)]
    assert [next_points(window, 0.1, False, most) for most in (4, 1, 0)] == [[1, 5.5], [5.5], []]


def test_integers_only():
    assert next_points([Point(4, 0, 16), Point(9, 16, 16)], 0.1, False, 4, integer=True) in ([6], [7])
    assert next_points([Point(1, 0, 16), Point(3, 16, 16)], 0.1, True, 4, integer=True) == [2]
    assert next_points([Point(4, 0, 16), Point(5, 16, 16)], 0.1, False, 4, integer=True) == []
    rng = np.random.default_rng(0)
    for edge in range(2, 60):
        have = refine(lambda x, edge=edge: float(x >= edge), [1, 64], 16, 0.001, rng, log=True, integer=True)
        c = bracket_of(have, log=True)
        assert (c.lo, c.hi) == (edge - 1, edge)
        assert len(have) <= 2 + 8


def test_points_that_float32_cannot_tell_apart_are_not_proposed():
    a, b = np.float32(0.1), np.nextafter(np.float32(0.1), np.float32(1))
    assert next_points([Point(float(a), 0, 16), Point(float(b), 16, 16)], 1e-12, False, 4) == []


def test_a_sharp_threshold_is_found_to_one_percent_with_few_points():
    rng = np.random.default_rng(1)
    for _ in range(50):
        edge = math.exp(rng.uniform(-4, 2))
        have = refine(lambda x, edge=edge: float(x > edge), np.geomspace(0.01, 10, 9), 16, 0.01, rng, log=True)
        c = bracket_of(have, log=True)
        assert c.lo <= edge <= c.hi <= 1.01 * c.lo
        assert c.sharp
        assert c.width <= 0.01 * c.hi
        assert len(have) == 9 + 7  # a ratio of 10 ** (3 / 8) to 2 ** -7 of its logarithm


def test_both_edges_of_a_window_are_refined():
    have = refine(lambda x: float(2.34 < x < 5.67), np.arange(9.0), 16, 0.01, np.random.default_rng(2))
    for c, direction, edge in zip(bracket(have), ("appears", "vanishes"), (2.34, 5.67), strict=True):
        assert c.direction == direction
        assert c.lo <= edge <= c.hi <= c.lo + 0.01


def test_refinement_leaves_a_smooth_threshold_to_more_runs():
    rng = np.random.default_rng(3)
    widths = []
    for _ in range(50):
        at = rng.uniform(3, 7)
        have = refine(lambda x, at=at: expit((x - at) / 0.3), np.linspace(0, 10, 9), 32, 0.01, rng)
        c = bracket_of(have)
        assert len(have) <= 20
        assert c.smooth
        assert not c.sharp
        assert abs(c.estimate - at) < 0.3
        widths.append(c.width)
    assert np.median(widths) == pytest.approx(0.3 * 2 * math.log(9), rel=0.1)


# How often it errs.


@pytest.mark.parametrize("spread", [0.003, 0.1, 0.5])
def test_brackets_contain_the_threshold_also_after_refinement(spread):
    """Of 200 experiments at 95 %, 10 may be wrong; none is: the level is shared among all points, on the safe side."""
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(200):
        at = rng.uniform(3, 7)
        have = refine(lambda x, at=at: expit((x - at) / spread), np.linspace(0, 10, 9), 16, 0.05, rng)
        found = bracket(have)
        wrong += not (len(found) <= 1 and all(c.lo <= at <= c.hi and c.direction == "appears" for c in found))
    assert wrong <= 10


# What is said where no crossing is found.


@pytest.mark.parametrize("n_points, least", [(1, 5), (12, 8), (13, 9), (64, 11)])
def test_it_says_how_many_seeds_decide_a_point(n_points, least):
    """All or none of n runs have a probability of 2^-n at a rate of one half, and each point has its share of 5 %."""
    for n in (least - 1, least):
        points = [Point(float(i), 0 if i < n_points / 2 else n, n) for i in range(n_points)]
        said = no_crossing(points, "found")
        if n < least:
            assert said == (
                f"found: {n} seeds cannot decide a point among {n_points}; {least} would, where all or none have it"
            )
            assert not bracket(points)
        else:
            assert "seeds" not in said
            assert len(bracket(points)) == (n_points > 1)


def test_it_tells_undecided_points_from_a_rate_that_crosses_nowhere():
    low, middle = Point(1.0, 0, 16), Point(2.0, 7, 16)
    assert no_crossing([low, Point(2.0, 1, 16)], "growing") == "growing: its rate crosses one half nowhere here"
    assert (
        no_crossing([low, middle], "growing")
        == "growing: no crossing of one half is decided; at 1 of 2 points more seeds are needed"
    )
