"""Ways of reading a curve that detectors share."""

import numpy as np
import pytest
from curves import T, autoregressive, bursts

from bestiary.detectors._curves import excursions, middle, rise_width, rising, starting_level, sustained


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
def test_the_middle_is_the_median(size):
    x = np.random.default_rng(size).normal(size=size)
    assert middle(x) == np.median(x)
