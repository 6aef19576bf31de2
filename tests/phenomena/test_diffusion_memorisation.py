"""diffusion_memorisation: the setup against arithmetic in double precision."""

import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.phenomena import diffusion_memorisation


def test_moments_are_those_of_drawn_noise():
    rng = np.random.default_rng(0)
    d, p, t = 4, 6, 0.05
    v, x = rng.normal(size=(p, d)), rng.normal(size=(3, d))
    u, c = diffusion_memorisation.moments(jnp.asarray(x), jnp.full(3, 1 / 3), jnp.asarray(v), t)
    noise = 1 - np.exp(-2 * t)
    xi = rng.normal(size=(400_000, 1, d))
    f = np.tanh((np.exp(-t) * x + noise**0.5 * xi) @ v.T / d**0.5)
    drawn = np.einsum("sni,snj->ij", f, f) / f.shape[0] / 3 / p
    assert np.asarray(u) == pytest.approx(drawn, abs=4e-4)
    assert np.asarray(c) == pytest.approx(np.einsum("sd,snp->dp", xi[:, 0], f) / f.shape[0] / 3 / p**0.5, abs=4e-3)
