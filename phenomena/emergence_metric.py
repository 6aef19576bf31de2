r"""Emergence by the metric: a smooth error of single tokens looks like an abrupt ability of whole answers.

Setup. Data: K facts, all alike, or with frequencies i^-(1 + alpha); one is seen at every example. Network: a table that
learns a fact a step at a time; what is left of its error is (1 - lr)^(times seen), and that is the probability that
it is told wrongly. An answer is L tokens, each a fact. Score: `exact`, all of them right; or `share`, how many.

Claim. The error of a token falls exponentially, with no plateau,
    e(n) = (1 - lr / K)^n.
Of the same run the share of answers that are not all right,
    1 - (1 - e)^L,
stays at 1 until e comes down to 1 / L, and then falls within the time in which e falls 22-fold, whatever L: from
0.9 to 0.1 as L e goes from 2.30 to 0.105. So the plateau is ln(L / 2.30) / 3.09 times as long as the drop, twice at
L = 1103, and half of the answers are right at
    n = ln(1 - 2^(-1/L)) / ln(1 - lr / K),   which grows as ln L.

Control. An answer of one token; the share of tokens that are right. An error that falls as a power of n, as that of
Zipf's facts does, gives no plateau at any length: with e ~ n^-b a fall of 22-fold takes 22^(1/b) times as many
examples, and half of the answers are right at n ~ L^(1/b).

Source. Schaeffer, Miranda & Koyejo, arXiv:2304.15004.
"""

from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary import fact_table
from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    length: float = 4096.0  # [token] L, of an answer; >= 1
    alpha: float = -1.0  # [1] -1: facts all alike; above: the frequency falls as i^-(1 + alpha); >= -1
    lr: float = 0.1  # [1] step size; > 0 and <= 1


class Static(NamedTuple):
    """Static."""

    score: Literal["exact", "share"] = "exact"  # exact: every token of the answer is right; share: of right tokens
    facts: int = 1024  # [fact] K
    batch: int = 128  # [example] seen in a step, one after the other
    steps: int = 1200
    log_every: int = 2


def data(key, knobs, static):
    """-> p (K,)."""
    return fact_table.zipf(static.facts, knobs.alpha)


def init(key, knobs, static):
    """-> how often each fact was seen (K,)."""
    return jnp.zeros(static.facts)


def step(key, state, frequencies, knobs, static):
    """One step: the examples of a batch, one after the other."""
    seen = fact_table.draw(key, frequencies, static.batch)
    return state._replace(params=state.params.at[seen].add(1.0))


def observe(state, frequencies, knobs, static):
    error = jnp.sum(frequencies * fact_table.left(state.params, knobs.lr))
    exact = -jnp.expm1(knobs.length * jnp.log1p(-jnp.minimum(error, 1.0)))
    return {"wrong": exact if static.score == "exact" else error, "token_error": error}


def detect(log):
    """The escape of the wrong answers; with that of single tokens, and when half of the answers are right."""
    finding = plateau_escape(log, "wrong", level=1.0)
    if log.lacking(["wrong", "token_error"]):
        return finding
    token = plateau_escape(log, "token_error", level=1.0)
    t, wrong = log["wrong"].finite()
    if "plateau_ratio" in token.effects:
        finding = finding.having(token_ratio=token.effects["plateau_ratio"])
    if not (wrong <= 0.5).any() or wrong[0] <= 0.5:
        return finding
    k = int(np.argmax(wrong <= 0.5))
    part = (wrong[k - 1] - 0.5) / (wrong[k - 1] - wrong[k])
    return finding.having(half=Effect(float(t[k - 1] + part * (t[k] - t[k - 1])), "step"))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"wrong": "share", "token_error": "share"},
    figure=("wrong", "token_error"),
)
