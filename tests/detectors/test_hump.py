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


def grok(spiked=True):
    """A test loss that rises as the train data are memorised, and later two instabilities of both losses."""
    t = np.arange(2000.0)
    train = 5 * np.exp(-t / 20) + 1e-5
    test = np.where(t < 900, 5 + 15 * (1 - np.exp(-t / 60)), 20 * np.exp(-(t - 900) / 60) + 1e-4)
    for at in (1500, 1800) if spiked else ():
        up = np.where(t >= at, 8 * np.exp(-(t - at) / 15), 0.0)
        train, test = train + up, test + up
    return Log.of(t, test_loss=test, train_loss=train)


def test_an_instability_of_both_losses_is_looked_past():
    plain, known = hump(grok()), hump(grok(), train="train_loss")
    assert not (plain.found and plain.effects["peak"].value < 1000)  # the largest peak is one of them
    assert known.found and known.onset < 20 and 200 < known.effects["peak"].value < 900
    assert known.effects["rise"].value == pytest.approx(4, rel=0.1)


def test_an_instability_alone_is_no_hump():
    t = np.arange(1000.0)
    up = np.where(t >= 600, 3 * np.exp(-(t - 600) / 40), 0)
    log = Log.of(t, test_loss=1e-3 + 5 * np.exp(-t / 50) + up, train_loss=1e-4 + 5 * np.exp(-t / 40) + up)
    assert hump(log).found and not hump(log, train="train_loss").found


def test_one_record_is_no_hump_beside_a_train_loss():
    t = np.arange(24.0)
    test = 2.2 - t / 100 + 3 * (t == 1)
    log = Log.of(t, test_loss=test, train_loss=1.9 - t / 80)
    assert hump(log).found and not hump(log, train="train_loss").found
