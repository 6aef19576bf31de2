"""Shared observables against naive versions in double precision."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from traced import draws

from bestiary.observables import (
    accuracy,
    effective_rank,
    fourier_participation,
    singular_values,
    sum_of_squares,
    top_eigenvalue,
)


def test_accuracy_counts():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(50, 3, 4)).astype(np.float32), rng.integers(4, size=(50, 3))
    weights = rng.integers(3, size=(50, 3)).astype(np.float32)
    hits = total = 0.0
    for i in range(50):
        for j in range(3):
            total += weights[i, j]
            hits += weights[i, j] * (max(range(4), key=lambda c, i=i, j=j: scores[i, j, c]) == labels[i, j])
    assert 0.1 < hits / total < 0.5
    np.testing.assert_allclose(accuracy(scores, labels, weights), hits / total, rtol=1e-6)


def test_accuracy_leaves_out_weight_zero():
    scores, labels = jnp.eye(3), jnp.array([0, 1, 0])
    assert accuracy(scores, labels, jnp.array([1.0, 1.0, 0.0])) == 1
    assert accuracy(scores, labels, jnp.array([0.0, 0.0, 1.0])) == 0
    assert accuracy(scores, labels, jnp.zeros(3)) == 0


@functools.partial(jax.jit, static_argnames="iterations")
def top(hessian, at, scale=None, iterations=20):
    """Of 1/2 x H x + a linear term, as a loss of a tree with two leaves (the second is empty if P = 1)."""
    n, scaled = len(hessian), None if scale is None else {"a": scale[:1], "b": scale[1:]}

    def loss(tree):
        x = jnp.concatenate([tree["a"], tree["b"]])
        return 0.5 * x @ hessian @ x + x.sum()

    assert at.shape == (n,)
    return top_eigenvalue(loss, {"a": at[:1], "b": at[1:]}, scaled, iterations=iterations)


def spectrum(kind, n):
    """A symmetric matrix (n, n) with a known spectrum, in a random basis."""
    rng = np.random.default_rng(n)
    basis, _ = np.linalg.qr(rng.normal(size=(n, n)))
    values = {
        "indefinite": rng.normal(size=n),
        "positive": 10.0 ** -np.arange(n),
        "negative": -1.0 - 10.0 ** -np.arange(n),
        "degenerate": np.where(np.arange(n) < n // 2, 2.0, -3.0),
        "identity": np.ones(n),
        "minus_identity": -np.ones(n),
        "rank_one": 1.0 * (np.arange(n) == 0),
        "minus_rank_one": -1.0 * (np.arange(n) == 0),
        "zero": np.zeros(n),
        "huge": 1e12 * rng.normal(size=n),
        "minute": 1e-12 * rng.normal(size=n),
    }[kind]
    return (basis * values) @ basis.T


KINDS = "indefinite positive negative degenerate identity minus_identity rank_one minus_rank_one zero huge minute"


@pytest.mark.parametrize("scaled", [False, True], ids=["plain", "scaled"])
@pytest.mark.parametrize("n", [1, 2, 12])
@pytest.mark.parametrize("kind", KINDS.split())
def test_top_eigenvalue_is_that_of_the_dense_hessian(kind, n, scaled):
    hessian = spectrum(kind, n).astype(np.float32)
    scale = np.linspace(0.1, 2, n, dtype=np.float32) if scaled else None
    root = np.ones(n) if scale is None else np.sqrt(scale.astype(float))
    every = np.linalg.eigvalsh(root[:, None] * hessian.astype(float) * root)
    got = float(top(hessian, np.ones(n, np.float32), scale))
    assert abs(got - every[-1]) <= 1e-5 * np.abs(every).max()


def test_fewer_iterations_than_parameters():
    """Twenty products find a largest eigenvalue that stands apart to a fraction of a per cent."""
    n, rng = 150, np.random.default_rng(0)
    bulk = rng.normal(size=(n, n)) / np.sqrt(2 * n)
    hessian = (bulk + bulk.T + 4 * np.outer(v := rng.normal(size=n) / np.sqrt(n), v)).astype(np.float32)
    exact = np.linalg.eigvalsh(hessian.astype(float))[-1]
    at = np.zeros(n, np.float32)
    np.testing.assert_allclose(top(hessian, at), exact, rtol=1e-3)
    estimates = [float(top(hessian, at, iterations=k)) for k in (1, 8)]
    assert estimates == sorted(estimates) and estimates[0] < 0.9 * exact  # they rise towards it


def test_a_curved_loss_is_measured_where_one_stands():
    """The Hessian of sum x^4 / 12 is diag(x^2)."""
    x = np.array([0.5, -3.0, 1.0, 2.0], np.float32)
    loss = jax.jit(lambda x: top_eigenvalue(lambda y: jnp.sum(y**4) / 12, x))
    np.testing.assert_allclose(loss(x), 9.0, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_parameters_give_nan(bad):
    loss = jax.jit(lambda x: top_eigenvalue(lambda y: jnp.sum(y**4), x))
    assert np.isnan(loss(np.array([1.0, bad, 2.0], np.float32)))
    assert np.isnan(loss(np.array([1e38, 1.0, 2.0], np.float32)))  # finite, but its curvature is not
    assert np.isfinite(loss(np.array([1.0, 1.0, 2.0], np.float32)))


def test_top_eigenvalue_draws_nothing():
    assert draws(lambda x: top_eigenvalue(lambda y: jnp.sum(y**4), x), np.ones(5, np.float32)) == 0


def test_the_sum_of_squares_runs_over_all_leaves():
    params = {"a": jnp.arange(3.0), "b": [jnp.full((2, 2), 2.0)], "c": ()}
    assert sum_of_squares(params) == 0 + 1 + 4 + 4 * 4


@pytest.mark.parametrize(("n", "d", "rank"), [(64, 32, 32), (20, 8, 3), (5, 8, 5)])
def test_singular_values_are_those_of_lapack(n, d, rank):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d))).astype(np.float32)
    x[:, 0] = 0.0  # a dead unit
    want = np.zeros(d)
    want[: min(n, d)] = np.linalg.svd(x.astype(float), compute_uv=False)
    found = jax.vmap(singular_values)(x[None])[0]
    np.testing.assert_allclose(np.sort(found)[::-1], want, atol=2e-5 * want[0])


def test_effective_rank_counts_equal_directions():
    assert effective_rank(jnp.eye(6, 4)) == pytest.approx(4, rel=1e-5)
    assert effective_rank(jnp.ones((6, 4))) == pytest.approx(1, rel=1e-4)
    assert effective_rank(jnp.zeros((6, 4))) == 0
    spread = jnp.diag(jnp.array([3.0, 1.0]))
    assert effective_rank(spread) == pytest.approx(4 / 3**0.75, rel=1e-5)


def test_participation_counts_frequencies():
    """One for one frequency, whatever phase and constant, and 1 / 3 for three of the same power."""
    angle = 2 * np.pi * np.arange(23)[:, None] / 23
    one = 5 + np.cos(3 * angle + np.arange(4))
    three = sum(np.sin(k * angle + k) for k in (1, 4, 9))
    assert float(fourier_participation(jnp.asarray(one))) == pytest.approx(1, rel=1e-4)
    assert float(fourier_participation(jnp.asarray(three))) == pytest.approx(1 / 3, rel=1e-4)
    assert float(fourier_participation(jnp.zeros((23, 2)))) < 1e-3
