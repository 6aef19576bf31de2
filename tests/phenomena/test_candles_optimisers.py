"""Optimisers on losses of which everything is known: each setup against arithmetic in double precision."""

import jax
import numpy as np
import pytest

from bestiary.log import Log
from bestiary.phenomena import clipped_cycle, critical_batch_size, edge_variants, sgd_stationary
from bestiary.train import trainer


def begun(phenomenon, static=None, **knobs):
    """Parameters, data and calibrated knobs of one run before its first step."""
    carry = trainer.begin_run(phenomenon, static or phenomenon.static, phenomenon.knobs._replace(**knobs), 0, 0)
    return carry.state, carry.data, carry.knobs


def trained(phenomenon, steps, static=None, **knobs):
    """The channels of one run, {channel: (steps + 1,)}, step by step."""
    static = static or phenomenon.static
    state, data, knobs = begun(phenomenon, static, **knobs)
    key = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))
    step = jax.jit(lambda s: trainer.step_run(phenomenon, static, trainer.Carry(s, data, knobs, key)))
    watch = jax.jit(lambda s: phenomenon.observe(s, data, knobs, static))
    seen = []
    for _ in range(steps + 1):
        seen.append({c: float(v) for c, v in watch(state).items()})
        state = step(state)
    return {c: np.array([now[c] for now in seen]) for c in seen[0]}


# --- stationary SGD


def at_rest(lr, b, noise):
    """Stationary second moments of x and v in double precision: E x^2, E v^2."""
    a = np.array([[1 - lr, b], [-lr, b]])  # (x, v) -> (x', v') without noise
    q = lr**2 * noise**2 * np.ones((2, 2))
    moments = np.linalg.solve(np.eye(4) - np.kron(a, a), q.ravel()).reshape(2, 2)
    return moments[0, 0], moments[1, 1]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("lr", [0.1, 1.5])
def test_the_size_in_theory_is_what_the_moments_come_to(lr, momentum):
    p = sgd_stationary.PHENOMENON
    state, data, knobs = begun(p, lr=lr, momentum=momentum, batch=4.0)
    seen = sgd_stationary.observe(state, data, knobs, p.static)
    x2, v2 = at_rest(lr, momentum, 0.5)
    assert float(seen["variance_in_theory"]) == pytest.approx(x2, rel=1e-5)
    assert x2 == pytest.approx((1 + momentum) / (2 * lr) * v2, rel=1e-9)  # the balance


def test_a_decaying_step_of_unit_size_keeps_the_mean_of_the_noise():
    seen = trained(sgd_stationary.PHENOMENON, 200, lr=1.0, decay=1.0)
    t = np.arange(20, 201)
    assert (seen["variance"][20:] * t).mean() == pytest.approx(1.0, rel=0.05)
    assert (seen["push"][20:] * 2 * (t - 1)).mean() == pytest.approx(1.0, rel=0.05)


def test_a_cloud_beyond_the_edge_grows_and_one_within_does_not():
    for lr, growing in ((1.99, False), (2.01, True)):
        seen = trained(sgd_stationary.PHENOMENON, 500, lr=lr)
        assert (sgd_stationary.detect(Log.of(np.arange(501.0), **seen)).phase == "growing") == growing


# --- clipped cycle


@pytest.mark.parametrize(("by", "moving"), [("norm", 1), ("value", 6)])
def test_a_clipped_descent_ends_in_cycles_of_the_sharp_directions(by, moving):
    """The setup step by step against descent in double precision, and how many directions that leaves going round."""
    p = clipped_cycle.PHENOMENON
    static = p.static._replace(by=by)
    state, _, _ = begun(p, static)
    seen = trained(p, 300, static)
    x, h, weight = np.asarray(state.params["x"], np.float64), np.arange(1, 17) / 16, []
    for _ in range(300):
        weight.append(x[-1])
        g = h * x
        g = np.clip(g, -1, 1) if by == "value" else g * min(1, 1 / np.linalg.norm(g))
        moved = -3 * g
        x = x + moved
    assert seen["weight"][:20] == pytest.approx(weight[:20], abs=1e-3)
    assert np.ptp(weight[-2:]) == pytest.approx(3.0, rel=1e-9)
    assert (np.abs(moved) > 1e-6).sum() == moving == seen["moving"][-1]


