r"""Catastrophic forgetting: what is learned second overwrites what was learned first, where the two share inputs.

Setup. Data: in each of many planes one input a of the first task and one input b of the second, at
an angle; targets a.u and b.v of normal teachers u, v with correlation `agreement`. Network: linear, two
weights to a plane, from 0. Gradient descent on the first task's squared errors to their end, then on
the second's; `replay` is the share of the first task's in the second phase.

Claim. The second task moves the weights along b until b.w = b.v, and so a.w by cos(angle) times
as far. With c, s the cosine and the sine of the angle and r the agreement the first task's error
comes back to, over that before training,
    c^2 ((1 - r)^2 c^2 + r^2 s^2 + 1 - r^2):
c^2 (1 + c^2) for unrelated teachers. With one teacher, whom both tasks can follow at once, it is
sin^2(2 angle) / 4: no conflict, and yet a quarter is lost at 45 degrees, where the tasks are neither
one nor apart.

Control. Replay; inputs that share no direction; a second task that is the first.

Source. McCloskey & Cohen (1989); Evron et al., arXiv:2205.09588: tasks as projections; Goldfarb et al.,
arXiv:2401.12617: most is forgotten between tasks of intermediate similarity.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary.detectors.decline import decline
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect, Log


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1 / |input|^2] step size; > 0 and < 2
    angle: float = 45.0  # [degree] between the inputs of the two tasks; 0 to 90
    agreement: float = 0.0  # [1] correlation of the two teachers; 0: unrelated, 1: one teacher; 0 to 1
    replay: float = 0.0  # [1] share of the first task in the loss of the second phase; 0 to 1


class Static(NamedTuple):
    """Static."""

    planes: int = 4000  # [1] independent planes of weights
    task: int = 100  # [step] length of the first phase
    steps: int = 200
    log_every: int = 1


def data(key, knobs, static):
    """-> inputs a, b (2,), targets of the two tasks (planes,)."""
    draw = normals(key, u=(static.planes, 2), other=(static.planes, 2))
    angle = jnp.deg2rad(knobs.angle)
    a, b = jnp.array([1.0, 0.0]), jnp.stack([jnp.cos(angle), jnp.sin(angle)])
    v = knobs.agreement * draw["u"] + jnp.sqrt(1 - knobs.agreement**2) * draw["other"]
    return {"a": a, "b": b, "first": draw["u"] @ a, "second": v @ b}


def init(key, knobs, static):
    """(planes, 2)"""
    return jnp.zeros((static.planes, 2))


def step(key, state, data, knobs, static):
    """One step of gradient descent on half the squared errors of the phase."""
    w = state.params
    of_first = (w @ data["a"] - data["first"])[:, None] * data["a"]
    of_second = (w @ data["b"] - data["second"])[:, None] * data["b"]
    share = jnp.where(state.step < static.task, 1.0, knobs.replay)
    return state._replace(params=w - knobs.lr * (share * of_first + (1 - share) * of_second))


def explained(output, target):
    """() share of the targets' square that the outputs explain."""
    return 1 - jnp.mean((output - target) ** 2) / jnp.mean(target**2)


def observe(state, data, knobs, static):
    c2, r = jnp.cos(jnp.deg2rad(knobs.angle)) ** 2, knobs.agreement
    return {
        "first_task": explained(state.params @ data["a"], data["first"]),
        "second_task": explained(state.params @ data["b"], data["second"]),
        "second_phase": (state.step >= static.task).astype(float),
        "forgotten_in_theory": c2 * ((1 - r) ** 2 * c2 + r**2 * (1 - c2) + 1 - r**2),
    }


def detect(log):
    """Decline of the first task's score, from the middle of its phase on; with what is forgotten and learned."""
    if gone := log.lacking(["first_task", "second_task", "second_phase"]):
        return gone
    (t, first), second = log["first_task"], log["second_phase"].values > 0
    ability = t >= t[np.argmax(second)] / 2  # before, the first task is still being learned
    finding = decline(Log({"first_task": (t[ability], first[ability])}), "first_task")
    if "last" not in finding.effects:
        return finding
    learned = float(log["second_task"].finite().values[-1])
    return finding.having(forgotten=Effect(1 - finding.effects["last"].value), learned=Effect(learned))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={
        "first_task": "share of variance",
        "second_task": "share of variance",
        "second_phase": "1",
        "forgotten_in_theory": "share of variance",
    },
    figure=("first_task", "second_task"),
)
