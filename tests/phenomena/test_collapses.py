"""Neural collapse, posterior collapse, superposition and loss of plasticity against their definitions."""

from functools import partial
from itertools import combinations

import jax
import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from bestiary import simulate
from bestiary.entry import TrainState
from bestiary.phenomena import loss_of_plasticity, neural_collapse, posterior_collapse, superposition

# --- neural collapse


@pytest.mark.parametrize("dim", [2, 3, 4, 16])
def test_nc1_is_the_trace_with_the_pseudo_inverse(dim):
    rng, k, n = np.random.default_rng(0), 4, 10
    h = rng.normal(size=(k, n, dim)) + 2 * rng.normal(size=(k, 1, dim))
    mean = h.mean(1) - h.mean((0, 1))
    scatter = h - h.mean(1, keepdims=True)
    within = np.einsum("kni,knj->ij", scatter, scatter) / (k * n)
    want = np.trace(within @ np.linalg.pinv(mean.T @ mean / k, rcond=1e-10)) / k
    found = neural_collapse.within_over_between(scatter.astype(np.float32), mean.astype(np.float32))
    assert found == pytest.approx(want, rel=1e-3)


def test_the_corners_of_a_square():
    """Four classes in a plane, the orthoplex: the mean distance of the cosines 0, 0, -1 from -1/3 is 4/9."""
    corners = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    cosines = (corners @ corners.T)[~np.eye(4, dtype=bool)]
    assert np.mean(np.abs(cosines + 1 / 3)) == pytest.approx(4 / 9)


# --- posterior collapse


def test_the_learned_variance_is_where_the_loss_is_least():
    """At the maximum of probabilistic PCA the gradient of the loss vanishes, that of sigma^2 included."""
    variances, k = np.array(posterior_collapse.VARIANCES), 4
    sigma2 = variances[k:].mean()
    weights = np.zeros((8, k), np.float32)
    weights[range(k), range(k)] = np.sqrt(variances[:k] - sigma2)
    encoder = (weights / variances[:, None]).T
    params = {"decoder": weights, "encoder": encoder, "log_s": np.log(sigma2 / variances[:k]).astype(np.float32)}
    params["log_variance"] = np.float32(np.log(sigma2))
    knobs = posterior_collapse.Knobs(learned=1.0)
    gradient = jax.grad(posterior_collapse.loss)(params, np.diag(variances).astype(np.float32), knobs, None)
    for slope in gradient.values():
        np.testing.assert_allclose(slope, 0, atol=2e-5)


# --- superposition


def crossing():
    """Density of the first feature over that of the others at which pentagon and two digons lose alike.

    The expected loss to third order in the density of the others, over a grid of values of the features that are there.
    """
    examples = [values_of(there) for size in range(4) for there in combinations(range(5), size)]
    x = np.concatenate([grid for _, grid in examples])
    angle = 2 * np.pi * np.arange(5) / 5
    start = {
        "pentagon": np.r_[1.13 * np.cos(angle), 1.13 * np.sin(angle), np.full(5, -0.1)],
        "digons": np.r_[[0, 1, -1, 0, 0], [0, 0, 0, 1, -1], 0.02, np.zeros(4)],
    }

    def lead(first):
        density = 0.05 * np.array([first, 1, 1, 1, 1])
        weight = [np.prod(np.where(np.isin(range(5), there), density, 1 - density)) for there, _ in examples]
        weight = np.concatenate([np.full(len(g), w / len(g)) for w, (_, g) in zip(weight, examples, strict=True)])
        solve = partial(minimize, expected, args=(x, weight), jac=True, method="L-BFGS-B", options={"maxiter": 500})
        return solve(start["pentagon"]).fun - solve(start["digons"]).fun

    return brentq(lead, 0.2, 0.4, xtol=1e-3)


def values_of(there):
    """Features that are there, and examples (N, 5) with their values on a grid in the unit cube."""
    grid = (np.arange(6) + 0.5) / 6
    x = np.zeros((6 ** len(there), 5))
    if there:
        x[:, there] = np.stack(np.meshgrid(*[grid] * len(there)), -1).reshape(-1, len(there))
    return there, x


def expected(flat, x, weight):
    """The loss at W (2, 5) and b (5,), flat, and its gradient."""
    w, b = flat[:10].reshape(2, 5), flat[10:]
    before = x @ w.T @ w + b
    missed = np.maximum(before, 0) - x
    slope = 2 * weight[:, None] * missed * (before > 0)
    return weight @ (missed**2).sum(1), np.r_[(w @ (x.T @ slope + slope.T @ x)).ravel(), slope.sum(0)]


def test_where_the_best_pentagon_and_the_best_digons_cross():
    assert crossing() == pytest.approx(0.26, abs=0.015)


@pytest.mark.parametrize(("corners", "dimensionality", "name"), [(5, 2 / 5, "pentagon"), (4, 1 / 2, "digons")])
def test_feature_dimensionality(corners, dimensionality, name):
    """Of regular directions of length 1 in a plane, among five features."""
    angle = 2 * np.pi * np.arange(corners) / corners
    w = np.zeros((2, 5), np.float32)
    w[:, :corners] = np.cos(angle), np.sin(angle)
    state = TrainState(0, {"w": w, "b": np.zeros(5, np.float32)}, None, None)
    seen = superposition.observe(state, None, superposition.Knobs(), superposition.Static())
    assert seen["stored"] == corners
    assert seen["dimensionality"] == pytest.approx(dimensionality, rel=1e-5)
    assert superposition.geometry(float(seen["stored"]), float(seen["dimensionality"])) == name


# --- loss of plasticity: what no run can escape


@pytest.mark.parametrize("knobs", [{"renewed": 1.0, "fresh_moments": 1.0}, {"redraw": 0.0}])
def test_tasks_that_begin_alike_or_are_the_same_are_learned_alike(knobs):
    setup = loss_of_plasticity.PHENOMENON
    settings = [setup.knobs._replace(**knobs)]
    accuracy = simulate(setup, settings, seeds=4, static=setup.static._replace(steps=480))["accuracy"]
    assert float(accuracy[..., 1:].min()) > 0.95
