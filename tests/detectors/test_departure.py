"""What the detector of departure says of runs that fit with and without moving, and of runs that do not fit."""

import numpy as np
import pytest

from bestiary.detectors.departure import departure
from bestiary.log import Log, State

T = np.arange(1000.0)


@pytest.mark.parametrize(("moved", "phase"), [(0.06, "rich"), (0.03, "rich"), (0.019, "lazy"), (0.001, "lazy")])
def test_distance_when_fitted_decides(moved, phase):
    log = Log.of(T, train_loss=np.exp(-T / 50), kernel_distance=moved * (1 - np.exp(-T / 20)))
    finding = departure(log)
    assert finding.phase == phase and finding.found is (phase == "rich")
    assert finding.effects["distance"].value == pytest.approx(moved, rel=1e-3)
    assert finding.effects["t_fitted"].value == 150


def test_moving_after_the_fit_is_lazy():
    log = Log.of(T, train_loss=np.where(T < 100, 1.0, 0.01), kernel_distance=np.where(T < 500, 1e-4 * T / 500, 0.1))
    finding = departure(log)
    assert finding.phase == "lazy" and finding.effects["final_distance"].value == pytest.approx(0.1)


def test_moving_without_a_fit_is_undecided():
    log = Log.of(T, train_loss=1 - 0.9 * T / 999, kernel_distance=0.5 * T / 999)
    finding = departure(log)
    assert finding.state is State.UNDECIDED and "t_fitted" not in finding.effects


def test_distance_is_read_between_its_own_records():
    far = T[::100]
    log = Log({"train_loss": (T, np.where(T < 250, 1.0, 0.01)), "kernel_distance": (far, 1e-4 * far)})
    assert departure(log).effects["distance"].value == pytest.approx(0.025)


def test_a_distance_begins_at_zero():
    log = Log.of(T, train_loss=np.exp(-T / 50), kernel_distance=0.1 + T / 1000)
    assert departure(log).state is State.NOT_APPLICABLE
