"""The laws that entries with an exact number rest on, each derived or simulated in another way."""

import math

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from bestiary.phenomena import adaptive_edge_of_stability, catapult, edge_of_stability, saddle_to_saddle
from bestiary.train import trainer


def begun(phenomenon, seed=0, static=None, **knobs):
    """Parameters, data and calibrated knobs of one run before its first step."""
    carry = trainer.begin_run(phenomenon, static or phenomenon.static, phenomenon.knobs._replace(**knobs), seed, 0)
    return carry.state, carry.data, carry.knobs


def trained(phenomenon, steps, static=None, **knobs):
    """The channels of one run, {channel: (steps + 1,)}, step by step."""
    static = static or phenomenon.static
    state, data, knobs = begun(phenomenon, 0, static, **knobs)
    key = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))
    step = jax.jit(lambda s: trainer.step_run(phenomenon, static, trainer.Carry(s, data, knobs, key)))
    seen = []
    for _ in range(steps + 1):
        seen.append({c: float(v) for c, v in phenomenon.observe(state, data, knobs, static).items()})
        state = step(state)
    return {c: np.array([now[c] for now in seen]) for c in seen[0]}


# --- catapult


def recursion(kick, kappa, steps):
    """The claim's recursion: kappa after so many steps."""
    for _ in range(steps):
        kick, kappa = kick * (1 - kappa + kick**2), kappa + kick**2 * (kappa - 4)
    return kappa


@pytest.mark.parametrize("c", [1.9, 2.5, 3.0, 3.8])
def test_two_numbers_are_the_whole_run(c):
    """Gradient descent on u and v in double precision against the recursion in kick and kappa."""
    rng, n = np.random.default_rng(0), 64
    u, v = rng.normal(size=(2, n))
    lr = c * n / (u @ u + v @ v)
    kick, kappa = lr * (u @ v) / n, c
    for _ in range(60):
        f = u @ v / n**0.5
        u, v = u - lr * f * v / n**0.5, v - lr * f * u / n**0.5
        kick, kappa = kick * (1 - kappa + kick**2), kappa + kick**2 * (kappa - 4)
        assert kappa == pytest.approx(lr * (u @ u + v @ v) / n, rel=1e-9)
        assert kick == pytest.approx(lr * (u @ v) / n, rel=1e-6, abs=1e-12)


def test_the_setup_follows_the_recursion():
    seen = trained(catapult.PHENOMENON, 30, lr=2.5)
    assert 2 * seen["edge_ratio"][0] == pytest.approx(2.5, rel=1e-5)
    for t in (1, 5, 10, 30):
        kappa = recursion(seen["kick"][0], 2 * seen["edge_ratio"][0], t)
        assert 2 * seen["edge_ratio"][t] == pytest.approx(kappa, rel=1e-3)


@pytest.mark.parametrize(("c", "low", "high"), [(2.5, 0.6411, 0.6413), (3.0, 0.092, 0.124)])
def test_the_final_curvature_of_infinite_width(c, low, high):
    """From a vanishing kick the end depends on where in one period of growth, |1 - c|-fold, the kick begins."""
    ends = [recursion(1e-4 * (c - 1) ** u, c, 400) / 2 for u in np.linspace(0, 1, 50)]
    assert low < min(ends) and max(ends) < high


