"""icl_linear_attention: the setup against arithmetic in double precision."""

import jax.numpy as jnp
import numpy as np
import pytest
from begun import begun

from bestiary.phenomena import icl_linear_attention


@pytest.mark.parametrize("form", ["separate", "merged"])
def test_the_loss_is_the_mean_over_sequences(form):
    p = icl_linear_attention.PHENOMENON
    static = p.static._replace(form=form)
    state, sizes, knobs, _ = begun(p, static, init_scale=0.6, context=8.0)
    m = np.asarray(icl_linear_attention.readout(state.params), np.float64)
    rng, variances = np.random.default_rng(0), np.asarray(sizes, np.float64)
    w, q = rng.normal(size=(200_000, 4)), rng.normal(size=(200_000, 4)) * variances**0.5
    x = rng.normal(size=(200_000, 8, 4)) * variances**0.5
    b = np.einsum("snd,snk,sk->sd", x, x, w) / 8
    missed = (np.sum(w * q, 1) - np.einsum("si,ij,sj->s", b, m, q)) ** 2
    assert float(p.loss(state.params, sizes, knobs, static)) == pytest.approx(
        missed.mean(), abs=5 * missed.std() / 200_000**0.5
    )


def test_levels_are_the_least_loss_with_so_many_directions():
    p = icl_linear_attention.PHENOMENON
    state, sizes, knobs, static = begun(p)
    seen = p.observe(state, sizes, knobs, static)
    least = 1 / np.asarray(icl_linear_attention.gain(knobs, sizes))
    for i in range(icl_linear_attention.MODES):
        m = np.diag(np.where(np.arange(4) <= i, least, 0.0))
        params = {"v": jnp.ones(1), "u": jnp.asarray(m)[None]}
        merged = static._replace(form="merged", heads=1)
        assert float(p.loss(params, sizes, knobs, merged)) == pytest.approx(float(seen[f"level_{i + 1}"]), rel=1e-5)
    assert [float(seen[f"level_{i}"]) for i in (1, 2, 3, 4)] == pytest.approx(
        [0.5106, 0.2784, 0.1731, 0.1286], abs=5e-5
    )
