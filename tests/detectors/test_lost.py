"""Runs that are lost for good, and those that only look like it."""

import numpy as np
import pytest
from curves import blown_up

from bestiary.detectors.lost import lost
from bestiary.log import Log, State

T = np.arange(1000.0)
RNG = np.random.default_rng(0)


def noisy(loss, size=0.02):
    return loss * np.exp(size * RNG.normal(size=loss.size))


def test_a_language_model_need_not_rise_to_a_multiple_of_where_it_began():
    f = lost(Log.of(T, loss=noisy(np.where(T < 600, 3.3 + 7 * np.exp(-T / 60), 7.3))))
    assert f.found and abs(f.onset - 600) <= 3 and f.effects["given_up"].value == pytest.approx(4 / 7, abs=0.05)


def test_a_loss_of_any_sign():
    below = np.where(T < 600, -5 + 7 * np.exp(-T / 60), 0.0)
    assert lost(Log.of(T, loss=below)).onset == 600


def test_a_run_that_fitted_within_three_records_is_judged_by_its_first():
    loss = np.r_[3.1, 0.4, 0.01, np.full(600, 0.006), np.full(397, 0.25)]
    assert lost(Log.of(T, loss=loss)).state is State.ABSENT


def test_a_run_whose_accuracy_is_whole_is_not_lost():
    log = blown_up(T, 600, 0.0001, 9.0)[0]
    whole = Log.of(T, loss=log["loss"].values, train_acc=np.minimum(T / 100, 1.0))
    assert lost(whole).found and not lost(whole, accuracy="train_acc").found


def test_chance_is_named_by_the_accuracy():
    loss = np.where(T < 600, 5.19 * np.exp(-T / 20), np.log(113))
    log = Log.of(T, loss=loss, train_acc=np.where(T < 600, 1.0, 1 / 113))
    f = lost(log, accuracy="train_acc")
    assert f.onset == 600 and "ln 113, what guessing among 113 classes gives" in f.reason
    alone = lost(Log.of(T, loss=np.where(T < 600, 5.19 * np.exp(-T / 20), 5.1)))
    assert "what was learned is gone" in alone.reason


def test_what_comes_back_or_has_only_just_risen():
    back = np.where((T >= 600) & (T < 700), 7.3, 3.3 + 7 * np.exp(-T / 60))
    assert lost(Log.of(T, loss=back)).state is State.ABSENT
    f = lost(Log.of(T, loss=np.where(T < 955, 3.3 + 7 * np.exp(-T / 60), 7.3)))
    assert f.state is State.UNDECIDED and "only for the last 45 records" in f.reason


def test_what_rises_from_its_first_records_on_was_never_anywhere():
    assert not lost(Log.of(T, loss=np.minimum(T / 50, 1))).found


def test_what_grows_from_its_first_record_on():
    assert lost(Log.of(T, loss=5.5 * np.exp(T / 10))).found


def test_a_test_loss_has_to_jump():
    """A slow rise of the test loss is overfitting."""
    slow = np.where(T < 300, 2 - T / 300, 1 + (T - 300) / 100)
    jump = np.where(T < 300, 2 - T / 300, 8.0)
    assert lost(Log.of(T, test_loss=slow), "test_loss").found
    assert not lost(Log.of(T, test_loss=slow), "test_loss", sudden=0.5, times=3).found
    assert lost(Log.of(T, test_loss=jump), "test_loss", sudden=0.5, times=3).onset == 300


def test_what_grows_without_bound_is_far_off_long_before_it_ends():
    loss = np.r_[np.linspace(2, 1, 10), 3, 10, 1e3, 1e5, 1e7, 1e8, 1e9, 1e10, 1e10, 1e10]
    assert lost(Log.of(np.arange(20.0), loss=loss)).onset == 10
