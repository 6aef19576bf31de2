r"""Grokking of a sparse parity: a fixed set of examples is memorised, and the three relevant bits found later.

Setup. Data: n points x in {-1, 1}^30 drawn once, label x_1 x_2 x_3. Network: two layers of ReLU
whose weights begin init_scale times as large as the ordinary uniform ones. Full-batch gradient
descent on the hinge loss plus wd/2 |params|^2.

Claim. The points are memorised in about a hundred steps by all 30 bits alike, while new points are
guessed. Weight decay wears that solution down, and ten times later the network answers by the three
relevant bits: the test accuracy rises to one as the first layer's power moves onto their weights.
Of a hundred neurons that the answers took, half a dozen suffice: these few grow while all others
decay. The time is inversely proportional to wd, from whatever scale the network starts.

Control. Without weight decay, or from a third of the points, it only memorises, and the power stays
spread over the bits; with five times as many points memorising is no shorter than the rule, and it
generalises at once.

Source. Barak et al., arXiv:2207.08799, appendix C.5; Merrill, Tsilivis & Shukla, arXiv:2303.11873,
for the sparse subnetwork and the neurons that grow.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.entry import Phenomenon
from bestiary.log import Effect
from bestiary.observables import sum_of_squares, train_and_test

STRONGEST = 8  # neurons, one for each sign pattern of three bits; their strength is compared with the others'


class Knobs(NamedTuple):  # traced
    lr: float = 0.5  # [1] step size; > 0
    weight_decay: float = 0.005  # [1] in the gradient, per unit of lr; >= 0
    init_scale: float = 2.0  # [1] every weight at the start, over the ordinary one; >= 0
    share: float = 1.0  # [1] of the points that is trained on; 0 to 1


class Static(NamedTuple):  # static
    bits: int = 30  # [bit] length of a point
    relevant: int = 3  # [bit] number of bits whose product is the label, the first ones; 1 to static.bits
    points: int = 500  # [sample] n, points drawn to train on
    tests: int = 500  # [sample] points drawn to test on
    width: int = 128  # [neuron] hidden units
    steps: int = 4000
    log_every: int = 10


# Data.


def data(key, knobs, static):
    """-> points x (n + tests, bits), labels (n + tests,) in {-1, 1}."""
    x = jax.random.rademacher(key, (static.points + static.tests, static.bits), jnp.float32)
    return x, jnp.prod(x[:, : static.relevant], 1)


def trained_on(knobs, static):
    """(n,) 1 where a point is trained on."""
    used = jnp.arange(static.points) < jnp.round(knobs.share * static.points)
    return used.astype(jnp.float32)


# Network.


def init(key, knobs, static):
    """Uniform in +-init_scale / sqrt(fan-in); the bias is the weight of a last input that is 1."""
    n, h = static.bits + 1, static.width
    flat = knobs.init_scale * jax.random.uniform(key, (n * h + h + 1,), minval=-1.0)
    return {"w": flat[: n * h].reshape(n, h) / static.bits**0.5, "a": flat[n * h :] / h**0.5}


def network(params, x):
    """(n,) the output; its sign is the answer."""
    w, a = params["w"], params["a"]
    hidden = jax.nn.relu(x @ w[:-1] + w[-1])
    return hidden @ a[:-1] + a[-1]


# Loss and optimiser.


def loss(params, batch, knobs, static):
    """Hinge loss of the points that are trained on, plus wd/2 |params|^2."""
    x, y = (part[: static.points] for part in batch)
    used = trained_on(knobs, static)
    hinge = used @ jax.nn.relu(1 - y * network(params, x)) / jnp.sum(used)
    return hinge + 0.5 * knobs.weight_decay * sum_of_squares(params)


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


# Observables.


def relevant_power(params, static):
    """() The relevant bits' share of the first layer's power, sum_j w_ij^2."""
    power = jnp.sum(params["w"][:-1] ** 2, 1)
    return jnp.sum(power[: static.relevant]) / jnp.sum(power)


def strengths(params):
    """(width,) |a_j| |w_j| of every neuron, bias included."""
    return jnp.abs(params["a"][:-1]) * jnp.linalg.norm(params["w"], axis=0)


def needed(params, x, used):
    """() How many of the strongest neurons, without the others, answer on all points in use as the network does."""
    a, order = params["a"], jnp.argsort(-strengths(params))
    hidden = jax.nn.relu(x @ params["w"][:-1] + params["w"][-1]) * a[:-1]
    alone = jnp.cumsum(hidden[:, order], 1) + a[-1]  # (n, width) the output of the 1, 2, ... strongest
    differs = jnp.sign(alone) != jnp.sign(alone[:, -1:])
    return 1 + jnp.max(jnp.where((differs * used[:, None]).any(0), 1 + jnp.arange(order.size), 0))


def observe(state, data, knobs, static):
    """Accuracy and hinge loss of the points that are trained on and of all others, and what the weights hold."""
    x, y = data
    used = jnp.append(trained_on(knobs, static), jnp.zeros(static.tests))
    out = network(state.params, x)
    scores = jnp.stack([-out, out], -1)
    hinge = jax.nn.relu(1 - y * out)
    of_neurons = jnp.sort(strengths(state.params))
    return {
        **train_and_test(scores, hinge, (y > 0).astype(int), used),
        "weight_norm": jnp.sqrt(sum_of_squares(state.params)),
        "relevant": relevant_power(state.params, static),
        "neurons": needed(state.params, x, used).astype(jnp.float32),
        "strongest": jnp.mean(of_neurons[-STRONGEST:]),
        "others": jnp.mean(of_neurons[:-STRONGEST]),
    }


# Detector.


def detect(log):
    """Delayed generalisation; with what the weights hold in the end, and how it was when the points were memorised.

    `relevant` is the relevant bits' share of the first layer's power, `neurons` how many neurons suffice;
    `strongest_growth` and `others_growth` are factors, from then to the end, of the strength of the neurons.
    """
    finding = delayed_generalization(log, chance=0.5)
    channels = ["relevant", "neurons", "strongest", "others"]
    if log.lacking(channels):
        return finding
    end = {channel: float(log[channel].values[-1]) for channel in channels}
    finding = finding.having(relevant=Effect(end["relevant"]), neurons=Effect(end["neurons"], "neuron"))
    if "t_train" not in finding.effects:
        return finding
    memorised = finding.effects["t_train"].value
    then = {channel: float(np.interp(memorised, *log[channel])) for channel in channels}
    return finding.having(
        relevant_when_memorised=Effect(then["relevant"]),
        neurons_when_memorised=Effect(then["neurons"], "neuron"),
        strongest_growth=Effect(end["strongest"] / then["strongest"]),
        others_growth=Effect(end["others"] / then["others"]),
    )


def settled(log):
    """Whether the test accuracy has stayed above 0.96 over the last records."""
    return log["test_acc"].values[-10:].min() >= 0.96


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    settled=settled,
    units={
        "train_acc": "share of points",
        "test_acc": "share of points",
        "train_loss": "1",
        "test_loss": "1",
        "weight_norm": "1",
        "relevant": "share of power",
        "neurons": "neuron",
        "strongest": "1",
        "others": "1",
    },
    figure=("train_acc", "test_acc", "relevant"),
)
