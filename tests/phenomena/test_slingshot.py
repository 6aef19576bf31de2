"""slingshot: the setup against arithmetic in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from begun import begun

from bestiary.phenomena import slingshot


def test_single_precision_rounds_the_label_away_and_not_the_others():
    gap = 17.5  # exp(-17.5) is 0.4 of 2^-24
    rounded, exact = slingshot.errors(jnp.array([[gap, 0.0, -1.0, -2.0]]), jnp.array([[1.0, 0.0, 0.0, 0.0]]))
    assert float(rounded[0, 0]) == 0
    assert (np.asarray(rounded[0, 1:]) > 0).all()
    assert float(exact.sum()) == pytest.approx(0, abs=1e-14)
    logits = np.array([gap, 0.0, -1.0, -2.0])
    p = np.exp(logits) / np.exp(logits).sum()
    assert np.asarray(exact[0]) == pytest.approx(np.r_[-p[1:].sum(), p[1:]], rel=1e-5)


def test_a_loss_with_cut_gradients_has_the_cross_entropys_where_nothing_is_cut():
    p = slingshot.PHENOMENON
    state, data, knobs, static = begun(p)
    slopes = [jax.grad(p.loss)(state.params, data, knobs, static._replace(gradient=how)) for how in ("rounded", "cut")]
    for a, b in zip(*map(jax.tree.leaves, slopes), strict=True):
        assert np.asarray(a) == pytest.approx(np.asarray(b), abs=1e-6)
    all_cut = jax.grad(p.loss)(state.params, data, knobs._replace(cut=2.0), static._replace(gradient="cut"))
    assert (np.asarray(all_cut["b3"]) > 0).all()  # every logit is pushed down, with nothing to hold it
