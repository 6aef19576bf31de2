"""Pitfalls of plateau_escape: what it must find, must not, and must leave undecided."""

import math

import numpy as np
import pytest
from curves import T, escape, sigmoid

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.log import Log, State


@pytest.mark.parametrize(("name", "value"), [("exponential", 0.048), ("linear", 0.125)])
def test_plateau_ratio_of_textbook_decays(name, value):
    t = np.arange(5000.0)
    loss = {"exponential": np.exp(-t / 400), "linear": 1 - t / 4999}[name]
    f = plateau_escape(Log.of(t, loss=loss), level=1.0)
    assert f.effects["plateau_ratio"].value == pytest.approx(value, abs=0.002)
    assert f.state is State.ABSENT
    assert plateau_escape(Log.of(t, loss=loss)).effects["plateau_ratio"].value < 0.5, "nor with a level of its own"


def test_times_of_a_logistic_drop():
    f = plateau_escape(escape(T, 600, 10))
    middle = 600 - 10 * math.log(4)
    assert f.effects["t10"].value == pytest.approx(middle - 10 * math.log(9), abs=2)
    assert f.effects["t90"].value == pytest.approx(middle + 10 * math.log(9), abs=2)
    assert f.effects["drop"].value == pytest.approx(1, abs=1e-3)
    assert [span.label for span in f.spans] == ["plateau", "drop"]


