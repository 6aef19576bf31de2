"""Setups that theory solves, against arithmetic in double precision."""

import jax
import numpy as np
import pytest

from bestiary.phenomena import catastrophic_forgetting, deadly_triad, lr_decay_drop, policy_plateau
from bestiary.train import trainer


def trained(phenomenon, steps, static=None, seed=0, **knobs):
    """Start and end of one run of so many steps, its data, its knobs, and what is observed at its end."""
    static = static or phenomenon.static
    state, data, knobs, *_ = trainer.begin_run(phenomenon, static, phenomenon.knobs._replace(**knobs), seed, 0)
    key = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))
    step = jax.jit(lambda s: trainer.step_run(phenomenon, static, trainer.Carry(s, data, knobs, key)))
    start = state
    for _ in range(steps):
        state = step(state)
    seen = {c: float(v) for c, v in phenomenon.observe(state, data, knobs, static).items()}
    return start, state, data, knobs, seen


# --- deadly triad


@pytest.mark.parametrize(
    ("knobs", "factor"),
    [
        ({}, 1 + 0.1 * (2 * 0.9 - 1)),
        ({"gamma": 0.4}, 1 + 0.1 * (2 * 0.4 - 1)),
        ({"lr": 0.02}, 1 + 0.02 * (2 * 0.9 - 1)),
        ({"on_policy": 1.0}, 1 + 0.1 * ((2 * 0.9 - 1) / 2 - 2)),
        ({"bootstrap": 0.0}, 1 - 0.1),
        ({"overlap": 0.25}, 1 + 0.1 * (2 * 0.9 * 0.25 - 1)),
        ({"overlap": 0.0}, 1 - 0.1),
    ],
)
def test_the_error_of_the_pair_is_multiplied_by_one_factor(knobs, factor):
    p = deadly_triad.PHENOMENON
    before, after = (trained(p, steps, **knobs)[-1]["td_error"] for steps in (0, 12))
    assert after / before == pytest.approx(factor**12, rel=1e-4)


@pytest.mark.parametrize("gamma", [0.85, 0.99])
def test_the_star_follows_the_matrix_of_the_book(gamma):
    """The expected update of Sutton & Barto, equation 11.9, on their features."""
    p = deadly_triad.PHENOMENON
    start, end, *_ = trained(p, 50, p.static._replace(problem="star"), gamma=gamma)
    x = np.zeros((7, 8))
    x[np.arange(6), np.arange(6)], x[6, 6], x[:6, 7], x[6, 7] = 2, 1, 1, 2
    w = np.asarray(start.params, np.float64)[:8]
    for _ in range(50):
        w = w + 0.1 / 7 * (gamma * x[6] @ w - x @ w) @ x
    assert np.asarray(end.params)[:8] == pytest.approx(w, rel=1e-4, abs=1e-5)
    assert (np.asarray(end.params)[8:] == np.asarray(start.params)[8:]).all()  # no feature of their own is in use


def test_the_star_turns_unstable_where_the_trace_of_its_flow_changes_sign():
    """17 gamma - 15 + 26 lr (1 - gamma) / 7 = 0, by the eigenvalues of all eight weights."""
    lr = 0.1
    x = np.c_[np.diag([2.0] * 6 + [1.0]), [1.0] * 6 + [2.0]]
    edge = (15 - 26 * lr / 7) / (17 - 26 * lr / 7)

    def radius(gamma):
        flow = x.T @ (gamma * np.tile(x[6], (7, 1)) - x) / 7
        moving = np.linalg.eigvals(np.eye(8) + lr * flow)
        return np.abs(moving[np.abs(moving - 1) > 1e-9]).max()  # one direction never moves

    assert radius(edge - 1e-3) < 1 < radius(edge + 1e-3)
    assert radius(edge) == pytest.approx(1, abs=1e-9)


# --- policy plateau


def ascended(steps, start, lr=0.1, natural=False):
    """Probability of the better of two arms, rewards 1 and 0, after so many steps of exact gradient ascent."""
    z = np.log(start / (1 - start))  # of the difference of the two logits
    for _ in range(steps):
        p = 1 / (1 + np.exp(-z))
        z += lr * (1 if natural else 2 * p * (1 - p))
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(("natural", "steps"), [(0.0, 400), (1.0, 40)])
def test_without_noise_the_policy_follows_the_exact_gradient(natural, steps):
    seen = trained(policy_plateau.PHENOMENON, steps, start=0.01, noise=0.0, natural=natural)[-1]
    assert seen["better_arm"] == pytest.approx(ascended(steps, 0.01, natural=bool(natural)), rel=1e-3)


