r"""Information exponent: how many examples it takes to find a direction is a power of the inputs that its target sets.

Setup. Data: x ~ N(0, I_d), labels y = h_k(w*.x), h_k the Hermite polynomial of degree k, of variance 1.
Network: one neuron, h_k(w.x) with |w| = 1. Spherical SGD on the correlation -y h_k(w.x), `batch` new examples a
step: w moves across the sphere by lr times their mean gradient, and is brought back to length 1. It begins at
an overlap m = w.w* of start / sqrt(d), what a random start has. The step is lr = delta d^-max(1, k / 2), at
which noise takes no more than the start from the overlap while it is found.

Claim. The mean correlation is m^k, so that on average
    dm/dt = lr k m^(k - 1) (1 - m^2):
for k = 3 the start is where it hardly moves, and half of the overlap is there after
    t = (sqrt(d) / start - 2 + artanh(1/2) - artanh(start / sqrt(d))) / (3 lr) ~ d^2   [step];
for k = 2 after d ln d, for k = 1 after d. k is the information exponent of the target, d^(k - 1) its cost.

Control. k = 2 and k = 1; a start that has half of the overlap.

Source. Ben Arous, Gheissari & Jagannath, arXiv:2003.10409.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    delta: float = 1.0  # [1] step size times d^max(1, k / 2); > 0
    start: float = 0.7  # [1 / sqrt(d)] overlap at the start; > 0


class Static(NamedTuple):
    """Static."""

    degree: int = 3  # [1] k of the target and the neuron; 1 to 3
    inputs: int = 64  # [1] d, dimension of x
    batch: int = 256  # [example] new ones at every step
    steps: int = 4000
    log_every: int = 10


def hermite(k, x):
    """h_k at x, of variance 1 under a normal x; k up to 3."""
    return (jnp.ones_like(x), x, (x**2 - 1) / 2**0.5, (x**3 - 3 * x) / 6**0.5)[k]


def data(key, knobs, static):
    """Every example is new, and w* the first of the inputs: a rotation of them changes nothing."""
    return ()


def init(key, knobs, static):
    """(d,) w at the overlap, its other part in a random direction."""
    others = normals(key, w=(static.inputs,))["w"].at[0].set(0.0)
    overlap = knobs.start / static.inputs**0.5
    return jnp.sqrt(1 - overlap**2) * others / jnp.linalg.norm(others) + overlap * jnp.eye(1, static.inputs)[0]


def step(key, state, data, knobs, static):
    """One step of spherical SGD.

    Of a batch only x.w* and x.w decide how much each example counts; the rest of the weighted sum is one normal vector.
    """
    k, d, w = static.degree, static.inputs, state.params
    drawn = normals(key, along=(static.batch,), across=(static.batch,), rest=(d,))
    overlap = w[0]
    away = jnp.sqrt(jnp.maximum(1 - overlap**2, 1e-12))
    other = (w - overlap * jnp.eye(1, d)[0]) / away  # the unit vector of w beside w*
    counts = hermite(k, drawn["along"]) * k**0.5 * hermite(k - 1, overlap * drawn["along"] + away * drawn["across"])
    rest = drawn["rest"].at[0].set(0.0)
    rest = rest - (rest @ other) * other
    slope = (counts @ drawn["along"]) * jnp.eye(1, d)[0] + (counts @ drawn["across"]) * other
    slope = (slope + jnp.linalg.norm(counts) * rest) / static.batch
    w = w + knobs.delta * d ** -max(1.0, k / 2) * (slope - (slope @ w) * w)
    return state._replace(params=w / jnp.linalg.norm(w))


def observe(state, data, knobs, static):
    overlap = state.params[0]
    return {"loss": 1 - overlap**static.degree, "overlap": overlap}  # one less the mean correlation


def detect(log):
    """Escape from the plateau of a random direction; with the step at which half of the overlap is there."""
    finding = plateau_escape(log, "loss")
    if log.lacking(["overlap"]):
        return finding
    t, overlap = log["overlap"].finite()
    up = np.flatnonzero(overlap >= 0.5)
    if not up.size or not up[0]:
        return finding
    about = slice(up[0] - 1, up[0] + 1)
    return finding.having(t_half=Effect(float(np.interp(0.5, overlap[about], t[about])), "step"))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"loss": "1", "overlap": "1"},
    figure=("loss", "overlap"),
)
