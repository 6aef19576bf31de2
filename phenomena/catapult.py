r"""Catapult: a step too large for the curvature throws the network to where it is small enough.

Setup. Data: one example, x = 1 and y = 0. Network: two layers, linear, f = v.u / sqrt(n), entries
of u, v drawn from N(0, 1), or with ReLU units. Gradient descent on L = f^2 / 2; lr is given in units
of 1 / lambda_0, the curvature lambda = (|u|^2 + |v|^2) / n at the start.

Claim. With kappa = lr lambda and phi = lr f / sqrt(n), the relative change of a layer in one step,
    phi'   = phi (1 - kappa + phi^2),
    kappa' = kappa + phi^2 (kappa - 4):
two numbers are the whole run, whatever n. While phi is small the loss is multiplied by
(1 - kappa)^2 each step. For kappa < 2 it falls, and the curvature stays (lazy). For 2 < kappa < 4
it grows n-fold, within ln n / (2 ln(kappa - 1)) steps from an output of 1, until phi is of order 1;
that lowers kappa below 2, and the run converges, to a flatter minimum (catapult). For kappa > 4
both grow (divergence). `edge_ratio` is kappa / 2.

Warm-up takes kappa there slowly: whenever it passes 2 a catapult throws it back, from where it is by then, so that
the run ends just below 2 and survives steps far beyond 4 / lambda_0. It does so if something keeps f from 0 meanwhile,
as a noise in the target: a loss that was fitted to nothing has nothing left to throw.

Control. A step on either side of the window, 1.9 and 4.1.

Source. Lewkowycz et al., arXiv:2003.02218; the recursion follows from u' = u - phi v, v' = v - phi u.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.overshoot import overshoot
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 3.0  # [1 / curvature at step 0] gradient-descent step size; > 0
    warmup: float = 0.0  # [step] steps in which lr rises from 0, in proportion to the step; 0: none; >= 0
    noise: float = 0.0  # [1] standard deviation of the target, drawn anew at every step; >= 0
    second: float = 1.0  # [1] share of its gradient that v follows; 0: f is linear in what is trained; 0 to 1


class Static(NamedTuple):
    """Static."""

    width: int = 512  # [neuron] n, hidden units
    activation: Literal["linear", "relu"] = "linear"  # linear: f = v.u / sqrt(n); relu: f = v.max(u, 0) / sqrt(n)
    steps: int = 400
    log_every: int = 1


def data(key, knobs, static):
    """The target of the one example, -> y ()."""
    return jnp.zeros(())


def batch(key, y, knobs, static):
    """-> the target with its noise ()."""
    return y + knobs.noise * jax.random.normal(key)


def init(key, knobs, static):
    return normals(key, u=(static.width,), v=(static.width,))


def hidden(params, static):
    """(n,) hidden units for x = 1."""
    return {"linear": params["u"], "relu": jax.nn.relu(params["u"])}[static.activation]


def network(params, static):
    """() output for x = 1."""
    return jnp.vdot(hidden(params, static), params["v"]) / params["u"].size ** 0.5


def curvature(params, static):
    """() the tangent kernel, |gradient of f|^2."""
    heard = {"linear": params["v"], "relu": params["v"] * (params["u"] > 0)}[static.activation]
    return (jnp.sum(hidden(params, static) ** 2) + jnp.sum(heard**2)) / params["u"].size


def loss(params, batch, knobs, static):
    return 0.5 * (network(params, static) - batch) ** 2


def calibrate(params, data, knobs, static):
    """Turn lr from units of 1 / curvature into a plain step size."""
    return knobs._replace(lr=knobs.lr / curvature(params, static))


def optimizer(knobs, static):
    """Gradient descent, with warm-up, and of v by a share of its own."""

    def warm(t):
        return knobs.lr * jnp.minimum(1.0, (t + 1) / jnp.maximum(knobs.warmup, 1.0))

    followed = optax.stateless(lambda gradient, _: gradient | {"v": knobs.second * gradient["v"]})
    return optax.chain(followed, optax.sgd(warm))


def observe(state, data, knobs, static):
    return {
        "loss": loss(state.params, data, knobs, static),
        "edge_ratio": knobs.lr * curvature(state.params, static) / 2,
        "kick": knobs.lr * network(state.params, static) / static.width**0.5,
    }


def detect(log):
    """Overshoot; with the largest loss, and the steps to it as from an output of 1."""
    finding = overshoot(log, "loss", "edge_ratio")
    if "peak_step" not in finding.effects or not np.isfinite(log["loss"].values).all():
        return finding
    loss, kappa = log["loss"].values, 2 * log["edge_ratio"].values[0]
    finding = finding.having(peak_loss=Effect(float(loss.max())))
    if kappa <= 2:
        return finding
    missed = np.log(2 * loss[0]) / 2 / np.log(kappa - 1)  # steps that growth from 1 to |f| takes
    return finding.having(climb=Effect(float(finding.effects["peak_step"].value + missed), "step"))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    batch=batch,
    init=init,
    loss=loss,
    calibrate=calibrate,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={"loss": "1", "edge_ratio": "lr curvature / 2", "kick": "1"},
    figure=("loss", "edge_ratio", "kick"),
)
