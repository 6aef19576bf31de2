import numpy as np
import pytest
from curves import NULLS, autoregressive, null, power

from bestiary.detectors.power_tail import power_tail
from bestiary.log import Log, State

T = np.arange(10_001.0)
EVENLY = np.r_[0.0, np.geomspace(1, 1e5, 150)]


@pytest.mark.parametrize("exponent", [-2.0, -1.0, -1 / 3, -0.1, 0.25, 0.5])
@pytest.mark.parametrize("t", [T, EVENLY], ids=["linear", "logarithmic"])
def test_the_exponent_is_that_of_the_curve(t, exponent):
    finding = power_tail(power(t, 20, exponent)[0])
    assert finding.found and finding.effects["exponent"].value == pytest.approx(exponent, rel=1e-9)


def test_the_limits_hold_the_exponent_as_often_as_they_say():
    """Of independent noise; of 400 tails, 95 % within four deviations."""
    inside = 0
    for seed in range(400):
        effects = power_tail(power(EVENLY, 20, -0.5, noise=0.1, seed=seed)[0]).effects
        inside += effects["exponent_low"].value <= -0.5 <= effects["exponent_high"].value
    assert abs(inside / 400 - 0.95) <= 4 * (0.95 * 0.05 / 400) ** 0.5


def test_a_floor_that_is_known_is_taken_off():
    y = 0.3 + np.maximum(EVENLY, 1) ** -0.5
    log = Log.of(EVENLY, value=y, floor=np.full(EVENLY.size, 0.3))
    assert power_tail(log).state is State.ABSENT
    finding = power_tail(log, floor="floor")
    assert finding.found and finding.effects["exponent"].value == pytest.approx(-0.5, abs=1e-9)


@pytest.mark.parametrize("name", ["power_law", "exponential", "linear", "staircase"])
def test_a_curve_that_is_below_its_floor_has_no_tail(name):
    t, y = null(name, ["value"])["value"]
    finding = power_tail(Log.of(t, value=y, floor=np.full(t.size, 2.0)), floor="floor")
    assert finding.state is State.ABSENT and "over its floor" in finding.reason


def test_what_is_between_a_power_and_an_exponential_is_told_by_its_bend():
    """exp(-t^g) is steeper by 10^(g / 2) in the later half."""
    for g, found in ((0.05, True), (0.1, True), (0.3, False), (1.0, False)):
        finding = power_tail(Log.of(EVENLY, value=np.exp(-(EVENLY**g))))
        assert finding.found is found, finding.reason


def test_a_geometric_tail_is_none():
    """Also one of many rates, if they end."""
    rates = np.geomspace(1e-4, 1, 20)
    y = np.exp(-np.outer(EVENLY, rates)) @ rates**0.5
    assert power_tail(Log.of(EVENLY, value=y)).state is State.ABSENT
    assert power_tail(Log.of(EVENLY, value=0.999**EVENLY)).state is State.ABSENT


def test_a_walk_is_seldom_taken_for_one():
    found = sum(power_tail(null("random_walk", ["value"], seed)).found for seed in range(200))
    assert found <= 4


def test_noise_on_no_slope_has_none():
    for seed in range(50):
        x = np.exp(0.3 * autoregressive(np.random.default_rng(seed), T.size, 0.95))
        assert not power_tail(Log.of(T, value=x)).found


def test_a_tail_in_too_much_noise_is_undecided():
    seen = {power_tail(power(EVENLY, 20, -0.2, noise=0.5, seed=seed)[0]).state for seed in range(40)}
    assert State.UNDECIDED in seen


def test_less_than_a_decade_is_undecided():
    t = np.arange(400.0, 1000.0)
    assert power_tail(Log.of(t, value=t**-0.5)).state is State.UNDECIDED
    few = np.r_[1.0, np.linspace(90, 100, 40)]
    assert power_tail(Log.of(few, value=few**-0.5)).state is State.UNDECIDED


@pytest.mark.parametrize("name", sorted(set(NULLS) - {"power_law", "random_walk", "empty", "nan_tail"}))
def test_no_floor_below_makes_a_tail_of_a_null(name):
    """Half of the least value, so that most of the curve stays."""
    t, y = null(name, ["value"])["value"]
    log = Log.of(t, value=y, floor=np.full(t.size, y.min() / 2))
    assert not power_tail(log, floor="floor").found
