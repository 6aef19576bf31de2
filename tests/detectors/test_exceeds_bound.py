"""The excess over a bound: counts, excursions, late arrivals."""

import numpy as np
import pytest

from bestiary.detectors.exceeds_bound import exceeds_bound
from bestiary.log import Log, State

T = np.arange(0.0, 1001.0)


def log(values, bound=2.0):
    return Log.of(T, value=np.broadcast_to(values, T.shape), bound=np.full(T.size, bound))


def steps(*levels):
    """A count that takes the levels at equal distances, from 0."""
    return np.r_[0.0, np.repeat(levels, -(-T.size // len(levels)))][: T.size]


def test_a_count_beyond_its_bound():
    finding = exceeds_bound(log(steps(1, 2, 3, 4, 5, 5, 5, 5)))
    assert finding.found and 252 <= finding.onset <= 256
    assert finding.effects["over_bound"].value == 2.5


@pytest.mark.parametrize(
    ("levels", "state"),
    [
        ((1, 2, 2, 2, 2, 2), State.ABSENT),  # at the bound is not beyond
        ((1, 2, 2, 3, 2, 2), State.ABSENT),  # came back
        ((1, 1, 1, 1, 2, 3), State.UNDECIDED),  # came late
        ((3, 3, 3, 3, 1, 1, 1, 1), State.ABSENT),
    ],
)
def test_what_is_no_excess(levels, state):
    assert exceeds_bound(log(steps(*levels))).state is state


def test_a_quantity_that_still_rises_is_undecided():
    assert exceeds_bound(log(T / 1000)).state is State.UNDECIDED


def test_a_single_record_neither_makes_nor_breaks_an_excess():
    up, down = steps(1, 1, 1, 1), steps(1, 3, 3, 3)
    up[900] = down[900] = 0
    up[500] = 9
    assert exceeds_bound(log(up)).state is State.ABSENT
    assert exceeds_bound(log(down)).found


def test_a_moving_bound_counts_where_it_is():
    rising, values = Log.of(T, value=steps(1, 3, 3, 3), bound=1 + 4 * T / 1000), steps(1, 3, 3, 3)
    assert exceeds_bound(rising).state is State.ABSENT
    assert exceeds_bound(log(values)).found


def test_questions_without_meaning():
    assert exceeds_bound(log(3.0)).state is State.NOT_APPLICABLE
    assert exceeds_bound(log(3.0, bound=0.0)).state is State.NOT_APPLICABLE
