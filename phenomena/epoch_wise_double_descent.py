r"""Epoch-wise double descent: the test error falls, rises and falls again in the course of one training.

Setup. Data: y = w*.x + noise with Gaussian inputs, many fast features of standard deviation 1 and a
few slow ones of standard deviation s << 1 that carry most of the signal. Network: linear, from 0.
Full-batch gradient descent on L = 1/2 mean (w.x - y)^2. The test error is exact:
noise^2 + |w_fast - w*_fast|^2 + s^2 |w_slow - w*_slow|^2.

Claim. With hardly more samples than fast features these are learned, then overfit, what they cannot
know, the noise and the slow part of the signal: the test error rises. The slow features are learned
from what the fast ones leave of the samples, so their error decays as exp(-t / tau) with
    tau = 1 / (2 lr s^2 (1 - fast / samples))   [step];
as they take over their part of the signal the fast features give it up, and the test error falls.

Control. With many samples there is nothing to overfit; with one scale there is nothing to give up.
Noise is no cause: without it the slow signal alone is noise enough.

Source. Heckel and Yilmaz, arXiv:2007.10099: two time scales, each with its own bias-variance
trade-off. The phenomenon in deep networks: Nakkiran et al., arXiv:1912.02292.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.hump import hump
from bestiary.entry import Phenomenon, log_schedule
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.2  # [1] gradient-descent step; > 0
    scale: float = 0.07  # [1] s, standard deviation of the slow features; >= 0
    samples: float = 85.0  # [1] number of samples; 1 to static.most_samples
    fast_signal: float = 2.0  # [1] standard deviation of the fast part of the labels; >= 0
    slow_signal: float = 3.0  # [1] standard deviation of the slow part; >= 0
    noise: float = 1.0  # [1] standard deviation of the label noise; >= 0


class Static(NamedTuple):
    """Static."""

    fast: int = 70  # [feature] features of standard deviation 1
    slow: int = 5  # [feature] features of standard deviation s
    most_samples: int = 900  # [sample] samples drawn; the first `samples` of them are trained on
    steps: int = 20_000
    log_every: int = 100  # unused: records are spaced logarithmically


def data(key, knobs, static):
    """-> the sums over samples that gradient descent needs, and the truth: all (features,) or (features, features)."""
    n, d = static.most_samples, static.fast + static.slow
    drawn = normals(key, x=(n, d), noise=(n,), fast=(static.fast,), slow=(static.slow,))
    scales = jnp.where(jnp.arange(d) < static.fast, 1.0, knobs.scale)
    fast, slow = (drawn[name] / jnp.linalg.norm(drawn[name]) for name in ("fast", "slow"))
    target = jnp.concatenate([knobs.fast_signal * fast, knobs.slow_signal * slow]) / scales
    x = drawn["x"] * scales
    y = x @ target + knobs.noise * drawn["noise"]
    weight = (jnp.arange(n) < knobs.samples) / knobs.samples
    return {"xx": (x.T * weight) @ x, "xy": x.T @ (weight * y), "yy": weight @ y**2, "w": target, "scales": scales}


def init(key, knobs, static):
    return jnp.zeros(static.fast + static.slow)


def loss(params, batch, knobs, static):
    return 0.5 * (params @ batch["xx"] @ params + batch["yy"]) - params @ batch["xy"]


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def observe(state, data, knobs, static):
    error = (data["scales"] * (state.params - data["w"])) ** 2
    fast, slow = jnp.sum(error[: static.fast]), jnp.sum(error[static.fast :])
    free = 1 - static.fast / knobs.samples
    return {
        "test_loss": knobs.noise**2 + fast + slow,
        "train_loss": 2 * loss(state.params, data, knobs, static),
        "fast_error": fast,
        "slow_error": slow,
        "law": 1 / (2 * knobs.lr * knobs.scale**2 * free),
    }


def detect(log):
    """A hump; with the time that the slow features take, to a slow error of 1 / e, over the law's."""
    finding = hump(log)
    if log.lacking(["slow_error", "law"]):
        return finding
    t, slow = log["slow_error"]
    learned = np.flatnonzero(slow <= slow[0] / np.e)
    if not learned.size:
        return finding
    return finding.having(slow_over_law=Effect(float(t[learned[0]] / log["law"].values[0])))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    schedule=log_schedule,
    units={
        "test_loss": "1",
        "train_loss": "1",
        "fast_error": "1",
        "slow_error": "1",
        "law": "step",
    },
    figure=("test_loss", "fast_error", "slow_error", "train_loss"),
)
