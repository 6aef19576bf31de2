"""The induction head written by hand: the observables of a network that is one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.entry import TrainState
from bestiary.phenomena import induction_head as entry

P = entry.PHENOMENON


def observed(**changes):
    """-> what is observed of a network whose layers find the previous token, match it and copy, but for the changes."""
    static = P.static._replace(vocabulary=100)  # so that tokens hardly recur within a period
    v, t = static.vocabulary, static.length
    params = {
        "first": 50.0 * jnp.eye(t, k=-1),
        "place": jnp.zeros((t, t)),
        "match": 50.0 * jnp.eye(v),
        "copy": 50.0 * jnp.eye(v),
        "bigram": jnp.zeros((v, v)),
    } | changes
    test = entry.data(jax.random.key(0), P.knobs, static)
    return {k: float(x) for k, x in entry.observe(TrainState(0, params, None, params), test, P.knobs, static).items()}


def test_it_looks_up_what_followed():
    seen = observed()
    assert seen["previous_token"] > 0.99 and seen["prefix_matching"] > 0.9
    assert seen["loss"] < 0.5 < np.log(100) < seen["early_loss"]
    assert seen["ablated_loss"] > 3 * seen["loss"]


def test_the_second_layer_is_read_by_itself():
    """With an even first layer the score is lost, and what is read with an ideal one is not."""
    seen = observed(first=jnp.zeros((20, 20)))
    assert seen["prefix_matching"] < 0.2 and seen["matching"] == pytest.approx(observed()["prefix_matching"], abs=1e-3)
    assert observed(match=jnp.zeros((100, 100)))["matching"] < 0.2


def test_the_periods_are_those_of_the_context():
    assert entry.periods(P.static) == (5, 9)
    tokens = np.asarray(entry.data(jax.random.key(1), P.knobs, P.static))
    lags = [min(p for p in range(5, 21) if (row[p:] == row[:-p]).all()) for row in tokens]
    assert min(lags) == 5 and max(lags) == 9
