"""Two layers of attention with one head each and no MLP, read off at the last token: the least that can recall."""

from __future__ import annotations

import flax.linen as nn
import jax

from bestiary.networks.positions import interleaved_sinusoids


class TwoLayerAttention(nn.Module):
    """Scores of the tokens that may come next.

    With N the normalisation to mean 0 and variance 1, z_t = E_{x_t} + P_t, P sinusoids, and attention F, G:
        u_t = z_t + first_layer F(N(z))_t,
        v = u_T + G(N(u))_T,
        scores = R N(v).
    Both attention weights are sown as "attention_weights", (n, 1, T, T) under "first" and (n, 1, 1, T) under "second".

    Attributes:
        alphabet: V, number of distinct tokens.
        width: d, of the stream and of the heads.

    Source. Zucchet, d'Angelo, Lampinen & Chan, arXiv:2505.17863, section 3.
    """

    alphabet: int
    width: int

    @nn.compact
    def __call__(self, tokens: jax.Array, mask: jax.Array, first_layer: jax.Array | float = 1.0) -> jax.Array:
        """Return the scores.

        Args:
            tokens: (n, T) numbers of tokens.
            mask: (T, T) whether the row's place may attend to the column's.
            first_layer: () factor of what the first layer adds.

        Returns:
            (n, V).
        """
        norm = nn.LayerNorm(use_bias=False, use_scale=False)
        first = nn.MultiHeadDotProductAttention(1, use_bias=False, name="first")
        second = nn.MultiHeadDotProductAttention(1, use_bias=False, name="second")
        x = nn.Embed(self.alphabet, self.width, name="embed")(tokens)
        x += interleaved_sinusoids(tokens.shape[1], self.width)
        x += first_layer * first(norm(x), mask=mask, sow_weights=True)
        last = x[:, -1]
        last += second(norm(x[:, -1:]), norm(x), mask=mask[-1:], sow_weights=True)[:, 0]
        return nn.Dense(self.alphabet, use_bias=False)(norm(last))
