r"""Benign overfitting: every label is fitted, noise included, and new points are predicted almost as well.

Setup. Data: n points with `strong` Gaussian features of variance 1, on which the labels depend, and `weak`
features of variance tail / weak each, on which they do not; noise of variance 1. Network: linear, from 0.
Full-batch gradient descent on the squared error, which ends at the fit of least norm. The weights after T steps
are A y with
    A = X^T (1 - (1 - s X X^T / n)^T) (X X^T)^-1,   s the step,
which is followed by doubling T from record to record: the recorded axis is log2 T. All errors are exact means
over the noise.

Claim. The weak features fit the noise, each a little of it. They act as a ridge of size `tail`, and what they
learn matters to no new point, since it is spread over many. The excess error ends as the deterministic
equivalent has it: with kappa from n = sum l / (l + kappa) over the variances l and s2 = sum (l / (l +
kappa))^2,
    excess = s2 / (n - s2) + (kappa / (1 + kappa))^2 signal^2 / (1 - s2 / n),
about (strong + n^2 / weak) / n. So noise is harmless to the power -1 of the number of weak features.

Control. As many features as points, or hardly more: the noise goes into few directions, and harms. Weak
features that are not weak.

Source. Bartlett et al., arXiv:1906.11300: excess of order k / n + n / R for k strong features and effective
rank R of the rest; the equivalent: Hastie et al., arXiv:1903.08560.
"""

from dataclasses import replace
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary.detectors.ends_below import ends_below
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect, State

FITTED = 0.01  # [noise] train error that counts as fitted


class Knobs(NamedTuple):
    """Traced."""

    weak: float = 2000.0  # [feature] weak features; 1 to static.most_weak
    tail: float = 10.0  # [1] sum of their variances; > 0
    signal: float = 1.0  # [noise] norm of the strong weights; >= 0
    lr: float = 2.0  # [1] gradient-descent step times the sum of all variances; > 0


class Static(NamedTuple):
    """Static."""

    samples: int = 50  # [sample] n
    strong: int = 5  # [feature] features of variance 1, on which the labels depend
    most_weak: int = 2000  # [feature] drawn, of which the first `weak` are used
    steps: int = 24  # [octave] log2 of T
    log_every: int = 1


def data(key, knobs, static):
    """-> X X^T (n, n), of strong and weak features apart, and the strong X (n, strong)."""
    n = static.samples
    drawn = normals(key, strong=(n, static.strong), weak=(n, static.most_weak))
    weak = jnp.where(jnp.arange(static.most_weak) < knobs.weak, drawn["weak"], 0.0)
    return {
        "x": drawn["strong"],
        "strong": drawn["strong"] @ drawn["strong"].T,
        "weak": knobs.tail / knobs.weak * weak @ weak.T,
    }


def init(key, knobs, static):
    """-> (1 - (1 - s K / n)^T) K^-1 (n, n) at T = 1."""
    return knobs.lr / (static.samples * (static.strong + knobs.tail)) * jnp.eye(static.samples)


def step(key, state, data, knobs, static):
    """Twice as many steps: what is left is squared."""
    inverse, kernel = state.params, data["strong"] + data["weak"]
    return state._replace(params=2 * inverse - inverse @ kernel @ inverse)


def equivalent(knobs, static):
    """() the excess error at the end by the deterministic equivalent."""
    n, k, level = static.samples, static.strong, knobs.tail / knobs.weak
    # n (1 + kappa) (level + kappa) = k (level + kappa) + weak level (1 + kappa)
    b = n * (1 + level) - k - knobs.tail
    c = n * level - k * level - knobs.tail
    kappa = (-b + jnp.sqrt(b**2 - 4 * n * c)) / (2 * n)
    squares = k / (1 + kappa) ** 2 + knobs.weak * (level / (level + kappa)) ** 2
    bias = (kappa / (1 + kappa)) ** 2 * knobs.signal**2 / (1 - squares / n)
    return squares / (n - squares) + bias


def observe(state, data, knobs, static):
    """Errors in units of the noise's variance, means over noise and over directions of the signal."""
    inverse, x = state.params, data["x"]
    left = jnp.eye(static.samples) - (data["strong"] + data["weak"]) @ inverse
    mean = knobs.signal**2 / static.strong  # of the square of a strong weight
    weights = x.T @ inverse
    of_noise = jnp.sum(weights**2)
    of_signal = jnp.sum((jnp.eye(static.strong) - weights @ x) ** 2)
    level = knobs.tail / knobs.weak
    weak_of_noise = level * jnp.sum(inverse * (data["weak"] @ inverse))
    weak_of_signal = level * jnp.sum((inverse @ x) * (data["weak"] @ inverse @ x))
    return {
        "train_loss": (jnp.sum(left**2) + mean * jnp.sum((left @ x) ** 2)) / static.samples,
        "excess": of_noise + weak_of_noise + mean * (of_signal + weak_of_signal),
        "noise": jnp.ones(()),
        "weak_excess": weak_of_noise,
        "excess_in_theory": equivalent(knobs, static),
    }


def detect(log):
    """An excess error well below the noise that was fitted; with it, that of the weak features, and over theory's.

    Not found either where the noise is not fitted.
    """
    finding = ends_below(log, "excess", "noise", share=0.25)
    if log.lacking(["train_loss", "excess_in_theory", "weak_excess"]):
        return finding
    train, excess, weak = (log[name].finite().values for name in ("train_loss", "excess", "weak_excess"))
    if not train.size or not np.isfinite(log["excess"].values).all():
        return finding
    if finding.found and train[-1] > FITTED:
        finding = replace(finding, state=State.ABSENT, reason=f"the noise is not fitted: train error {train[-1]:.3g}")
    theory = float(log["excess_in_theory"].values[-1])
    return finding.having(
        train_end=Effect(float(train[-1])),
        excess=Effect(float(excess[-1])),
        weak_excess=Effect(float(weak[-1])),
        over_theory=Effect(float(excess[-1]) / theory),
    )


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={
        "train_loss": "noise",
        "excess": "noise",
        "noise": "noise",
        "weak_excess": "noise",
        "excess_in_theory": "noise",
    },
    figure=("excess", "train_loss", "weak_excess"),
    clock=("octave of steps", "1"),
)
