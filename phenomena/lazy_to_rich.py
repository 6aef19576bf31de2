r"""Lazy to rich: the scale of a network's output decides whether training changes its features.

Setup. Data: y = x_1 x_2, inputs uniform on a sphere. Network: alpha f, f two layers of ReLU in
mirrored pairs of units, so that it starts at 0. Full-batch gradient descent on
L = 1/2 mean (f - y / alpha)^2: in f the same loss at every alpha, but for a target 1 / alpha as
large. Beside it, from the same start, its linearisation in the parameters is trained.

Claim. With a large target (small alpha) the weights have far to go: the tangent kernel turns as the
loss is fitted, and the network generalises better than its linearisation, whose features are
those of the start. With a small one (large alpha) the weights move by 1 / alpha, the kernel stays,
and network and linearisation are the same: equal fit, different solution. Of two mirrored units what
one adds to the kernel in first order the other takes, so it turns by 1 / alpha^2, and its distance,
1 less a cosine, is the square of that. Kinks that a unit crosses turn that of ReLU by more.

Control. alpha = 100; ten times as many neurons, each of which has less far to go.

Source. Chizat, Oyallon, Bach, arXiv:1812.07956; Woodworth et al., arXiv:2002.09277.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.departure import departure
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.observables import kernel_distance, sum_of_squares

PROBES = 32  # inputs on which the tangent kernel is taken


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.3  # [1] gradient-descent step; > 0
    alpha: float = 0.1  # [1] scale of the output, over that of the target; > 0


class Static(NamedTuple):
    """Static."""

    activation: Literal["relu", "softplus"] = "relu"  # relu: max(z, 0); softplus: ln(1 + e^z), which has no kink
    inputs: int = 8  # [1] dimension of x
    samples: int = 100  # [sample] samples to train on, and as many to test on
    width: int = 100  # [neuron] hidden units; even
    steps: int = 1000
    log_every: int = 5


def data(key, knobs, static):
    """-> x (2, samples, inputs) and y (2, samples): train, test."""
    x = normals(key, x=(2, static.samples, static.inputs))["x"]
    x = x * jnp.sqrt(static.inputs / jnp.sum(x**2, -1, keepdims=True))
    return {"x": x, "y": x[..., 0] * x[..., 1]}


def init(key, knobs, static):
    half = normals(key, w=(static.inputs, static.width // 2), a=(static.width // 2,))
    net = {"w": jnp.tile(half["w"], 2), "a": jnp.concatenate([half["a"], -half["a"]])}
    return {"net": net, "start": net, "shift": jax.tree.map(jnp.zeros_like, net)}


def network(net, x, static):
    """f, (..., inputs) -> (...)."""
    phi = {"relu": jax.nn.relu, "softplus": jax.nn.softplus}[static.activation]
    return phi(x @ net["w"]) @ net["a"] / np.sqrt(net["a"].size)


def linearised(params, x, static):
    """The network's first-order expansion, `shift` away from the start, where it is 0."""
    start = jax.lax.stop_gradient(params["start"])
    _, change = jax.jvp(partial(network, x=x, static=static), (start,), (params["shift"],))
    return change


def loss(params, batch, knobs, static):
    """Of both models; neither sees the other's gradient."""
    x, goal = batch["x"][0], batch["y"][0] / knobs.alpha
    missed = network(params["net"], x, static) - goal
    linear_missed = linearised(params, x, static) - goal
    return 0.5 * jnp.mean(missed**2 + linear_missed**2)


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def observe(state, data, knobs, static):
    """Errors of the network and of its linearisation, how far the weights have moved, how far the kernel has turned."""
    net, start, shift = (state.params[name] for name in ("net", "start", "shift"))
    f = knobs.alpha * network(net, data["x"], static)
    linear = knobs.alpha * linearised(state.params, data["x"], static)
    train, test = jnp.mean((f - data["y"]) ** 2, -1)
    linear_train, linear_test = jnp.mean((linear - data["y"]) ** 2, -1)
    moved = jax.tree.map(jnp.subtract, net, start)
    on_probes = partial(network, x=data["x"][0, :PROBES], static=static)
    return {
        "train_loss": train,
        "test_loss": test,
        "linear_train_loss": linear_train,
        "linear_test_loss": linear_test,
        "moved": jnp.sqrt(sum_of_squares(moved) / sum_of_squares(start)),
        "linear_moved": jnp.sqrt(sum_of_squares(shift) / sum_of_squares(start)),
        "kernel_distance": kernel_distance(on_probes, net, start),
    }


def detect(log):
    """Departure of the kernel; with the network's final test error and movement over those of its linearisation."""
    finding = departure(log)
    if not log.lacking(["moved"]):
        finding = finding.having(moved=Effect(float(log["moved"].values[-1])))
    for name in ("test_loss", "moved"):
        if not log.lacking([name, f"linear_{name}"]):
            ratio = log[name].values[-1] / log[f"linear_{name}"].values[-1]
            finding = finding.having(**{f"{name}_over_linear": Effect(float(ratio))})
    return finding


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
        "moved": "1",
        "linear_moved": "1",
        "kernel_distance": "1 - cosine",
        "train_loss": "1",
        "test_loss": "1",
        "linear_train_loss": "1",
        "linear_test_loss": "1",
    },
    figure=("kernel_distance", "train_loss", "test_loss", "linear_test_loss"),
)
