"""Pitfalls of delayed_generalization: what it must find, must not, and must leave undecided."""

import math

import numpy as np
import pytest
from curves import AXES, T, crossing, grokking, null

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.log import Log, State


def generalization(train, test, t=T, **thresholds):
    return delayed_generalization(Log.of(t, train_acc=train, test_acc=test), **thresholds)


def test_delay_is_measured():
    t = AXES["linear"]
    f = delayed_generalization(grokking(t, 40, 400))
    assert f.phase == "grokking"
    assert abs(f.effects["t_train"].value - 40) <= 1 and f.effects["t_train"].unit == "step"
    assert f.effects["delay_ratio"].value == pytest.approx(10, rel=0.03)
    assert f.effects["rise_width"].value == pytest.approx(2 * math.log(9) * 0.15 / math.log(10), abs=0.01)
    assert f.effects["test_acc_when_memorised"].value == pytest.approx(0, abs=0.01)
    assert f.effects["final_test_acc"].value == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("case", "phase"), [
    ("memorisation", "memorisation"), ("confusion", "confusion"), ("comprehension", "comprehension"),
    ("slow_comprehension", "comprehension"), ("partial_generalisation", "memorisation"),
])  # fmt: skip
def test_phases_of_the_controls(case, phase):
    f = delayed_generalization(null(case))
    assert (f.state, f.phase) == (State.ABSENT, phase), f.reason


def test_dips_after_a_level_is_reached_do_not_move_it():
    t, rng = AXES["linear_every_5"], np.random.default_rng(0)
    clean = grokking(t, 100, 1500)
    dips = {n: np.where(rng.random(t.size) < 0.1, 0.6 * y, y) for n, (_, y) in clean.channels.items()}
    f = delayed_generalization(Log.of(t, **dips))
    assert f.found, f.reason
    assert abs(f.effects["t_train"].value - 100) <= 15 and abs(f.onset - 1500) <= 15


def test_test_accuracy_below_chance_is_low():
    test = np.where(T < 400, 0.0, 1.0)
    f = generalization(crossing(T, 30, 0.99, 0.1), test, chance=1 / 23)
    assert f.found and f.effects["z_when_memorised"].value < 0


def test_low_is_judged_against_chance():
    test = np.where(T < 400, 0.55, 1.0)
    train = crossing(T, 30, 0.99, 0.1)
    assert generalization(train, test, chance=0.5).found
    f = generalization(train, test, chance=0.0)
    assert (f.state, f.phase) == (State.ABSENT, "comprehension")


def test_chance_is_that_of_the_untrained_network():
    train = crossing(T, 30, 0.99, 0.1)
    guessing = generalization(train, np.where(T < 400, 0.55, 1.0))
    assert guessing.found
    assert guessing.effects["z_when_memorised"].value == pytest.approx(0.1)  # of 1/2, though it began at 0.55
    assert generalization(train, np.where(T < 400, 0.04, 1.0)).effects["z_when_memorised"].value == 0
    late = generalization(train, np.where(T < 400, 0.7, 1.0))  # no one guesses 0.7: the log begins late
    assert (late.state, late.phase) == (State.ABSENT, "comprehension")


def test_one_lucky_evaluation_is_no_generalisation():
    test = np.where(T == 400, 0.97, 0.05)
    f = generalization(crossing(T, 30, 0.99, 0.1), test)
    assert (f.state, f.phase) == (State.ABSENT, "memorisation")


def test_a_run_without_generalisation_gives_a_lower_bound():
    f = delayed_generalization(null("memorisation"))
    assert f.effects["waited"].value == pytest.approx(999 / 30, rel=0.05)
    assert "delay_ratio" not in f.effects and "t_test" not in f.effects


def test_undecided_if_the_run_ends_early():
    keep = T <= 200
    short = generalization(crossing(T, 30, 0.99, 0.1)[keep], np.full(T.size, 0.02)[keep], T[keep])
    assert (short.state, short.phase) == (State.UNDECIDED, "memorisation")
    assert generalization(crossing(T, 30, 0.99, 0.1), np.full(T.size, 0.02)).state is State.ABSENT