# --- edges of stability


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9])
@pytest.mark.parametrize(("ratio", "grows"), [(0.99, False), (1.01, True)])
def test_the_edge_of_a_quadratic(momentum, ratio, grows):
    """The setup's ratio against gradient descent with momentum on its linear model."""
    p, static = edge_of_stability.PHENOMENON, edge_of_stability.PHENOMENON.static._replace(network="linear")
    state, data, knobs = begun(p, 0, static, lr=ratio, momentum=momentum)
    assert float(edge_of_stability.edge_ratio(state.params, data, knobs, static)) == pytest.approx(ratio, rel=1e-4)
    x, y, _ = (np.asarray(part, np.float64) for part in data)
    features = x[:, None] ** np.arange(5)
    best, w, m = np.linalg.lstsq(features, y, rcond=None)[0], np.asarray(state.params["w"], np.float64), 0.0
    for _ in range(3000):
        m = momentum * m + features.T @ (features @ w - y) / x.size
        w = w - float(knobs.lr) * m
        if grown := np.linalg.norm(w - best) > 100:
            break
    assert grown == grows


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("ratio", "grows"), [(0.99, False), (1.01, True)])
def test_the_adaptive_edge_of_a_quadratic(beta1, ratio, grows):
    """Averaged gradients, a fixed preconditioner: S = (2 + 2 beta1) / ((1 - beta1) lr) is where it turns unstable."""
    s, m, x = ratio * (2 + 2 * beta1) / (1 - beta1), 0.0, 1.0  # lr = 1
    for _ in range(4000):
        m = beta1 * m + (1 - beta1) * s * x
        x -= m
        if grown := abs(x) > 100:
            break
    assert grown == grows


def test_the_adaptive_ratio_against_a_dense_hessian():
    p = adaptive_edge_of_stability.PHENOMENON
    state, data, knobs = begun(p, 3)
    key = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))
    for _ in range(7):
        state = trainer.step_run(p, p.static, trainer.Carry(state, data, knobs, key))
    flat, unravel = ravel_pytree(state.params)
    hessian = np.asarray(jax.hessian(lambda w: p.loss(unravel(w), data, knobs, p.static))(flat), np.float64)
    v = np.asarray(ravel_pytree(state.opt[0].nu)[0], np.float64)
    scale = 1 / ((np.sqrt(v / (1 - knobs.beta2**7)) + knobs.eps) * (1 - knobs.beta1**7))
    top = np.linalg.eigvalsh(np.sqrt(scale)[:, None] * hessian * np.sqrt(scale))[-1]
    edge = (2 + 2 * knobs.beta1) / ((1 - knobs.beta1) * knobs.lr)
    assert float(p.probe(state, data, knobs, p.static)["edge_ratio"]) == pytest.approx(top / edge, rel=1e-3)


# --- saddle to saddle


def test_the_due_time_of_aligned_weights_is_that_of_the_sigmoid():
    """Weights of one mode, aligned: a' = 2 s a (1 - a / s), integrated step by step."""
    knobs = saddle_to_saddle.Knobs(lr=1e-3)
    w = np.zeros((8, 8), np.float32)
    w[0, 0] = 1e-2
    due = np.asarray(saddle_to_saddle.due({"w1": w, "w2": w}, knobs))
    a, s, t = 1e-4, 4.0, 0
    while a < s / 2:
        a, t = a + knobs.lr * 2 * a * (s - a), t + 1
    assert due[0] == pytest.approx(t, rel=5e-3)
    assert math.isinf(due[1])  # without a seed a mode never grows


def test_large_seeds_are_due_at_once():
    w = np.full((8, 8), 5.0, np.float32)
    assert not np.asarray(saddle_to_saddle.due({"w1": w, "w2": w}, saddle_to_saddle.Knobs())).any()


def test_modes_start_from_their_seeds_and_the_loss_from_the_target():
    seen = trained(saddle_to_saddle.PHENOMENON, 3)
    assert seen["loss"][0] == pytest.approx(0.5 * (16 + 4 + 1 + 0.25), rel=1e-3)
    assert abs(seen["mode_1"][0]) < 1e-5 and seen["due_1"][0] < seen["due_4"][0]
    assert (np.diff(seen["due_2"]) == 0).all()


def test_a_single_layer_relaxes_at_one_rate():
    static = saddle_to_saddle.PHENOMENON.static._replace(layers=1)
    seen = trained(saddle_to_saddle.PHENOMENON, 40, static)
    for i in (1, 4):
        assert seen[f"mode_{i}"] == pytest.approx(1 - 0.98 ** np.arange(41), abs=5e-3)
    assert "due_1" not in seen
