r"""Maximum margin: on separable data the weights grow as ln t and turn to the widest margin.

Setup. Data: n points in a plane, each times its label: z_0 = gap u + a v and z_1 = gap u - b v for orthonormal u and v,
a and b between 0.5 and 1.5, and further points with z.u >= far gap. So the widest margin is gap, along u, with z_0 and
z_1 alone on it. Model: w.z. Gradient descent from 0 on the mean of log(1 + exp(-w.z)).

Claim. With w = w_max ln t + r, w_max = u / gap, what a step adds is w_max / t if
    exp(-z_i.r) = n alpha_i / lr   at i = 0 and 1,   alpha_0 z_0 + alpha_1 z_1 = w_max,
two equations for r, since the other points' part falls as t^-far, and the rest of the logistic tail as t^-2. So
    |w| = |w_max ln t + r|,   loss = 1 / (lr gap^2 t),
with no free parameter, and the direction of w is off u by about |r.v| gap / ln t.

Control. Two labels turned over, so that no line separates; the squared error (1 - w.z)^2 / 2; weight decay. With the
last two the margin is wide as well: the margin alone tells nothing.

Source. Soudry et al., arXiv:1710.10345; r is that of its theorem, solved for two support vectors.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.log_growth import log_growth
from bestiary.entry import Phenomenon, log_schedule
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.25  # [1] step size; > 0
    gap: float = 1.0  # [1] the widest margin; > 0
    far: float = 2.0  # [gap] least margin of the other points; > 1
    flipped: float = 0.0  # [1] 1: the labels of the two support vectors are turned over; 0 or 1
    weight_decay: float = 0.0  # [1] in the gradient, per unit of lr; >= 0


class Static(NamedTuple):
    """Static."""

    error: Literal["logistic", "squared"] = "logistic"  # logistic: log(1 + exp(-w.z)); squared: (1 - w.z)^2 / 2
    points: int = 6  # [sample] points; > 2
    steps: int = 30_000
    log_every: int = 1  # unused: records are spaced evenly in ln t


# Data.


def data(key, knobs, static):
    """-> z (n, 2), u (2,), and what theory takes of the support vectors: how far along v they lie, (2,)."""
    draw = jax.random.uniform(key, (2 * static.points + 1,))
    turn = 2 * jnp.pi * draw[-1]
    u, v = jnp.array([jnp.cos(turn), jnp.sin(turn)]), jnp.array([-jnp.sin(turn), jnp.cos(turn)])
    along = knobs.gap * knobs.far + draw[: static.points]
    across = 4 * draw[static.points : -1] - 2
    sides = jnp.array([1.0, -1.0]) * (1 + across[:2] / 4)
    z = jnp.outer(along.at[:2].set(knobs.gap), u) + jnp.outer(across.at[:2].set(sides), v)
    return {"z": z.at[:2].multiply(1 - 2 * knobs.flipped), "u": u, "sides": sides}


def init(key, knobs, static):
    return jnp.zeros(2)


# Loss and optimiser.


def mean_error(w, z, static):
    """The loss without weight decay."""
    each = jax.nn.softplus(-z @ w) if static.error == "logistic" else 0.5 * (1 - z @ w) ** 2
    return jnp.mean(each)


def loss(w, batch, knobs, static):
    return mean_error(w, batch["z"], static) + 0.5 * knobs.weight_decay * w @ w


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


# Observables.


def in_theory(step, data, knobs, static):
    """Compute w at a step, in the basis u, v, (2,)."""
    (a, minus_b), gap = data["sides"], knobs.gap
    b = -minus_b
    alpha = jnp.array([b, a]) / ((a + b) * gap**2)
    target = -jnp.log(static.points * alpha / knobs.lr)  # z_i.r
    across = (target[0] - target[1]) / (a + b)
    along = (target[0] - a * across) / gap
    return jnp.array([along + jnp.log(jnp.maximum(step, 1)) / gap, across])


def observe(state, data, knobs, static):
    """Loss, norm, and angle to the widest margin's direction, each with theory's; the margin over the widest."""
    w, law = state.params, in_theory(state.step, data, knobs, static)
    norm = jnp.linalg.norm(w)
    cosine = w @ data["u"] / jnp.maximum(norm, 1e-30)
    return {
        "loss": mean_error(w, data["z"], static),
        "loss_in_theory": 1 / (knobs.lr * knobs.gap**2 * jnp.maximum(state.step, 1)),
        "weight_norm": norm,
        "norm_in_theory": jnp.linalg.norm(law),
        "margin": jnp.min(data["z"] @ w) / (knobs.gap * jnp.maximum(norm, 1e-30)),
        "angle": jnp.sqrt(jnp.maximum(1 - cosine**2, 0.0)),
        "angle_in_theory": jnp.abs(law[1]) / jnp.linalg.norm(law),
    }


# Detector.


def detect(log):
    """Growth with the margin; with the loss's exponent over the last decade, and loss, norm and angle over theory's."""
    finding = log_growth(log)
    names = ("loss", "loss_in_theory", "norm_in_theory", "angle", "angle_in_theory")
    if log.lacking(names) or not np.isfinite(log["loss"].values[-1]):
        return finding
    (t, y), (loss_law, norm_law, angle, angle_law) = log["loss"].finite(), (log[n].values[-1] for n in names[1:])
    finding = finding.having(
        final_loss=Effect(float(y[-1]), "nat"),
        loss_over_law=Effect(float(y[-1] / loss_law)),
        norm_over_law=Effect(float(log["weight_norm"].finite().values[-1] / norm_law)),
        angle_over_law=Effect(float(angle / angle_law)),
    )
    last = (t >= t[-1] / 10) & (y > 0)
    if last.sum() < 2 or t[last][0] <= 0:
        return finding
    return finding.having(loss_exponent=Effect(float(np.polyfit(np.log(t[last]), np.log(y[last]), 1)[0])))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    schedule=log_schedule,
    units={
        "loss": "nat",
        "loss_in_theory": "nat",
        "weight_norm": "1",
        "norm_in_theory": "1",
        "margin": "the widest margin",
        "angle": "1",
        "angle_in_theory": "1",
    },
    figure=("weight_norm", "norm_in_theory", "margin", "loss"),
)