@pytest.mark.parametrize("test", [
    np.clip((T - 700) / 600, 0, 1),  # climbing
    np.where(T >= 998, 1.0, 0.02),  # just up, too late to be sure
], ids=["climbing", "at the last moment"])  # fmt: skip
def test_undecided_if_test_accuracy_ends_rising(test):
    f = generalization(crossing(T, 30, 0.99, 0.1), test)
    assert (f.state, f.phase) == (State.UNDECIDED, "memorisation")


def test_undecided_if_train_accuracy_ends_rising():
    f = generalization(0.9 * T / 1000, np.full(T.size, 0.02))
    assert (f.state, f.phase) == (State.UNDECIDED, "confusion")


def test_coarse_evaluation_of_test_accuracy_fakes_no_delay():
    """Comprehension at steps 20 and 30, with test accuracy read every 100 steps only."""
    rare = T[::100]
    log = Log({"train_acc": (T, crossing(T, 20, 0.99, 0.1)), "test_acc": (rare, crossing(rare, 30, 0.95, 0.1))})
    f = delayed_generalization(log)
    assert f.state is State.UNDECIDED and f.effects["delay_ratio"].value >= 3


def test_coarse_evaluation_of_train_accuracy_hides_no_delay():
    """Memorised by the first evaluation, step 100; generalised at 200: the ratio is but a lower bound."""
    t = np.arange(0.0, 2001.0, 100.0)
    f = generalization(crossing(t, 10, 0.99, 0.1), crossing(t, 190, 0.95, 0.1), t)
    assert f.state is State.UNDECIDED and f.effects["delay_ratio"].value == 2
    late = generalization(crossing(t, 10, 0.99, 0.1), crossing(t, 1190, 0.95, 0.1), t)
    assert late.found and late.onset == 1200


def test_the_two_accuracies_may_have_different_steps():
    rare = np.arange(0.0, 2001.0, 25.0)
    clean = grokking(AXES["linear"], 40, 1000)
    log = Log({"train_acc": clean["train_acc"], "test_acc": grokking(rare, 40, 1000)["test_acc"]})
    f = delayed_generalization(log)
    assert f.found and abs(f.onset - 1000) <= 25 and abs(f.effects["t_train"].value - 40) <= 1


def test_generalising_without_memorising_is_comprehension():
    f = generalization(0.9 * crossing(T, 30, 0.99, 0.1), crossing(T, 60, 0.95, 0.1))
    assert (f.state, f.phase) == (State.ABSENT, "comprehension")


def test_diverging_accuracy_and_missing_records():
    clean, t = grokking(T, 30, 400), T
    gone = {n: np.where(t % 7 == 3, np.nan, y) for n, (_, y) in clean.channels.items()}
    assert abs(delayed_generalization(Log.of(t, **gone)).onset - 400) <= 2
    lost = {**gone, "train_acc": np.where(t > 900, np.nan, gone["train_acc"])}
    f = delayed_generalization(Log.of(t, **lost))
    assert f.state is State.DIVERGED and "901" in f.reason


def test_memorised_from_the_start_counts_as_one_interval():
    f = generalization(np.ones(T.size), crossing(T, 400, 0.95, 0.1))
    assert f.found and f.effects["t_train"].value == 1


def test_chance_is_checked():
    with pytest.raises(ValueError, match="chance is 1"):
        generalization(T * 0, T * 0, chance=1.0)


def test_minibatches_that_happen_to_be_right_are_no_memorisation():
    """Accuracy of 32 examples at a time, of which 95 % are right: somewhere five batches in a row have no mistake."""
    t = np.arange(1000.0)
    told = []
    for seed in range(20):
        right = np.random.default_rng(seed).binomial(32, np.minimum(0.5 + t / 50, 0.95)) / 32
        told.append(delayed_generalization(Log.of(t, train_acc=right, test_acc=np.minimum(0.5 + t / 50, 0.93))))
    assert {f.phase for f in told} == {"confusion"} and {f.state for f in told} == {State.ABSENT}
