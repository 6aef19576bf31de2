"""What a cut gives beyond a trend, and how sure one can be of it."""

import numpy as np
import pytest
from curves import T, autoregressive, down_the_river, stepped

from bestiary.detectors._trends import beyond_trend
from bestiary.detectors.drop_beyond_trend import drop_beyond_trend
from bestiary.detectors.lr_drop import lr_drop
from bestiary.log import Log


def test_a_trend_is_taken_off():
    loss = 3 - 0.01 * T - 0.7 * (T >= 600)
    assert beyond_trend(loss, 0, 600, 1000)[0] == pytest.approx(0.7, abs=1e-9)
    assert beyond_trend(3 - 0.01 * T, 0, 600, 1000)[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_the_excess_of_noise_is_of_the_order_of_its_error(memory):
    """Without a drop excess over error is nearly standard normal, whatever the noise remembers."""
    rng = np.random.default_rng(0)
    z = np.array([np.divide(*beyond_trend(autoregressive(rng, 1000, memory), 0, 600, 1000)) for _ in range(200)])
    assert abs(z.mean()) < 0.25 and 0.8 < z.std() < 1.3


def test_a_curve_that_flattens_has_no_excess():
    assert beyond_trend(np.exp(-T / 200), 0, 600, 1000)[0] < 0


def test_a_loss_below_zero_is_read_where_a_share_means_nothing():
    log, onset = down_the_river(T)
    assert drop_beyond_trend(log, "loss").onset == onset
    assert lr_drop(log).state == "not applicable"


def test_cuts_are_counted():
    found = drop_beyond_trend(stepped(T)[0], "loss")
    assert found.onset == 500 and found.effects["count"].value == 2
    assert found.effects["cut"].value == pytest.approx(10)


def test_a_cut_just_before_the_end_is_undecided():
    assert drop_beyond_trend(stepped(T, (980,))[0], "loss").state == "undecided"


def test_a_rate_that_falls_smoothly_has_no_cut():
    log = Log.of(T, loss=down_the_river(T)[0]["loss"].values, lr=0.1 * np.exp(-T / 200))
    assert drop_beyond_trend(log, "loss").state == "absent"
