"""Whether a quantity factorises over two knobs: planted products and planted corrections."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from bestiary.maps.factorise import LEVEL, factorise, signs

X, Y = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 9.0, 27.0])


def product(scatter, seeds=8, rng=None, planted=0.0):
    """x^2 / y with a factor for each seed, another for each run, and a correction in one cell."""
    rng = rng or np.random.default_rng(0)
    y = X[:, None, None] ** 2 / Y[None, :, None] * np.exp(rng.normal(size=seeds))
    y = y * np.exp(scatter * rng.normal(size=(3, 4, seeds)))
    y[2, 3] *= math.exp(planted)
    return y


def test_a_product_factorises_exactly():
    found = factorise(product(0.0))
    assert np.abs(found.residual).max() < 1e-12 and found.within
    told = found.words("x", "y")
    assert told.startswith("onset factorises over x and y within 0.1 of its logarithm") and "level 0.05" in told


def test_a_correction_is_found_where_it_is():
    found = factorise(product(0.02, planted=1.2))
    assert found.p == pytest.approx(1 / 128)  # the most that the signs of 8 seeds can show
    assert np.unravel_index(np.abs(found.residual).argmax(), (3, 4)) == (2, 3)
    assert found.residual[2, 3] == pytest.approx(1.2 * (1 - 1 / 3) * (1 - 1 / 4), abs=0.05)
    assert found.words("x", "y").startswith("onset does not factorise over x and y: the largest residual is 0.59")


def test_what_is_not_shown_is_not_said():
    found = factorise(product(0.5))
    assert found.p > LEVEL and not found.within
    assert "may factorise over x and y or not; more seeds would tell" in found.words("x", "y")


def test_rows_columns_and_seeds_without_a_value_are_left_out_and_that_is_said():
    y = product(0.01, seeds=10)
    y[0, :, :] = math.nan
    y[1:, 3, 4] = math.nan
    found = factorise(y)
    assert found.rows.tolist() == [False, True, True] and found.columns.all() and found.seeds == 9
    assert np.isnan(found.residual[0]).all() and np.isfinite(found.residual[1:]).all()
    assert "over 2 x 4 of the cells, which all seeds have" in found.words("x", "y")
    y[:, 1:] = math.nan
    assert factorise(y).words("x", "y").startswith("onset: whether it factorises over x and y cannot be told")
    assert factorise(product(0.1, seeds=5)).trouble.endswith("it takes 2 x 2 and 6")


@pytest.mark.parametrize("seeds", [8, 16])
def test_a_product_is_refused_no_more_often_than_the_level_says(seeds):
    """With scatter of any tails, symmetric: the signs of the seeds are exact."""
    rng, tries = np.random.default_rng(1), 600
    refused = sum(signs(rng.standard_t(2, size=(6, seeds))) <= LEVEL for _ in range(tries))
    assert 0 < refused and binom.sf(refused - 1, tries, LEVEL) > 1e-6


def test_a_planted_correction_is_found_in_most_tries():
    rng = np.random.default_rng(2)
    found = [factorise(product(0.3, 8, rng, planted=1.5)).p <= LEVEL for _ in range(200)]
    assert sum(found) > 150
