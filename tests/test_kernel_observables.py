"""Kernel distance against a kernel summed parameter by parameter in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.observables import kernel_distance

X = np.random.default_rng(0).normal(size=(6, 3))


def network(params, x=X):
    return jnp.tanh(x @ params["w"] + params["b"]) @ params["a"]


def params(seed):
    rng = np.random.default_rng(seed)
    return {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=4), "a": rng.normal(size=4)}


def naive(p, q, eps=1e-5):
    """From central differences of every output by every parameter."""

    def forward(at):
        return np.tanh(X @ at["w"] + at["b"]) @ at["a"]

    def kernel(at):
        columns = []
        for name in at:
            for place in np.ndindex(at[name].shape):
                up, down = ({k: v.copy() for k, v in at.items()} for _ in range(2))
                up[name][place] += eps
                down[name][place] -= eps
                columns.append((forward(up) - forward(down)) / (2 * eps))
        return sum(np.outer(c, c) for c in columns)

    a, b = kernel(p), kernel(q)
    return 1 - np.sum(a * b) / np.sqrt(np.sum(a**2) * np.sum(b**2))


@pytest.mark.parametrize("seed", range(4))
def test_kernel_distance_of_two_networks(seed):
    p, q = params(seed), params(seed + 10)
    single = jax.tree.map(lambda v: jnp.asarray(v, jnp.float32), (p, q))
    told = jax.jit(lambda a, b: kernel_distance(network, a, b))(*single)
    expected = naive(p, q)
    assert 0.01 < expected < 0.9
    np.testing.assert_allclose(told, expected, rtol=1e-4)


def test_a_small_turn_is_not_lost_to_rounding():
    """1 - cos in single precision would be off by 1e-7."""
    p = params(0)
    q = {name: value + 1e-4 * np.ones_like(value) for name, value in p.items()}
    told = jax.jit(lambda a, b: kernel_distance(network, a, b))(
        *jax.tree.map(lambda v: jnp.asarray(v, jnp.float32), (p, q))
    )
    expected = naive(p, q)
    assert expected < 1e-7
    np.testing.assert_allclose(told, expected, rtol=0.02)


def test_kernel_distance_ignores_a_factor():
    p = params(0)
    told = kernel_distance(
        lambda at: at["c"] * (X @ at["a"]), {"a": p["w"][0, :3], "c": 3.0}, {"a": p["w"][0, :3], "c": 3.0}
    )
    assert told == 0
    linear = kernel_distance(lambda a: 5.0 * (X @ a), jnp.ones(3), jnp.zeros(3))
    assert linear == 0
