"""What the hump detector must find, must not, and must leave undecided."""

import numpy as np
import pytest
from curves import double_descent

from bestiary.detectors.hump import hump
from bestiary.log import Log, State

T = np.arange(1000.0)


def told(y, t=None, **thresholds):
    return hump(
        Log.of(np.arange(len(y), dtype=float) if t is None else t, test_loss=np.asarray(y, float)), **thresholds
    )


def test_measures_rise_fall_and_places():
    finding = told([2, 1.5, 1, 2, 4, 3, 2, 1, 0.5, 0.5])
    assert finding.found and finding.onset == 2
    effects = {name: effect.value for name, effect in finding.effects.items()}
    assert effects == pytest.approx({"rise": 4, "fall": 8, "misfit": 0, "peak": 4, "foot": 8})


@pytest.mark.parametrize(("height", "found"), [(1.45, False), (1.55, True)])
def test_least_height(height, found):
    assert hump(double_descent(T, height)[0]).found is found


def test_the_lower_flank_counts():
    assert not told(np.r_[np.linspace(1, 9, 20), np.linspace(9, 8, 20)]).found  # overfitting, hardly undone
    assert not told(np.r_[np.linspace(9, 10, 20), np.linspace(10, 1, 20)]).found  # a bump before the descent


def test_ends_falling():
    up, down = np.exp(np.linspace(0, 2, 50)), np.exp(np.linspace(2, 1.7, 50))
    assert told(np.r_[up, down]).state is State.UNDECIDED
    assert told(np.r_[up, np.full(50, up[-1])]).state is State.ABSENT


@pytest.mark.parametrize("seed", range(5))
def test_noise_does_not_hide_it(seed):
    assert hump(double_descent(T, noise=0.1, seed=seed)[0]).found


def test_random_walks_are_rarely_humps():
    found = 0
    for seed in range(200):
        walk = np.cumsum(np.random.default_rng(seed).normal(size=1000))
        found += told(np.exp(0.02 * walk)).found
    assert found <= 4


def test_a_third_descent_is_ragged():
    wave = np.exp(0.5 * np.sin(np.linspace(0, 6 * np.pi, 200)))
    assert not told(wave).found and told(wave).effects["misfit"].value > 0.03


def test_a_sharp_peak_of_a_short_sweep_survives():
    width = np.array([0.0, 10, 20, 30, 40, 50, 60, 80, 100, 200])
    finding = told([1.3, 0.8, 0.7, 0.9, 2, 30, 3, 1, 0.6, 0.4], width)
    assert finding.found and finding.effects["peak"].value == 50


def test_must_be_positive():
    assert told(np.r_[np.ones(10), 0.0]).state is State.NOT_APPLICABLE
