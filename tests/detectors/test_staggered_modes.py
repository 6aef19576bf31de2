"""Pitfalls of staggered_modes: what it must find, must not, and must leave undecided."""

import math

import numpy as np
import pytest
from curves import T, one_by_one

from bestiary.detectors.staggered_modes import staggered_modes
from bestiary.log import Log, State


def modes(*curves, t=T):
    return Log.of(t, **{f"mode_{i + 1}": y for i, y in enumerate(curves)})


def test_staggered_modes_are_measured():
    a, t = 1e-4, np.arange(0.0, 4001.0, 3.0)
    strengths = (0.04, 0.02, 0.01)
    f = staggered_modes(modes(*(1 / (1 + (1 / a - 1) * np.exp(-2 * s * t)) for s in strengths), t=t))
    half = [math.log(1 / a - 1) / (2 * s) for s in strengths]
    assert f.found and f.onset == pytest.approx(half[0], abs=0.2)
    assert [f.effects[f"half_{i}"].value for i in (1, 2, 3)] == pytest.approx(half, abs=0.2)
    assert f.effects["spread"].value == pytest.approx(4, rel=0.01)
    assert f.effects["rise"].value == pytest.approx(math.log(81) / math.log(1 / a), rel=0.02)
    assert f.effects["next"].value == pytest.approx(0.01, rel=0.02)
    assert [span.label for span in f.spans] == ["mode_1", "mode_2", "mode_3"]


def test_relaxations_are_not_staggered():
    f = staggered_modes(modes(*(1 - np.exp(-T * s) for s in (0.08, 0.02, 0.005))))
    assert f.state is State.ABSENT and f.effects["half_3"].value > 10 * f.effects["half_1"].value
    assert f.effects["rise"].value == pytest.approx(math.log(9) / math.log(2), rel=0.02)


@pytest.mark.parametrize("at", [(300, 300, 300), (300, 330, 360), (500, 300, 700), (300, 700, 500)])
def test_together_or_in_another_order_is_not_staggered(at):
    f = staggered_modes(one_by_one(T, at)[0])
    assert f.state is State.ABSENT and f.effects["half_1"].value == at[0]


def test_one_in_the_middle_that_is_slow_or_missing_is_absent():
    first, _, last = (y for _, y in one_by_one(T)[0].channels.values())
    assert staggered_modes(modes(first, np.zeros(T.size), last)).state is State.ABSENT
    assert staggered_modes(modes(first, np.clip(T / 900, 0, 1), last)).state is State.ABSENT


def test_undecided_while_the_next_still_waits():
    log = one_by_one(T, (300, 600, 990))[0]
    f = staggered_modes(log)
    assert f.state is State.UNDECIDED and "half_3" not in f.effects and f.effects["half_2"].value == 600
    assert staggered_modes(modes(*np.zeros((3, T.size)))).state is State.UNDECIDED


def test_a_mode_that_is_lost_again_is_not_up():
    curves = [y for _, y in one_by_one(T)[0].channels.values()]
    curves[0] = curves[0] * (T < 800)
    assert staggered_modes(modes(*curves)).state is State.ABSENT


def test_a_mode_that_begins_half_way_up_is_not_abrupt():
    curves = [y for _, y in one_by_one(T)[0].channels.values()]
    f = staggered_modes(modes(0.6 + 0.4 * curves[0], *curves[1:]))
    assert f.state is State.ABSENT and f.effects["half_1"].value == 0 and math.isfinite(f.effects["rise"].value)