def test_without_clipping_the_update_is_the_gradient():
    seen = trained(clipped_cycle.PHENOMENON, 10, clipped=0.0)
    assert seen["weight"] == pytest.approx(seen["weight"][0] * (-2.0) ** np.arange(11), rel=1e-4)


# --- critical batch size


def test_the_drawn_gradient_has_the_moments_of_a_batch_of_examples():
    """Along the distance and across it, against X^T X D / B of real examples, in mean and in second moment."""
    d, size, n = 5, 3, 40000
    distance = np.zeros((n, d), np.float32)
    distance[:, 0] = 2.0
    drawn = critical_batch_size.gradient(jax.random.key(0), distance, float(size), critical_batch_size.Knobs())
    x = np.random.default_rng(0).normal(size=(n, size, d))
    real = np.einsum("nbi,nb->ni", x, 2.0 * x[:, :, 0]) / size
    for ours in (np.asarray(drawn, np.float64), real):
        assert ours.mean(0) == pytest.approx([2, 0, 0, 0, 0], abs=0.05)
        assert ours.var(0) == pytest.approx(4 / size * np.array([2, 1, 1, 1, 1]), rel=0.06)


def test_a_step_gains_what_the_theory_says():
    knobs = critical_batch_size.Knobs(growth=0.0, batch=8.0)
    seen = trained(critical_batch_size.PHENOMENON, 200, **knobs._asdict())
    gain = 0.05 * 1.95 / (1 + 17 / 8)
    assert seen["gain"][1:].mean() == pytest.approx(gain, rel=0.03)
    assert seen["noise_scale"][1:].mean() == pytest.approx(17, rel=0.03)


def test_the_batch_doubles_every_forty_steps():
    sizes = critical_batch_size.batch_size(np.arange(0, 561, 40), critical_batch_size.Knobs())
    assert np.asarray(sizes).tolist() == [2.0**k for k in range(15)]


# --- edges of momentum, of Nesterov's momentum and of SAM


def grows(optimizer, s, momentum=0.7, rho=0.05):
    """Whether steps of size 1 on s x^2 / 2 grow, in double precision; for SAM those from x = 1, where |g| = s."""
    x, v = 1.0, 0.0
    if optimizer == "sam":
        return abs(x - s * (x + rho)) > 1.0
    for _ in range(3000):
        v = momentum * v + s * x
        x -= s * x + momentum * v if optimizer == "nesterov" else v
        if abs(x) > 100:
            return True
    return False


@pytest.mark.parametrize("optimizer", ["heavy_ball", "nesterov", "sam"])
def test_the_edge_is_where_steps_on_a_quadratic_begin_to_grow(optimizer):
    static = edge_variants.PHENOMENON.static._replace(optimizer=optimizer)
    knobs = edge_variants.Knobs(momentum=0.7, rho=0.05)

    def over(s):
        """Of a quadratic of curvature s at x = 1, whose gradient is s."""
        return s / float(edge_variants.edge(s, 1.0, knobs, static))

    low, high = 0.1, 10.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if grows(optimizer, middle) else (middle, high)
    assert over(low) == pytest.approx(1.0, rel=5e-3)


@pytest.mark.parametrize("optimizer", ["heavy_ball", "nesterov", "sam"])
def test_the_step_is_calibrated_to_the_own_edge(optimizer):
    p = edge_variants.PHENOMENON
    static = p.static._replace(optimizer=optimizer)
    state, data, knobs = begun(p, static, lr=0.4)
    assert float(p.probe(state, data, knobs, static)["edge_ratio"]) == pytest.approx(0.4, rel=1e-3)
