r"""Grokking in a transformer, to which the words of Static lead from the network of `grokking`.

Setup. Data: all unordered pairs {a, b} mod p with label a + b mod p, a random share of them
trained on. Split like this no swapped pair gives the answer away. Network: one layer of a
transformer on the tokens a, b, "=", with several heads and an MLP of ReLU, both residual, without
normalisation, bias and positions; the label is read off at "=". Full-batch AdamW, cross entropy.

Claim. As in the two-layer network, the training set is memorised, test accuracy stays low, and
rises to 1 several times later; and what every number adds to the hidden units becomes periodic, as
the inverse participation ratio of its Fourier spectrum says. So it does at every rung of the way
where the network groks, and without weight decay nowhere.

With weak decay in single precision the loss spikes after the fit, as the label's gradient is rounded to 0 before the
others are. A form of the cross entropy that keeps them in balance has no such spikes, and generalises no later.

Control. Without weight decay, or with too few pairs, the network only memorises. With one table
for both numbers and ordered pairs it reads most test pairs off their mirror images, and at once.

Source. Power et al., arXiv:2201.02177; network and optimiser after Nanda et al., arXiv:2301.05217;
the participation of Gromov, arXiv:2301.02679.
"""

from typing import Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.entry import Phenomenon
from bestiary.initial import normals_like
from bestiary.log import Effect
from bestiary.networks.bare_transformer import BareTransformer
from bestiary.networks.token_sum import TokenSum
from bestiary.observables import fourier_participation, sum_of_squares, train_and_test


class Knobs(NamedTuple):  # traced
    lr: float = 0.01  # [1] AdamW step size; > 0
    weight_decay: float = 2.5  # [1] decoupled, per unit of lr; >= 0
    fraction: float = 0.85  # [1] share of the pairs that is trained on; 0 to 1
    init_scale: float = 1.0  # [1] std of every weight, in units of 1 / sqrt(fan-in); >= 0
    sharpness: float = 1.0  # [1] factor of the attention scores; 0: every token is paid the same; >= 0
    skip: float = 1.0  # [1] weight of the skip connections; >= 0
    eps: float = 1e-8  # [gradient] added to the root of the second moment, which AdamW divides by; > 0
    balanced: float = 0.0  # [1] 1: cross entropy as ln(1 + sum of exp(score - label's score)), whose gradients add up
    # to 0 in any precision; 0: as logsumexp less the label's score, where the label's rounds to 0 first; 0 or 1


class Static(NamedTuple):  # static
    modulus: int = 23  # [1] p of the addition modulo p; >= 2
    pairs: Literal["unordered", "ordered"] = "unordered"  # unordered: (a, b) and (b, a) are one example;
    # ordered: they are two
    error: Literal["cross_entropy", "squared"] = "cross_entropy"  # cross_entropy: of the label;
    # squared: to the one-hot label
    activation: Literal["relu", "quadratic"] = "relu"  # relu: max(z, 0); quadratic: z^2
    tokens: Literal["embedded", "one_hot"] = "embedded"  # embedded: by a matrix that is trained;
    # one_hot: as they are, where mixing is "sum"
    mixing: Literal["attention", "sum"] = "attention"  # attention: a transformer block;
    # sum: the rows of two tables are added, one for the first and one for the second number
    table: Literal["two", "one"] = "two"  # where mixing is "sum"; two: each number has a table of its own;
    # one: both have the same
    inward: Literal["merged", "apart"] = "merged"  # where mixing is "sum" and table is "one"; merged: the table is
    # one matrix; apart: it is the product of value, output projection and first layer of the MLP
    outward: Literal["merged", "apart"] = "merged"  # where mixing is "sum"; merged: one matrix leads from the hidden
    # units to the scores; apart: the product of two
    width: int = 64  # [1] dimension of the embedding; a multiple of static.heads
    heads: int = 4  # [head] heads of the attention
    hidden: int = 128  # [neuron] units of the MLP, or columns of the two tables
    steps: int = 1000
    log_every: int = 5


# Data.


def data(key, knobs, static):
    """-> tokens (n, 3, p + 1), labels (n,), train (n,) with 1 where a pair is trained on."""
    p = static.modulus
    if static.pairs == "unordered":
        a, b = jnp.triu_indices(p)
    else:
        a, b = jnp.indices((p, p)).reshape(2, -1)
    equals = jnp.full_like(a, p)
    tokens = jax.nn.one_hot(jnp.stack([a, b, equals], 1), p + 1)

    rank = jnp.argsort(jax.random.uniform(key, a.shape))
    train = rank < jnp.round(knobs.fraction * a.size)
    return {"tokens": tokens, "labels": (a + b) % p, "train": jnp.float32(train)}