@pytest.mark.parametrize("start", [0.1, 0.01, 0.001])
def test_the_time_of_the_flow_is_that_of_small_steps(start):
    time = (1 / start - 1 / (1 - start) + 2 * np.log((1 - start) / start)) / (2 * 0.1)
    assert ascended(round(0.99 * time), start) < 0.5 < ascended(round(1.01 * time) + 1, start)


def test_rewards_of_chosen_arms_are_unbiased():
    p = policy_plateau.PHENOMENON
    static = p.static._replace(feedback="chosen", samples=200_000)
    means, policy = np.array([1.0, 0.5], np.float32), np.array([0.2, 0.8], np.float32)
    key = jax.random.key(0, impl="threefry2x32")
    estimate = policy_plateau.rewards(key, policy, means, p.knobs._replace(noise=0.3), static)
    assert np.asarray(estimate) == pytest.approx(means, abs=0.03)


# --- catastrophic forgetting


@pytest.mark.parametrize("agreement", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 80.0, 90.0])
def test_forgetting_is_projection_after_projection(angle, agreement):
    """Two projections of each teacher in closed form, of the teachers that were drawn, against the trained weights."""
    p = catastrophic_forgetting.PHENOMENON
    _, end, data, *_ = trained(p, 200, angle=angle, agreement=agreement)
    b = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    w = np.stack([np.asarray(data["first"], np.float64), np.zeros(len(data["first"]))], 1)
    w += (np.asarray(data["second"]) - w @ b)[:, None] * b
    assert np.asarray(end.params) == pytest.approx(w, abs=2e-3)


@pytest.mark.parametrize("agreement", [0.0, 0.6, 1.0])
def test_the_mean_over_teachers_is_the_formula(agreement):
    p = catastrophic_forgetting.PHENOMENON
    static = p.static._replace(planes=20_000)
    *_, seen = trained(p, 200, static, angle=35.0, agreement=agreement)
    assert 1 - seen["first_task"] == pytest.approx(seen["forgotten_in_theory"], rel=0.06)


def test_replay_keeps_what_the_steps_in_double_precision_keep():
    """The number that the catalog claims for half of replay."""
    a, b = np.array([1.0, 0.0]), np.full(2, 0.5**0.5)
    move = np.eye(2) - 0.05 * (np.outer(a, a) + np.outer(b, b))
    # After the first task w - u = (0, -u2); in the second the fixed point is the solution of both.
    solve = np.linalg.inv(np.stack([a, b]))
    of_first, of_second = solve[:, 0], solve[:, 1]
    end = np.linalg.matrix_power(move, 100)
    lost = [a @ end @ (a - of_first), -a @ end @ of_second]  # of the two targets, which are independent
    assert np.sum(np.square(lost)) == pytest.approx(0.0196, rel=0.02)


# --- learning-rate decay


def test_walls_and_river_follow_their_recursions():
    p, lr, cut = lr_decay_drop.PHENOMENON, 0.5, 0.05
    static = p.static._replace(walls=3, steps=30)
    _, end, _, knobs, seen = trained(p, 30, static, lr=lr, cut=cut)
    key = jax.random.key(0, impl="threefry2x32")
    x, y = np.zeros(3), 0.0
    for t in range(30):
        rate = lr if t < 20 else cut * lr
        noise = lr_decay_drop.batch(jax.random.fold_in(key, t), (), knobs, static)
        x, y = x - rate * (x + np.asarray(noise, np.float64)), y + rate * knobs.slope
    assert np.asarray(end.params["x"]) == pytest.approx(x, rel=1e-4, abs=1e-5)
    assert seen["loss"] == pytest.approx(np.mean(x**2) / 2 - 0.01 * y, rel=1e-3)


@pytest.mark.parametrize("lr", [0.1, 0.5, 1.5])
def test_what_the_walls_cost_is_the_variance_that_a_step_keeps(lr):
    """x' = (1 - lr) x - lr n: the variance v = (1 - lr)^2 v + lr^2 noise^2."""
    p = lr_decay_drop.PHENOMENON
    cost = trained(p, 0, lr=lr, noise=3.0)[-1]["walls_in_theory"]
    assert 2 * cost == pytest.approx((1 - lr) ** 2 * 2 * cost + lr**2 * 9, rel=1e-5)
