"""A loss that is exactly 0, and one that was on its way there."""

import numpy as np
import pytest

from bestiary.detectors.zero_loss import zero_loss
from bestiary.log import Log, State

T = np.arange(150.0) * 5


def test_it_begins_with_the_first_zero():
    f = zero_loss(Log.of(T, loss=np.where(T < 355, 0.9 + 0.9 * np.exp(-T / 100), 0.0)))
    assert f.found and f.onset == 355 and "exactly 0" in f.reason


def test_a_fit_that_is_rounded_to_zero_does_not_count():
    assert not zero_loss(Log.of(T, loss=np.round(np.exp(-T / 30), 4))).found
    fitted = Log.of(T, loss=np.where(T < 20, 0.7, 0.0), train_acc=np.where(T < 20, 0.5, 1.0))
    assert zero_loss(fitted).found and not zero_loss(fitted, accuracy="train_acc").found


@pytest.mark.parametrize(("zeros", "state"), [(2, State.UNDECIDED), (3, State.FOUND)])
def test_three_zeros_are_enough(zeros, state):
    assert zero_loss(Log.of(T, loss=np.where(T < T[-zeros], 1.0, 0.0))).state is state


def test_all_zeros_are_no_loss():
    assert not zero_loss(Log.of(T, loss=np.zeros(T.size))).found
