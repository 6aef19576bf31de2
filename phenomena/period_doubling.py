r"""Period doubling: beyond its stable step size, gradient descent goes round 2 points, then 4, then 8.

Setup. Data: one example, y = 1. Network: two tied weights in a row, f = x x, on
L = (x^2 - 1)^2 / 4; gradient descent from near the minimum x = 1,
    x' = x - lr (x^3 - x).

Claim. L'' = 2 at the minimum, so it is stable up to lr = 1. Beyond, x does not diverge: it settles
on two points of sum s and product p,
    p = 1 / lr,  s^2 = 1 + 3 / lr,  hence  x_+ - x_- = sqrt(1 - 1 / lr).
A deviation from that cycle is multiplied by 9 - 2 (1 + lr)^2 every time round, which reaches -1
at lr = sqrt 5 - 1 = 1.236: there two points become four. The doublings go on at intervals
that shrink about 4.67-fold (Feigenbaum), to eight at 1.288, and end in chaos near lr = 1.302.

Control. With a smaller step x comes to rest; with a larger one it never comes back to itself.

Source. The two points and their stability follow from x_+ = x_-' and x_- = x_+' in two lines. In
networks: Chen & Bruna, arXiv:2206.04172.
"""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.cycling import cycling
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 1.2  # [1] step size, in units of the stable one; > 0
    scatter: float = 0.05  # [1] std of the start about the minimum; >= 0
    noise: float = 1e-6  # [1] std of the target from step to step: no cycle lives off the rounding of float32; >= 0


class Static(NamedTuple):
    """Static."""

    steps: int = 1000
    log_every: int = 1


def data(key, knobs, static):
    """-> the target, ()."""
    return jnp.ones(())


def init(key, knobs, static):
    return {"x": 1 + knobs.scatter * normals(key, x=())["x"]}


def batch(key, target, knobs, static):
    return target + knobs.noise * jax.random.normal(key)


def loss(params, target, knobs, static):
    return (params["x"] ** 2 - target) ** 2 / 4


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def observe(state, target, knobs, static):
    return {
        "weight": state.params["x"],
        "loss": loss(state.params, target, knobs, static),
        "swing_in_theory": jnp.sqrt(jnp.maximum(1 - 1 / knobs.lr, 0)),
    }


def detect(log):
    """A cycle, told from its double; with a phase for its period, and its extent over that of the cycle of two."""
    finding = cycling(log, "weight", tolerance=1e-6)
    if log.lacking(["swing_in_theory"]) or not finding.found:
        return finding
    period = finding.effects["period"].value
    near = [abs(period - points) < 0.1 for points in (2, 4, 8)]
    phase = "two" if near[0] else "four" if near[1] else "eight" if near[2] else ""
    finding = replace(finding, phase=phase)
    swing, law = np.ptp(log["weight"].values[-100:]), log["swing_in_theory"].values[-1]
    return finding.having(swing_over_law=Effect(float(swing / law))) if law else finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    batch=batch,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={"weight": "1", "loss": "1", "swing_in_theory": "1"},
    figure=("weight", "loss"),
)
