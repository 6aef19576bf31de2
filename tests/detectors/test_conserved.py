"""Pitfalls of conserved: a balance that was never put to the test, and one that leaks."""

import numpy as np
import pytest
from curves import NULLS, T, balance, null

from bestiary.detectors.conserved import conserved
from bestiary.log import Log, State


def test_the_worst_leak_is_measured():
    f = conserved(balance(T, leak=0.02))
    assert f.found and f.effects["worst"].value == pytest.approx(0.02)
    assert f.effects["drifted"].value == pytest.approx(0.02 * f.effects["exchanged"].value)
    assert conserved(balance(T, leak=0.06)).state is State.ABSENT
    assert conserved(balance(T, leak=-0.06)).state is State.ABSENT


def test_a_balance_that_recovers_was_not_kept():
    leak = 0.5 * np.exp(-(((T - 500) / 20) ** 2))
    f = conserved(Log.of(T, drift=leak, exchange=1 - np.exp(-T / 100)))
    assert f.state is State.ABSENT and "step 500" in f.reason


def test_exchange_may_return():
    assert conserved(Log.of(T, drift=0.004 * np.ones(T.size), exchange=np.abs(np.sin(T / 50)))).found


def test_what_hardly_moves_is_undecided():
    f = conserved(Log.of(T, drift=np.zeros(T.size), exchange=0.09 * T / T[-1]))
    assert f.state is State.UNDECIDED and f.effects["exchanged"].value == pytest.approx(0.09)


def test_two_axes():
    t = np.arange(0.0, 1000, 50)
    log = Log({"drift": (t, 0.01 * (1 - np.exp(-t / 100))), "exchange": (T, 1 - np.exp(-T / 100))})
    assert conserved(log).found


@pytest.mark.parametrize("name", sorted(set(NULLS) - {"empty", "nan_tail"}))
def test_no_null_is_a_conserved_drift(name):
    for seed in range(5):
        t, y = null(name, ["drift"], seed)["drift"]
        assert conserved(Log.of(t, drift=y, exchange=1 - np.exp(-t / 100))).state is State.ABSENT
