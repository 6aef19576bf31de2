r"""Sparse attention emerges abruptly after a long plateau.

Setup. Data: T tokens x_t ~ N(0, I/d), target W* x_T, W* with columns of norm 1. Network:
y = W sum_t softmax(s)_t x_t, scores s of the position only. Stochastic gradient descent on
L = 1/2 |y - W* x_T|^2 from s = 0, W = 0; the trivial predictor has L = 1/2.

Claim. Attention and weights must grow together: the loss stays on its plateau until, with no
free parameter, t* = sqrt(pi/2) sqrt(d) T / lr [step], then falls in a fraction of that time;
from random W, t* exp(w^2 / 2) erfc(w / sqrt 2) with the run's own w = <W*, W> / |W*|. The
weights lead: w is well on its way when the attention begins to move.

Control. One token; attention preset; token repeated; attention frozen; labels shuffled.

Source. Zucchet, d'Angelo, Lampinen & Chan, arXiv:2505.17863, sections 2 and B.1; the law is
the blow-up time of their reduced dynamics on the plateau, where s_T - s_1 = w^2 / 2.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):  # traced
    lr: float = 1.0  # [1] SGD step size
    length: float = 64.0  # [token] T, at most shape.positions
    copies: float = 1.0  # [token] positions that hold the relevant token, the last ones
    preset: float = 0.0  # [1] initial score of the relevant positions
    learn_attention: float = 1.0  # [1] 0: attention frozen as it begins
    init_scale: float = 0.0  # [1] std of the entries of W, in units of 1 / sqrt(d)
    shuffled: float = 0.0  # [1] 1: targets of another sequence


class Shape(NamedTuple):  # static
    positions: int = 64
    width: int = 16
    batch: int = 8
    steps: int = 800
    log_every: int = 4


def data(key, knobs, shape):
    """-> W* (d, d), columns of norm 1."""
    target = normals(key, w=(shape.width, shape.width))["w"]
    return target / jnp.linalg.norm(target, axis=0)


def last(count, shape):
    """(T,) true at the last `count` positions."""
    return shape.positions - jnp.arange(shape.positions) <= count


def init(key, knobs, shape):
    weights = normals(key, w=(shape.width, shape.width))["w"] * knobs.init_scale / shape.width**0.5
    return {"w": weights, "s": jnp.where(last(knobs.copies, shape), knobs.preset, 0.0)}


def batch(key, target, knobs, shape):
    """-> tokens (n, T, d), targets (n, d)."""
    x = jax.random.normal(key, (shape.batch, shape.positions, shape.width)) / shape.width**0.5
    x = jnp.where(last(knobs.copies, shape)[:, None], x[:, -1:], x)
    y = x[:, -1] @ target.T
    return x, jnp.where(knobs.shuffled > 0.5, jnp.roll(y, 1, axis=0), y)


def loss(params, batch, knobs, shape):
    (x, y), s, learn = batch, params["s"], knobs.learn_attention
    paid = jax.nn.softmax(learn * s + (1 - learn) * jax.lax.stop_gradient(s), where=last(knobs.length, shape))
    seen = jnp.sum(paid[:, None] * x, 1)
    return 0.5 * jnp.mean(jnp.sum((seen @ params["w"].T - y) ** 2, -1))


def observe(state, target, knobs, shape):
    weights, d, norm = state.params["w"], shape.width, jnp.linalg.norm(target)
    paid = jax.nn.softmax(state.params["s"], where=last(knobs.length, shape))
    relevant = last(knobs.copies, shape)
    on_token, elsewhere = jnp.sum(paid * relevant), jnp.sum(paid**2 * ~relevant)
    overlap = jnp.sum(weights * target) / norm
    match = jnp.where(knobs.shuffled > 0.5, 0.0, on_token * overlap * norm)
    left = jnp.sqrt(jnp.pi / 2) * jnp.exp(overlap**2 / 2) * jax.scipy.special.erfc(overlap / 2**0.5)
    return {
        # The expected loss, in closed form: no test set to draw.
        "loss": 0.5 * (jnp.sum(weights**2) * (elsewhere + on_token**2) - 2 * match + norm**2) / d,
        "attention": on_token,
        "overlap": overlap / norm,
        "time_left": left * d * knobs.length / norm / knobs.lr,
    }


def detect(log):
    """Plateau escape; with the law's onset, and whether the overlap (at 0.25) led the attention."""
    finding = plateau_escape(log, "loss", level=0.5, witness="attention")
    if log.lacking(["overlap", "attention", "time_left"]):
        return finding
    moved, paying, law = log["overlap"].values >= 0.25, log["attention"].values >= 0.5, log["time_left"].values[0]
    lead = moved.any() and paying.any() and moved.argmax() < paying.argmax()
    finding = finding.having(predicted_onset=Effect(float(law), "step"), weights_lead=Effect(float(lead)))
    return finding.having(onset_over_law=Effect(finding.onset / law)) if finding.found else finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    shape=Shape(),
    data=data,
    init=init,
    batch=batch,
    loss=loss,
    optimizer=lambda knobs, shape: optax.sgd(knobs.lr),
    observe=observe,
    detect=detect,
    settled=lambda log: log["loss"].values[-1] < 0.005,  # a hundredth of the plateau's
    units={"loss": "1", "attention": "share on the token", "overlap": "share of |W*|", "time_left": "step"},
    figure=("loss", "attention", "overlap"),
)
