r"""Heavy-tailed classes: gradient descent learns each class in a time inverse to its frequency, Adam all in one.

Setup. Data: K inputs, one-hot, each with a label of its own, input k as often as k^-alpha. Network: linear, a
table of K x K logits, small at the start, softmax. Gradient descent, or Adam, on the exact mean of the cross
entropy.

Claim. The gradient of the logits of input k is p_k times that of its own loss. Gradient descent goes through
the same course for every input, p_k as fast, so that the rarest is learned K^alpha times later than the
commonest, and no step size changes the ratio. Adam divides by the gradient's size, and p_k with it: all inputs
are learned at once.

Control. Adam; inputs that all come equally often; the loss of every input weighted by 1 / (K p_k).

Source. Kunstner et al., arXiv:2402.19449: heavy-tailed class imbalance as a reason why Adam outperforms
gradient descent; Kunstner & Bach, arXiv:2505.19227, for the linear bigram model under Zipf's law.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.ends_below import ends_below
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

INIT_SCALE = 0.01  # [1] std of a logit at the start
EPS = 1e-12  # [gradient] of Adam; no gradient comes near it


class Knobs(NamedTuple):
    """Traced."""

    alpha: float = 1.0  # [1] input k comes as often as k^-alpha; 0: all equally often; >= 0
    lr: float = 1.0  # [1] step size; > 0
    weighted: float = 0.0  # [1] power of 1 / (K p_k) that the loss of input k is weighted by; 1: all count alike; >= 0


class Static(NamedTuple):
    """Static."""

    optimizer: Literal["sgd", "adam"] = "sgd"  # sgd: gradient descent; adam: Adam
    classes: int = 32  # [1] K, inputs, each with a label
    steps: int = 1200
    log_every: int = 2


def data(key, knobs, static):
    """-> p (K,), the most frequent first."""
    p = jnp.arange(1.0, static.classes + 1) ** -knobs.alpha
    return p / jnp.sum(p)


def init(key, knobs, static):
    return INIT_SCALE * normals(key, w=(static.classes, static.classes))["w"]


def losses(table):
    """(K,) cross entropy of every input, whose label is its own number."""
    return jax.nn.logsumexp(table, 1) - jnp.diagonal(table)


def loss(table, p, knobs, static):
    return (p * (p * static.classes) ** -knobs.weighted) @ losses(table)


def optimizer(knobs, static):
    return optax.sgd(knobs.lr) if static.optimizer == "sgd" else optax.adam(knobs.lr, eps=EPS)


def observe(state, p, knobs, static):
    each = losses(state.params)
    return {"loss": p @ each, "common_loss": each[0], "rare_loss": each[-1]}


def half_time(log, name):
    """[step] when half of a loss is lost, interpolated between records; nan if it never is."""
    t, y = log[name].finite()
    low = np.flatnonzero(y <= y[0] / 2) if y.size else np.array([])
    if not low.size or not low[0]:
        return float("nan")
    about = slice(low[0] - 1, low[0] + 1)
    return float(np.interp(-y[0] / 2, -y[about], t[about]))


def detect(log):
    """A loss of the commonest input well below that of the rarest; with when each is half, and the ratio, the delay."""
    finding = ends_below(log, "common_loss", "rare_loss", share=0.5)
    if log.lacking(["common_loss", "rare_loss"]):
        return finding
    common, rare = half_time(log, "common_loss"), half_time(log, "rare_loss")
    if not np.isfinite(rare):
        return finding
    finding = finding.having(rare_half=Effect(rare, "step"))
    return finding.having(delay=Effect(rare / common)) if common > 0 else finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units=dict.fromkeys(("loss", "common_loss", "rare_loss"), "nat"),
    figure=("loss", "common_loss", "rare_loss"),
)
