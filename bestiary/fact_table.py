"""A table that learns facts one at a time, of which some come up seldom. The model of two entries."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def zipf(facts: int, alpha: jax.Array | float) -> jax.Array:
    """Return how often each fact comes up, p_i in proportion to i^-(1 + alpha), the most frequent first.

    Args:
        facts: K.
        alpha: [1] above 0: rarer and rarer facts; -1: all alike.

    Returns:
        (K,), of sum 1.
    """
    power = jnp.arange(1.0, facts + 1) ** -(1 + alpha)
    return power / jnp.sum(power[::-1])  # the small ones first, which float32 would lose beside the large


def exponential(facts: int, rate: jax.Array | float) -> jax.Array:
    """Return frequencies in proportion to exp(-rate i), (K,), of sum 1."""
    power = jnp.exp(-rate * jnp.arange(facts))
    return power / jnp.sum(power)


def draw(key: jax.Array, frequencies: jax.Array, examples: int) -> jax.Array:
    """Draw facts by their frequencies, down to 2^-32.

    A float between 0 and 1 that is read off 23 bits cannot tell apart what is rarer than 1e-7. So 32 bits are read, and
    the frequencies are summed from the rarest fact on, where floats are dense.

    Args:
        key: PRNG key.
        frequencies: (K,) p, of sum 1, falling.
        examples: B.

    Returns:
        (B,) numbers from 0 to K - 1.
    """
    rarer = jnp.cumsum(frequencies[::-1])
    u = (jax.random.bits(key, (examples,), jnp.uint32).astype(jnp.float32) + 0.5) * 2.0**-32
    at = jnp.searchsorted(rarer, u * rarer[-1])
    return frequencies.size - 1 - jnp.minimum(at, frequencies.size - 1)


def left(counts: jax.Array, lr: jax.Array | float) -> jax.Array:
    """Return what is left of each error, (1 - lr)^counts: SGD on 1/2 (w_i - y_i)^2, one example after the other.

    Args:
        counts: (K,) how often each fact was seen.
        lr: [1] step size, from 0 to 1; at 1 a fact is known once it was seen.
    """
    return (1.0 - lr) ** counts


def expected(frequencies: jax.Array, lr: jax.Array | float, examples: jax.Array | float) -> jax.Array:
    """Return the mean of `left` squared after so many examples, (K,): (1 - p (1 - (1 - lr)^2))^n."""
    return jnp.exp(examples * jnp.log1p(-frequencies * (1.0 - (1.0 - lr) ** 2)))
