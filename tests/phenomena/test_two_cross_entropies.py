"""Two forms of the cross entropy, equal but for rounding, and an AdamW whose eps is a knob."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from bestiary.phenomena import grokking_transformer as grokking
from bestiary.train import trainer

P = grokking.PHENOMENON
STATIC = P.static._replace(pairs="ordered", mixing="sum", width=16, hidden=64)


@pytest.mark.parametrize("balanced", [0.0, 1.0])
def test_both_are_the_cross_entropy(balanced):
    scores = np.random.default_rng(0).normal(size=(6, 5)) * 3
    labels = np.array([0, 1, 2, 3, 4, 0])
    want = np.log(np.exp(scores).sum(1)) - scores[np.arange(6), labels]
    given = jnp.float32(scores), jnp.asarray(labels)
    np.testing.assert_allclose(grokking.cross_entropy(*given, balanced), want, rtol=1e-5)
    slope = jax.grad(lambda s: grokking.cross_entropy(s, given[1], balanced).sum())(given[0])
    share = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    np.testing.assert_allclose(slope, share - np.eye(5)[labels], atol=1e-6)


def test_only_one_keeps_the_gradients_in_balance_where_the_label_is_far_ahead():
    """At a lead of 20 the label's share rounds to 1 in single precision, the other's to 2e-9."""
    scores, labels = jnp.array([[20.0, 0.0, 0.0]]), jnp.array([0])
    plain, balanced = (
        np.asarray(jax.grad(lambda s, b=b: grokking.cross_entropy(s, labels, b).sum())(scores)) for b in (0.0, 1.0)
    )
    assert plain[0, 0] == 0 and plain[0, 1] > 0
    assert balanced[0, 0] == pytest.approx(-balanced[0, 1:].sum(), rel=1e-6) and balanced[0, 0] < 0


def test_fifty_steps_are_those_of_adamw_as_it_comes():
    carry = trainer.begin_run(P, STATIC, P.knobs, 0, 0)
    step = jax.jit(lambda s: trainer.step_run(P, STATIC, carry._replace(state=s)))
    adamw, data = optax.adamw(0.01, b2=0.98, weight_decay=2.5), carry.data

    def loss(w):
        scores = grokking.network(w, data["tokens"], P.knobs, STATIC)
        each = optax.softmax_cross_entropy_with_integer_labels(scores, data["labels"])
        return jnp.sum(each * data["train"]) / jnp.sum(data["train"])

    @jax.jit
    def plain(w, opt):
        change, opt = adamw.update(jax.grad(loss)(w), opt, w)
        return optax.apply_updates(w, change), opt

    state, w = carry.state, carry.state.params
    opt = adamw.init(w)
    for _ in range(50):
        state, (w, opt) = step(state), plain(w, opt)
    for one, other in zip(jax.tree.leaves(state.params), jax.tree.leaves(w), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
