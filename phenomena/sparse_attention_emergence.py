r"""Sparse attention emerges abruptly after a long plateau.

Setup. Data: T tokens x_t ~ N(0, I/d), target W* x_T, W* with columns of norm 1. Network:
y = W sum_t softmax(s)_t x_t, scores s of the position only. Stochastic gradient descent on
L = 1/2 |y - W* x_T|^2 from s = 0, W = 0; the trivial predictor has L = 1/2.

Claim. Attention and weights must grow together: the loss stays on its plateau for the time that the
reduced dynamics take, about t* = sqrt(pi/2) sqrt(d) T / lr [step], then falls in a fraction of that time. The weights
lead. B copies of the token divide t* by sqrt(B), by B if they share one score; the same token in a
share p of sequences by sqrt(p^2 d + 1 - p^2). W with w = <W*, W> / |W*| makes it t* e^(w^2/2) erfc(w/sqrt 2).

Control. One token; attention preset; token repeated; attention frozen; labels shuffled.

Source. Zucchet, d'Angelo, Lampinen & Chan, arXiv:2505.17863, sections 2 and B.1. t* is not theirs: it is the
blow-up time of their reduced dynamics on the plateau, where s_T - s_1 = w^2 / 2.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.single_location import last, sequences, unit_columns


class Knobs(NamedTuple):  # traced
    lr: float = 1.0  # [1] SGD step size; > 0
    length: float = 64.0  # [token] T; 1 to static.positions
    copies: float = 1.0  # [token] positions that hold the relevant token, the last ones; 1 to static.positions
    tied: float = 0.0  # [1] 1: those positions share one score; 0 or 1
    common: float = 0.0  # [1] p, share of the sequences whose token is the first unit vector; 0 to 1
    preset: float = 0.0  # [1] initial score of the relevant positions
    learn_attention: float = 1.0  # [1] 0: attention stays even; >= 0
    init_scale: float = 0.0  # [1] std of the entries of W, in units of 1 / sqrt(d); >= 0
    shuffled: float = 0.0  # [1] 1: targets of another sequence; 0 or 1


class Static(NamedTuple):  # static
    positions: int = 64  # [token] greatest length of a sequence
    width: int = 16  # [1] d, dimension of a token
    batch: int = 8  # [sequence] sequences drawn at every step
    steps: int = 800
    log_every: int = 4


# Data.


def data(key, knobs, static):
    """-> W* (d, d)."""
    return unit_columns(key, static.width)


def batch(key, target, knobs, static):
    """-> new sequences."""
    return sequences(
        key,
        target,
        static.batch,
        static.positions,
        length=knobs.length,
        copies=knobs.copies,
        common=knobs.common,
        shuffled=knobs.shuffled,
    )


# Network.


def init(key, knobs, static):
    """W of standard deviation init_scale / sqrt(d), and scores 0 but for the preset of the relevant places."""
    weights = normals(key, w=(static.width, static.width))["w"] * knobs.init_scale / static.width**0.5
    relevant = last(knobs.copies, static.positions)
    return {"w": weights, "s": jnp.where(relevant, knobs.preset, 0.0)}


def attention(scores, knobs, static):
    """(T,) attention paid to the places."""
    shared = last(knobs.copies, static.positions) & (knobs.tied > 0.5)
    scores = knobs.learn_attention * jnp.where(shared, scores[-1], scores)
    return jax.nn.softmax(scores, where=last(knobs.length, static.positions))


# Loss and optimiser.


def loss(params, batch, knobs, static):
    """1/2 |y - W* x_T|^2, averaged over the batch."""
    paid = attention(params["s"], knobs, static)
    seen = jnp.sum(paid[:, None] * batch.tokens, 1)
    return 0.5 * jnp.mean(jnp.sum((seen @ params["w"].T - batch.targets) ** 2, -1))


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


# Observables.


def expected_loss(weights, paid, target, knobs, static):
    """() The loss over all sequences without a common token, in closed form: no test set to draw."""
    relevant = last(knobs.copies, static.positions)
    on_token = jnp.sum(paid * relevant)
    elsewhere = jnp.sum(paid**2 * ~relevant)
    match = jnp.where(knobs.shuffled > 0.5, 0.0, on_token * jnp.sum(weights * target))
    power = jnp.sum(weights**2) * (elsewhere + on_token**2)
    return 0.5 * (power - 2 * match + jnp.sum(target**2)) / static.width


def time_left(weights, target, knobs, static):
    """[step] Until the plateau ends, by the law.

    On the plateau weights grow along W* Sigma, Sigma the token's covariance, and the scores as their overlap^2 / 2.
    """
    d = static.width
    along = target * ((1 - knobs.common) / d + knobs.common * jnp.eye(d)[0])
    pull = jnp.linalg.norm(along)
    gain = jnp.where(knobs.tied > 0.5, 1.0, 1 / knobs.copies)
    w = jnp.sum(weights * along) / pull * gain**0.5
    left = jnp.sqrt(jnp.pi / 2 / gain) * jnp.exp(w**2 / 2) * jax.scipy.special.erfc(w / 2**0.5)
    return left * knobs.length / knobs.copies / pull / knobs.lr


def observe(state, target, knobs, static):
    """The expected loss, what attention and weights have of the token and of W*, and the time left by the law."""
    weights = state.params["w"]
    paid = attention(state.params["s"], knobs, static)
    relevant = last(knobs.copies, static.positions)
    return {
        "loss": expected_loss(weights, paid, target, knobs, static),
        "attention": jnp.sum(paid * relevant),
        "overlap": jnp.sum(weights * target) / jnp.sum(target**2),
        "time_left": time_left(weights, target, knobs, static),
    }


# Detector.


def detect(log):
    """Plateau escape; with the law's onset, and whether the overlap (at 0.25) led the attention."""
    finding = plateau_escape(log, level=0.5, witness="attention")
    if log.lacking(["overlap", "attention", "time_left"]):
        return finding
    law = log["time_left"].values[0]
    moved = log["overlap"].values >= 0.25
    paying = log["attention"].values >= 0.5
    lead = moved.any() and paying.any() and moved.argmax() < paying.argmax()
    finding = finding.having(
        predicted_onset=Effect(float(law), "step"),
        weights_lead=Effect(float(lead)),
    )
    return finding.having(onset_over_law=Effect(finding.onset / law)) if finding.found else finding


def settled(log):
    """Whether the loss has stayed below a hundredth of the plateau over the last records."""
    return log["loss"].values[-12:].max() < 0.005


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
    settled=settled,
    units={"loss": "1", "attention": "share on the token", "overlap": "share of |W*|", "time_left": "step"},
    figure=("loss", "attention", "overlap"),
)
