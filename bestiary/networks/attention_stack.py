"""Layers of causal attention with one head each, added to the stream, without normalisation and MLP."""

from __future__ import annotations

import jax
import jax.numpy as jnp

Params = dict[str, jax.Array]


def attention_stack_shapes(layers: int, width: int, head: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights of `attention_stack`.

    Args:
        layers: L.
        width: e, of the stream.
        head: k, of queries and keys.

    Returns:
        query and keys, (L, k, e); value and out, (L, e, e). Every matrix maps its last axis to the one before.
    """
    return {
        "query": (layers, head, width),
        "keys": (layers, head, width),
        "value": (layers, width, width),
        "out": (layers, width, width),
    }


def attention_stack(
    params: Params,
    z: jax.Array,
    allowed: jax.Array,
    *,
    sharpness: jax.Array | float = 1.0,
    bias: jax.Array | float = 0.0,
    scores: jax.Array | None = None,
) -> tuple[jax.Array, list[jax.Array]]:
    """Run the layers; of the last layer, the last place only, since nothing else is read.

    Every layer turns z_t into
        z_t + O V sum_s A_ts z_s,   A_t = softmax over allowed s <= t of (sharpness q_t.k_s / sqrt(k) + bias_s),
    with q = Q z and k = K z.

    Args:
        params: query, keys, value, out as in `attention_stack_shapes`; other names are ignored.
        z: (n, T, e) the stream.
        allowed: (T,) whether a place may be attended to.
        sharpness: () factor of the scores; with 0 every allowed place is paid the same.
        bias: (n, 1, T), or anything that broadcasts to it: added to the score of a place, whoever asks.
        scores: (T,) in place of q_t.k_s / sqrt(k), whoever asks.

    Returns:
        The stream at the last place, (n, 1, e), and the attention A of every layer, (n, T, T) or, where all ask
        alike, (n, 1, T); of the last layer (n, 1, T).

    Source. Vaswani et al., arXiv:1706.03762, section 3.2.
    """
    count = z.shape[1]
    layers, head, _ = params["query"].shape
    causal = jnp.tri(count, dtype=bool)
    attention = []
    for i in range(layers):
        first = count - 1 if i == layers - 1 else 0
        asking = z[:, first:]
        if scores is None:
            products = asking @ params["query"][i].T @ params["keys"][i] @ z.mT / head**0.5
        else:
            products = scores
        paid = jax.nn.softmax(sharpness * products + bias, where=causal[first:] & allowed)
        attention.append(paid)
        z = asking + paid @ z @ params["value"][i].T @ params["out"][i].T
    return z, attention
