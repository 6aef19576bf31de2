"""Sparse attention on the way to the transformer: every rung of the values adds one thing to the one before."""

import jax
import numpy as np
import pytest

from bestiary.networks.positions import sinusoids
from bestiary.phenomena import sparse_attention_transformer as entry

P = entry.PHENOMENON
WORDS = ("matrix", "embedded", "placed", "value", "output", "residual")


def read(values):
    """-> outputs of the network, and the same in NumPy by the parts that the word has."""
    static = P.static._replace(values=values, positions=6, width=3, embedding=8)
    knobs = P.knobs._replace(length=6.0)
    key = jax.random.key(0)
    data = entry.data(key, knobs, static)
    params = entry.init(key, knobs, static)
    params["readout"] = jax.random.normal(key, params["readout"].shape)
    outputs, _ = entry.network(params, data[1], knobs, static)

    w, parts = {name: np.asarray(leaf, np.float64) for name, leaf in params.items()}, WORDS.index(values)
    x = np.concatenate([data[1].tokens, data[1].relevant[..., None]], -1)
    z = x @ w["embed"].T + np.asarray(sinusoids(6, 8))
    scores = np.einsum("nk,nsk->ns", z[:, -1] @ w["query"][0].T, z @ w["keys"][0].T) / np.sqrt(2)
    paid = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    seen = np.einsum("ns,nsi->ni", paid, [x, x @ w["embed"].T, z][min(parts, 2)])
    if parts >= 3:
        seen = seen @ w["value"][0].T
    if parts >= 4:
        seen = seen @ w["out"][0].T
    if parts >= 5:
        seen = seen + z[:, -1]
    return outputs, seen @ w["readout"].T


@pytest.mark.parametrize("values", WORDS)
def test_what_is_read(values):
    np.testing.assert_allclose(*read(values), rtol=1e-4, atol=1e-5)
