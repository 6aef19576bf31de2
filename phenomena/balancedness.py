r"""Balancedness: a ReLU network keeps the difference of its layers' norms, neuron by neuron.

Setup. Data: 32 points x ~ N(0, I) in R^4, y = a teacher of three ReLU neurons. Network:
f(x) = sum_j a_j phi(w_j x), no biases. Gradient descent on 1/2 mean (f - y)^2 + wd/2 |w, a|^2.

Claim. phi = ReLU lets w_j grow and a_j shrink by the same factor without changing f, so
    C_j = |w_j|^2 - a_j^2
is conserved while both norms change; Euler's theorem, w_j dL/dw_j = a_j dL/da_j, cancels the
first order of every step, which leaves, exactly,
    C_j' = (1 - lr wd)^2 C_j + lr^2 (|dL/dw_j|^2 - (dL/da_j)^2).
So without weight decay C_j drifts by O(lr) over a given training time lr t, and with it C_j decays
as exp(-2 lr wd t). Decoupled weight decay is the same thing here: the update is linear in w.

Control. tanh has no such symmetry; Adam divides by its own memory of gradients, and Euler's
theorem cancels nothing.

Source. Du, Hu & Lee, arXiv:1806.00900; with weight decay, Kunin et al., arXiv:2012.04728.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.conserved import conserved
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.observables import sum_of_squares


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.005  # [1] step size; > 0
    weight_decay: float = 0.0  # [1] in the gradient, per unit of lr; >= 0


class Static(NamedTuple):
    """Static."""

    activation: Literal["relu", "tanh"] = "relu"  # relu: max(z, 0); tanh: tanh z, which breaks the symmetry
    optimizer: Literal["sgd", "adam"] = "sgd"  # sgd: gradient descent; adam: Adam
    points: int = 32  # [sample] points trained on
    inputs: int = 4  # [1] dimension of x
    width: int = 16  # [neuron] hidden units
    steps: int = 4000
    log_every: int = 20


def data(key, knobs, static):
    """-> x (n, d), y (n,)."""
    draw = normals(key, x=(static.points, static.inputs), teacher=(static.inputs, 3))
    return draw["x"], jnp.sum(jax.nn.relu(draw["x"] @ draw["teacher"]), 1)


def init(key, knobs, static):
    params = normals(key, w=(static.inputs, static.width), a=(static.width,))
    return {"w": params["w"] / static.inputs**0.5, "a": params["a"] / static.width**0.5}


def loss(params, batch, knobs, static):
    (x, y), phi = batch, {"relu": jax.nn.relu, "tanh": jnp.tanh}[static.activation]
    decay = 0.5 * knobs.weight_decay * sum_of_squares(params)
    return 0.5 * jnp.mean((phi(x @ params["w"]) @ params["a"] - y) ** 2) + decay


def optimizer(knobs, static):
    return {"sgd": optax.sgd, "adam": optax.adam}[static.optimizer](knobs.lr)


def norms(params):
    """(width,) |w_j|^2 and a_j^2."""
    return jnp.sum(params["w"] ** 2, 0), params["a"] ** 2


def observe(state, data, knobs, static):
    (w, a), (w0, a0) = norms(state.params), norms(state.start)
    left = jnp.exp(2 * state.step * jnp.log1p(-knobs.lr * knobs.weight_decay))  # of C, by the law
    scale = jnp.linalg.norm(w0 - a0)
    drift = jnp.linalg.norm((w - a) - left * (w0 - a0)) / scale
    return {
        "loss": loss(state.params, data, knobs, static),
        "drift": drift,
        "drift_over_lr": drift / knobs.lr,
        # With weight decay alone the norms would shrink as C does, so that is no exchange.
        "exchange": jnp.linalg.norm(a - left * a0) / scale,
        "imbalance": jnp.vdot(w - a, w0 - a0) / scale**2,
        "imbalance_in_theory": left,
    }


def detect(log):
    """Conservation; with what is left of C, and that over what the law leaves, and the drift over lr."""
    finding, names = conserved(log), ("imbalance", "imbalance_in_theory", "drift_over_lr")
    if log.lacking(names):
        return finding
    left, law, drift = (float(log[name].values[-1]) for name in names)
    return finding.having(imbalance=Effect(left), imbalance_over_law=Effect(left / law), drift_over_lr=Effect(drift))


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
        "loss": "1",
        "drift": "|C at step 0|",
        "drift_over_lr": "|C at step 0| / lr",
        "exchange": "|C at step 0|",
        "imbalance": "share of C at step 0",
        "imbalance_in_theory": "share of C at step 0",
    },
    figure=("drift", "exchange", "imbalance"),
)
