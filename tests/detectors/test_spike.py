"""One spike, low spikes, narrow ones; and what announced them."""

import numpy as np
import pytest
from curves import T, one_spike

from bestiary.detectors.spike import spike
from bestiary.log import Log


def test_one_is_enough_and_is_measured():
    f = spike(one_spike(T, 600, 1.6, 8)[0])
    assert f.found and f.onset == 600 and f.reason.startswith("1 spike at step 600: ")
    assert f.effects["height"].value == pytest.approx(1.6, rel=0.02) and f.effects["width"].value == 8


def test_low_spikes_of_a_language_model():
    rng = np.random.default_rng(0)
    k = np.arange(900)
    loss = (2.4 + 6 * (1 + k / 30) ** -1.0) * np.exp(0.01 * rng.normal(size=900))
    for at in (400, 560, 740):
        loss += 1.5 * np.where(k >= at, np.exp(-(k - at) / 8), 0)
    f = spike(Log.of(100.0 * k, loss=loss))
    assert f.effects["count"].value == 3 and f.onset == 40000 and "3 spikes, at steps 40000, 56000, 74000" in f.reason


def test_a_run_that_ends_within_one():
    f = spike(Log.of(T, loss=np.where(T < 988, 1 + np.exp(-T / 100), 4.0)))
    assert f.onset == 988 and "has not come back when the log ends" in f.reason


def test_one_record_counts_if_it_is_far_out_and_rare():
    rng = np.random.default_rng(0)
    quiet = np.exp(0.02 * rng.normal(size=1000))
    assert spike(Log.of(T, loss=np.where(T == 500, 40, 1) * quiet)).onset == 500
    assert not spike(Log.of(T, loss=np.where(T == 500, 1.5, 1) * quiet)).found


def test_many_of_one_record_count_if_they_stand_out_from_all_others():
    quiet = np.exp(0.02 * np.random.default_rng(0).normal(size=1000))
    comb = np.where((T > 400) & (T % 20 == 0), 5, 1) * quiet
    assert spike(Log.of(T, loss=comb)).effects["count"].value == 29
    for seed in range(5):
        tails = np.exp(0.1 * np.random.default_rng(seed).standard_t(1.5, size=1000).clip(-20, 20))
        assert spike(Log.of(T, loss=tails)).effects["count"].value < 10


@pytest.mark.parametrize("height", [1.6, 2.5])
def test_one_that_takes_long_to_come_back_is_no_restart(height):
    back = np.where((T >= 500) & (T < 650), 1 - (T - 500) / 150, 0)
    noise = np.exp(0.02 * np.random.default_rng(0).normal(size=T.size))
    f = spike(Log.of(T, loss=(2 + 6 * np.exp(-T / 80)) * (1 + (height - 1) * back) * noise))
    assert f.found and f.onset == pytest.approx(500, abs=5)


def test_a_warm_restart_is_no_spike():
    lr = 0.5 * (1 + np.cos(np.pi * (T % 400) / 400))
    loss = (1 + np.exp(-T / 100)) * (1 + 0.8 * lr)
    assert spike(Log.of(T, loss=loss)).found
    assert not spike(Log.of(T, loss=loss, lr=lr), lr="lr").found


@pytest.mark.parametrize(("lead", "word"), [(3, "grows 20-fold before it"), (0, "grows 20-fold with it")])
def test_the_gradient_norm_that_announced_it_is_told(lead, word):
    log = one_spike(T)[0]
    grad = np.where((T >= 600 - lead) & (T < 606), 20.0, 1.0)
    f = spike(Log.of(T, loss=log["loss"].values, grad_norm=grad), cause="grad_norm")
    assert word in f.reason and f.effects["cause"].value == 20
    still = spike(Log.of(T, loss=log["loss"].values, grad_norm=np.ones(1000)), cause="grad_norm")
    assert "does not grow" in still.reason


def test_a_short_run_is_read_over_a_shorter_baseline():
    k = np.arange(80.0)
    assert spike(Log.of(k, loss=np.where((k >= 50) & (k < 54), 3.0, 1.0))).onset == 50
