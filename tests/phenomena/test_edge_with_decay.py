"""Weight decay at the edge of stability: off it changes nothing, on it moves the edge by a known amount."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from bestiary.phenomena import edge_of_stability as edge
from bestiary.train import trainer

P = edge.PHENOMENON
KEY = jax.random.key_data(jax.random.key(0, impl="threefry2x32"))


def begun(static=P.static, **knobs):
    """State, data and calibrated knobs of one run before its first step."""
    carry = trainer.begin_run(P, static, P.knobs._replace(**knobs), 0, 0)
    return carry.state, carry.data, carry.knobs


def trained(state, data, knobs, static, steps):
    """The state some steps later."""
    run = jax.jit(
        lambda s: jax.lax.fori_loop(
            0, steps, lambda _, s: trainer.step_run(P, static, trainer.Carry(s, data, knobs, KEY)), s
        )
    )
    return run(state)


@pytest.mark.parametrize("momentum", [0.0, 0.3])
def test_fifty_steps_without_decay_are_those_of_the_heavy_ball(momentum):
    state, data, knobs = begun(momentum=momentum)
    x, y = data[:2]

    @jax.jit
    def step(w, v):
        g = jax.grad(lambda w: 0.5 * jnp.mean((edge.network(w, x, P.static) - y) ** 2))(w)
        v = jax.tree.map(lambda g, v: g + momentum * v, g, v)
        return jax.tree.map(lambda w, v: w - knobs.lr * v, w, v), v

    w, v = state.params, jax.tree.map(jnp.zeros_like, state.params)
    for _ in range(50):
        w, v = step(w, v)
    now = trained(state, data, knobs, P.static, 50)
    for one, other in zip(jax.tree.leaves(now.params), jax.tree.leaves(w), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(
    ("momentum", "decoupled", "moved"),
    [(0.0, 0.0, 2 - 0.2), (0.0, 1.0, 2 - 0.2), (0.5, 0.0, 3 - 0.2), (0.5, 1.0, 1.5 * (2 - 0.2))],
)
def test_the_edge_is_where_the_formulas_put_it(momentum, decoupled, moved, side):
    """On the linear model, one per cent below and above: the gradient keeps its direction, or turns round."""
    static = P.static._replace(network="linear")
    lr = moved / (2 + 2 * momentum) * (1 + 0.01 * side)
    state, data, knobs = begun(static, lr=lr, momentum=momentum, decay=0.2, decoupled=decoupled)
    seen = P.observe(trained(state, data, knobs, static, 800), data, knobs, static)
    assert float(seen["turn"]) == pytest.approx(-side, abs=0.05)


def test_a_batch_is_a_part_of_the_points_without_repeats():
    static = P.static._replace(points=64)
    _, data, knobs = begun(static, batch=4.0)
    draws = [np.asarray(edge.batch(jax.random.key(i), data, knobs, static)[2]) for i in range(200)]
    assert {float(w.sum()) for w in draws} == {4.0} and set(np.concatenate(draws)) == {0.0, 1.0}
    assert np.mean(draws, 0).max() < 0.15  # a sixteenth each
    every = edge.batch(jax.random.key(0), data, knobs._replace(batch=64.0), static)
    np.testing.assert_array_equal(every[2], data[2])


@pytest.mark.parametrize("size", [64.0, 4.0])
def test_the_batch_sharpness_is_the_curvature_of_batches_along_their_gradients(size):
    """Against dense Hessians of the batches alone."""
    static = P.static._replace(points=64)
    state, data, knobs = begun(static, batch=size)
    flat, unravel = ravel_pytree(state.params)
    keys = jax.random.split(jax.random.key(5, impl="threefry2x32"), 3)
    curved = squared = 0.0
    for key in keys:
        x, y, drawn = edge.batch(key, data, knobs, static)
        x, y = x[drawn > 0], y[drawn > 0]

        def misfit(w, x=x, y=y):
            return 0.5 * jnp.mean((edge.network(unravel(w), x, static) - y) ** 2)

        g = np.asarray(jax.grad(misfit)(flat), np.float64)
        curved, squared = curved + g @ np.asarray(jax.hessian(misfit)(flat), np.float64) @ g, squared + g @ g
    got = edge.batch_sharpness(state.params, keys, data, knobs, static)
    assert float(got) == pytest.approx(curved / squared, rel=1e-3)
