r"""In-context regression by linear attention: one direction of the inputs after another, or all at once.

Setup. Data: sequences of N pairs x, w.x with x ~ N(0, S), tr S = 1, w ~ N(0, I) drawn anew for each, and a
query q ~ N(0, S). Network: one layer of linear attention from the query to the pairs, that is
    answer = q.M^T b,   b = sum_n x_n (w.x_n) / N,   M = sum_h v_h k_h q_h^T,
head h with its value weight v and key and query vectors k, q; merged, a head has a matrix U_h in place of k
q^T. Gradient descent on the exact mean over sequences and queries,
    L(M) = tr S - 2 tr(S M S) + tr(M^T C M S),   C = (1 + 1/N) S^2 + S / N.

Claim. With separate keys and queries three small factors have to grow together, each in proportion to the
others' product, so that a head waits for a time 1 / (init_scale l_d^2) and then learns one eigenvector of S,
that of the largest eigenvalue l_d first. Between two drops the loss rests where m heads have learned m
regression weights,
    L_m = 1 - sum_{d <= m} l_d / (1 + (1 + 1 / l_d) / N),
which is a saddle. Merged, the value weight is shared by all directions: two factors grow by 1 + 2 lr sqrt(sum_d
l_d^4) a step out of the start, after a time logarithmic in it, and once they are up all directions relax side
by side, with no plateau in between.

Control. Merged heads; a large start.

Source. Zhang et al., arXiv:2501.16265: both forms, the levels and the order of drops.
"""

from itertools import pairwise
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.staggered_modes import staggered_modes
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

MODES = 4  # directions of the inputs
APART = 0.05  # [1] most that a direction may have learned when the one before is half way; side by side they have 0.16


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.2  # [1] gradient-descent step; > 0
    init_scale: float = 0.02  # [1] std of every weight; > 0
    ratio: float = 2.0  # [1] eigenvalue of a direction over that of the next; > 0
    context: float = 32.0  # [pair] N; > 0


class Static(NamedTuple):
    """Static."""

    form: Literal["separate", "merged"] = "separate"  # separate: a key and a query vector; merged: one matrix
    heads: int = 16  # [head] heads, whose answers add up
    steps: int = 30_000
    log_every: int = 20


def eigenvalues(knobs):
    """(MODES,) l_d, the largest first, of sum 1."""
    sizes = knobs.ratio ** -jnp.arange(float(MODES))
    return sizes / jnp.sum(sizes)


def data(key, knobs, static):
    """-> l (MODES,), in the basis of the eigenvectors of S; Gaussian weights know no other."""
    return eigenvalues(knobs)


def init(key, knobs, static):
    h, d = static.heads, MODES
    drawn = normals(key, v=(h,), u=(h, d, d)) if static.form == "merged" else normals(key, v=(h,), k=(h, d), q=(h, d))
    return {name: knobs.init_scale * w for name, w in drawn.items()}


def readout(params):
    """(MODES, MODES) M."""
    if "u" in params:
        return jnp.tensordot(params["v"], params["u"], 1)
    return jnp.einsum("h,hi,hj->ij", params["v"], params["k"], params["q"])


def gain(knobs, sizes):
    """(MODES,) C over S: what M* is the inverse of."""
    return (1 + 1 / knobs.context) * sizes + 1 / knobs.context


def loss(params, sizes, knobs, static):
    m = readout(params)
    square = (m**2).T @ (sizes * gain(knobs, sizes))
    return jnp.sum(sizes) - 2 * jnp.sum(sizes**2 * jnp.diagonal(m)) + square @ sizes


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def observe(state, sizes, knobs, static):
    """The loss, how much of every direction is learned, and the loss where the first of them are."""
    least = gain(knobs, sizes)
    learned = jnp.diagonal(readout(state.params)) * least
    levels = jnp.sum(sizes) - jnp.cumsum(sizes**2 / least)
    seen = {"loss": loss(state.params, sizes, knobs, static)}
    seen |= {f"mode_{i + 1}": learned[i] for i in range(MODES)}
    return seen | {f"level_{i + 1}": levels[i] for i in range(MODES)}


def detect(log):
    """Staggered directions; with the loss where it is flattest between two, and over the level of theory."""
    finding = staggered_modes(log, tuple(f"mode_{i + 1}" for i in range(MODES)), apart=APART)
    half = [finding.effects.get(f"half_{i + 1}") for i in range(MODES)]
    if None in half or log.lacking(["loss", "level_1"]):
        return finding
    t, loss = log["loss"].finite()
    speed = np.abs(np.gradient(loss, t))
    for i, (before, after) in enumerate(pairwise(h.value for h in half if h), 1):
        between = np.flatnonzero((t >= before) & (t <= after))
        if between.size:
            at = float(loss[between[np.argmin(speed[between])]])
            over = at / float(log[f"level_{i}"].values[0])
            finding = finding.having(**{f"plateau_{i}": Effect(at), f"over_level_{i}": Effect(over)})
    return finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={"loss": "1"}
    | {f"mode_{i + 1}": "share of its regression" for i in range(MODES)}
    | {f"level_{i + 1}": "1" for i in range(MODES)},
    figure=("loss", "mode_1", "mode_2", "mode_3", "mode_4"),
)
