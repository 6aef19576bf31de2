"""Two layers on pairs of tokens: every token has a row in the table of its place, and the two rows are added."""

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

    Source. Gromov, arXiv:2301.02679, with one-hot tokens and the square as activation.
    """

    alphabet: int
    classes: int
    hidden: int
    activation: Callable[[jax.Array], jax.Array] = jnp.square
    width: int = 0

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        """Return the scores (n, c) of one-hot tokens (n, T, v), of which the first two are read."""
        linear = partial(nn.Dense, use_bias=False)
        every = jnp.eye(self.alphabet)
        if self.width:
            every = linear(self.width, name="embed")(every)
        first = tokens[:, 0] @ linear(self.hidden, name="first")(every)
        second = tokens[:, 1] @ linear(self.hidden, name="second")(every)
        return linear(self.classes, name="unembed")(self.activation(first + second))
