"""One transformer block with one head, a normalisation before every part, and no bias; the last token is read off."""

from __future__ import annotations

import jax
import jax.numpy as jnp

Params = dict[str, jax.Array]


def transformer_shapes(
    alphabet: int, positions: int, width: int, hidden: int, outputs: int
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights of `transformer`.

    Args:
        alphabet: V, number of distinct tokens.
        positions: T.
        width: d, of the stream and of the head.
        hidden: m, of the MLP.
        outputs: c.

    Returns:
        query, keys, value, out (d, d); embed (V, d); place (T, d); up (d, m); down (m, d); readout (d, c). Every
        matrix maps its first axis to its second.
    """
    return {
        "query": (width, width),
        "keys": (width, width),
        "value": (width, width),
        "out": (width, width),
        "embed": (alphabet, width),
        "place": (positions, width),
        "up": (width, hidden),
        "down": (hidden, width),
        "readout": (width, outputs),
    }


def transformer(
    params: Params,
    tokens: jax.Array,
    sharpness: jax.Array | float = 1.0,
    skip: jax.Array | float = 1.0,
    normalised: jax.Array | float = 1.0,
) -> jax.Array:
    """Return the outputs at the last token T.

    With N(x) = normalised (x to mean 0 and variance 1) + (1 - normalised) x, z_t = E x_t + P_t and
    a = softmax_t(sharpness q_T.k_t / sqrt(d)) of q_t = Q N(z_t) and k_t = K N(z_t):
        u = z_T + O V sum_t a_t N(z_t),
        v = skip u + D tanh(U N(u)),
        outputs = R N(v).

    Args:
        params: as in `transformer_shapes`.
        tokens: (n, T, V) one-hot.
        sharpness: () factor of the scores; with 0 every token is paid the same.
        skip: () share of the stream that goes past the MLP.
        normalised: () share of the normalisation; with 0 there is none.

    Returns:
        (n, c).

    Source. Vaswani et al., arXiv:1706.03762; the normalisation before every part, Xiong et al., arXiv:2002.04745.
    """

    def norm(x: jax.Array) -> jax.Array:
        return normalised * jax.nn.standardize(x) + (1 - normalised) * x

    stream = tokens @ params["embed"] + params["place"]
    seen = norm(stream)
    query = seen[:, -1:] @ params["query"]
    keys = seen @ params["keys"]
    scores = query @ keys.mT / keys.shape[-1] ** 0.5
    attention = jax.nn.softmax(sharpness * scores)
    gathered = (attention @ seen)[:, 0]
    last = stream[:, -1] + gathered @ params["value"] @ params["out"]
    last = skip * last + jnp.tanh(norm(last) @ params["up"]) @ params["down"]
    return norm(last) @ params["readout"]
