r"""Incremental rank: a factorised matrix is completed one singular value at a time, and so by the lowest rank.

Setup. Data: a share of the entries of a d x d matrix M = U diag(s_1, s_2) V^T, of random singular vectors.
Network: linear, W = W2 W1, with small random weights, no bound on its rank. Gradient descent on L = 1/2 |P (W -
M)|^2, where P keeps what was seen.

Claim. From a small start the first to grow is the leading singular pair (sigma, u, v) of P M, which is the
gradient at 0: its strength begins at a_0 = |W1 v + W2^T u|^2 / 4, is multiplied by (1 + lr sigma)^2 a step, and
is half of s_1 at
    t = ln(s_1 / a_0 - 1) / (2 ln(1 + lr sigma))   [step].
There the run passes near a matrix of rank one that fits best what was seen, before the pair that leads the
gradient there grows: greedy low-rank learning. What is unseen is filled in as the lowest rank that fits has it,
the better the smaller the start: of the d - 2 other singular values there is in the end what grew of a_0 until
then, a power of init_scale.

Control. Large initial weights fit what was seen by any rank. In a single layer every entry is learned by
itself, those unseen never.

Source. Gunasekar et al., arXiv:1705.09280: factorised descent prefers low rank; Arora et al., arXiv:1905.13655:
singular values one after the other in deep factorisations; Li et al., arXiv:2012.09839: greedy low-rank
learning.
"""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.staggered_modes import staggered_modes
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.observables import singular_values

COMPLETED = 0.1  # [1] relative squared error of what is unseen, below which the matrix counts as completed


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.05  # [1] gradient-descent step; > 0
    init_scale: float = 1e-3  # [1] std of every weight; > 0
    share: float = 0.7  # [1] of the entries that are seen; > 0 and <= 1
    strongest: float = 4.0  # [1] s_1; > 0
    second: float = 0.5  # [s_1] s_2; > 0 and <= 1


class Static(NamedTuple):
    """Static."""

    dim: int = 20  # [1] d, rows and columns
    layers: int = 2  # [layer] layers of the network; 1 or 2
    steps: int = 600
    log_every: int = 4


def leading(matrix):
    """() the largest singular value of a matrix, and its left and right vectors (d,), by the power method."""
    start = jnp.cos(1.0 + jnp.arange(matrix.shape[1]) ** 1.5)  # overlaps with every vector

    def turn(_, v):
        v = matrix.T @ (matrix @ v)
        return v / jnp.linalg.norm(v)

    v = jax.lax.fori_loop(0, 200, turn, start)
    size = jnp.linalg.norm(matrix @ v)
    return size, matrix @ v / size, v


def data(key, knobs, static):
    """-> M (d, d), what of it is seen (d, d), s (2,), and the leading singular pair of what is seen."""
    d = static.dim
    drawn = normals(key, u=(d, 2), v=(d, 2), seen=(d, d))

    def orthonormal(x):
        first = x[:, 0] / jnp.linalg.norm(x[:, 0])
        second = x[:, 1] - first * (first @ x[:, 1])
        return jnp.stack([first, second / jnp.linalg.norm(second)], 1)

    s = knobs.strongest * jnp.stack([jnp.ones(()), knobs.second])
    m = (orthonormal(drawn["u"]) * s) @ orthonormal(drawn["v"]).T
    seen = 1.0 * (jax.scipy.stats.norm.cdf(drawn["seen"]) < knobs.share)
    sigma, u, v = leading(seen * m)
    return {"m": m, "seen": seen, "s": s, "sigma": sigma, "u": u, "v": v}


def init(key, knobs, static):
    d = static.dim
    drawn = normals(key, w1=(d, d), w2=(d, d)) if static.layers == 2 else normals(key, w1=(d, d))
    return jax.tree.map(lambda w: knobs.init_scale * w, drawn)


def network(params):
    """(d, d) the product of the layers."""
    return params["w2"] @ params["w1"] if "w2" in params else params["w1"]


def loss(params, data, knobs, static):
    return 0.5 * jnp.sum((data["seen"] * (network(params) - data["m"])) ** 2)


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def due(start, data, knobs):
    """() [step] when the first singular value is half learned, from the weights at step 0."""
    seed = jnp.sum((start["w1"] @ data["v"] + start["w2"].T @ data["u"]) ** 2) / 4
    return jnp.log(jnp.maximum(data["s"][0] / seed - 1, 1.0)) / (2 * jnp.log1p(knobs.lr * data["sigma"]))


def observe(state, data, knobs, static):
    """Errors of what is seen and unseen, relative, the first three singular values, and when the law has the first."""
    w = network(state.params)
    unseen = 1 - data["seen"]
    sizes = jnp.sort(singular_values(w))
    seen = {
        "train_loss": 2 * loss(state.params, data, knobs, static) / jnp.sum(data["seen"] * data["m"] ** 2),
        "test_loss": jnp.sum(unseen * (w - data["m"]) ** 2) / jnp.maximum(jnp.sum(unseen * data["m"] ** 2), 1e-30),
        "mode_1": sizes[-1] / data["s"][0],
        "mode_2": sizes[-2] / data["s"][1],
        "third": sizes[-3] / data["s"][1],
    }
    return seen | ({"due_1": due(state.start, data, knobs)} if static.layers == 2 else {})


def detect(log):
    """Staggered singular values; with the first half-time over the law's, the third value and the error at the end.

    Phase: completed, if what is unseen is known to a tenth of its squares at the end.
    """
    finding = staggered_modes(log, ("mode_1", "mode_2"))
    if log.lacking(["test_loss", "third"]):
        return finding
    error, third = (log[name].finite().values for name in ("test_loss", "third"))
    if not error.size or not np.isfinite(log["test_loss"].values).all():
        return finding
    finding = finding.having(test_error=Effect(float(error[-1])), third=Effect(float(third[-1])))
    finding = replace(finding, phase="completed" if error[-1] < COMPLETED else "not completed")
    if "half_1" not in finding.effects or log.lacking(["due_1"]):
        return finding
    law = float(log["due_1"].values[0])
    return finding.having(half_over_law_1=Effect(finding.effects["half_1"].value / law)) if law > 0 else finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={"train_loss": "1", "test_loss": "1", "mode_1": "s_1", "mode_2": "s_2", "third": "s_2", "due_1": "step"},
    figure=("test_loss", "mode_1", "mode_2", "third"),
)
