"""Pitfalls of ends_below: a lead that is lost, one that comes late, and a ratio that means nothing."""

import numpy as np
import pytest
from curves import T, parting

from bestiary.detectors.ends_below import ends_below
from bestiary.log import Log, State


def test_the_ratio_is_that_at_the_end():
    log, onset = parting(T, 300, 0.25)
    f = ends_below(log)
    assert f.found and f.onset == onset and f.effects["ratio"].value == pytest.approx(0.25)
    assert f.spans[0].start == onset and f.spans[0].stop == T[-1]


@pytest.mark.parametrize(("share", "state"), [(0.79, State.FOUND), (0.81, State.ABSENT), (1.0, State.ABSENT)])
def test_well_below_is_a_fifth(share, state):
    assert ends_below(parting(T, 300, share)[0]).state is state


def test_a_lead_that_is_lost_does_not_count():
    lead = np.where((T > 200) & (T < 900), 0.1, 1.0)
    assert ends_below(Log.of(T, lower=lead, upper=np.ones(T.size))).state is State.ABSENT


def test_a_lead_that_comes_late_is_undecided():
    f = ends_below(parting(T, 900)[0])
    assert f.state is State.UNDECIDED and "step 900" in f.reason


def test_the_upper_curve_is_not_the_lower():
    log, _ = parting(T)
    assert ends_below(log, "upper", "lower").state is State.ABSENT


def test_no_ratio_to_zero():
    assert ends_below(Log.of(T, lower=-np.ones(T.size), upper=np.zeros(T.size))).state is State.NOT_APPLICABLE


def test_one_outlier_changes_nothing():
    log, onset = parting(T)
    spiked = np.where(T == 700, 10.0, log["lower"].values)
    assert ends_below(Log.of(T, lower=spiked, upper=log["upper"].values)).onset == onset


def test_two_axes():
    log, onset = parting(T)
    upper = (T[::7], log["upper"].values[::7])
    f = ends_below(Log({"lower": log["lower"], "upper": upper}))
    assert f.found and f.onset == onset
