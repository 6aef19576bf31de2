"""A loss that stays at what guessing gives, and one that does not."""

import numpy as np
import pytest

from bestiary.detectors.stuck_at_chance import stuck_at_chance
from bestiary.log import Log

T = np.arange(40.0)


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_the_usual_numbers_of_classes_are_named_without_an_accuracy(classes):
    f = stuck_at_chance(Log.of(T, loss=np.log(classes) + 0.01 * np.sin(T)))
    assert f.found and f.onset == 0 and f"ln {classes}," in f.reason


def test_other_numbers_of_classes_are_told_by_the_accuracy():
    log = Log.of(T, loss=np.full(40, np.log(37)), train_acc=np.full(40, 1 / 37))
    assert not stuck_at_chance(log).found
    assert "ln 37, what guessing among 37 classes gives" in stuck_at_chance(log, accuracy="train_acc").reason


def test_a_loss_that_leaves_chance_slowly_is_not_stuck():
    assert not stuck_at_chance(Log.of(T, loss=np.log(2) - 0.002 * T)).found
    assert not stuck_at_chance(Log.of(T, loss=np.log(2) + np.exp(-T / 3))).found  # it came down to it
    assert not stuck_at_chance(Log.of(T, loss=np.where(T < 35, np.log(10), 1.9))).found
