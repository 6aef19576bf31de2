"""What the detector of a collapse after the fit must find, must not, and must leave undecided."""

import numpy as np
import pytest
from curves import T, collapsing

from bestiary.detectors.collapse_after_fit import collapse_after_fit
from bestiary.log import Log, State


def with_(log, **channels):
    return Log({**log.channels, **{name: (T, np.asarray(y, float)) for name, y in channels.items()}})


LOG = collapsing(T)[0]


def test_measures_the_fall_since_the_fit():
    finding = collapse_after_fit(LOG)
    assert finding.found and finding.effects["t_fit"].value == 20
    assert finding.effects["fall"].value == pytest.approx(1e4, rel=0.01)
    assert finding.effects["final_deviation"].value == 0.01


@pytest.mark.parametrize(("fall", "found"), [(9.0, False), (11.0, True)])
def test_least_fall(fall, found):
    finding = collapse_after_fit(collapsing(T, fall)[0])
    assert finding.found is found and (found or finding.state is State.ABSENT)


def test_what_falls_before_the_fit_does_not_count():
    early = np.where(T < 20, 1.0 - 0.0495 * T, 0.01)
    assert collapse_after_fit(with_(LOG, spread=early)).state is State.ABSENT


@pytest.mark.parametrize(("tenfold", "found"), [(55, False), (65, True)])
def test_what_falls_along_with_the_fit_is_no_collapse(tenfold, found):
    assert collapse_after_fit(with_(LOG, spread=np.where(T < tenfold, 1.0, 0.05))).found is found


def test_the_shape_must_form():
    assert collapse_after_fit(with_(LOG, deviation=np.full(T.size, 0.47))).state is State.ABSENT
    assert collapse_after_fit(with_(LOG, deviation=1 - 0.8 * T / 999)).state is State.UNDECIDED


def test_ends_while_it_collapses():
    assert collapse_after_fit(with_(LOG, spread=np.exp(-T / 600))).state is State.UNDECIDED


def test_without_a_fit_there_is_no_terminal_phase():
    assert collapse_after_fit(with_(LOG, train_acc=np.full(T.size, 0.9))).state is State.UNDECIDED


def test_a_spread_is_positive():
    assert collapse_after_fit(with_(LOG, spread=np.zeros(T.size))).state is State.NOT_APPLICABLE


@pytest.mark.parametrize("seed", range(5))
def test_noise_does_not_hide_it(seed):
    assert collapse_after_fit(collapsing(T, noise=0.3, seed=seed)[0]).found


@pytest.mark.parametrize(("end", "state"), [(0.47, State.ABSENT), (0.2, State.UNDECIDED)])
def test_a_record_of_the_shape_that_is_not_finite_is_left_out(end, state):
    """Where the shape has not formed, the detector asks whether the deviation still falls."""
    deviation = np.full(T.size, end) if state is State.ABSENT else 1 - (1 - end) * T / 999
    deviation[400] = np.nan
    assert collapse_after_fit(with_(LOG, deviation=deviation)).state is state
