"""Which checkpoint was best, and what the rise since then means."""

import numpy as np
import pytest

from bestiary.detectors.overfitting import overfitting
from bestiary.log import Log, State

E = np.arange(1, 11) * 1000.0
FALLS = (np.arange(1, 201) * 50.0, 2 * np.exp(-np.arange(200) / 40))


def told(test, train=None, steps=E, **more):
    log = Log({"test_loss": (steps, test), "train_loss": train or FALLS, **more})
    return overfitting(log, train="train_loss", train_accuracy="train_acc", accuracy="test_acc")


def test_five_evaluations_are_enough():
    f = told([0.311, 0.362, 0.398, 0.421, 0.431], steps=E[:5])
    assert f.found and f.onset == 1000 and f.phase == "overfitting"
    assert f.reason == "validation loss lowest at step 1000 (0.311), since then +37 %; best checkpoint: step 1000"
    assert told([0.311, 0.362, 0.398, 0.421], steps=E[:4]).state is State.UNDECIDED


def test_an_accuracy_that_still_rises_is_told():
    test = [1.0, 0.8, 0.7, 0.72, 0.75, 0.79, 0.84, 0.9, 0.95, 1.0]
    f = told(test, test_acc=(E, np.linspace(0.6, 0.8, 10)))
    assert f.onset == 3000 and "accuracy still rising (0.622 to 0.778)" in f.reason
    assert "rising" not in told(test, test_acc=(E, np.full(10, 0.7))).reason


def test_a_run_that_has_memorised_may_yet_generalise():
    test = [5.0, 8.0, 9.0, 9.5, 10.0, 10.2, 10.5, 10.7, 10.8, 11.0]
    f = told(test, train_acc=(E, np.ones(10)), test_acc=(E, np.full(10, 0.1)))
    assert f.phase == "memorised" and "may yet generalise" in f.reason and "best checkpoint" not in f.reason
    half = told(test, train_acc=(E, np.ones(10)), test_acc=(E, np.full(10, 0.78)))
    assert half.phase == "overfitting" and "may yet generalise" in half.reason and "best checkpoint" in half.reason


def test_a_validation_loss_that_rises_while_the_train_loss_does_not_fall():
    f = told(np.geomspace(0.7, 8, 10), train=(FALLS[0], np.full(200, 0.693)))
    assert f.phase == "drifting" and "train_loss does not fall meanwhile" in f.reason


def test_where_both_rise_the_run_is_unstable():
    rises = (FALLS[0], np.where(FALLS[0] < 3000, 1.0, 3.0))
    f = told([1.0, 0.9, 0.8, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0], train=rises)
    assert not f.found and "rises with it" in f.reason


@pytest.mark.parametrize("seed", range(5))
def test_noise_about_a_level_is_no_rise(seed):
    noise = np.random.default_rng(seed).normal(size=10)
    assert not told(1 + 0.05 * noise).found
    assert not told(np.linspace(2, 1, 10) + 0.02 * noise).found


def test_of_a_score_the_sign_is_turned():
    f = overfitting(Log.of(E, test_score=[0.5, 0.7, 0.78, 0.77, 0.75, 0.74, 0.73, 0.72, 0.71, 0.70]), "test_score")
    assert f.found and f.onset == 3000
    assert f.reason == "test_score highest at step 3000 (0.78), since then -10 %; best checkpoint: step 3000"
    assert not overfitting(Log.of(E, test_score=np.linspace(0.2, 0.8, 10)), "test_score").found
