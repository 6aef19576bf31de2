r"""Bigram critical dimension: as many embedding dimensions as the transitions have rank, and not one less.

Setup. Data: all pairs of V tokens, the first uniform, the second with probabilities
P = softmax(A B^T), the V x V logits of rank R with equal singular values. Network: softmax(E U^T), embedding E and
unembedding U of N dimensions each. Full-batch Adam with a cosine schedule on the expected
cross-entropy, whose least value is the entropy of P.

Claim. The loss reaches the entropy if and only if N >= R: at N = R the gap vanishes to rounding.

Control. One dimension less leaves a gap of finite size, however long one trains.

Source. Z. Liu, "Physics of AI" blog, 19 January 2026, there with Gaussian A and B, which `factors` gives, and tokens as
frequent as their chain makes them. A case of the softmax bottleneck, Yang et al., arXiv:1711.03953.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.settles_at import settles_at
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    dimension: float = 3.0  # [1] N; 1 to static.most
    rank: float = 3.0  # [1] R; 1 to static.most
    strength: float = 1.0  # [nat] std of the entries of A B^T; >= 0
    lr: float = 0.03  # [1] Adam step size at the start; > 0
    init_scale: float = 0.3  # [1] std of the weights; >= 0


class Static(NamedTuple):
    """Static."""

    factors: Literal["equal", "gaussian"] = "equal"  # equal: R equal singular values; gaussian: those of Gaussian A, B
    tokens: int = 10  # [token] V, size of the alphabet; >= 2
    most: int = 6  # [1] greatest dimension and greatest rank
    steps: int = 3000
    log_every: int = 20


def orthonormal(a):
    """The columns of a (V, k), made orthonormal one after the other."""
    q = jnp.zeros_like(a)
    for column in range(a.shape[1]):
        rest = a[:, column] - q @ (q.T @ a[:, column])
        q = q.at[:, column].set(rest / jnp.linalg.norm(rest))
    return q


def data(key, knobs, static):
    """-> log P (V, V), the rows' logarithms of probability."""
    draw = normals(key, a=(static.tokens, static.most), b=(static.tokens, static.most))
    if static.factors == "gaussian":
        a, b, size = draw["a"], draw["b"], 1
    else:
        # Centred, since softmax ignores what is common to a row: a constant column of B would add no rank.
        a, b, size = orthonormal(draw["a"]), orthonormal(draw["b"] - jnp.mean(draw["b"], 0)), static.tokens
    kept = a * (jnp.arange(static.most) < knobs.rank) / jnp.sqrt(knobs.rank)
    return jax.nn.log_softmax(knobs.strength * size * kept @ b.T)


def init(key, knobs, static):
    params = normals(key, e=(static.tokens, static.most), u=(static.tokens, static.most))
    return jax.tree.map(lambda w: knobs.init_scale * w, params)


def gap(params, truth, knobs, static):
    """[nat] Cross-entropy less entropy, KL(P | Q); dimensions beyond N do not exist."""
    there = jnp.arange(static.most) < knobs.dimension
    guess = jax.nn.log_softmax((params["e"] * there) @ params["u"].T)
    return jnp.mean(jnp.sum(jnp.exp(truth) * (truth - guess), -1))


def entropy(truth):
    """[nat] Of the second token given the first."""
    return -jnp.mean(jnp.sum(jnp.exp(truth) * truth, -1))


def optimizer(knobs, static):
    return optax.adam(optax.cosine_decay_schedule(knobs.lr, static.steps))


def observe(state, truth, knobs, static):
    excess, floor = gap(state.params, truth, knobs, static), entropy(truth)
    return {"loss": floor + excess, "entropy": floor, "gap": excess}


def detect(log):
    """Whether the loss settles on the entropy; with the gap that is left."""
    finding = settles_at(log, "loss", "entropy", tolerance=1e-3)
    return finding if log.lacking(["gap"]) else finding.having(gap=Effect(float(log["gap"].values[-1]), "nat"))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=gap,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={"loss": "nat", "entropy": "nat", "gap": "nat"},
    figure=("gap", "loss"),
)
