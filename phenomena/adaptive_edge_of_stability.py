r"""Adaptive edge of stability: under Adam the preconditioned sharpness stays at its threshold.

Setup. Data: the Chebyshev polynomial T_4 at 20 points of [-1, 1], full batch. Network: tanh
1-12-12-1. Adam on L = 1/2 mean (f - y)^2, with a short memory beta2 of squared gradients.

Claim. With its second moment v held fixed Adam is gradient descent with averaged gradients,
    m_t+1 = beta1 m_t + (1 - beta1) g_t,  x_t+1 = x_t - lr D m_t+1,
    D = 1 / ((sqrt(v_hat) + eps)(1 - beta1^t)),
which on a quadratic is stable for S = lambda_max(D^1/2 H D^1/2) < (2 + 2 beta1) / ((1 - beta1) lr).
Training drives S up to this threshold, 38 / lr for beta1 = 0.9 and 11.3 / lr for beta1 = 0.7, and
there it hovers: `edge_ratio`, S over the threshold, is 1 at whatever beta1.

Control. With eps above the gradients D hardly moves; from as near the edge S does not reach it.

Source. Cohen et al., arXiv:2207.14484.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.edge_hover import edge_hover
from bestiary.entry import Phenomenon
from bestiary.log import Effect
from bestiary.networks.mlp import init_mlp, mlp
from bestiary.observables import top_eigenvalue

WIDTH, POINTS = 12, 20


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.001  # [1] Adam step size; > 0
    beta1: float = 0.9  # [1] memory of the gradient; >= 0 and < 1
    beta2: float = 0.95  # [1] memory of the squared gradient; >= 0 and < 1
    eps: float = 1e-8  # [gradient] added to sqrt(v_hat), which Adam divides by; >= 0


class Static(NamedTuple):
    """Static."""

    steps: int = 2000
    log_every: int = 1


def data(key, knobs, static):
    """-> x (n,), y (n,)."""
    x = jnp.linspace(-1.0, 1.0, POINTS)
    return x, 8 * x**4 - 8 * x**2 + 1


def init(key, knobs, static):
    return init_mlp(key, (1, WIDTH, WIDTH, 1))


def loss(params, batch, knobs, static):
    x, y = batch
    outputs = mlp(params, x[:, None], jnp.tanh)[:, 0]
    return 0.5 * jnp.mean((outputs - y) ** 2)


def optimizer(knobs, static):
    return optax.adam(knobs.lr, knobs.beta1, knobs.beta2, knobs.eps)


def observe(state, data, knobs, static):
    return {"loss": loss(state.params, data, knobs, static)}


def probe(state, data, knobs, static):
    age = jnp.maximum(state.step, 1)  # at step 0 the second moment is empty and the step undefined
    bias1, bias2 = 1 - knobs.beta1**age, 1 - knobs.beta2**age
    scale = jax.tree.map(lambda v: 1 / ((jnp.sqrt(v / bias2) + knobs.eps) * bias1), state.opt[0].nu)
    objective = partial(loss, batch=data, knobs=knobs, static=static)
    threshold = (2 + 2 * knobs.beta1) / ((1 - knobs.beta1) * knobs.lr)
    preconditioned = top_eigenvalue(objective, state.params, scale)
    found = {"edge_ratio": preconditioned / threshold, "sharpness": knobs.lr * preconditioned}
    return {name: jnp.where(state.step > 0, value, 0.0) for name, value in found.items()}


def detect(log):
    """Hovering; with `plateau`, where lr S hovers."""
    finding = edge_hover(log, ignore=1)
    if "hover" not in finding.effects or log.lacking(["sharpness"]):
        return finding
    threshold = log["sharpness"].values[-1] / log["edge_ratio"].values[-1]
    return finding.having(plateau=Effect(float(finding.effects["hover"].value * threshold)))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    probe=probe,
    probe_every=20,
    detect=detect,
    units={"loss": "1", "edge_ratio": "S / threshold", "sharpness": "lr S"},
    figure=("edge_ratio", "loss"),
)