# Network.


def module(static):
    """The network that the words of Static describe."""
    activation = {"relu": nn.relu, "quadratic": jnp.square}[static.activation]
    embedded = static.tokens == "embedded"
    if static.mixing == "sum":
        return TokenSum(
            alphabet=static.modulus + 1,
            classes=static.modulus,
            hidden=static.hidden,
            activation=activation,
            width=static.width if embedded else 0,
            shared=static.table == "one",
            inward=static.inward == "apart",
            outward=static.outward == "apart",
        )
    return BareTransformer(
        alphabet=static.modulus + 1,
        classes=static.modulus,
        width=static.width,
        heads=static.heads,
        hidden=static.hidden,
        activation=activation,
        embedded=embedded,
    )


def init(key, knobs, static):
    """Normal weights of standard deviation init_scale / sqrt(fan-in)."""
    tokens = jnp.zeros((1, 3, static.modulus + 1))
    like = jax.eval_shape(module(static).init, key, tokens)
    return jax.tree.map(lambda w: knobs.init_scale * w / w.shape[0] ** 0.5, normals_like(key, like))


def network(params, tokens, knobs, static):
    """-> scores of the label, (n, p)."""
    if static.mixing == "sum":
        return jnp.asarray(module(static).apply(params, tokens))
    return jnp.asarray(module(static).apply(params, tokens, knobs.sharpness, knobs.skip))


def table(params, static):
    """What every number adds to the hidden units, (p, hidden): the first one where there are two tables.

    Behind values it is as if attention paid every token the same.
    """
    w = {name: part["kernel"] for name, part in params["params"].items()}
    layers = ["first"] if "first" in w else ["value", "attended", "up"]
    every = jnp.eye(static.modulus, static.modulus + 1)
    for layer in ["embed", *layers] if "embed" in w else layers:
        every = every @ w[layer]
    return every


# Loss and optimiser.


def errors(params, data, knobs, static):
    """-> scores of every pair (n, p), error of each (n,)."""
    labels = data["labels"]
    scores = network(params, data["tokens"], knobs, static)
    if static.error == "squared":
        wanted = jax.nn.one_hot(labels, static.modulus)
        return scores, jnp.mean((scores - wanted) ** 2, -1)
    return scores, cross_entropy(scores, labels, knobs.balanced)


def cross_entropy(scores, labels, balanced):
    """[nat] of each example (n,), in one of two forms that are equal but for rounding."""
    plain = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
    ahead = scores - jnp.take_along_axis(scores, labels[:, None], 1)
    other = jnp.where(jax.nn.one_hot(labels, scores.shape[1]) > 0, -jnp.inf, ahead)
    return jnp.where(balanced > 0.5, jax.nn.softplus(jax.nn.logsumexp(other, -1)), plain)


def loss(params, batch, knobs, static):
    """Error, averaged over the pairs that are trained on."""
    _, error = errors(params, batch, knobs, static)
    return jnp.sum(error * batch["train"]) / jnp.sum(batch["train"])


def optimizer(knobs, static):
    return optax.adamw(knobs.lr, b2=0.98, eps=knobs.eps, weight_decay=knobs.weight_decay)


# Observables.


def observe(state, data, knobs, static):
    """Accuracy and error of both parts of the pairs, the norm of all weights, and how periodic the table is."""
    scores, error = errors(state.params, data, knobs, static)
    seen = train_and_test(scores, error, data["labels"], data["train"])
    return seen | {
        "weight_norm": jnp.sqrt(sum_of_squares(state.params)),
        "fourier_ipr": fourier_participation(table(state.params, static)),
    }


# Detector.


def detect(log):
    """Delayed generalisation; with how periodic the table is in the end."""
    finding = delayed_generalization(log)
    if log.lacking(["fourier_ipr"]):
        return finding
    return finding.having(fourier_ipr=Effect(float(log["fourier_ipr"].values[-1])))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={
        "train_acc": "share of pairs",
        "test_acc": "share of pairs",
        "train_loss": "1",
        "test_loss": "1",
        "weight_norm": "1",
        "fourier_ipr": "1",
    },
    figure=("train_acc", "test_acc", "fourier_ipr"),
)
