"""Stairs at the starts of epochs, and other stairs."""

import numpy as np
import pytest

from bestiary.detectors.epoch_stairs import epoch_stairs
from bestiary.log import Log

K = np.arange(600)
NOISE = np.exp(0.04 * np.random.default_rng(0).normal(size=600))


@pytest.mark.parametrize("epochs", [3, 4, 6])
def test_stairs_in_noise(epochs):
    loss = 1.2 * 0.7 ** (K * epochs // 600) * NOISE
    f = epoch_stairs(Log.of(K + 1.0, loss=loss))
    assert f.found and abs(f.onset - 600 / epochs) <= 3 and f.effects["count"].value == epochs - 1
    assert abs(f.effects["drop"].value - 0.3) < 0.05 and "start of each epoch" in f.reason


def test_uneven_stairs_one_stair_and_a_slope_are_none():
    uneven = 1.2 * 0.7 ** sum((K >= at).astype(int) for at in (100, 150, 420))
    assert not epoch_stairs(Log.of(K, loss=uneven * NOISE)).found
    assert not epoch_stairs(Log.of(K, loss=1.2 * 0.7 ** (K >= 300) * NOISE)).found
    assert not epoch_stairs(Log.of(K, loss=np.exp(-K / 200) * NOISE)).found


def test_a_rate_that_is_cut_there_explains_them():
    stairs, rate = 1.2 * 0.7 ** (K // 200), 0.1 ** (1.0 + K // 200)
    log = Log.of(K, loss=stairs * NOISE, lr=rate)
    assert epoch_stairs(log).found and not epoch_stairs(log, lr="lr").found
