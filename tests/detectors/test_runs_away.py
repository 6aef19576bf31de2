"""A loss without a lower bound, and likelihoods that only become negative."""

import numpy as np

from bestiary.detectors.runs_away import runs_away
from bestiary.log import Log

T = np.arange(240.0)


def test_exponential_and_quadratic_falls():
    assert runs_away(Log.of(T, loss=2 - np.exp(T / 15))).found
    f = runs_away(Log.of(T, loss=1 - (T / 10) ** 2))
    assert f.found and f.onset == 11 and "no lower bound" in f.reason


def test_a_likelihood_that_is_fitted_comes_to_rest():
    assert not runs_away(Log.of(T, loss=3 - 1000 * (1 - np.exp(-T / 50)))).found
    assert not runs_away(Log.of(T, loss=2 - 5 * T)).found  # a line, of which nothing can be said
    assert not runs_away(Log.of(T, loss=2 - np.exp(T / 60))).found  # not far yet
