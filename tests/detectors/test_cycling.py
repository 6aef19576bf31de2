"""Pitfalls of cycling: spirals, doubled periods, noise, and what only seems to come back."""

import numpy as np
import pytest
from curves import T, orbit

from bestiary.detectors.cycling import cycling
from bestiary.log import Log, State


@pytest.mark.parametrize("growth", [-0.02, 0.0, 0.3])
@pytest.mark.parametrize("period", [7.3, 31.4, 100.0])
def test_period_and_growth_are_measured(growth, period):
    f = cycling(orbit(T, 20, period, growth), kept=0.3)
    assert f.found and f.effects["period"].value == pytest.approx(period, rel=0.01)
    assert f.effects["growth_per_cycle"].value == pytest.approx(np.exp(growth), rel=0.02)


def test_a_spiral_inwards_comes_to_rest():
    f = cycling(orbit(T, 20, 50, growth=-0.2))
    assert f.state is State.ABSENT and "comes to rest" in f.reason
    assert f.effects["period"].value == pytest.approx(50, rel=0.01)
    assert cycling(Log.of(T, value=2 + np.exp(-T / 5))).state is State.ABSENT


@pytest.mark.parametrize("seed", range(5))
def test_a_cycle_in_noise(seed):
    f = cycling(orbit(T, 20, 40, noise=0.1, seed=seed))
    assert f.found and f.effects["period"].value == pytest.approx(40, rel=0.03)


def test_a_period_is_told_from_its_double():
    for points, period in (([1, 2], 2), ([1, 2, 1.1, 1.9], 4), ([1, 2, 1.01, 1.99], 4)):
        x = np.resize(np.array(points, float), T.size)
        assert cycling(Log.of(T, value=x), tolerance=1e-6).effects["period"].value == pytest.approx(period, rel=1e-3)
    assert cycling(Log.of(T, value=np.resize([1, 2, 1.01, 1.99], T.size))).effects["period"].value == pytest.approx(
        2, rel=0.01
    )


def test_too_few_turns_are_undecided():
    assert cycling(orbit(T, 20, 250)).state is State.UNDECIDED
    assert cycling(Log.of(T[:20], value=np.sin(T[:20]))).state is State.UNDECIDED


def test_chaos_does_not_come_back():
    x = np.empty(T.size)
    x[0] = 0.3
    for i in range(1, x.size):
        x[i] = 3.9 * x[i - 1] * (1 - x[i - 1])
    assert cycling(Log.of(T, value=x)).state is State.ABSENT


def test_rounding_is_rest():
    assert cycling(Log.of(T, value=1 + 1e-8 * (-1) ** T)).state is State.ABSENT
