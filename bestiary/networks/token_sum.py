"""Layers on pairs of tokens: every token has a row in the table of its place, and the two rows are added."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp


class TokenSum(nn.Module):
    """Scores of the classes, R act(A e_{x_1} + B e_{x_2}), e_v the embedding of token v.

    Attributes:
        alphabet: v, number of distinct tokens.
        classes: c.
        hidden: m, of the tables A and B.
        activation: acts entry by entry.
        width: d, of the embedding; 0 leaves the tokens one-hot.
        shared: whether both places have one table, A = B.
        inward: whether a table is the product of three matrices, value (d), attended (d) and up, as in a transformer
            that pays every token the same; for a shared table.
        outward: whether R is the product of two matrices, down (d) and unembed.

    Source. Gromov, arXiv:2301.02679, with one-hot tokens and the square as activation.
    """

    alphabet: int
    classes: int
    hidden: int
    activation: Callable[[jax.Array], jax.Array] = jnp.square
    width: int = 0
    shared: bool = False
    inward: bool = False
    outward: bool = False

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        """Return the scores (n, c) of one-hot tokens (n, T, v), of which the first two are read."""
        linear = partial(nn.Dense, use_bias=False)
        every = jnp.eye(self.alphabet)
        if self.width:
            every = linear(self.width, name="embed")(every)
        if self.inward:
            value = linear(self.width, name="value")(every)
            added = linear(self.width, name="attended")((tokens[:, 0] + tokens[:, 1]) @ value)
            added = linear(self.hidden, name="up")(added)
        else:
            first = linear(self.hidden, name="first")(every)
            second = first if self.shared else linear(self.hidden, name="second")(every)
            added = tokens[:, 0] @ first + tokens[:, 1] @ second
        hidden = self.activation(added)
        if self.outward:
            hidden = linear(self.width, name="down")(hidden)
        return linear(self.classes, name="unembed")(hidden)
