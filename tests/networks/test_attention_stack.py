"""Layers of attention against loops over sequences, places and layers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.initial import normals
from bestiary.networks.attention_stack import attention_stack, attention_stack_shapes

N, T, E, K = 2, 5, 6, 3


def made(layers, seed=0):
    key, of_z = jax.random.split(jax.random.key(seed))
    params = {name: 0.5 * w for name, w in normals(key, **attention_stack_shapes(layers, E, K)).items()}
    return params, jax.random.normal(of_z, (N, T, E))


def naive(params, z, allowed, sharpness=1.0, bias=None, scores=None):
    """Stream of every place after all layers, attention (L, n, T, T), in double precision."""
    w = {name: np.asarray(leaf, np.float64) for name, leaf in params.items()}
    z, layers = np.asarray(z, np.float64), len(w["query"])
    bias = np.zeros((N, T)) if bias is None else bias
    attention = np.zeros((layers, N, T, T))
    for i in range(layers):
        after = np.zeros_like(z)
        for n in range(N):
            for t in range(T):
                seen = [s for s in range(t + 1) if allowed[s]]
                query = w["query"][i] @ z[n, t]
                own = {s: query @ (w["keys"][i] @ z[n, s]) / np.sqrt(K) if scores is None else scores[s] for s in seen}
                power = {s: np.exp(sharpness * own[s] + bias[n, s]) for s in seen}
                for s in seen:
                    attention[i, n, t, s] = power[s] / sum(power.values())
                gathered = sum((attention[i, n, t, s] * z[n, s] for s in seen), np.zeros(E))
                after[n, t] = z[n, t] + w["out"][i] @ w["value"][i] @ gathered
        z = after
    return z, attention


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_last_place_is_that_of_the_loops(layers):
    params, z = made(layers)
    allowed = np.ones(T, bool)
    stream, attention = attention_stack(params, z, jnp.asarray(allowed))
    wanted, paid = naive(params, z, allowed)
    assert stream.shape == (N, 1, E) and len(attention) == layers
    np.testing.assert_allclose(stream[:, 0], wanted[:, -1], rtol=2e-3, atol=2e-3)
    assert [a.shape for a in attention] == [(N, T, T)] * (layers - 1) + [(N, 1, T)]
    np.testing.assert_allclose(attention[-1][:, 0], paid[-1, :, -1], atol=1e-3)
    for i in range(layers - 1):
        np.testing.assert_allclose(attention[i], paid[i], atol=1e-3)


def test_places_that_are_not_allowed_are_not_paid():
    params, z = made(1)
    allowed = np.array([False, True, False, True, True])
    stream, (paid,) = attention_stack(params, z, jnp.asarray(allowed))
    wanted, _ = naive(params, z, allowed)
    assert not np.asarray(paid)[..., ~allowed].any()
    np.testing.assert_allclose(stream[:, 0], wanted[:, -1], rtol=1e-3, atol=1e-3)


def test_sharpness_and_bias_enter_the_scores():
    params, z = made(1)
    allowed, bias = np.ones(T, bool), np.random.default_rng(0).normal(size=(N, T))
    even, (paid,) = attention_stack(params, z, jnp.asarray(allowed), sharpness=0.0)
    np.testing.assert_allclose(paid, np.full((N, 1, T), 1 / T), rtol=1e-5)
    biased, (paid,) = attention_stack(params, z, jnp.asarray(allowed), sharpness=0.5, bias=jnp.asarray(bias)[:, None])
    wanted, attention = naive(params, z, allowed, 0.5, bias)
    np.testing.assert_allclose(paid[:, 0], attention[0, :, -1], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(biased[:, 0], wanted[:, -1], rtol=1e-3, atol=1e-3)
    assert float(jnp.abs(even - biased).max()) > 0.1


def test_given_scores_replace_the_products():
    params, z = made(2)
    allowed, scores = np.ones(T, bool), np.linspace(-1, 2, T)
    stream, _ = attention_stack(params, z, jnp.asarray(allowed), bias=jnp.zeros((N, 1, T)), scores=jnp.asarray(scores))
    wanted, _ = naive(params, z, allowed, scores=scores)
    np.testing.assert_allclose(stream[:, 0], wanted[:, -1], rtol=1e-3, atol=1e-3)
    other = params | {"query": -params["query"]}
    again, _ = attention_stack(other, z, jnp.asarray(allowed), bias=jnp.zeros((N, 1, T)), scores=jnp.asarray(scores))
    assert jnp.array_equal(stream, again)
