r"""Grokking in a transformer: the next rung after the two-layer network of `grokking`.

Setup. Data: all unordered pairs {a, b} mod p with label a + b mod p, a random share of them
trained on. Split like this no swapped pair gives the answer away. Network: one layer of a
transformer on the tokens a, b, "=", with several heads and an MLP of ReLU, both residual, without
normalisation, bias and positions; the label is read off at "=". Full-batch AdamW, cross entropy.

Claim. As in the two-layer network: the training set is memorised, test accuracy stays low, and
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
from bestiary.observables import accuracy, sum_of_squares


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.01  # [1] AdamW step size
    weight_decay: float = 2.5  # [1] decoupled, per unit of lr
    fraction: float = 0.85  # [1] share of the unordered pairs that is trained on
    init_scale: float = 1.0  # [1] std of every weight, in units of 1 / sqrt(fan-in)


class Shape(NamedTuple):
    """Static."""

    modulus: int = 23
    width: int = 64
    heads: int = 4
    hidden: int = 128
    steps: int = 1000
    log_every: int = 5


class Transformer(nn.Module):
    """Scores of the label (n, p) for sequences of one-hot tokens (n, 3, p + 1) that end in "=", the last token."""

    shape: Shape

    @nn.compact
    def __call__(self, tokens):  # noqa: D102
        s, linear = self.shape, partial(nn.Dense, use_bias=False)
        every = linear(s.width, name="embed")(jnp.eye(s.modulus + 1))
        # Without positions a token has one key and one value wherever it stands, and only "=" asks.
        key, value = (linear(s.width, name=n)(every).reshape(-1, s.heads, s.width // s.heads) for n in ("key", "value"))
        query = linear(s.width, name="query")(every[-1]).reshape(key.shape[1:])
        score = jnp.einsum("vhk,hk->vh", key, query) / key.shape[-1] ** 0.5
        paid = jnp.einsum("nth,ntv->nvh", jax.nn.softmax(tokens @ score, axis=1), tokens)
        seen = jnp.einsum("nvh,vhk->nhk", paid, value).reshape(-1, s.width)
        x = every[-1] + linear(s.width, name="attended")(seen)
        x = x + linear(s.width, name="down")(nn.relu(linear(s.hidden, name="up")(x)))
        return linear(s.modulus, name="unembed")(x)


def data(key, knobs, shape):
    """-> tokens (n, 3, p + 1), labels (n,), train (n,) with 1 where a pair is trained on."""
    p = shape.modulus
    a, b = jnp.triu_indices(p)
    rank = jnp.argsort(jax.random.uniform(key, a.shape))
    tokens = jax.nn.one_hot(jnp.stack([a, b, jnp.full_like(a, p)], 1), p + 1)
    return {"tokens": tokens, "labels": (a + b) % p, "train": jnp.float32(rank < jnp.round(knobs.fraction * a.size))}


def init(key, knobs, shape):
    like = jax.eval_shape(Transformer(shape).init, key, jnp.zeros((1, 3, shape.modulus + 1)))
    leaves, tree = jax.tree.flatten(like)
    drawn = normals(key, **{str(i): leaf.shape for i, leaf in enumerate(leaves)}).values()
    return jax.tree.unflatten(tree, [knobs.init_scale * w / w.shape[0] ** 0.5 for w in drawn])


def errors(params, data, shape):
    """-> scores of every pair (n, p), cross entropy (n,)."""
    scores = jnp.asarray(Transformer(shape).apply(params, data["tokens"]))
    return scores, optax.softmax_cross_entropy_with_integer_labels(scores, data["labels"])


def loss(params, batch, knobs, shape):
    return jnp.sum(errors(params, batch, shape)[1] * batch["train"]) / jnp.sum(batch["train"])


def observe(state, data, knobs, shape):
    (scores, each), labels, train = errors(state.params, data, shape), data["labels"], data["train"]
    return {
        "train_acc": accuracy(scores, labels, train),
        "test_acc": accuracy(scores, labels, 1 - train),
        "train_loss": jnp.sum(each * train) / jnp.sum(train),
        "test_loss": jnp.sum(each * (1 - train)) / jnp.maximum(jnp.sum(1 - train), 1),
        "weight_norm": jnp.sqrt(sum_of_squares(state.params)),
    }


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    shape=Shape(),
    data=data,
    init=init,
    loss=loss,
    optimizer=lambda knobs, shape: optax.adamw(knobs.lr, b2=0.98, weight_decay=knobs.weight_decay),
    observe=observe,
    detect=delayed_generalization,
    units={"train_acc": "share of pairs", "test_acc": "share of pairs"},
    figure=("train_acc", "test_acc"),
)
