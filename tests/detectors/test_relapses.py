"""A fit that is lost again and again."""

import numpy as np
from curves import T, thrown_out

from bestiary.detectors.relapses import relapses
from bestiary.log import Log


def test_relapses_are_counted():
    log, onset = thrown_out(T)
    f = relapses(log)
    assert f.onset == onset and f.effects["period"].value == 21 and "every 21 steps" in f.reason


def test_single_records_few_relapses_and_a_loss_that_is_not_fitted():
    assert not relapses(Log.of(T, loss=np.where((T < 5) | (T % 20 == 0), 5.0, 0.01))).found
    assert not relapses(thrown_out(T, 300)[0]).found
    assert not relapses(Log.of(T, loss=np.where(T % 20 < 15, 5.0, 0.01))).found
