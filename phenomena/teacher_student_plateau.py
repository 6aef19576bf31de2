r"""Teacher-student plateau: hidden units that all do the same for long, until each takes one unit of the teacher.

Setup. Data: x ~ N(0, I_N), labels of a teacher sum_n g(B_n.x), g(a) = erf(a / sqrt 2), of K orthonormal B_n.
Network: a student of the same form (a soft committee machine), small random J_k, outputs fixed. With Q = J J^T,
R = J B^T, and A(C)_ij = arcsin(C_ij / sqrt((1 + C_ii)(1 + C_jj))), the mean of half the squared error is exact,
    e = (sum A(Q) + sum A(B B^T) - 2 sum A(J B^T)) / pi,
the norms in the last being those of J and B. Gradient descent on e itself, or on one new example a step by lr /
N.

Claim. Students soon agree on the sum of the teachers: all R = 1 / sqrt(K (2 K - 1)), all Q = 1 / (2 K - 1),
where
    e* = (K / pi) (pi / 6 - K arcsin(1 / (2 K))),
is a saddle. Their differences grow from there by exp(lr growth) a step,
    growth = 2 K / (pi (2 K + 1) sqrt(4 K^2 - 1)),
which is 0.0657 for two and the only way down. So the plateau lasts longer by 1 / ln(1 + lr growth) steps for
differences at the start smaller by a factor of e. Examples one by one add noise, which raises the plateau, and
starts differences of its own.

Control. One unit and one teacher have no symmetry to break; a head start on a teacher unit breaks it.

Source. Saad & Solla, Phys. Rev. E 52, 4225 (1995): e, the order parameters' flow, the symmetric plateau. The
growth is the saddle's Hessian along B_n in one unit against another.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

ALIKE = 0.05  # [1] difference of students below which they are on the plateau


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.5  # [1] step size, over N if examples come one by one; > 0
    init_scale: float = 1e-4  # [1] std of every weight; > 0
    head_start: float = 0.0  # [1] of each unit along a teacher unit of its own, at the start; 0 to 1


class Static(NamedTuple):
    """Static."""

    examples: Literal["all", "one"] = "all"  # all: the mean over x; one: a new x at every step
    units: int = 2  # [neuron] K, of teacher and student; >= 1
    inputs: int = 20  # [1] N, dimension of x; >= 2
    steps: int = 2500
    log_every: int = 5


def teacher(static):
    """(K, N) orthonormal B; a rotation of the inputs changes nothing."""
    return jnp.eye(static.units, static.inputs)


def data(key, knobs, static):
    """Every x is new."""
    return ()


def init(key, knobs, static):
    w = normals(key, w=(static.units, static.inputs))["w"]
    return knobs.init_scale * w + knobs.head_start * teacher(static)


def error(students, static):
    """() e, the mean over x of half the squared error."""
    k = static.units
    units = jnp.concatenate([students, teacher(static)])
    overlaps = units @ units.T
    norms = jnp.sqrt(1 + jnp.diagonal(overlaps))
    angles = jnp.arcsin(overlaps / (norms[:, None] * norms))
    return (jnp.sum(angles[:k, :k]) + jnp.sum(angles[k:, k:]) - 2 * jnp.sum(angles[:k, k:])) / jnp.pi


def one_error(students, x, static):
    """() half the squared error on one x."""

    def output(units):
        return jnp.sum(jax.scipy.special.erf(units @ x / 2**0.5))

    return 0.5 * (output(students) - output(teacher(static))) ** 2


def step(key, state, data, knobs, static):
    if static.examples == "all":
        return state._replace(params=state.params - knobs.lr * jax.grad(error)(state.params, static))
    x = jax.random.normal(key, (static.inputs,))
    slope = jax.grad(one_error)(state.params, x, static)
    return state._replace(params=state.params - knobs.lr / static.inputs * slope)


def symmetric_error(units):
    """e* of so many units at the saddle where all students are alike; 0 for one."""
    return units / np.pi * (np.pi / 6 - units * np.arcsin(1 / (2 * units)))


def observe(state, data, knobs, static):
    overlaps = state.params @ teacher(static).T
    apart = jnp.linalg.norm(overlaps - jnp.mean(overlaps, 0))
    return {
        "test_loss": error(state.params, static),
        "specialised": apart / max(static.units - 1, 1) ** 0.5,  # how far students differ; 1 if each is a teacher unit
        "symmetric_loss": jnp.asarray(symmetric_error(static.units)),
    }


def detect(log):
    """Escape from the symmetric plateau; with its level, while students are alike, and when half of e* is left."""
    if log.lacking(["test_loss", "specialised", "symmetric_loss"]):
        return plateau_escape(log, "test_loss", "specialised")
    level = float(log["symmetric_loss"].values[0])
    if level < 1e-6:  # one unit: what plateau there is, is the start
        return plateau_escape(log, "test_loss")
    t, loss = log["test_loss"].finite()
    alike = np.interp(t, *log["specialised"].finite()) < ALIKE
    on = loss[alike & (loss <= 1.5 * level)]  # the way down to the plateau is left out
    finding = plateau_escape(log, "test_loss", "specialised", level=float(np.median(on)) if on.size else level)
    if on.size:
        finding = finding.having(plateau=Effect(float(np.median(on))))
    low = np.flatnonzero(loss <= level / 2)
    if not low.size or not low[0]:
        return finding
    about = slice(low[0] - 1, low[0] + 1)
    return finding.having(t_half=Effect(float(np.interp(-level / 2, -loss[about], t[about])), "step"))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"test_loss": "1", "specialised": "1", "symmetric_loss": "1"},
    figure=("test_loss", "specialised"),
)
