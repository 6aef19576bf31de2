"""information_exponent: the setup against arithmetic in double precision."""

import jax
import numpy as np
import pytest
from begun import begun

from bestiary.phenomena import information_exponent


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_a_step_moves_as_one_on_whole_examples_does(degree):
    """Mean and scatter of the overlap and of another weight, against steps on drawn examples."""
    p = information_exponent.PHENOMENON
    static = p.static._replace(degree=degree, inputs=5, batch=4)
    state, data, knobs, _ = begun(p, static, start=1.0, delta=0.5)
    keys = jax.random.split(jax.random.key(0), 20_000)
    ours = np.asarray(jax.vmap(lambda key: p.step(key, state, data, knobs, static).params)(keys))
    w = np.asarray(state.params, np.float64)
    x = np.random.default_rng(0).normal(size=(20_000, 4, 5))
    h = [lambda x: np.ones_like(x), lambda x: x, lambda x: (x**2 - 1) / 2**0.5, lambda x: (x**3 - 3 * x) / 6**0.5]
    counts = h[degree](x[..., 0]) * degree**0.5 * h[degree - 1](x @ w)
    slope = np.einsum("sb,sbi->si", counts, x) / 4
    moved = w + 0.5 * 5 ** -max(1, degree / 2) * (slope - (slope @ w)[:, None] * w)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    assert ours.mean(0) == pytest.approx(moved.mean(0), abs=0.01)
    assert np.cov(ours.T) == pytest.approx(np.cov(moved.T), abs=0.006)
