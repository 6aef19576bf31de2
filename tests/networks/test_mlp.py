"""Perceptrons against sums written out unit by unit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from traced import draws

from bestiary.networks.mlp import hidden_layers, init_mlp, mlp

KEY = jax.random.key(0)


def naive(params, x, activation):
    """Outputs of every layer, one unit at a time."""
    w = {name: np.asarray(leaf, np.float64) for name, leaf in params.items()}
    depth, layers = len(w) // 2, [np.asarray(x, np.float64)]
    for i in range(1, depth + 1):
        matrix, bias, below = w[f"w{i}"], w[f"b{i}"], layers[-1]
        above = np.zeros((len(below), matrix.shape[1]))
        for n, j in np.ndindex(above.shape):
            z = bias[j] + sum(below[n, k] * matrix[k, j] for k in range(matrix.shape[0]))
            above[n, j] = z if i == depth else activation(z)
        layers.append(above)
    return layers[1:]


@pytest.mark.parametrize("widths", [(3, 2), (1, 5, 1), (4, 6, 3, 2)])
def test_outputs_and_hidden_layers_are_the_sums(widths):
    params = init_mlp(KEY, widths)
    params |= {name: leaf + 0.3 for name, leaf in params.items() if name.startswith("b")}
    x = jax.random.normal(jax.random.key(1), (7, widths[0]))
    *hidden, outputs = naive(params, x, np.tanh)
    np.testing.assert_allclose(mlp(params, x, jnp.tanh), outputs, rtol=1e-4, atol=1e-5)
    got = hidden_layers(params, x, jnp.tanh)
    assert len(got) == len(widths) - 2
    for one, wanted in zip(got, hidden, strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-4, atol=1e-5)


def test_the_activation_is_the_one_given():
    params, x = init_mlp(KEY, (2, 4, 1)), jnp.ones((3, 2))
    np.testing.assert_allclose(mlp(params, x, jnp.square), naive(params, x, np.square)[-1], rtol=1e-4)


def test_weights_have_variance_one_over_fan_in_and_biases_are_zero():
    params = init_mlp(KEY, (100, 400, 25))
    assert {name: leaf.shape for name, leaf in params.items()} == {
        "w1": (100, 400),
        "w2": (400, 25),
        "b1": (400,),
        "b2": (25,),
    }
    # The variance of n normals has a relative standard error of sqrt(2 / n), here 0.7 and 1.4 per cent.
    assert float(params["w1"].var()) == pytest.approx(1 / 100, rel=0.05)
    assert float(params["w2"].var()) == pytest.approx(1 / 400, rel=0.08)
    assert not params["b1"].any() and not params["b2"].any()


def test_one_draw_that_the_key_decides():
    assert draws(lambda key: init_mlp(key, (3, 4, 4, 1)), KEY) == 1
    one, again, other = (init_mlp(key, (3, 4, 1))["w2"] for key in (KEY, KEY, jax.random.key(1)))
    assert jnp.array_equal(one, again) and not jnp.array_equal(one, other)