@pytest.mark.parametrize("level", [None, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_minibatch_noise_does_not_hide_a_drop(seed, level):
    f = plateau_escape(escape(T, 600, 10, noise=0.2, seed=seed), level=level)
    assert f.found, f.reason
    assert abs(f.onset - 600) <= 5
    assert 12.6 / 1.5 < f.effects["plateau_ratio"].value < 12.6 * 1.5  # 12.6 without noise


def test_still_on_the_plateau_is_undecided():
    for noise in (0.0, 0.2):
        f = plateau_escape(escape(T, 5000, 10, noise=noise))
        assert (f.state, f.phase) == (State.UNDECIDED, "plateau"), f.reason


@pytest.mark.parametrize("end", [580, 600, 604])
def test_undecided_while_it_falls(end):
    t = T[: end + 1]
    assert plateau_escape(escape(t, 600, 20)).state is State.UNDECIDED


def test_undecided_if_only_two_records_see_the_end():
    t = np.arange(0.0, 1000.0, 50.0)
    loss = np.where(t < 900, 1.0, 0.01)
    assert plateau_escape(Log.of(t, loss=loss)).state is State.UNDECIDED
    assert plateau_escape(Log.of(t[:-2], loss=np.where(t < 700, 1.0, 0.01)[:-2])).found


def test_a_shallow_fall_that_goes_on_is_undecided():
    assert plateau_escape(Log.of(T, loss=1 - 0.3 * T / 1000)).state is State.UNDECIDED


def test_a_shallow_drop_is_absent():
    assert plateau_escape(Log.of(T, loss=1 - 0.4 * sigmoid((T - 500) / 8))).state is State.ABSENT


def test_a_loss_that_comes_back_is_absent():
    loss = 1 - 0.95 * sigmoid((T - 500) / 5) * sigmoid((600 - T) / 5)
    f = plateau_escape(Log.of(T, loss=loss))
    assert f.state is State.ABSENT and "came back" in f.reason


def test_growth_without_bound_is_divergence():
    assert plateau_escape(Log.of(T, loss=np.exp(np.maximum(0, T - 900)))).state is State.DIVERGED


def test_a_hump_is_no_plateau():
    loss = 1 + 2 * np.exp(-(((T - 400) / 150) ** 2)) - 0.98 * sigmoid((T - 800) / 8)
    f = plateau_escape(Log.of(T, loss=loss), level=1.0)
    assert f.state is State.ABSENT


@pytest.mark.parametrize("time", [5, 40])
def test_start_up_transient_above_the_plateau(time):
    clean = escape(T, 600, 10)
    f = plateau_escape(Log.of(T, loss=clean["loss"].values * (1 + 4 * np.exp(-T / time))), level=1.0)
    assert f.found and abs(f.onset - 600) <= 2


def test_the_way_down_to_the_level_is_no_plateau():
    slow = plateau_escape(Log.of(T, loss=1000 * np.exp(-T / 50)), level=1.0)
    assert slow.state is State.ABSENT


def test_spikes_on_the_plateau_do_not_count():
    loss = escape(T, 600, 10)["loss"].values + 30 * (T % 97 == 50)
    f = plateau_escape(Log.of(T, loss=loss))
    assert f.found and abs(f.onset - 600) <= 2


def test_the_witness_must_grow_and_in_time():
    log = escape(T, 600, 10)
    f = plateau_escape(log, witness="attention", level=1.0)
    assert f.found and f.effects["witness_half"].value == pytest.approx(600 - 10 * math.log(4), abs=2)
    assert f.effects["witness_growth"].value == pytest.approx(64, rel=0.05)
    early = 1 / 64 + sigmoid((T - 100) / 5)
    idle = np.full(T.size, 1 / 64)
    late = 1 / 64 + sigmoid((T - 900) / 5)
    little = 1 / 64 + 2 / 64 * sigmoid((T - 590) / 5)
    for attention in (early, idle, late, little, 0 * T, -early):
        f = plateau_escape(Log({"loss": log["loss"], "attention": (T, attention)}), witness="attention")
        assert f.state is State.ABSENT and "attention" in f.reason
    assert plateau_escape(log, witness="focus").state is State.NOT_APPLICABLE
    lost = Log({"loss": log["loss"], "attention": (T, np.nan * T)})
    assert plateau_escape(lost, witness="attention").state is State.DIVERGED


def test_the_witness_may_be_read_rarely():
    log, rare = escape(T, 650, 3), T[::100]
    witness = escape(rare, 650, 3)["attention"]
    f = plateau_escape(Log({"loss": log["loss"], "attention": witness}), witness="attention")
    assert f.found and f.effects["witness_half"].value == 700


def test_a_plateau_needs_a_positive_level():
    assert plateau_escape(Log.of(T, loss=-1 - T)).state is State.NOT_APPLICABLE
    assert plateau_escape(Log.of(T[:5], loss=1 - T[:5] / 5)).state is State.UNDECIDED


def test_spikes_that_cover_stretches_of_the_plateau_do_not_count():
    loss = escape(T, 800, 10)["loss"].values * (1 + 20 * ((T >= 310) & (T < 380) | (T >= 610) & (T < 680)))
    f = plateau_escape(Log.of(T, loss=loss))
    assert f.found and abs(f.onset - 800) <= 2, f.reason


def test_a_peak_from_which_the_loss_falls_is_no_spike_on_a_plateau():
    loss = escape(T, 600, 10)["loss"].values * (1 + 20 * (np.abs(T - 540) < 40))
    assert plateau_escape(Log.of(T, loss=loss)).state is State.ABSENT


def test_onset_without_a_deep_drop_is_the_end_of_the_drop():
    f = plateau_escape(Log.of(T, loss=1 - 0.7 * sigmoid((T - 600) / 10)))
    assert f.found and f.onset == f.effects["t90"].value


def test_the_top_of_an_overshoot_is_no_plateau():
    """Losses of gradient descent at almost twice its stable step: up two decades in jumps, then down for good."""
    jumps = [0.61, 4.8, 35.5, 177.0, 1.09, 3.24, 9.05, 20.8, 27.4, 8.3]
    loss = np.r_[jumps, 8.3 * 0.07 ** np.arange(1.0, 40)]
    found = plateau_escape(Log.of(np.arange(loss.size), loss=loss))
    assert found.state is State.ABSENT and "restless" in found.reason
