r"""Linear scaling law: one pass of SGD over features of power-law variance has a loss of known powers.

Setup. Data: d independent features x_i = +-sqrt(p_i), p_i ~ i^-a, that sum to 1; labels sum_i x_i, without
noise. Network: linear, one weight for each of the first M features, from 0; the rest it cannot see. SGD on (w.x
- y)^2 / 2, `batch` new examples at every step. Loss: sum_i p_i (w_i - 1)^2, the mean over new examples.

Claim. The mean square c_i of the error of a weight obeys a closed recursion, since signs are independent:
    c_i' = (1 - lr p_i)^2 c_i + lr^2 / batch (p_i L - p_i^2 c_i),   L = sum_j p_j c_j,
i <= M, which one run follows closely. After n steps the features with lr p_i n > 1 are learned, n^(1/a) of
them, and the rest have sum_{i > k} i^-a ~ k^-(a - 1) of the variance:
    L ~ n^-((a - 1) / a)   in steps,   L ~ M^-(a - 1)   in features, after many steps,
-1/2 and -1 for a = 2. The step size sets how many steps a feature takes, and no exponent.

Control. Features of one variance are all learned in one time, exponentially. With few weights the loss settles
on what they cannot see.

Source. Lin et al., arXiv:2406.08466: both exponents for sketched features, with decaying steps; before,
Bordelon et al., arXiv:2402.01092, for gradient flow. The recursion follows from E x_i^2 (x.e)^2 = p_i L. Signs
are drawn 32 at a time, which costs a hundredth of normal numbers.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.detectors.power_tail import power_tail
from bestiary.entry import Phenomenon, log_schedule
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    a: float = 2.0  # [1] exponent of the variances; 0: all alike; >= 0
    lr: float = 0.5  # [1 / variance of all features] step size; > 0
    weights: float = 1e9  # [1] M, features that the network has a weight for; > 0


class Static(NamedTuple):
    """Static."""

    features: int = 512  # [feature] d; a multiple of 32
    batch: int = 16  # [example] new ones at every step
    steps: int = 1024
    log_every: int = 1


def data(key, knobs, static):
    """-> p (d,), variances of the features."""
    p = jnp.arange(1.0, static.features + 1) ** -knobs.a
    return p / jnp.sum(p)


def init(key, knobs, static):
    """-> the error of every weight, and its mean square over all runs, (d,) each."""
    ones = jnp.ones(static.features)
    return {"error": ones, "mean_square": ones}


def seen(knobs, static):
    """(d,) 1 for a feature that has a weight, else 0."""
    return 1.0 * (jnp.arange(static.features) < knobs.weights)


def signs(key, static):
    """(batch, d) independent +-1, a bit each."""
    words = jax.random.bits(key, (static.batch, static.features // 32, 1), jnp.uint32)
    bits = (words >> jnp.arange(32, dtype=jnp.uint32)) & 1
    return 1.0 - 2.0 * bits.reshape(static.batch, static.features)


def step(key, state, p, knobs, static):
    """One step of SGD, and one of the recursion of its second moments."""
    error, c = state.params["error"], state.params["mean_square"]
    x = jnp.sqrt(p) * signs(key, static)
    has, lr = seen(knobs, static), knobs.lr
    error = error - lr / static.batch * has * ((x @ error) @ x)
    after = (1 - lr * p) ** 2 * c + lr**2 / static.batch * (p * jnp.sum(p * c) - p**2 * c)
    return state._replace(params={"error": error, "mean_square": jnp.where(has > 0, after, c)})


def observe(state, p, knobs, static):
    error = state.params["error"] ** 2
    return {
        "loss": jnp.sum(p * error),
        "loss_in_theory": jnp.sum(p * state.params["mean_square"]),
        "learned": jnp.sum(error < 0.25),  # features known to a half
    }


def schedule(static):
    return log_schedule(static, 150)


def detect(log):
    """The tail of the loss; with its steepness, that of the features learned, the last loss, and over theory's."""
    finding = power_tail(log, "loss")
    if log.lacking(["loss", "loss_in_theory", "learned"]):
        return finding
    t, loss = log["loss"].finite()
    if not t.size or not np.isfinite(log["loss"].values).all():
        return finding
    late = t >= t[-1] / 10
    ratio = float(np.mean(loss[late] / log["loss_in_theory"].values[late]))
    finding = finding.having(over_theory=Effect(ratio), final=Effect(float(loss[-1])))
    if "exponent" in finding.effects:
        finding = finding.having(steepness=Effect(-finding.effects["exponent"].value))
    learned = power_tail(log, "learned").effects.get("exponent")
    return finding.having(learned_exponent=learned) if learned else finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"loss": "loss at step 0", "loss_in_theory": "loss at step 0", "learned": "feature"},
    figure=("loss", "learned"),
    schedule=schedule,
)
