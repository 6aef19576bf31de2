r"""Grokking in a transformer, to which the words of Static lead from the network of `grokking`.

Setup. Data: all unordered pairs {a, b} mod p with label a + b mod p, a random share of them
trained on. Split like this no swapped pair gives the answer away. Network: one layer of a
transformer on the tokens a, b, "=", with several heads and an MLP of ReLU, both residual, without
normalisation, bias and positions; the label is read off at "=". Full-batch AdamW, cross entropy.

Claim. As in the two-layer network, the training set is memorised, test accuracy stays low, and
rises to 1 several times later.

Control. Without weight decay, or with too few pairs, the network only memorises.

Source. Power et al., arXiv:2201.02177; network and optimiser after Nanda et al., arXiv:2301.05217.
"""

from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.observables import sum_of_squares, train_and_test


class Knobs(NamedTuple):  # traced
    lr: float = 0.01  # [1] AdamW step size
    weight_decay: float = 2.5  # [1] decoupled, per unit of lr
    fraction: float = 0.85  # [1] share of the pairs that is trained on
    init_scale: float = 1.0  # [1] std of every weight, in units of 1 / sqrt(fan-in)
    sharpness: float = 1.0  # [1] factor of the attention scores; 0: every token is paid the same
    skip: float = 1.0  # [1] weight of the skip connections


class Static(NamedTuple):  # static
    modulus: int = 23
    pairs: str = "unordered"  # or "ordered": (a, b) and (b, a) are two examples
    error: str = "cross_entropy"  # or "squared", to the one-hot label
    activation: str = "relu"  # or "quadratic"
    tokens: str = "embedded"  # or, before "sum", "one_hot"
    mixing: str = "attention"  # or "sum": of a table for the first and one for the second number
    width: int = 64
    heads: int = 4
    hidden: int = 128
    steps: int = 1000
    log_every: int = 5


class Network(nn.Module):
    """Scores of the label (n, p) for sequences of one-hot tokens (n, 3, p + 1) that end in "=", the last token."""

    static: Static

    @nn.compact
    def __call__(self, tokens, knobs):  # noqa: D102
        s, linear, one_hot = self.static, partial(nn.Dense, use_bias=False), jnp.eye(self.static.modulus + 1)
        act = {"relu": nn.relu, "quadratic": jnp.square}[s.activation]
        every = linear(s.width, name="embed")(one_hot) if s.tokens == "embedded" else one_hot
        if s.mixing == "sum":
            hidden = sum(tokens[:, i] @ linear(s.hidden, name=n)(every) for i, n in enumerate(("first", "second")))
            return linear(s.modulus, name="unembed")(act(hidden))
        # Without positions a token has one key and one value wherever it stands, and only "=" asks.
        key, value = (linear(s.width, name=n)(every).reshape(-1, s.heads, s.width // s.heads) for n in ("key", "value"))
        query = linear(s.width, name="query")(every[-1]).reshape(key.shape[1:])
        score = knobs.sharpness * jnp.einsum("vhk,hk->vh", key, query) / key.shape[-1] ** 0.5
        paid = jnp.einsum("nth,ntv->nvh", jax.nn.softmax(tokens @ score, axis=1), tokens)
        seen = jnp.einsum("nvh,vhk->nhk", paid, value).reshape(-1, s.width)
        x = knobs.skip * every[-1] + linear(s.width, name="attended")(seen)
        x = knobs.skip * x + linear(s.width, name="down")(act(linear(s.hidden, name="up")(x)))
        return linear(s.modulus, name="unembed")(x)


def data(key, knobs, static):
    """-> tokens (n, 3, p + 1), labels (n,), train (n,) with 1 where a pair is trained on."""
    p = static.modulus
    a, b = jnp.triu_indices(p) if static.pairs == "unordered" else jnp.indices((p, p)).reshape(2, -1)
    rank = jnp.argsort(jax.random.uniform(key, a.shape))
    tokens = jax.nn.one_hot(jnp.stack([a, b, jnp.full_like(a, p)], 1), p + 1)
    return {"tokens": tokens, "labels": (a + b) % p, "train": jnp.float32(rank < jnp.round(knobs.fraction * a.size))}


def init(key, knobs, static):
    like = jax.eval_shape(Network(static).init, key, jnp.zeros((1, 3, static.modulus + 1)), knobs)
    drawn = normals(key, **{str(i): leaf.shape for i, leaf in enumerate(jax.tree.leaves(like))}).values()
    return jax.tree.unflatten(jax.tree.structure(like), [knobs.init_scale * w / w.shape[0] ** 0.5 for w in drawn])


def errors(params, data, knobs, static):
    """-> scores of every pair (n, p), error of each (n,)."""
    scores, labels = jnp.asarray(Network(static).apply(params, data["tokens"], knobs)), data["labels"]
    if static.error == "squared":
        return scores, jnp.mean((scores - jax.nn.one_hot(labels, static.modulus)) ** 2, -1)
    return scores, optax.softmax_cross_entropy_with_integer_labels(scores, labels)


def loss(params, batch, knobs, static):
    return jnp.sum(errors(params, batch, knobs, static)[1] * batch["train"]) / jnp.sum(batch["train"])


def observe(state, data, knobs, static):
    seen = train_and_test(*errors(state.params, data, knobs, static), data["labels"], data["train"])
    return seen | {"weight_norm": jnp.sqrt(sum_of_squares(state.params))}


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=lambda knobs, static: optax.adamw(knobs.lr, b2=0.98, weight_decay=knobs.weight_decay),
    observe=observe,
    detect=delayed_generalization,
    units={"train_acc": "share of pairs", "test_acc": "share of pairs"},
    figure=("train_acc", "test_acc"),
)
