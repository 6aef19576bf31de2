"""Two layers of attention against NumPy, one sequence at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.initial import normals_like
from bestiary.networks.positions import interleaved_sinusoids
from bestiary.networks.two_layer_attention import TwoLayerAttention

V, D, T, N = 7, 4, 5, 3
NUMBERS = np.random.default_rng(0).integers(V, size=(N, T))
MODULE = TwoLayerAttention(V, D)
CAUSAL = np.tril(np.ones((T, T), bool))
PARTLY = CAUSAL & ((np.arange(T) > 1) | np.eye(T, dtype=bool))


def drawn(seed=0):
    like = jax.eval_shape(MODULE.init, jax.random.key(0), jnp.asarray(NUMBERS), jnp.asarray(CAUSAL))
    return normals_like(jax.random.key(seed), like)


def applied(params, mask, first_layer=1.0):
    """-> scores (n, V), attention of the layers (n, T, T), (n, 1, T)."""
    scores, kept = MODULE.apply(params, jnp.asarray(NUMBERS), jnp.asarray(mask), first_layer, mutable=["intermediates"])
    first, second = (kept["intermediates"][name]["attention_weights"][0][:, 0] for name in ("first", "second"))
    return jnp.asarray(scores), first, second


def norm(v):
    return (v - v.mean()) / np.sqrt(v.var() + 1e-6)


def attend(w, asking, z, allowed):
    """-> what one query gathers (d,), and what it pays (T,)."""
    query = norm(asking) @ w["query"]["kernel"][:, 0]
    paid = np.zeros(len(z))
    for s, v in enumerate(z):
        if allowed[s]:
            paid[s] = np.exp(query @ (norm(v) @ w["key"]["kernel"][:, 0]) / np.sqrt(D))
    paid /= paid.sum()
    gathered = sum(a * (norm(v) @ w["value"]["kernel"][:, 0]) for a, v in zip(paid, z, strict=True))
    return gathered @ w["out"]["kernel"][0], paid


def naive(params, mask, first_layer):
    w = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params["params"])
    place, out = np.asarray(interleaved_sinusoids(T, D), np.float64), []
    for x in NUMBERS:
        z = w["embed"]["embedding"][x] + place
        below = [attend(w["first"], z[t], z, mask[t]) for t in range(T)]
        u = z + first_layer * np.array([gathered for gathered, _ in below])
        gathered, paid = attend(w["second"], u[-1], u, mask[-1])
        out.append((norm(u[-1] + gathered) @ w["Dense_0"]["kernel"], [a for _, a in below], [paid]))
    return [np.array(part) for part in zip(*out, strict=True)]


@pytest.mark.parametrize("mask", [CAUSAL, PARTLY], ids=["causal", "partly"])
@pytest.mark.parametrize("first_layer", [0.0, 1.0])
def test_scores_and_attention_are_those_written_out(mask, first_layer):
    params = drawn()
    got, wanted = applied(params, mask, first_layer), naive(params, mask, first_layer)
    assert [part.shape for part in got] == [(N, V), (N, T, T), (N, 1, T)]
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-3)


def test_nothing_is_paid_outside_the_mask():
    _, first, second = applied(drawn(), PARTLY)
    assert not np.asarray(first)[:, ~PARTLY].any() and not np.asarray(second)[:, 0, ~PARTLY[-1]].any()


def test_the_same_parameters_give_the_same_scores():
    one, again, other = (applied(drawn(seed), CAUSAL)[0] for seed in (0, 0, 1))
    assert jnp.array_equal(one, again) and not jnp.array_equal(one, other)
