"""One transformer block on sets of tokens: several heads and an MLP, without normalisation, bias and positions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp


class BareTransformer(nn.Module):
    """Scores of the classes, read off at the token that every sequence ends in.

    Tokens have no positions: a token has one key and one value wherever it stands. With e_v the embedding of token v,
    w the last token and Q, K, V the projections of head h:
        a_t = softmax_t(sharpness K e_{x_t}.Q e_w / sqrt(k)),
        u = skip e_w + O (sum_t a_t V e_{x_t}, one part for each head),
        scores = R (skip u + D act(U u)).

    Attributes:
        alphabet: v, number of distinct tokens; the last one ends every sequence.
        classes: c.
        width: d, of the stream; the width k of a head is d / heads.
        heads: number of heads.
        hidden: m, of the MLP.
        activation: acts entry by entry.
        embedded: whether tokens are embedded; if not, the stream has the width v, and the one-hot token is in it.

    Source. Nanda et al., arXiv:2301.05217, section 3.
    """

    alphabet: int
    classes: int
    width: int
    heads: int
    hidden: int
    activation: Callable[[jax.Array], jax.Array] = nn.relu
    embedded: bool = True

    @nn.compact
    def __call__(
        self, tokens: jax.Array, sharpness: jax.Array | float = 1.0, skip: jax.Array | float = 1.0
    ) -> jax.Array:
        """Return the scores.

        Args:
            tokens: (n, T, v) one-hot.
            sharpness: () factor of the attention scores; with 0 every token is paid the same.
            skip: () weight of the skip connections.

        Returns:
            (n, c).
        """
        linear = partial(nn.Dense, use_bias=False)
        every = jnp.eye(self.alphabet)
        if self.embedded:
            every = linear(self.width, name="embed")(every)

        by_head = (-1, self.heads, self.width // self.heads)
        key = linear(self.width, name="key")(every).reshape(by_head)
        value = linear(self.width, name="value")(every).reshape(by_head)
        query = linear(self.width, name="query")(every[-1]).reshape(by_head[1:])
        score = sharpness * jnp.einsum("vhk,hk->vh", key, query) / key.shape[-1] ** 0.5
        attention = jax.nn.softmax(tokens @ score, axis=1)
        paid = jnp.einsum("nth,ntv->nvh", attention, tokens)
        gathered = jnp.einsum("nvh,vhk->nhk", paid, value).reshape(-1, self.width)

        stream = skip * every[-1] + linear(self.width, name="attended")(gathered)
        hidden = self.activation(linear(self.hidden, name="up")(stream))
        stream = skip * stream + linear(self.width, name="down")(hidden)
        return linear(self.classes, name="unembed")(stream)
