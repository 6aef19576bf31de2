"""Sinusoidal vectors that tell a transformer where a token stands."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def sinusoids(positions: int, width: int, base: int = 100) -> jax.Array:
    """Return sin(t / base^(i / h)) for i < h = width / 2, followed by the cosines of the same phases.

    Args:
        positions: T.
        width: d, even.
        base: sets the longest wavelength, 2 pi base^(1 - 1/h) [token].

    Returns:
        (T, d), t = 0, ..., T - 1.

    Source. Vaswani et al., arXiv:1706.03762, section 3.5, with a base of 10000 and another order of the columns.
    """
    half = width // 2
    phase = jnp.arange(positions)[:, None] / base ** (jnp.arange(half) / half)
    return jnp.concatenate([jnp.sin(phase), jnp.cos(phase)], -1)


def interleaved_sinusoids(positions: int, width: int, base: int = 100) -> jax.Array:
    """Return the same waves as `sinusoids`, every sine beside its cosine.

    Columns 2i and 2i + 1 are sin(t / base^(2i / d)) and sin(t / base^(2i / d) + pi / 2).

    Args:
        positions: T.
        width: d.
        base: as in `sinusoids`.

    Returns:
        (T, d).

    Source. Vaswani et al., arXiv:1706.03762, section 3.5.
    """
    t = jnp.arange(positions)[:, None]
    i = jnp.arange(width)
    return jnp.sin(t / base ** (i // 2 * 2 / width) + jnp.pi / 2 * (i % 2))
