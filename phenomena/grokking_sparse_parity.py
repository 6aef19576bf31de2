r"""Grokking of a sparse parity: a fixed set of examples is memorised, and the three relevant bits found later.

Setup. Data: n points x in {-1, 1}^30 drawn once, label x_1 x_2 x_3. Network: two layers of ReLU whose weights begin
init_scale times as large as the ordinary uniform ones. Full-batch gradient descent on the hinge loss plus
wd/2 |params|^2.

Claim. The points are memorised in about a hundred steps by all 30 bits alike, while new points are guessed. Weight
decay wears that solution down, and ten times later the network answers by the three relevant bits: the test accuracy
rises to one as the first layer's power moves onto their weights. The time is inversely proportional to wd, from
whatever scale the network starts.

Control. Without weight decay, or from a third of the points, it only memorises, and the power stays spread over
the bits; with five times as many points memorising is no shorter than the rule, and it generalises at once.

Source. Merrill, Tsilivis & Shukla, arXiv:2303.11873.
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


class Knobs(NamedTuple):  # traced
    lr: float = 0.5  # [1] step size
    weight_decay: float = 0.005  # [1] in the gradient, per unit of lr
    init_scale: float = 2.0  # [1] every weight at the start, over the ordinary one
    share: float = 1.0  # [1] of the points that is trained on


class Static(NamedTuple):  # static
    bits: int = 30
    relevant: int = 3
    points: int = 500  # n
    tests: int = 500
    width: int = 128
    steps: int = 4000
    log_every: int = 10


def data(key, knobs, static):
    """-> points x (n + tests, bits), labels (n + tests,) in {-1, 1}."""
    x = jax.random.rademacher(key, (static.points + static.tests, static.bits), jnp.float32)
    return x, jnp.prod(x[:, : static.relevant], 1)


def init(key, knobs, static):
    """Uniform in +-init_scale / sqrt(fan-in); the bias is the weight of a last input that is 1."""
    n, h = static.bits + 1, static.width
    flat = knobs.init_scale * jax.random.uniform(key, (n * h + h + 1,), minval=-1.0)
    return {"w": flat[: n * h].reshape(n, h) / static.bits**0.5, "a": flat[n * h :] / h**0.5}


def network(params, x):
    """(n,) the output; its sign is the answer."""
    hidden = jax.nn.relu(x @ params["w"][:-1] + params["w"][-1])
    return hidden @ params["a"][:-1] + params["a"][-1]


def trained_on(knobs, static):
    """(n,) 1 where a point is trained on."""
    return (jnp.arange(static.points) < jnp.round(knobs.share * static.points)).astype(jnp.float32)


def loss(params, batch, knobs, static):
    (x, y), used = (part[: static.points] for part in batch), trained_on(knobs, static)
    hinge = used @ jax.nn.relu(1 - y * network(params, x)) / jnp.sum(used)
    return hinge + 0.5 * knobs.weight_decay * sum_of_squares(params)


def observe(state, data, knobs, static):
    (x, y), used = data, jnp.append(trained_on(knobs, static), jnp.zeros(static.tests))
    out, power = network(state.params, x), jnp.sum(state.params["w"][:-1] ** 2, 1)
    return {
        **train_and_test(jnp.stack([-out, out], -1), jax.nn.relu(1 - y * out), (y > 0).astype(int), used),
        "weight_norm": jnp.sqrt(sum_of_squares(state.params)),
        "relevant": jnp.sum(power[: static.relevant]) / jnp.sum(power),
    }


def detect(log):
    """Delayed generalisation; with the relevant bits' share of the first layer's power, early and in the end."""
    finding = delayed_generalization(log, chance=0.5)
    if log.lacking(["relevant"]):
        return finding
    t, power = log["relevant"]
    finding = finding.having(relevant=Effect(float(power[-1])))
    if "t_train" not in finding.effects:
        return finding
    return finding.having(relevant_when_memorised=Effect(float(np.interp(finding.effects["t_train"].value, t, power))))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=lambda knobs, static: optax.sgd(knobs.lr),
    observe=observe,
    detect=detect,
    settled=lambda log: log["test_acc"].values[-10:].min() >= 0.96,
    units={"train_acc": "share of points", "test_acc": "share of points", "relevant": "share of power"},
    figure=("train_acc", "test_acc", "relevant"),
)
