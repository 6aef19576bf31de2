"""Adam's loss spikes: what the networks on the path from two parameters to a transformer read."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.phenomena import adam_loss_spikes as entry

P = entry.PHENOMENON
TOKENS = P.static._replace(network="transformer", inputs="digits", target="chebyshev")


def outputs(params, knobs, static):
    return entry.network(params, entry.data(jax.random.key(0), knobs, static)[0], knobs, static)


def test_digits_are_those_of_the_points_number_and_leave_the_target_as_it_is():
    x, y = entry.data(jax.random.key(0), P.knobs, TOKENS)
    assert x.shape == (entry.POINTS, 2, entry.BASE) and (x.sum(-1) == 1).all()
    first, second = np.argmax(x, -1).T
    np.testing.assert_array_equal(first * entry.BASE + second, np.arange(entry.POINTS))
    np.testing.assert_array_equal(y, entry.data(jax.random.key(0), P.knobs, TOKENS._replace(inputs="number"))[1])
    np.testing.assert_allclose(y, np.cos(4 * np.arccos(np.linspace(-1, 1, entry.POINTS))), atol=1e-5)


@pytest.mark.parametrize("attending", [0.0, 1.0])
def test_transformer_is_the_one_written_out(attending):
    """One sequence at a time, one head, sums written out."""
    knobs = P.knobs._replace(attending=attending)
    params = entry.init(jax.random.key(1), knobs, TOKENS)
    w = {name: np.asarray(leaf, np.float64) for name, leaf in params.items()}

    def norm(v):
        return (v - v.mean()) / np.sqrt(v.var() + 1e-5)

    naive = []
    for number in range(entry.POINTS):
        z = [w["embed"][d] + w["place"][t] for t, d in enumerate(divmod(number, entry.BASE))]
        score = [attending * (norm(z[1]) @ w["query"]) @ (norm(v) @ w["keys"]) / 4 for v in z]
        paid = np.exp(score) / np.exp(score).sum()
        out = z[1] + (paid[0] * norm(z[0]) + paid[1] * norm(z[1])) @ w["value"] @ w["out"]
        out = out + np.tanh(norm(out) @ w["up"]) @ w["down"]
        naive.append((norm(out) @ w["readout"])[0])
    np.testing.assert_allclose(outputs(params, knobs, TOKENS), naive, rtol=1e-3, atol=1e-4)


def test_queries_matter_only_with_attention():
    change = []
    for attending in (0.0, 1.0):
        knobs = P.knobs._replace(attending=attending)
        params = entry.init(jax.random.key(1), knobs, TOKENS)
        turned = params | {"query": -params["query"]}
        change.append(float(jnp.abs(outputs(params, knobs, TOKENS) - outputs(turned, knobs, TOKENS)).max()))
    assert change[0] < 1e-6 and change[1] > 0.01


@pytest.mark.parametrize("inputs, reads", [("number", 1), ("digits", 2 * entry.BASE)])
def test_mlp_reads_either(inputs, reads):
    static = P.static._replace(network="mlp", inputs=inputs)
    params = entry.init(jax.random.key(1), P.knobs, static)
    assert params["w1"].shape == (reads, entry.WIDTH)
    assert np.unique(np.round(outputs(params, P.knobs, static), 5)).size > entry.POINTS // 2
