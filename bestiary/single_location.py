"""Single-location regression: of a sequence of tokens, one decides the target. The data of two entries."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from bestiary.initial import normals


class Sequences(NamedTuple):
    """A batch.

    Attributes:
        tokens: (n, T, d) entries of variance 1 / d.
        relevant: (n, T) whether a place holds the token that decides.
        targets: (n, d).
    """

    tokens: jax.Array
    relevant: jax.Array
    targets: jax.Array


def unit_columns(key: jax.Array, width: int) -> jax.Array:
    """Draw W*, a Gaussian matrix (d, d) whose columns are scaled to norm 1."""
    matrix = normals(key, w=(width, width))["w"]
    return matrix / jnp.linalg.norm(matrix, axis=0)


def last(count: jax.Array, positions: int) -> jax.Array:
    """Return whether a place is among the last `count`, (T,)."""
    return positions - jnp.arange(positions) <= count


def sequences(
    key: jax.Array,
    matrix: jax.Array,
    size: int,
    positions: int,
    *,
    length: jax.Array,
    copies: jax.Array,
    moving: jax.Array | float = 0.0,
    common: jax.Array | float = 0.0,
    shuffled: jax.Array | float = 0.0,
) -> Sequences:
    """Draw sequences of tokens x_t ~ N(0, I/d) with target W* x, x the token at the relevant places.

    Args:
        key: PRNG key.
        matrix: (d, d) W*.
        size: n.
        positions: T, places that there are.
        length: [token] places in use, the last ones.
        copies: [token] neighbouring places that hold the relevant token.
        moving: [1] share of the sequences with these at random, wrapped around; in the others they are the last.
        common: [1] share of the sequences whose relevant token is the first unit vector.
        shuffled: [1] above 0.5: targets of another sequence.

    Source. Zucchet, d'Angelo, Lampinen & Chan, arXiv:2505.17863, section 2.1.
    """
    d = matrix.shape[0]
    # One draw: the relevant token, the others, then three numbers in [0, 1] that say which and where.
    draw = jax.random.normal(key, (size, (positions + 1) * d + 3))
    drawn = draw[:, :-3].reshape(size, -1, d) / d**0.5
    chance = jax.scipy.stats.norm.cdf(draw[:, -3:])
    token = jnp.where(chance[:, :1] < common, jnp.eye(d)[0], drawn[:, 0])
    others = drawn[:, 1:]

    start = jnp.where(chance[:, 1] < moving, jnp.floor(chance[:, 2] * length), 0.0)  # counted from the end
    behind = (positions - 1 - jnp.arange(positions) - start[:, None]) % length  # places, wrapped around
    relevant = (behind < copies) & last(length, positions)

    targets = token @ matrix.T
    targets = jnp.where(shuffled > 0.5, jnp.roll(targets, 1, axis=0), targets)
    tokens = jnp.where(relevant[..., None], token[:, None], others)
    return Sequences(tokens, relevant, targets)
