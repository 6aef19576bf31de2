"""What the detector of ordered learning says of parts learned in another order, together, or not at all."""

import numpy as np
import pytest
from curves import relaxations

from bestiary.detectors.ordered_learning import ordered_learning
from bestiary.log import Log, State

T = np.arange(2000.0)
THREE = ("error_1", "error_2", "error_3")


def test_times_and_their_ratio():
    finding = ordered_learning(relaxations(T, (10, 50, 400)), THREE)
    assert finding.found and finding.onset == 10
    told = {name: effect.value for name, effect in finding.effects.items()}
    assert told == {"half_1": 10, "half_2": 50, "half_3": 400, "half_ratio": 40, "in_order": 1}


@pytest.mark.parametrize(
    ("times", "state", "in_order"),
    [
        ((10, 10, 40), State.FOUND, 1.0),  # a tie is in order
        ((400, 50, 10), State.ABSENT, 0.0),
        ((10, 400, 50), State.ABSENT, 0.5),
        ((100, 150, 290), State.ABSENT, 1.0),  # less than three times as late
        ((10, 50, 9000), State.UNDECIDED, 1.0),  # the last is not learned, and would come last
        ((10, 9000, 50), State.ABSENT, 0.5),  # nor is the second, which should not
        ((300, 50, 9000), State.ABSENT, 0.5),
    ],
)
def test_order(times, state, in_order):
    finding = ordered_learning(relaxations(T, times), THREE)
    assert finding.state is state
    assert finding.effects["in_order"].value == in_order


def test_one_part_learned_is_too_little_to_tell():
    finding = ordered_learning(relaxations(T, (10, 9000, 9000)), THREE)
    assert finding.state is State.UNDECIDED and set(finding.effects) == {"half_1"}


def test_each_part_is_measured_by_its_own_first_value():
    log = relaxations(T, (10, 400))
    scaled = Log({"error_1": log["error_1"], "error_2": (T, 100 * log["error_2"].values)})
    assert ordered_learning(scaled).effects["half_2"].value == 400


def test_a_brief_dip_is_no_learning():
    first = np.where((T == 6) | (T == 7) | (T > 900), 0.1, 1.0)
    finding = ordered_learning(Log.of(T, error_1=first, error_2=0.5 ** (T / 400)))
    assert finding.state is State.ABSENT and finding.effects["half_1"].value == 901
