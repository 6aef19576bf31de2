"""The networks of one-hot tokens, with and without attention, against NumPy, one sequence at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.initial import normals_like
from bestiary.networks.bare_transformer import BareTransformer
from bestiary.networks.token_sum import TokenSum

V, C, D, HEADS, M = 6, 5, 8, 2, 7
NUMBERS = np.random.default_rng(0).integers(V - 1, size=(9, 3))
NUMBERS[:, -1] = V - 1
TOKENS = jax.nn.one_hot(jnp.asarray(NUMBERS), V)


def drawn(module, seed=0):
    return normals_like(jax.random.key(seed), jax.eval_shape(module.init, jax.random.key(0), TOKENS))


def kernels(params):
    return {name: np.asarray(part["kernel"], np.float64) for name, part in params["params"].items()}


def relu(z):
    return np.maximum(z, 0)


def bare_transformer(w, numbers, sharpness, skip, activation):
    e = w.get("embed", np.eye(V))
    k, outputs = D // HEADS, []
    for x in numbers:
        query, gathered = e[V - 1] @ w["query"], []
        for h in range(HEADS):
            part = slice(h * k, (h + 1) * k)
            power = np.exp([sharpness * (e[v] @ w["key"])[part] @ query[part] / np.sqrt(k) for v in x])
            paid = power / power.sum()
            gathered.append(sum(a * (e[v] @ w["value"])[part] for a, v in zip(paid, x, strict=True)))
        u = skip * e[V - 1] + np.concatenate(gathered) @ w["attended"]
        u = skip * u + activation(u @ w["up"]) @ w["down"]
        outputs.append(u @ w["unembed"])
    return outputs


@pytest.mark.parametrize(("sharpness", "skip"), [(1.0, 1.0), (0.0, 1.0), (0.3, 0.5)])
def test_bare_transformer_is_the_one_written_out(sharpness, skip):
    module = BareTransformer(V, C, D, HEADS, M)
    params = jax.tree.map(lambda w: 0.5 * w, drawn(module))
    got = jnp.asarray(module.apply(params, TOKENS, sharpness, skip))
    wanted = bare_transformer(kernels(params), NUMBERS, sharpness, skip, relu)
    assert got.shape == (9, C)
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-3)


def test_bare_transformer_without_embedding_keeps_the_token_in_the_stream():
    module = BareTransformer(V, C, V, HEADS, M, activation=jnp.square, embedded=False)
    params = jax.tree.map(lambda w: 0.5 * w, drawn(module))
    assert "embed" not in params["params"] and params["params"]["attended"]["kernel"].shape == (V, V)


def test_bare_transformer_does_not_see_the_order_of_the_tokens():
    module = BareTransformer(V, C, D, HEADS, M)
    params = drawn(module)
    turned = jnp.concatenate([TOKENS[:, 1::-1], TOKENS[:, 2:]], 1)
    np.testing.assert_allclose(module.apply(params, TOKENS), module.apply(params, turned), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("width", [0, 4])
def test_token_sum_adds_a_row_of_each_table(width):
    module = TokenSum(V, C, M, jnp.square, width)
    params = drawn(module)
    assert ("embed" in params["params"]) == (width > 0)
    w = kernels(params)
    e = w.get("embed", np.eye(V))
    wanted = [(e[a] @ w["first"] + e[b] @ w["second"]) ** 2 @ w["unembed"] for a, b, _ in NUMBERS]
    got = jnp.asarray(module.apply(params, TOKENS))
    assert got.shape == (9, C)
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-3)


def test_a_shared_table_gives_mirror_images_the_same_scores():
    module = TokenSum(V, C, M, shared=True)
    params = drawn(module)
    assert set(params["params"]) == {"first", "unembed"}
    turned = jnp.concatenate([TOKENS[:, 1::-1], TOKENS[:, 2:]], 1)
    np.testing.assert_allclose(module.apply(params, TOKENS), module.apply(params, turned), rtol=1e-4, atol=1e-4)


def test_layers_apart_are_the_products_of_those_that_are_merged():
    module = TokenSum(V, C, M, jax.nn.relu, D, shared=True, inward=True, outward=True)
    params = drawn(module)
    w = kernels(params)
    table, read = w["value"] @ w["attended"] @ w["up"], w["down"] @ w["unembed"]
    merged = {"embed": w["embed"], "first": table, "unembed": read}
    merged = {"params": {name: {"kernel": jnp.float32(each)} for name, each in merged.items()}}
    wanted = TokenSum(V, C, M, jax.nn.relu, D, shared=True).apply(merged, TOKENS)
    np.testing.assert_allclose(module.apply(params, TOKENS), wanted, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("module", [BareTransformer(V, C, D, HEADS, M), TokenSum(V, C, M)], ids=["attention", "sum"])
def test_the_same_parameters_give_the_same_scores(module):
    one, again, other = (module.apply(drawn(module, seed), TOKENS) for seed in (0, 0, 1))
    assert jnp.array_equal(jnp.asarray(one), jnp.asarray(again))
    assert not jnp.array_equal(jnp.asarray(one), jnp.asarray(other))
