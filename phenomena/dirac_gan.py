r"""Dirac GAN: two players circle their equilibrium and never reach it; at once they drift away, in turn they stay.

Setup. Data: one point at 0. Network: a generator that puts one point at g, a discriminator
D(x) = d x. They play
    L(g, d) = E f(d (g + n)) + E f(-d n') - reg/2 (|d| - goal)^2,   f(s) = -ln(1 + exp(-s)),
the generator downhill, the discriminator uphill, by gradient steps of size lr, at once or in turn.
The last term is a penalty on the slope of D: R1 for goal 0, that of the WGAN-GP for goal 1. Instance
noise n, n' = +- noise is put on both points. For the Wasserstein GAN f(s) = s. Equilibrium: (0, 0).

Claim. The field circles the origin. With h = f'(0), 1/2 or 1, a step made at once multiplies (g, d) by
    [[1, -lr h], [lr h, 1 - lr r]],  r = reg - 2 f''(0) noise^2,  of determinant  1 - lr r + lr^2 h^2,
so close to the origin the radius grows by the root of that per step and the phase by its angle. The
players spiral out unless r > lr h^2: reg > lr / 4, or noise^2 > lr / 2. Steps in turn have
determinant 1: the circle neither grows nor shrinks. Where f is straight, noise does nothing. A slope
that is pulled to 1 is pulled away from the equilibrium, so the WGAN-GP cycles for ever.

Control. The R1 penalty or instance noise, above the threshold: the same circling, but inwards.

Source. Mescheder, Geiger & Nowozin, arXiv:1801.04406, who prove each of these for the flow or for steps.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from bestiary.detectors.cycling import cycling
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

H, BEND = 0.5, 0.25  # f'(0) and -f''(0) of ln sigmoid


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1] step size of both; > 0
    reg: float = 0.0  # [1] strength of the penalty on the discriminator's slope; >= 0
    in_turn: float = 0.0  # [1] 1: the discriminator sees the generator's new place; 0 or 1
    radius: float = 0.001  # [1] distance from equilibrium at the start; > 0
    noise: float = 0.0  # [1] instance noise on both points, plus or minus as much; >= 0
    wasserstein: float = 0.0  # [1] 0: f(s) = ln sigmoid s; 1: f(s) = s; 0 to 1
    goal: float = 0.0  # [1] slope that the penalty asks for; 0: R1, 1: WGAN-GP; >= 0


class Static(NamedTuple):
    """Static."""

    steps: int = 4000
    log_every: int = 4


def data(key, knobs, static):
    """-> the real point, ()."""
    return jnp.zeros(())


def init(key, knobs, static):
    start = normals(key, place=(2,))["place"]
    g, d = knobs.radius * start / jnp.linalg.norm(start)
    return {"g": g, "d": d}


def score(s, knobs):
    """f(s)."""
    return (1 - knobs.wasserstein) * jax.nn.log_sigmoid(s) + knobs.wasserstein * s


def game(g, d, real, knobs):
    """L(g, d): the generator's loss, the discriminator's gain."""
    slope = jax.grad(lambda x: d * x)(real)
    noise = knobs.noise * jnp.array([1.0, -1.0])  # two points: no draw, and f''(0) feels only its variance
    fake, true = (jnp.mean(score(s, knobs)) for s in (d * (g + noise), -d * (real + noise)))
    return fake + true - 0.5 * knobs.reg * (jnp.abs(slope) - knobs.goal) ** 2


def step(key, state, real, knobs, static):
    """One step of both players."""
    g, d = state.params["g"], state.params["d"]
    moved = g - knobs.lr * jax.grad(game, 0)(g, d, real, knobs)
    seen = jnp.where(knobs.in_turn > 0.5, moved, g)
    return state._replace(params={"g": moved, "d": d + knobs.lr * jax.grad(game, 1)(seen, d, real, knobs)})


def observe(state, real, knobs, static):
    """Both players; period and growth of the linear map, which holds for goal 0."""
    g, d, linear = state.params["g"], state.params["d"], knobs.wasserstein
    a = knobs.lr * (H + (1 - H) * linear)
    damping = knobs.lr * (knobs.reg + 2 * BEND * (1 - linear) * knobs.noise**2)
    together = 1 - jnp.round(knobs.in_turn)
    determinant = 1 - damping + together * a**2
    trace = 2 - damping - (1 - together) * a**2
    turn = jnp.arctan2(jnp.sqrt(4 * determinant - trace**2), trace)  # [rad] per step
    return {
        "generator": g,
        "discriminator": d,
        "distance": jnp.hypot(g, d),
        "period_in_theory": 2 * jnp.pi / turn,
        "growth_in_theory": determinant ** (jnp.pi / turn),  # of the distance, per period
    }


def detect(log):
    """Cycling of the generator; with its period and growth over those of the linear map."""
    finding, law = cycling(log, "generator"), {"period": "period_in_theory", "growth_per_cycle": "growth_in_theory"}
    if log.lacking(law.values()) or "period" not in finding.effects:
        return finding
    period, growth = (finding.effects[name].value / float(log[law[name]].values[-1]) for name in law)
    return finding.having(period_over_law=Effect(period), growth_over_law=Effect(growth))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={
        "generator": "1",
        "discriminator": "1",
        "distance": "1",
        "period_in_theory": "step",
        "growth_in_theory": "1",
    },
    figure=("generator", "distance"),
)
