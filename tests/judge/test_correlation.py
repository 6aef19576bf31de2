"""Limits of a correlation against simulated laws of known correlation, and against leaving out runs one by one."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from bestiary.judge import correlation
from bestiary.judge.correlation import exact_limits, near_limits, pearson, times_as_many

TRIALS = 800


@pytest.fixture
def fewer_draws(monkeypatch):
    """As many draws as the levels of many trials need."""
    monkeypatch.setattr(correlation, "DRAWS", 20_000)
    correlation._standard.cache_clear()
    yield
    correlation._standard.cache_clear()


def cloud(rng, r, n, law):
    """Pairs with correlation r (n, 2), of an elliptical law in units of its own about a centre of its own."""
    z = rng.normal(size=(n, 2))
    scale = {
        "normal": 1.0,
        "common scale": np.exp(1.5 * rng.normal(size=(n, 1))),
        "cauchy": 1 / np.abs(rng.normal(size=(n, 1))),
        "circle": 1 / np.linalg.norm(z, axis=1, keepdims=True),
    }[law]
    x, y = (z * scale).T
    return np.column_stack([300 * x + 40, 0.01 * (r * x + math.sqrt(1 - r**2) * y) - 2])


@pytest.mark.parametrize("law", ["normal", "common scale", "cauchy", "circle"])
@pytest.mark.parametrize("r", [0.0, 0.8, -0.95])
def test_exact_limits_miss_at_their_level_under_every_elliptical_law(law, r, fewer_draws):
    rng = np.random.default_rng(0)
    for n, level in ((7, 0.05), (32, 0.01), (32, 0.2)):
        ends = np.array([exact_limits(cloud(rng, r, n, law), level) for _ in range(TRIALS)])
        for missed in ((ends[:, 0] > r).sum(), (ends[:, 1] < r).sum()):  # never more often, and not much less
            assert binom.sf(missed - 1, TRIALS, level) > 1e-4 and binom.cdf(missed, TRIALS, level) > 1e-4


def test_exact_limits_close_in():
    rng = np.random.default_rng(1)
    low, high = exact_limits(cloud(rng, 0.8, 4000, "normal"), 5e-5)
    assert 0.7 < low < 0.8 < high < 0.87


@pytest.mark.parametrize("both", [np.zeros((5, 2)), np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 0.0], [5.0, 5.0]])])
def test_too_few_runs_exclude_nothing(both):
    assert exact_limits(both, 0.1) == (-1.0, 1.0)


def test_a_level_below_that_of_the_draws_excludes_nothing():
    assert exact_limits(cloud(np.random.default_rng(2), 0.9, 64, "normal"), 1e-7) == (-1.0, 1.0)


def test_runs_on_a_line_have_the_correlation_of_the_line():
    x = np.arange(16.0)
    assert exact_limits(np.column_stack([x, 2 * x]), 0.01) == (1.0, 1.0)
    assert exact_limits(np.column_stack([x, 1 - x]), 0.01) == (-1.0, -1.0)
    assert near_limits(np.column_stack([x, 2 * x]), 0.95)[0] > 0.999999


def test_the_jackknife_leaves_out_every_run_once():
    both = cloud(np.random.default_rng(3), 0.6, 9, "common scale")
    z = np.arctanh(pearson(both))
    pseudo = [9 * z - 8 * np.arctanh(pearson(np.delete(both, i, axis=0))) for i in range(9)]
    half = 2.306004 * np.std(pseudo, ddof=1) / 3  # Student's t of 8 degrees of freedom, 97.5 %
    fisher = 1.959964 / math.sqrt(6)
    low, high = near_limits(both, 0.95)
    assert low == pytest.approx(np.tanh(min(z - fisher, np.mean(pseudo) - half)), abs=1e-6)
    assert high == pytest.approx(np.tanh(max(z + fisher, np.mean(pseudo) + half)), abs=1e-6)


def test_how_many_times_as_many_runs_decide():
    z = math.atanh(0.5)
    near = math.tanh(z - 0.2), math.tanh(z + 0.2)
    assert times_as_many(near, near, 0.5, (math.tanh(z - 0.1), 1.0)) == pytest.approx(4)
    assert times_as_many(near, near, 0.5, (math.tanh(z + 0.1), 1.0)) == pytest.approx(4)
    assert times_as_many(near, near, 0.5, (-1.0, math.tanh(z - 0.05))) == pytest.approx(16)
    assert times_as_many(near, near, 0.5, (0.5, 1.0)) == math.inf
