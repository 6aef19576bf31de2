"""Pitfalls of settles_at: where a curve comes from, how near it gets, and how long it stays."""

import numpy as np
import pytest
from curves import NULLS, T, null, settling

from bestiary.detectors.settles_at import settles_at
from bestiary.log import Log, State


def against(curve, level, t=T):
    return settles_at(Log.of(t, value=curve, level=np.full(t.size, level)))


def test_settling_is_measured():
    f = settles_at(settling(T, 300))
    assert f.found and f.onset == pytest.approx(300, abs=2)
    assert f.effects["settled_over_level"].value == pytest.approx(1, abs=1e-3)
    assert [(span.start, span.stop) for span in f.spans] == [(f.onset, T[-1])]
    low = against(3 - 2 * np.exp(-T / 100), 3.05)
    assert low.found and low.effects["settled_over_level"].value == pytest.approx(3 / 3.05, abs=1e-3)
    assert low.effects["distance"].value == pytest.approx(-0.05 / 2.05, abs=1e-3)


def test_noise_does_not_hide_a_level():
    assert all(settles_at(settling(T, 300, noise=0.05, seed=seed)).found for seed in range(5))


def test_two_axes_and_a_moving_level():
    t = np.arange(0.0, 1000, 7)
    log = Log({"value": (T, 3 - 2 * np.exp(-T / 50)), "level": (t, 3 + 0.05 * np.sin(t / 50))})
    assert settles_at(log).found


def test_a_count_settles_on_zero_only_exactly():
    count = np.repeat([4.0, 2, 1, 0], 250)[: T.size]
    assert against(count, 0.0).state is State.UNDECIDED  # it arrives in the last quarter of the run
    assert against(np.where(T < 300, count, 0), 0.0).found
    assert not against(np.exp(-T / 20), 0.0).found


def test_a_start_at_the_level_answers_nothing():
    for curve in (np.ones(T.size), 1 + 0.5 * np.sin(T / 50), np.where(T < 500, 1, 2)):
        assert against(curve, 1.0).state is State.NOT_APPLICABLE


def test_half_way_or_past_the_level_is_not_there():
    stuck = against(1 + np.exp(-T / 50), 0.5)
    assert stuck.state is State.ABSENT and "no nearer" in stuck.reason
    assert stuck.effects["settled_over_level"].value == pytest.approx(2, abs=1e-3)
    # Within a twentieth of the level, but not of the way to it: a loss that hardly falls has not reached its floor.
    assert against(2.3 - 0.1 * (1 - np.exp(-T / 50)), 2.18).state is State.ABSENT
    assert against(np.exp(-T / 50), 0.2).state is State.ABSENT  # passes through
    assert against(1 + 0.3 * T / T[-1], 1.3).state is State.UNDECIDED  # arrives as the run ends


def test_a_curve_on_its_way_is_undecided():
    assert against((1 + T) ** -0.5, 0.001).state is State.UNDECIDED
    assert against(3 - 2 * np.exp(-T / 1000), 3.0).state is State.UNDECIDED


@pytest.mark.parametrize("name", sorted(set(NULLS) - {"empty", "nan_tail"}))
def test_no_null_settles_on_what_it_passes(name):
    for seed in range(5):
        t, y = null(name, ["value"], seed)["value"]
        level = np.interp(0.4 * t[-1], t, y)
        f = settles_at(Log.of(t, value=y, level=np.full(t.size, level)))
        end = np.median(y[t > 0.8 * t[-1]])
        assert not f.found or abs(end - level) <= 0.05 * abs(level), f.reason


def test_a_curve_that_is_there_but_for_its_first_record_is_there_from_the_start():
    t = np.arange(31.0)
    f = settles_at(Log.of(t, value=np.where(t == 0, 5.0, 1.0), level=np.ones(31)))
    assert f.state is State.FOUND
    assert f.onset == 0
