"""The normalised transformer block against one sequence at a time, sums written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.initial import normals
from bestiary.networks.transformer import transformer, transformer_shapes

SIZES = {"alphabet": 5, "positions": 3, "width": 4, "hidden": 7, "outputs": 2}


def made(seed=0):
    drawn = {name: 0.5 * w for name, w in normals(jax.random.key(seed), **transformer_shapes(**SIZES)).items()}
    numbers = np.random.default_rng(seed).integers(SIZES["alphabet"], size=(6, SIZES["positions"]))
    return drawn, numbers, jax.nn.one_hot(jnp.asarray(numbers), SIZES["alphabet"])


def naive(params, numbers, sharpness, skip=1.0, normalised=1.0):
    def norm(v):
        return normalised * (v - v.mean()) / np.sqrt(v.var() + 1e-5) + (1 - normalised) * v

    w = {name: np.asarray(leaf, np.float64) for name, leaf in params.items()}
    outputs = []
    for sequence in numbers:
        z = [w["embed"][v] + w["place"][t] for t, v in enumerate(sequence)]
        query = norm(z[-1]) @ w["query"]
        power = np.exp([sharpness * query @ (norm(v) @ w["keys"]) / np.sqrt(SIZES["width"]) for v in z])
        gathered = sum(a * norm(v) for a, v in zip(power / power.sum(), z, strict=True))
        u = z[-1] + gathered @ w["value"] @ w["out"]
        v = skip * u + np.tanh(norm(u) @ w["up"]) @ w["down"]
        outputs.append(norm(v) @ w["readout"])
    return outputs


@pytest.mark.parametrize("sharpness", [0.0, 1.0, 2.5])
def test_transformer_is_the_one_written_out(sharpness):
    params, numbers, tokens = made()
    got = transformer(params, tokens, sharpness)
    assert got.shape == (6, 2)
    np.testing.assert_allclose(got, naive(params, numbers, sharpness), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("skip", "normalised"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.5, 0.3)])
def test_parts_can_be_left_out(skip, normalised):
    params, numbers, tokens = made()
    want = naive(params, numbers, 1.0, skip, normalised)
    np.testing.assert_allclose(transformer(params, tokens, 1.0, skip, normalised), want, rtol=1e-3, atol=1e-3)


def test_places_are_told_apart():
    params, _, tokens = made()
    turned = jnp.concatenate([tokens[:, 1::-1], tokens[:, 2:]], 1)
    differs = np.asarray(jnp.any(tokens[:, 0] != tokens[:, 1], -1))
    change = np.abs(transformer(params, tokens) - transformer(params, turned)).max(-1)
    assert (change[differs] > 1e-4).all() and differs.any()
    without = params | {"place": jnp.zeros_like(params["place"])}
    np.testing.assert_allclose(transformer(without, tokens), transformer(without, turned), atol=1e-4)
