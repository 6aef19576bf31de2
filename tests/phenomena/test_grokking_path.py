"""The path's two ends are the two entries that it joins."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bestiary.phenomena import grokking, grokking_transformer

P = grokking_transformer.PHENOMENON
TOY = P.static._replace(pairs="ordered", error="squared", activation="quadratic", tokens="one_hot", mixing="sum")


def test_the_start_is_the_network_and_the_loss_of_grokking():
    key, p = jax.random.key(0), P.static.modulus
    knobs = P.knobs._replace(fraction=0.5)
    data = grokking_transformer.data(key, knobs, TOY)
    params = grokking_transformer.init(key, knobs, TOY)
    w = params["params"]
    same = {"u": w["first"]["kernel"][:p], "v": w["second"]["kernel"][:p], "w": w["unembed"]["kernel"].T}
    scores, _ = grokking_transformer.errors(params, data, knobs, TOY)
    np.testing.assert_allclose(scores.reshape(p, p, p), grokking.network(same), rtol=1e-4, atol=1e-5)
    table = {"labels": data["labels"].reshape(p, p), "train": data["train"].reshape(p, p)}
    here, there = grokking_transformer.loss(params, data, knobs, TOY), grokking.loss(same, table, None, None)
    assert float(here) == pytest.approx(float(there), rel=1e-5)


def test_without_sharpness_every_token_is_paid_the_same():
    """Then swapping queries and keys changes nothing."""
    key, knobs = jax.random.key(0), P.knobs._replace(sharpness=0.0)
    data, params = grokking_transformer.data(key, knobs, P.static), grokking_transformer.init(key, knobs, P.static)
    other = jax.tree.map(lambda x: x, params)
    other["params"]["query"]["kernel"] = 3 * params["params"]["query"]["kernel"] + 1
    scores = [grokking_transformer.errors(w, data, knobs, P.static)[0] for w in (params, other)]
    np.testing.assert_allclose(*scores, rtol=1e-5, atol=1e-6)
    sharp = [grokking_transformer.errors(w, data, P.knobs, P.static)[0] for w in (params, other)]
    assert float(jnp.abs(sharp[0] - sharp[1]).max()) > 0.01


@pytest.mark.parametrize("words", [{}, {"mixing": "sum"}, {"mixing": "sum", "tokens": "one_hot"}])
def test_the_table_has_a_row_for_every_number_and_a_column_for_every_hidden_unit(words):
    static = P.static._replace(**words)
    params = grokking_transformer.init(jax.random.key(0), P.knobs, static)
    assert grokking_transformer.table(params, static).shape == (static.modulus, static.hidden)


def test_values_with_even_attention_are_a_sum_but_for_the_last_token():
    """The rung before attention differs from it in one thing: the token "=" is averaged with the two numbers."""
    knobs = P.knobs._replace(sharpness=0.0, skip=0.0)
    apart = P.static._replace(mixing="sum", table="one", inward="apart", outward="apart")
    data = grokking_transformer.data(jax.random.key(0), knobs, P.static)
    params = grokking_transformer.init(jax.random.key(1), knobs, P.static)["params"]
    embed = params["embed"]["kernel"].at[-1].set(0.0)
    params = params | {"embed": {"kernel": embed}, "attended": {"kernel": 3 * params["attended"]["kernel"]}}
    scores, _ = grokking_transformer.errors({"params": params}, data, knobs, P.static)
    params["attended"] = {"kernel": params["attended"]["kernel"] / 3}
    summed, _ = grokking_transformer.errors({"params": params}, data, knobs, apart)
    np.testing.assert_allclose(scores, summed, rtol=1e-4, atol=1e-4)
