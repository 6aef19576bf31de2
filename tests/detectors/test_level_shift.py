"""A jump that is not made good."""

import numpy as np
import pytest
from curves import T, blown_up, jumped, one_spike

from bestiary.detectors.level_shift import level_shift
from bestiary.log import Log


@pytest.mark.parametrize("seed", range(3))
def test_a_jump_in_noise(seed):
    noise = np.exp(0.03 * np.random.default_rng(seed).normal(size=1000))
    f = level_shift(Log.of(T, loss=jumped(T)[0]["loss"].values * noise))
    assert f.found and f.onset == 500 and abs(f.effects["height"].value - 2) < 0.2


def test_a_spike_a_jump_that_comes_back_and_a_slow_rise_are_none():
    assert not level_shift(one_spike(T, 500, 3.0, 100)[0]).found
    back = (1 + 9 * np.exp(-T / 100)) * np.where((T > 300), 1 + np.exp(-(T - 300) / 50), 1)
    assert not level_shift(Log.of(T, loss=back)).found
    assert not level_shift(Log.of(T, loss=np.where(T < 400, 1.0, np.minimum(1 + (T - 400) / 200, 2)))).found


def test_a_run_that_is_lost_by_it_is_told_as_lost():
    f = level_shift(blown_up(T)[0])
    assert not f.found and "lost" in f.reason


def test_the_learning_rate_may_explain_it():
    log = jumped(T)[0]
    both = Log.of(T, loss=log["loss"].values, lr=np.where(T < 500, 0.01, 0.1))
    assert "the learning rate rises 10-fold there" in level_shift(both, lr="lr").reason


def test_below_zero_a_jump_is_told_against_what_was_gained():
    loss = np.exp(-T / 200) - 9 + np.where(T < 500, 0, 0.6)
    f = level_shift(Log.of(T, loss=loss))
    assert f.found and f.onset == 500
