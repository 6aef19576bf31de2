"""Pitfalls of overshoot: what it must find, must not, and must leave undecided."""

import math

import numpy as np
import pytest
from curves import T, catapulted

from bestiary.detectors.overshoot import overshoot
from bestiary.log import Log, State


def recursion(kappa, kick=1e-3, steps=200):
    """The two numbers of a two-layer linear network on one example, in plain Python."""
    kicks, kappas = [kick], [kappa]
    for _ in range(steps):
        kick, kappa = kick * (1 - kappa + kick**2), kappa + kick**2 * (kappa - 4)
        if abs(kick) > 1e9:
            kick = kappa = math.inf
            kicks, kappas = [*kicks, kick], [*kappas, kappa]
            break
        kicks, kappas = [*kicks, kick], [*kappas, kappa]
    return Log.of(np.arange(len(kicks)), loss=np.square(kicks), edge_ratio=np.divide(kappas, 2))


@pytest.mark.parametrize(("kappa", "state", "phase"), [
    (1.0, State.ABSENT, "lazy"), (1.9, State.ABSENT, "lazy"), (2.5, State.FOUND, "catapult"),
    (3.0, State.FOUND, "catapult"), (3.5, State.FOUND, "catapult"), (4.1, State.DIVERGED, "divergence"),
])  # fmt: skip
def test_phases_of_the_exact_recursion(kappa, state, phase):
    f = overshoot(recursion(kappa))
    assert (f.state, f.phase) == (state, phase), f.reason


def test_overshoot_is_measured():
    f = overshoot(catapulted(T)[0])
    assert f.effects["peak"].value == pytest.approx(math.exp(4))
    assert f.effects["peak_step"].value == 14 and f.effects["peak_step"].unit == "step"
    assert (f.effects["initial"].value, f.effects["final"].value) == (1.5, 0.6)
    assert f.effects["flattening"].value == pytest.approx(0.4)
    assert (f.spans[0].start, f.spans[0].stop) == (11, 18)
    assert overshoot(recursion(2.5)).effects["final"].value == pytest.approx(0.6412, abs=1e-3)


def test_an_overshoot_needs_flattening():
    log = catapulted(T)[0]
    f = overshoot(Log.of(T, loss=log["loss"].values, edge_ratio=np.full(T.size, 1.5)))
    assert f.state is State.ABSENT and f.effects["flattening"].value == 1


def test_an_overshoot_that_is_not_over_is_undecided_or_divergence():
    low = np.where(T < 500, 1.0, 5.0)
    assert overshoot(Log.of(T, loss=low, edge_ratio=low)).state is State.UNDECIDED
    f = overshoot(Log.of(T, loss=np.exp(T / 100), edge_ratio=low))
    assert (f.state, f.phase) == (State.DIVERGED, "divergence")
    slow = np.exp(np.clip(T, 0, 15) - 0.01 * np.clip(T - 15, 0, None))
    assert overshoot(Log.of(T, loss=slow, edge_ratio=1 / slow)).state is State.UNDECIDED, "down, but above the start"


def test_an_overshoot_starts_from_something():
    assert overshoot(Log.of(T, loss=T, edge_ratio=1 + T)).state is State.NOT_APPLICABLE
