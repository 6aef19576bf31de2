"""Pitfalls of edge_hover: what it must find, must not, and must leave undecided."""

import numpy as np
import pytest
from curves import T, hovering, sigmoid

from bestiary.detectors.edge_hover import edge_hover
from bestiary.log import Log, State


def test_hovering_is_measured():
    log, onset = hovering(T)
    f = edge_hover(log)
    assert (f.state, f.phase, f.onset) == (State.FOUND, "edge", onset)
    assert f.effects["start"].value == pytest.approx(0.3)
    assert f.effects["hover"].value == pytest.approx(1.0, abs=0.01)
    assert f.effects["rise"].value == pytest.approx(1.05 / 0.3, rel=0.02)
    assert f.effects["inside"].value == 1
    assert f.effects["loss_rises"].value == pytest.approx(0.5, abs=0.01)


def edge(ratio, loss=None, t=T):
    """The restless loss of `hovering`, unless another is given, with another ratio."""
    return Log.of(t, edge_ratio=ratio, loss=hovering(t)[0]["loss"].values if loss is None else loss)


def test_a_start_beyond_the_edge_has_no_edge_to_rise_to():
    ratio = 1 + 0.2 * np.exp(-T / 50)
    f = edge_hover(edge(ratio))
    assert f.state is State.NOT_APPLICABLE and f.effects["start"].value == pytest.approx(1.2)


def test_readings_before_the_optimiser_is_warm_are_left_out():
    log, onset = hovering(T)
    ratio = np.where(T < 3, 50.0, log["edge_ratio"].values)
    assert edge_hover(edge(ratio)).state is State.NOT_APPLICABLE
    assert edge_hover(edge(ratio), ignore=3).onset == onset


def test_levelling_off_near_the_edge_without_restlessness_is_absent():
    ratio = 0.3 + 0.67 * (1 - np.exp(-T / 60))
    smooth = edge_hover(edge(ratio, np.exp(-T / 300)))
    assert smooth.state is State.ABSENT and smooth.effects["hover"].value == pytest.approx(0.97, abs=0.01)
    assert edge_hover(edge(ratio)).found


def test_a_loss_that_does_not_fall_at_the_edge_is_absent():
    ratio, t = hovering(T)[0]["edge_ratio"].values, T
    assert edge_hover(edge(ratio, 1 + t / 1000 + 0.1 * (-1.0) ** t)).state is State.ABSENT


def test_a_loss_that_was_not_recorded_at_the_edge_is_no_evidence():
    log = hovering(T)[0]
    assert edge_hover(Log({"loss": (T[:50], np.ones(50)), "edge_ratio": log["edge_ratio"]})).state is State.ABSENT


@pytest.mark.parametrize(("level", "state", "phase"), [
    (0.6, State.ABSENT, "below"), (1.0, State.FOUND, "edge"), (1.5, State.ABSENT, "beyond"),
])  # fmt: skip
def test_phases_of_a_ratio_that_levels_off(level, state, phase):
    f = edge_hover(edge(0.3 + (level - 0.3) * sigmoid((T - 150) / 15)))
    assert (f.state, f.phase) == (state, phase), f.reason


def test_undecided_on_the_way_to_the_edge_and_just_there():
    on_the_way = edge_hover(edge(0.1 + 0.6 * T / 1000))
    assert (on_the_way.state, on_the_way.phase) == (State.UNDECIDED, "below")
    just_there = edge_hover(edge(np.minimum(0.1 + T / 1000, 1.0)))
    assert just_there.state is State.UNDECIDED and "climb" in just_there.reason
    assert edge_hover(edge(0.1 + 0.3 * T / 1000)).state is State.ABSENT


def test_a_passage_is_no_stay():
    f = edge_hover(Log.of(T, edge_ratio=0.2 + 1.2 * T / 1000, loss=hovering(T)[0]["loss"].values))
    assert not f.found
