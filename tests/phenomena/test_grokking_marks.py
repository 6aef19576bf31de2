"""What the entries of grokking say of their weights, against arithmetic on curves and networks made by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.log import Log
from bestiary.phenomena import grokking, grokking_sparse_parity, grokking_teacher_student

T = np.arange(0.0, 4000.0, 10.0)
GROKS = {"train_acc": np.where(T < 100, 0.0, 1.0), "test_acc": np.where(T < 2000, 0.0, 1.0)}


def test_the_lead_is_of_the_step_at_which_participation_is_half_as_much_again():
    """It is at step 800 where it grows by 1 in 1600 steps, and test accuracy leaves chance at 2000."""
    log = Log.of(T, **GROKS, fourier_ipr=0.2 * (1 + T / 1600))
    effects = grokking.detect(log).effects
    assert effects["ipr_lead"].value == pytest.approx(2000 / 810, rel=1e-6)
    flat = grokking.detect(Log.of(T, **GROKS, fourier_ipr=np.full_like(T, 0.2)))
    assert flat.found and "ipr_lead" not in flat.effects


def test_weights_that_only_decay_are_on_the_law():
    clock = T * 3e-4
    log = Log.of(T, **GROKS, weight_norm=2 * np.exp(-clock), clock=clock)
    effects = grokking_teacher_student.detect(log).effects
    assert effects["clock"].value == pytest.approx(0.6, rel=1e-6)
    assert effects["clock_over_law"].value == pytest.approx(1, rel=1e-6)
    assert effects["notebook_norm"].value == pytest.approx(2 * np.exp(-0.285), rel=1e-4)


def test_as_many_neurons_suffice_as_change_an_answer():
    """Three neurons answer x_1, of which the two strongest do it alone; a fourth is too weak to matter."""
    static = grokking_sparse_parity.PHENOMENON.static._replace(bits=3, width=4)
    w = jnp.zeros((4, 4)).at[0].set(jnp.array([1.0, -1.0, 0.5, 0.0])).at[3, 3].set(0.01)
    params = {"w": w, "a": jnp.array([2.0, -2.0, 1.0, 1.0, 0.0])}
    np.testing.assert_allclose(grokking_sparse_parity.strengths(params), [2.0, 2.0, 0.5, 0.01], rtol=1e-5)
    x = jax.random.rademacher(jax.random.key(0), (40, static.bits), jnp.float32)
    assert int(grokking_sparse_parity.needed(params, x, jnp.ones(40))) == 2
    one_side = jnp.float32(x[:, 0] > 0)
    assert int(grokking_sparse_parity.needed(params, x, one_side)) == 1
