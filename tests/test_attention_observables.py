"""Attention scores against loops over sequences and positions."""

import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.detectors._curves import half_time
from bestiary.observables import prefix_matching, previous_token


def attention(rng, *shape):
    """Random causal attention."""
    weights = np.tril(rng.uniform(size=shape))
    return weights / weights.sum(-1, keepdims=True)


def naive_prefix_matching(attention, tokens):
    scores = []
    for paid, x in zip(attention, tokens, strict=True):
        for t in range(len(x)):
            if x[t] in x[:t]:
                scores.append(sum(paid[t, s] for s in range(1, t + 1) if x[s - 1] == x[t]))
    return np.mean(scores) if scores else 0.0


@pytest.mark.parametrize("vocabulary", [2, 5, 1000])
def test_prefix_matching_is_the_loop(vocabulary):
    rng = np.random.default_rng(vocabulary)
    paid, x = attention(rng, 6, 9, 9), rng.integers(0, vocabulary, (6, 9))
    np.testing.assert_allclose(
        prefix_matching(jnp.array(paid), jnp.array(x)), naive_prefix_matching(paid, x), rtol=1e-5
    )


def test_prefix_matching_of_an_induction_head_is_one():
    x = np.arange(12) % 4
    head = np.eye(12)
    head[4:] = np.eye(12)[np.arange(4, 12) - 3]  # the token after the one four before
    assert prefix_matching(jnp.array(head), jnp.array(x)) == 1
    assert prefix_matching(jnp.eye(12), jnp.array(x)) == 0
    assert prefix_matching(jnp.eye(5), jnp.arange(5)) == 0


def test_previous_token_is_the_loop():
    paid = attention(np.random.default_rng(0), 4, 7, 7)
    naive = np.mean([a[t, t - 1] for a in paid for t in range(1, 7)])
    np.testing.assert_allclose(previous_token(jnp.array(paid)), naive, rtol=1e-5)
    np.testing.assert_allclose(previous_token(jnp.array(paid[0])), np.mean(np.diagonal(paid[0], -1)), rtol=1e-5)


@pytest.mark.parametrize(("curve", "half"), [([0, 1, 2, 4, 4], 2), ([1, 1, 3, 2, 1], 2), ([5, 4, 3, 2, 1], 0)])
def test_half_time(curve, half):
    assert half_time(np.arange(5.0), np.array(curve)) == half
