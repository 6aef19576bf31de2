r"""Grokking: generalisation long after memorisation, on modular addition.

Setup. Data: all pairs (a, b) mod p with label a + b mod p; a random share of them is trained
on. Network: f(a, b) = W (U_a + V_b)^2, two layers with a quadratic activation and no bias.
Full-batch AdamW, or plain gradient descent, on the squared error to the one-hot label.

Claim. The training set is memorised within tens of steps while the test accuracy stays at
chance, and many times later (the delay is a ratio of steps) the test accuracy rises to 1. The
hidden weights become periodic in a and b: the inverse participation ratio (IPR) of their Fourier
spectrum grows, and has passed all that memorising gives before the test accuracy leaves chance.
No regularisation is needed where the pairs suffice, nor is Adam; weight decay lowers the share of
the pairs that suffices, from about a half to about a third.

Control. With too few pairs for its weight decay, the network only memorises; with nearly all
pairs it generalises at once (comprehension); with too much weight decay it fits nothing
(confusion); with shuffled labels there is nothing to generalise.

Source. Power et al., arXiv:2201.02177; network, initialisation, IPR and grokking without
regularisation of Gromov, arXiv:2301.02679; the four phases of Liu et al., arXiv:2205.10343.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.observables import accuracy, fourier_participation, sum_of_squares


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.01  # [1] step size; > 0
    weight_decay: float = 3.0  # [1] decoupled, per unit of lr; >= 0
    fraction: float = 0.4  # [1] share of the pairs that is trained on; 0 to 1
    init_scale: float = 0.5  # [1] std of every weight, in units of (2 width)^(-1/3); >= 0
    shuffled: float = 0.0  # [1] 1: labels permuted at random over the pairs; 0 or 1


class Static(NamedTuple):
    """Static."""

    modulus: int = 23  # [1] p of the addition modulo p; >= 2
    width: int = 64  # [neuron] hidden units
    optimizer: Literal["adamw", "gradient_descent"] = "adamw"  # adamw: with b2 = 0.98; gradient_descent: plain
    steps: int = 600
    log_every: int = 2


def data(key, knobs, static):
    """-> labels (p, p), train (p, p) with 1 where a pair is trained on."""
    p, numbers = static.modulus, jnp.arange(static.modulus)
    draw = jax.random.uniform(key, (2, p * p))
    order, rank = jnp.argsort(draw[0]), jnp.argsort(jnp.argsort(draw[1]))
    labels = ((numbers[:, None] + numbers) % p).ravel()
    labels = jnp.where(knobs.shuffled > 0.5, labels[order], labels)
    train = rank < jnp.round(knobs.fraction * p * p)
    return {"labels": labels.reshape(p, p), "train": train.reshape(p, p).astype(jnp.float32)}


def init(key, knobs, static):
    (p, n), scale = (static.modulus, static.width), knobs.init_scale / (2 * static.width) ** (1 / 3)
    return jax.tree.map(lambda w: scale * w, normals(key, u=(p, n), v=(p, n), w=(p, n)))


def network(params):
    """The scores of every pair, (p, p, p)."""
    return (params["u"][:, None] + params["v"][None]) ** 2 @ params["w"].T


def errors(scores, labels):
    """Squared error of every pair, averaged over classes, (p, p)."""
    return jnp.mean((scores - jax.nn.one_hot(labels, scores.shape[-1])) ** 2, -1)


def loss(params, batch, knobs, static):
    return jnp.sum(errors(network(params), batch["labels"]) * batch["train"]) / jnp.sum(batch["train"])


def optimizer(knobs, static):
    if static.optimizer == "gradient_descent":
        return optax.chain(optax.add_decayed_weights(knobs.weight_decay), optax.sgd(knobs.lr))
    return optax.adamw(knobs.lr, b2=0.98, weight_decay=knobs.weight_decay)


def observe(state, data, knobs, static):
    scores, labels, train = network(state.params), data["labels"], data["train"]
    each, test = errors(scores, labels), 1 - train
    return {
        "train_acc": accuracy(scores, labels, train),
        "test_acc": accuracy(scores, labels, test),
        "train_loss": jnp.sum(each * train) / jnp.sum(train),
        "test_loss": jnp.sum(each * test) / jnp.maximum(jnp.sum(test), 1),
        "weight_norm": jnp.sqrt(sum_of_squares(state.params)),
        "fourier_ipr": fourier_participation(state.params["u"]),
    }


def first_above(curve, level):
    """[step] of the first record above a level; nan if there is none."""
    steps, values = curve
    return float(steps[np.argmax(values > level)]) if (values > level).any() else np.nan


def detect(log):
    """Delayed generalisation; with how periodic the hidden weights are in the end, and how early they begin to be.

    `ipr_lead`: the step at which the test accuracy has made a tenth of its way from chance, over that at which the
    participation is half as much again as at the start. To memorise raises it by less.
    """
    finding = delayed_generalization(log)
    if log.lacking(["fourier_ipr"]):
        return finding
    ipr = log["fourier_ipr"]
    finding = finding.having(fourier_ipr=Effect(float(ipr.values[-1])))
    if not finding.found:
        return finding
    chance = float(log["test_acc"].values[0])
    knows, turns = first_above(log["test_acc"], chance + 0.1 * (1 - chance)), first_above(ipr, 1.5 * ipr.values[0])
    return finding.having(ipr_lead=Effect(knows / turns)) if turns > 0 else finding


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
