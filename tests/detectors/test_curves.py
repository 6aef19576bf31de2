"""Ways of reading a curve that detectors share."""

import numpy as np
import pytest
from curves import T, autoregressive, bursts

from bestiary.detectors._curves import rise_width, rising, starting_level, sustained
from bestiary.detectors._excursions import excursions, median, without_spikes


@pytest.mark.parametrize(("holds", "first"), [
    ("0000", None),
    ("01111111", 1),
    ("0111011", 1),  # one dip in five
    ("0110011111", 5),  # two are too many
    ("0000111", None),  # two records ahead are too few to tell
    ("00001111", 4),
])  # fmt: skip
def test_sustained(holds, first):
    assert sustained(np.array([h == "1" for h in holds])) == first


def test_rising_is_judged_against_noise():
    noise = [0.1 * np.random.default_rng(seed).normal(size=T.size) for seed in range(100)]
    assert sum(rising(T, y, 0.01) for y in noise) <= 2
    assert sum(rising(T, y + T / 1000, 0.01) for y in noise) >= 98
    assert not rising(T, 0.01 * T / 1000, 0.05)


def test_starting_level():
    rng = np.random.default_rng(0)
    assert starting_level(np.where(T < 500, 2.0, 0.1) + 0.2 * rng.normal(size=T.size)) == pytest.approx(2, abs=0.05)
    assert starting_level(2 + 0.2 * rng.normal(size=T.size)) == pytest.approx(2, abs=0.05)


def test_rise_width():
    y = np.clip((T - 100) / 800, 0, 1)
    assert rise_width(T, y, 0.0, 950.0) == pytest.approx(np.log10(820 / 180), abs=0.01)
    assert rise_width(T, np.ones(T.size), 0.0, 0.0) == 0
    assert np.isnan(rise_width(T, np.where(T < 999, 0.0, 1.0), 0.0, 999.0))


def kinds(y, window=64):
    return [kind for *_, kind in excursions(y, window=window, z=6.0, floor=np.log(1.1))]


def test_kinds_of_excursions():
    up = bursts(T, [300, 500], fall=0)["loss"].values
    assert kinds(np.log(up)) == ["spike", "spike"]
    assert kinds(np.where(T == 400, 3.0, 0.0)) == ["outlier"]
    assert kinds(np.where(T < 400, 0.0, 3.0)) == ["shift"]
    assert kinds(np.where(T < 990, 0.0, 3.0)) == ["open"]


def test_a_spike_on_a_loss_that_falls_by_decades():
    """A fall of a factor of ten within the baseline is no spread: a spike of five records stands out from the line."""
    loss = np.exp(-T * np.log(10) / 64) * (1 + 4 * np.isin(T // 5, (40, 60, 80)))
    assert [(a, b, kind) for a, b, _, kind in excursions(np.log(loss), window=64, z=6.0, floor=np.log(1.1))] == [
        (at, at + 4, "spike") for at in (200, 300, 400)
    ]


@pytest.mark.parametrize("fall", [
    lambda: np.maximum(-T / 20, -12),  # ends at once
    lambda: -12 * (1 - np.exp(-T / 60)),
    lambda: -np.floor(T / 100),
    lambda: np.where(T < 500, -T / 50, -10 - (T - 500) / 500),
], ids=["to a floor", "exponential", "in steps", "with a kink"])  # fmt: skip
def test_a_fall_that_flattens_is_no_excursion(fall):
    assert kinds(fall()) == []
    noise = [fall() + 0.02 * np.random.default_rng(seed).normal(size=T.size) for seed in range(20)]
    assert sum(len(kinds(y)) for y in noise) <= 1


def test_where_a_fall_ends_in_noise_there_is_no_spike():
    """As with minibatches once the loss is small: the baseline is smooth, and what follows is not."""
    told = []
    for seed in range(20):
        floor = np.log(np.random.default_rng(seed).chisquare(4, size=T.size)) - 12
        told += kinds(np.logaddexp(-T / 15, floor))
    assert told.count("spike") <= 2 and told.count("noise") >= 10


def test_spikes_cut_off_and_what_is_no_spike_kept():
    loss = bursts(T, [300, 500], height=20, width=5, fall=0)["loss"].values
    cut = without_spikes(loss)
    assert cut.max() < 1.2 and (cut <= loss).all() and (cut[:300] == loss[:300]).all()
    catapult = np.where(T < 300, 1.0, np.where(T < 310, 5.0, 0.01))
    for y in (catapult, np.where(T < 300, 1.0, 5.0), loss - 1.0):
        np.testing.assert_array_equal(without_spikes(y), y)


def test_slow_swings_are_no_excursions():
    assert kinds(0.5 * np.sin(2 * np.pi * T / 250)) == []


@pytest.mark.parametrize("noise", [
    lambda rng: 0.05 * rng.standard_t(4, size=T.size),
    lambda rng: 0.1 * autoregressive(rng, T.size, 0.9),
    lambda rng: np.log(rng.chisquare(2, size=T.size)),
], ids=["Student-t", "autocorrelated", "batch of two"])  # fmt: skip
def test_noise_opens_fewer_than_one_excursion_in_ten_thousand_records(noise):
    events = [kind for seed in range(100) for kind in kinds(noise(np.random.default_rng(seed))) if kind != "outlier"]
    assert len(events) < 10


@pytest.mark.parametrize("size", [1, 2, 3, 8, 63, 64])
def test_the_median(size):
    x = np.random.default_rng(size).normal(size=size)
    assert median(x) == np.median(x)
    assert np.array_equal(median(np.stack([x, -x])), np.median([x, -x], axis=1))
