"""Maximum margin: its r against the equations that define it, and the whole law against long gradient descent."""

import jax
import numpy as np
import pytest

from bestiary.phenomena import max_margin as entry

P = entry.PHENOMENON


def drawn(seed=0, **knobs):
    knobs = P.knobs._replace(**knobs)
    return knobs, entry.data(jax.random.key(seed), knobs, P.static)


@pytest.mark.parametrize("gap", [0.5, 1.0, 2.0])
def test_the_widest_margin_is_that_of_the_two_support_vectors(gap):
    """Against all directions of the plane, a thousandth of a turn apart."""
    for seed in range(20):
        _, seen = drawn(seed, gap=gap)
        turns = np.linspace(0, 2 * np.pi, 1001)
        directions = np.stack([np.cos(turns), np.sin(turns)])
        widest = (np.asarray(seen["z"]) @ directions).min(0)
        assert widest.max() <= gap * (1 + 1e-5)
        assert (np.asarray(seen["z"]) @ np.asarray(seen["u"])).min() == pytest.approx(gap, rel=1e-5)


def test_what_theory_adds_in_a_step_is_the_gradient_of_the_tail():
    knobs, seen = drawn(3)
    u, z = np.float64(seen["u"]), np.float64(seen["z"])
    basis = np.stack([u, [-u[1], u[0]]])
    step = 1e6
    w = np.float64(entry.in_theory(step, seen, knobs, P.static)) @ basis
    tail = np.exp(-z[:2] @ w)
    np.testing.assert_allclose(knobs.lr / len(z) * tail @ z[:2], u / knobs.gap / step, rtol=1e-3, atol=1e-10)


def test_gradient_descent_in_double_precision_follows_the_law():
    knobs, seen = drawn(1)
    z, u, w = np.float64(seen["z"]), np.float64(seen["u"]), np.zeros(2)
    for _ in range(20_000):
        w = w + knobs.lr * (z / (1 + np.exp(z @ w))[:, None]).mean(0)
    along, across = np.float64(entry.in_theory(20_000, seen, knobs, P.static))
    assert w @ u == pytest.approx(along, rel=1e-3)
    assert w @ [-u[1], u[0]] == pytest.approx(across, abs=5e-3)
    loss = np.log1p(np.exp(-z @ w)).mean()
    assert loss * knobs.lr * knobs.gap**2 * 20_000 == pytest.approx(1, abs=0.01)


def test_labels_turned_over_leave_nothing_to_separate():
    """Zero is a mean of the points with positive weights, in nearly all draws: no direction has all on its side."""
    turns = np.linspace(0, 2 * np.pi, 1001)
    directions = np.stack([np.cos(turns), np.sin(turns)])
    separable = [(np.asarray(drawn(seed, flipped=1.0)[1]["z"]) @ directions).min(0).max() > 0 for seed in range(100)]
    assert np.mean(separable) < 0.05
