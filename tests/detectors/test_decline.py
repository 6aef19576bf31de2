"""Pitfalls of decline: a bad task in between, a decline that only begins, and an ability that never was."""

import numpy as np
import pytest
from curves import T, fading

from bestiary.detectors.decline import decline
from bestiary.log import Log, State

TASKS = np.arange(80.0, 2481, 80)


def score(values):
    return Log.of(TASKS, train_acc=values)


def test_both_levels_are_measured():
    f = decline(fading(T, 300, 0.3)[0])
    first, last, kept = (f.effects[name].value for name in ("first", "last", "kept"))
    assert (first, last, kept) == pytest.approx((0.95, 0.285, 0.3))


@pytest.mark.parametrize(("kept", "state"), [(0.79, State.FOUND), (0.81, State.ABSENT), (1.0, State.ABSENT)])
def test_lost_is_a_fifth(kept, state):
    assert decline(score(np.where(TASKS < 1000, 0.9, 0.9 * kept))).state is state


def test_the_onset_is_where_the_loss_lasts():
    values = np.where(TASKS < 1200, 0.9, 0.3)
    values[4:7] = 0.2  # and back
    assert decline(score(values)).onset == 1200


def test_one_bad_task_at_the_end_is_none():
    values = np.full(TASKS.size, 0.9)
    values[-1] = 0.1
    assert decline(score(values)).state is State.ABSENT


def test_one_good_task_in_between_changes_nothing():
    values = np.where(TASKS < 1200, 0.9, 0.3)
    values[20] = 0.9
    assert decline(score(values)).onset == 1200


def test_a_decline_that_only_begins_is_undecided():
    f = decline(score(np.where(TASKS < TASKS[-6], 0.9, 0.3)))
    assert f.state is State.UNDECIDED


def test_no_ability_to_lose():
    f = decline(score(np.where(TASKS < 1000, 0.45, 0.1)))
    assert f.state is State.NOT_APPLICABLE and "0.45" in f.reason


def test_a_first_record_without_a_value_is_left_out():
    values = np.where(TASKS < 1200, 0.9, 0.3)
    values[0] = np.nan
    assert decline(score(values)).found


def test_too_few_tasks():
    assert decline(Log.of(TASKS[:15], train_acc=np.ones(15))).state is State.UNDECIDED
