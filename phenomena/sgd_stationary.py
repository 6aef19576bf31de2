r"""Stationary SGD: with a constant step, noise keeps the weights in a cloud whose size is known.

Setup. Data: gradient noise z ~ N(0, s^2 / B), fresh at every step, what batches of B examples leave. Network:
d independent weights of curvature 1, so that lr is in units of 1 / curvature. SGD with momentum b,
    v' = b v - lr (x + z),  x' = x + v'.

Claim. Second moments obey a linear recursion; where it stands still,
    E x^2 = lr s^2 (1 + b) / (B (1 - b) (2 (1 + b) - lr)).
For small lr that is lr s^2 / (2 B (1 - b)), the variance of the diffusion that is put in place of SGD, and feels lr / B
alone. The rest is the discrete step: without momentum the cloud is 2 / (2 - lr) times as large, a tenth more at
lr = 2 / 11, and boundless at lr = 2 + 2 b. What holds it is a balance: per step the gradient pulls inwards by as
much as the noise pushes outwards,
    E x grad L = (1 + b) E v^2 / (2 lr),
which is true at rest of any loss.

Control. Without noise the weights reach the minimum; with a step that decays as 1 / t they go there as well, and
the pull is twice the push; beyond lr = 2 + 2 b there is no rest.

Source. Mandt, Hoffman & Blei, arXiv:1704.04289, of the diffusion; Liu et al., arXiv:2012.03636, of the discrete step;
Yaida, arXiv:1810.00004, of the balance.
"""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.detectors.settles_at import settles_at
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

START = 3.0  # [1] std of the weights at the start
TENTH = 0.1  # [1] how much larger than that of the diffusion a cloud is called discrete
GROWTH = 1.5  # [1] last quarter over the one before; a random walk, which has no rest either, grows by 1.4


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1 / curvature] step size; > 0
    batch: float = 1.0  # [sample] B; > 0
    momentum: float = 0.0  # [1] b, share of the last update that is added to the next; >= 0 and < 1
    noise: float = 1.0  # [1] s, std of one example's gradient; >= 0
    decay: float = 0.0  # [1] r: the step is lr / (1 + r lr t); 0: constant, 1: as 1 / t; >= 0


class Static(NamedTuple):
    """Static."""

    weights: int = 2048  # [1] d, independent copies of one weight
    steps: int = 500
    log_every: int = 1


def data(key, knobs, static):
    """Every step draws its own noise."""
    return ()


def init(key, knobs, static):
    x = START * normals(key, x=(static.weights,))["x"]
    return {"x": x, "v": jnp.zeros_like(x)}


def rate(t, knobs):
    """() the step size at step t."""
    return knobs.lr / (1 + knobs.decay * knobs.lr * t)


def step(key, state, data, knobs, static):
    """One step of SGD with momentum."""
    x, lr = state.params["x"], rate(state.step, knobs)
    gradient = x + knobs.noise / jnp.sqrt(knobs.batch) * jax.random.normal(key, x.shape)
    v = knobs.momentum * state.params["v"] - lr * gradient
    return state._replace(params={"x": x + v, "v": v})


def observe(state, data, knobs, static):
    """The cloud's size and the push of the last step; the size in theory, beyond the edge that of the diffusion."""
    b, lr = knobs.momentum, rate(jnp.maximum(state.step - 1, 0), knobs)
    diffusion = knobs.lr * knobs.noise**2 / (2 * knobs.batch * (1 - b))
    room = 1 - knobs.lr / (2 + 2 * b)
    return {
        "variance": jnp.mean(state.params["x"] ** 2),
        "push": (1 + b) / (2 * lr) * jnp.mean(state.params["v"] ** 2),
        "variance_in_theory": diffusion / jnp.where(room > 0, room, 1.0),
        "variance_of_diffusion": diffusion,
    }


def detect(log):
    """The cloud settles at its size; with the size, over that of the diffusion, and pull over push.

    Phases: growing, without bound or by more than a random walk from the third quarter of the run to the last;
    discrete, the size is a tenth above that of the diffusion; diffusive, it is not.
    """
    finding = settles_at(log, "variance", "variance_in_theory", tolerance=0.15)
    if log.lacking(["variance", "push", "variance_of_diffusion"]):
        return finding
    size, push, diffusion = (log[name].values for name in ("variance", "push", "variance_of_diffusion"))
    half, quarter = size.size // 2, size.size // 4
    if not np.isfinite(size).all() or size[-quarter:].mean() > GROWTH * size[-2 * quarter : -quarter].mean():
        return replace(finding, phase="growing")
    variance = float(size[half:].mean())
    finding = finding.having(variance=Effect(variance))
    if not diffusion[-1]:
        return finding
    finding = finding.having(pull_over_push=Effect(variance / float(push[half:].mean())))
    over = variance / float(diffusion[-1])
    return replace(finding, phase="discrete" if over > 1 + TENTH else "diffusive").having(over_diffusion=Effect(over))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"variance": "1", "push": "1", "variance_in_theory": "1", "variance_of_diffusion": "1"},
    figure=("variance", "push"),
)
