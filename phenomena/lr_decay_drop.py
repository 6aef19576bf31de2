r"""Learning-rate decay: a smaller step takes away at once what the noise of the larger one had kept up.

Setup. No data: the valley of a river, L = mean x^2 / 2 - slope y, with d steep walls x of curvature 1
and a river y. Stochastic gradient descent, from (0, 0), whose gradient in each x has noise of
deviation `noise`; the step is lr for two thirds of the run, then `cut` lr.

Claim. Each x is an autoregression, x' = (1 - lr) x - lr noise n, whose variance settles at
    lr noise^2 / (2 - lr),
so the walls cost lr noise^2 / (2 (2 - lr)), and a smaller step less, within 1 / (2 cut lr) steps. The
river goes on at slope^2 lr a step, and slower after the cut. What falls beyond the trend is
    excess = noise^2 (lr / (2 - lr) - c lr / (2 - c lr)) / 2 - slope^2 (lr - c lr) s,   c = `cut`,
where s is how many steps after the cut one looks: 5 / 48 of the run.

Control. No cut; no noise; a cut of the river's step alone.

Source. Wen et al., arXiv:2410.05192: the river valley. The variance is that of an autoregression.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.detectors._trends import beyond_trend
from bestiary.detectors.drop_beyond_trend import drop_beyond_trend
from bestiary.entry import Phenomenon
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.5  # [1 / curvature of the walls] step size before the cut; > 0
    cut: float = 0.05  # [lr] step size after it; > 0
    noise: float = 1.0  # [1] deviation of the gradient's noise; >= 0
    slope: float = 0.01  # [1] of the river; >= 0
    walls_too: float = 1.0  # [1] 0: the cut is of the river's step alone; 0 or 1


class Static(NamedTuple):
    """Static."""

    walls: int = 16  # [1] d, steep directions
    steps: int = 3000
    log_every: int = 2


def data(key, knobs, static):
    """There is none."""
    return ()


def batch(key, data, knobs, static):
    """(d,) what a minibatch adds to the gradient of the walls."""
    return knobs.noise * jax.random.normal(key, (static.walls,))


def init(key, knobs, static):
    return {"x": jnp.zeros(static.walls), "y": jnp.zeros(())}


def rates(step, knobs, static):
    """() step sizes of the walls and of the river."""
    factor = jnp.where(step >= 2 * static.steps // 3, knobs.cut, 1.0)
    return knobs.lr * jnp.where(knobs.walls_too > 0.5, factor, 1.0), knobs.lr * factor


def step(key, state, data, knobs, static):
    """One step: of d losses x^2 / 2, each with its own noise, and of the river."""
    of_walls, of_river = rates(state.step, knobs, static)
    x, y = state.params["x"], state.params["y"]
    noisy = x + batch(key, data, knobs, static)
    return state._replace(params={"x": x - of_walls * noisy, "y": y + of_river * knobs.slope})


def observe(state, data, knobs, static):
    walls = jnp.mean(state.params["x"] ** 2) / 2
    of_walls, of_river = rates(state.step, knobs, static)
    return {
        "loss": walls - knobs.slope * state.params["y"],
        "walls": walls,
        "walls_in_theory": of_walls * knobs.noise**2 / (2 * (2 - of_walls)),
        "step_size": of_river,
    }


def detect(log):
    """A drop beyond the trend; with the excess, and what the walls cost before the cut over theory."""
    finding = drop_beyond_trend(log, "loss", "step_size")
    if log.lacking(["loss", "walls", "walls_in_theory"]):
        return finding
    (t, loss), walls, law = log["loss"], log["walls"].values, log["walls_in_theory"].values[0]
    cut = int(np.searchsorted(t, 2 * t[-1] / 3))
    if (jump := beyond_trend(loss, 0, cut, t.size)) is not None:
        finding = finding.having(excess=Effect(jump[0]))
    if law <= 0:
        return finding
    return finding.having(kept_up_over_law=Effect(float(walls[cut // 2 : cut].mean() / law)))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"loss": "1", "walls": "1", "walls_in_theory": "1", "step_size": "1 / curvature"},
    figure=("loss", "walls", "step_size"),
)
