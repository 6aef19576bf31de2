r"""Rotational equilibrium: weight decay sets by how much a normalised weight turns at every step.

Setup. Data: x ~ N(0, I), y = w* x + noise, a fresh batch at every step. Network: one normalised
linear unit f(x) = (w / |w|^m) x, m = 1. SGD with weight decay on L = 1/2 mean (f - y)^2,
    w' = (1 - lr wd) w - lr g.

Claim. The loss does not feel |w|, so g is orthogonal to w: each step makes w longer, weight decay
makes it shorter, and where the two balance, w turns by an angle that knows neither the data nor
the noise. For since |w'| = (1 - lr wd) |w| / cos(angle), a |w| that is stationary on average means
    mean ln cos(angle) = ln(1 - lr wd),   or   rms angle = sqrt(2 lr wd)   to first order.

Control. Without weight decay |w| grows and the angle falls on and on; without normalisation
(m = 0) the gradient has a part along w, and the angle settles elsewhere.

Source. Kosson, Messmer & Jaggi, arXiv:2305.17212; Wan et al., arXiv:2006.08419.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from bestiary.detectors.settles_at import settles_at
from bestiary.entry import Phenomenon
from bestiary.initial import normals

MEMORY = 0.995  # [1] share of the mean square angle that a step keeps


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1] SGD step size; > 0
    weight_decay: float = 0.01  # [1] per unit of lr; >= 0
    normalised: float = 1.0  # [1] m; 0: a plain linear unit; 0 to 1
    noise: float = 1.0  # [1] std of the label noise, in units of the signal's; >= 0


class Static(NamedTuple):
    """Static."""

    width: int = 64  # [1] d, dimension of x and w
    batch: int = 8  # [sample] examples drawn at every step
    steps: int = 4000
    log_every: int = 20


def data(key, knobs, static):
    """-> w* (d,), of length 1."""
    target = normals(key, w=(static.width,))["w"]
    return target / jnp.linalg.norm(target)


def init(key, knobs, static):
    w = normals(key, w=(static.width,))["w"]
    return {"w": w / jnp.linalg.norm(w), "turned": 0.0}  # the second is a memory of angles, and is not trained


def loss(w, batch, knobs, static):
    """1/2 mean (f - y)^2."""
    x, y = batch
    f = x @ w / jnp.linalg.norm(w) ** knobs.normalised
    return 0.5 * jnp.mean((f - y) ** 2)


def step(key, state, target, knobs, static):
    """One step of SGD on a fresh batch."""
    draw = jax.random.normal(key, (static.batch, static.width + 1))
    w = state.params["w"]
    x, noise = draw[:, :-1], draw[:, -1]
    y = x @ target + knobs.noise * noise
    gradient = jax.grad(loss)(w, (x, y), knobs, static)
    new = (1 - knobs.lr * knobs.weight_decay) * w - knobs.lr * gradient
    # The chord between directions is the angle up to angle^3 / 24, and float32 resolves it where it does not a cosine.
    chord = new / jnp.linalg.norm(new) - w / jnp.linalg.norm(w)
    turned = MEMORY * state.params["turned"] + (1 - MEMORY) * jnp.sum(chord**2)
    return state._replace(params={"w": new, "turned": turned})


def observe(state, target, knobs, static):
    w, norm = state.params["w"], jnp.linalg.norm(state.params["w"])
    f = w / norm**knobs.normalised
    return {
        "loss": 0.5 * (jnp.sum((f - target) ** 2) + knobs.noise**2),  # over all data, in closed form
        "angle": jnp.sqrt(state.params["turned"] / (1 - MEMORY**state.step)),  # nan before the first step
        "angle_in_theory": jnp.sqrt(-2 * jnp.log1p(-knobs.lr * knobs.weight_decay)),
        "weight_norm": norm,
        "alignment": w @ target / norm,
    }


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=partial(settles_at, value="angle", level="angle_in_theory"),
    units={"loss": "1", "angle": "rad", "angle_in_theory": "rad", "weight_norm": "1", "alignment": "cosine"},
    figure=("angle", "weight_norm", "loss"),
)
