"""Log growth: growth without margin, margin without growth, and growth that is no logarithm."""

import numpy as np
import pytest
from curves import widening

from bestiary.detectors.log_growth import log_growth
from bestiary.log import Log, State

T = np.r_[0.0, np.geomspace(1, 1e5, 300)]
LOG, UP = 2 * np.log1p(T), 1 - 0.5 / np.maximum(T, 1)


def found(norm, margin):
    return log_growth(Log.of(T, weight_norm=norm, margin=margin))


def test_the_slope_is_that_of_the_logarithm():
    finding = found(LOG, UP)
    assert finding.found
    assert finding.effects["slope"].value == pytest.approx(2, rel=1e-3)
    assert finding.onset == T[np.argmax(UP >= 0.9)]


@pytest.mark.parametrize(
    "norm",
    [np.minimum(LOG, 10), T**0.25, np.sqrt(T), LOG[::-1], np.log1p(np.log1p(T)), 5 - 4 / (1 + T / 1e4)],
    ids=["stops", "fourth root", "root", "shrinks", "double logarithm", "saturates"],
)
def test_another_growth_is_none_however_wide_the_margin(norm):
    assert found(norm, UP).state is State.ABSENT


def test_a_margin_that_stays_narrow_is_none_however_the_norm_grows():
    assert found(LOG, np.minimum(UP, 0.7)).state is State.ABSENT


def test_a_margin_that_still_rises_is_undecided():
    assert found(LOG, 0.2 + 0.04 * np.log1p(T)).state is State.UNDECIDED


def test_a_run_cut_off_before_the_margin_is_up_is_undecided():
    whole = widening(T, 2e4)
    cut = Log({name: (t[t < 1e3], y[t < 1e3]) for name, (t, y) in whole.channels.items()})
    assert log_growth(whole).found
    assert not log_growth(cut).found
