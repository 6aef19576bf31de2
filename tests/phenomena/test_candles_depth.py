"""Order to chaos: its mean-field map by adaptive quadrature, and a layer's law by the weights that it stands for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from bestiary.entry import TrainState
from bestiary.phenomena import order_chaos as entry

P = entry.PHENOMENON


def gaussian(f):
    """E f(x), x standard normal."""
    return quad(lambda x: f(x) * norm.pdf(x), -12, 12, limit=200)[0]


def exact(sigma_w, sigma_b):
    """q and chi in double precision."""
    q = brentq(lambda q: sigma_w**2 * gaussian(lambda x: np.tanh(q**0.5 * x) ** 2) + sigma_b**2 - q, 1e-9, 50)
    return q, sigma_w**2 * gaussian(lambda x: np.cosh(q**0.5 * x) ** -4)


@pytest.mark.parametrize(("sigma_w", "sigma_b"), [(0.8, 0.05), (1.1225, 0.05), (2.0, 0.05), (2.0, 2.0)])
def test_fixed_point_and_factor_are_those_of_adaptive_quadrature(sigma_w, sigma_b):
    knobs = P.knobs._replace(sigma_w=sigma_w, sigma_b=sigma_b)
    q, chi = exact(sigma_w, sigma_b)
    seen = entry.data(None, knobs, P.static)
    assert seen["q"] == pytest.approx(q, rel=1e-3)  # as near to the border as the second, it is reached slowly
    assert seen["chi"] == pytest.approx(chi, rel=1e-3)


def test_the_borders_that_the_catalog_names():
    assert exact(1.12254, 0.05)[1] == pytest.approx(1, abs=1e-4)
    assert exact(2.0, 1.27905)[1] == pytest.approx(1, abs=1e-4)


def test_a_small_distance_is_multiplied_by_chi():
    q, chi = exact(2.0, 0.05)
    assert entry.next_distance(1e-6, q, P.knobs) == pytest.approx(1e-6 * chi, rel=1e-3)


def test_a_large_distance_goes_where_pairs_of_gaussian_units_send_it():
    q, c = exact(2.0, 0.05)[0], 0.4
    x = np.random.default_rng(0).multivariate_normal([0, 0], [[q, c * q], [c * q, q]], 400_000)
    want = 4 * np.mean((np.tanh(x[:, 0]) - np.tanh(x[:, 1])) ** 2) / (2 * q)
    assert entry.next_distance(1 - c, q, P.knobs) == pytest.approx(want, rel=0.01)  # five standard errors


def test_the_difference_of_two_units_does_not_cancel():
    z, d = np.array([-3.0, 0.3, 2.0]), np.array([1e-9, -1e-9, 0.5])
    want = np.tanh(z + d) - np.tanh(z)
    want[:2] = (d * (1 - np.tanh(z) ** 2))[:2]
    np.testing.assert_allclose(entry.difference(jnp.array(z), jnp.array(d)), want, rtol=1e-4)


def test_a_layer_drawn_from_its_law_is_one_drawn_with_weights():
    """Second moments of (z_i, d_i) after one layer, by both ways, against sigma_w^2 mean(f f') + (sigma_b^2, 0, 0)."""
    knobs = P.knobs._replace(sigma_b=0.7, apart=0.2)
    for layer, width, draws in (("law", 500, 200), ("weights", 100, 400)):
        static = P.static._replace(layer=layer, width=width)
        start = entry.init(jax.random.key(1), knobs, static)
        state = TrainState(jnp.zeros((), int), start, (), start)
        given = entry.data(None, knobs, static)
        keys = jax.random.split(jax.random.key(2), draws)
        after = jax.vmap(lambda key, s=state, g=given, st=static: entry.step(key, s, g, knobs, st).params)(keys)
        z, d = np.float64(start["z"]), np.float64(start["d"])
        f = np.stack([np.tanh(z), np.tanh(z + d) - np.tanh(z)])
        want = knobs.sigma_w**2 * f @ f.T / width + np.diag([knobs.sigma_b**2, 0])
        seen = np.stack([np.ravel(after["z"]), np.ravel(after["d"])])
        least = 5 * np.sqrt(2 * np.outer(want.diagonal(), want.diagonal()) / draws / (width if layer == "law" else 30))
        assert (np.abs(seen @ seen.T / seen.shape[1] - want) < least).all()
