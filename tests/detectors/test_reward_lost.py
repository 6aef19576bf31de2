"""A reward that falls for good."""

import numpy as np
from curves import T, fallen_reward

from bestiary.detectors.reward_lost import reward_lost
from bestiary.log import Log


def test_a_jump_of_the_divergence_is_told():
    kl = np.where(T < 600, 0.01, 2.2)
    log = Log.of(T, reward=fallen_reward(T)[0]["reward"].values, kl=kl)
    f = reward_lost(log, kl="kl")
    assert f.onset == 600 and "kl jumps from 0.01 to 2.2" in f.reason


def test_a_reward_that_comes_back_or_was_never_learned():
    y = fallen_reward(T)[0]["reward"].values
    assert not reward_lost(Log.of(T, reward=np.where((T > 600) & (T < 700), 20, 180 * (1 - np.exp(-T / 60))))).found
    assert not reward_lost(Log.of(T, reward=-y)).found


def test_an_accuracy_is_called_so():
    f = reward_lost(Log.of(T, test_acc=np.where(T < 600, 1 - np.exp(-T / 60), 0.1)), "test_acc")
    assert f.found and f.phase == "accuracy"
