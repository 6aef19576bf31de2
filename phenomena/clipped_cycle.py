r"""Clipped cycle: clipping turns a divergence into a cycle of two, in the sharpest direction alone.

Setup. Data and network: 16 weights of curvatures h = 1/16, 2/16, ..., 1, so that lr is in units of 1 over the largest.
Gradient descent with the gradient g clipped to the norm c,
    x' = x - lr min(1, c / |g|) g,  g = h x,
or, by value, with every entry clipped to c by itself. A share k of the update is clipped, the rest is not.

Claim. For lr > 2 plain descent diverges in every direction with lr h > 2. Clipped, it cannot: a step is no longer than
lr c. It comes to a cycle of two in the sharpest direction, between x > c and x - lr c < -c, so
    x_+ - x_- = lr c,  mean |x| = lr c / 2,
where x_+ depends on the start. The effective step, lr min(1, c / |g|), then has the harmonic mean 2: clipping has
found the edge of stability. So all other directions, with a smaller h, come to rest, however large lr h is.
Clipped by value, nothing is shared, and every direction with lr h > 2 goes round by itself. Where only a share k is
clipped, the rest has to be stable alone: lr (1 - k) < 2.

Control. Without clipping it diverges; with lr < 2 it comes to rest, clipped or not.

Source. Clipping: Pascanu, Mikolov & Bengio, arXiv:1211.5063. The cycle follows from x_+ = x_-' and x_- = x_+' in
two lines.
"""

from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary.detectors.cycling import cycling
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

MOVES = 0.01  # [lr c] length of a step from which a direction counts as moving
LATE = 100  # [record] last ones, in which a cycle is measured


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 3.0  # [1 / largest curvature] step size; > 0
    clip: float = 1.0  # [1] c, the largest norm, or entry, of a clipped gradient; > 0
    clipped: float = 1.0  # [1] k, share of the update that is clipped; 0 to 1
    scatter: float = 3.0  # [1] std of the weights at the start; > 0


class Static(NamedTuple):
    """Static."""

    by: Literal["norm", "value"] = "norm"  # norm: the gradient as a whole; value: every entry by itself
    weights: int = 16  # [1] d
    steps: int = 400
    log_every: int = 1


def data(key, knobs, static):
    """A quadratic loss has no data."""
    return ()


def init(key, knobs, static):
    x = knobs.scatter * normals(key, x=(static.weights,))["x"]
    return {"x": x, "moved": jnp.zeros_like(x), "taken": knobs.lr}


def step(key, state, data, knobs, static):
    """One step; with the update, and the step size that it amounts to in the sharpest direction."""
    x = state.params["x"]
    g = jnp.arange(1, static.weights + 1) / static.weights * x
    if static.by == "norm":
        short = g * jnp.minimum(1, knobs.clip / jnp.linalg.norm(g))
    else:
        short = jnp.clip(g, -knobs.clip, knobs.clip)
    moved = -knobs.lr * (knobs.clipped * short + (1 - knobs.clipped) * g)
    return state._replace(params={"x": x + moved, "moved": moved, "taken": -moved[-1] / g[-1]})


def observe(state, data, knobs, static):
    """The weight of the sharpest direction, all others, and how many directions move."""
    x, moved = state.params["x"], state.params["moved"]
    return {
        "weight": x[-1],
        "others": jnp.linalg.norm(x[:-1]),
        "effective_step": state.params["taken"],
        "moving": jnp.sum(jnp.abs(moved) > MOVES * knobs.lr * knobs.clip).astype(float),
        "longest_step": knobs.lr * knobs.clip,
    }


def detect(log):
    """A cycle of the sharpest direction; with its extent, also over lr c.

    `edge` is the harmonic mean of the effective step, over 2; `moving` counts the directions that move, and `others` is
    how far the others are.
    """
    finding, names = cycling(log, "weight"), ("effective_step", "longest_step", "moving", "others")
    if log.lacking(names) or not finding.found:
        return finding
    swing = float(np.ptp(log["weight"].values[-LATE:]))
    taken, longest, moving, others = (log[name].values[-LATE:] for name in names)
    return finding.having(
        swing=Effect(swing),
        swing_over_law=Effect(swing / float(longest[-1])),
        edge=Effect(float(1 / np.mean(2 / taken))),
        moving=Effect(float(np.median(moving)), "direction"),
        others=Effect(float(others.max())),
    )


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"weight": "1", "others": "1", "effective_step": "lr", "moving": "direction", "longest_step": "1"},
    figure=("weight", "effective_step", "others"),
)
