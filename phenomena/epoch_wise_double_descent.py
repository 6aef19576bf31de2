r"""Epoch-wise double descent: the test error falls, rises and falls again in the course of one training.

Setup. Data: y = w*.x + noise with Gaussian inputs, many fast features of standard deviation 1 and a
few slow ones of standard deviation s << 1. Network: linear, from 0. Full-batch gradient descent on
L = 1/2 mean (w.x - y)^2. The test error is exact:
noise^2 + |w_fast - w*_fast|^2 + s^2 |w_slow - w*_slow|^2.

Claim. There are two causes, and either is enough. First, with hardly more samples than fast features
these overfit what they cannot know, above all the slow part of the signal; the test error rises. The
slow features are learned from what the fast ones leave of the samples, so their error decays as
exp(-t / tau) with
    tau = 1 / (2 lr s^2 (1 - fast / samples))   [step];
as they take over their part of the signal the fast ones give it up, and the test error falls. Second,
with five samples a feature and noise in the labels, two bias-variance trade-offs add up, one at each
scale. With s_i the scales and A_i = s_i^2 w*_i^2 the signals the risk is, for many samples,
    noise^2 + sum_i A_i (1 - lr s_i^2)^(2 t) + noise^2 / n sum_i (1 - (1 - lr s_i^2)^t)^2.
A ridge r puts s_i^2 + r in place of s_i^2 in the powers, and each weight at b_i = s_i^2 / (s_i^2 + r) of its fit:
    noise^2 + sum_i A_i (1 - b_i + b_i p_i)^2 + noise^2 / n sum_i b_i^2 (1 - p_i)^2,  p_i = (1 - lr (s_i^2 + r))^t.

Control. Of both: a larger step for the slow features, so that all are learned in one time. Of the
first: many samples, so that there is nothing to overfit. It needs no noise, since the slow signal is
noise to the fast features. Of the second: no noise, with which that risk only falls. At the samples
of the first that formula has no hump, whatever the noise: the two are different mechanisms.

Source. The first: Pezeshki et al., arXiv:2112.03215, fast features overfit and slower ones start to
fit. The second: Heckel and Yilmaz, arXiv:2007.10099. The phenomenon in deep networks: Nakkiran et
al., arXiv:1912.02292.
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
    slow_step: float = 1.0  # [1] step size of the slow features over that of the fast ones; > 0
    test_noise: float = 1.0  # [1] share of the noise's variance that the labels of the test have; 0 to 1
    ridge: float = 0.0  # [1] r, of the penalty r / 2 |w|^2; >= 0


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


def misfit(params, batch):
    """() L."""
    return 0.5 * (params @ batch["xx"] @ params + batch["yy"]) - params @ batch["xy"]


def loss(params, batch, knobs, static):
    """() L and the penalty."""
    return misfit(params, batch) + knobs.ridge / 2 * jnp.sum(params**2)


def optimizer(knobs, static):
    """Gradient descent, the slow features by a step size of their own."""
    own = jnp.where(jnp.arange(static.fast + static.slow) < static.fast, 1.0, knobs.slow_step)
    return optax.chain(optax.stateless(lambda gradient, _: gradient * own), optax.sgd(knobs.lr))


def risk_of_many_samples(t, knobs, static):
    """() Test error after t steps where samples are many and each feature is learned by itself (Heckel and Yilmaz)."""

    def trade_off(step, curvature, signal, features):
        left = (1 - knobs.lr * step * (curvature + knobs.ridge)) ** t
        kept = curvature / jnp.maximum(curvature + knobs.ridge, 1e-30)
        bias, fitted = signal * (1 - kept + kept * left), kept * (1 - left)
        return bias**2 + features * knobs.noise**2 / knobs.samples * fitted**2

    fast = trade_off(1.0, 1.0, knobs.fast_signal, static.fast)
    slow = trade_off(knobs.slow_step, knobs.scale**2, knobs.slow_signal, static.slow)
    return knobs.test_noise * knobs.noise**2 + fast + slow


def observe(state, data, knobs, static):
    error = (data["scales"] * (state.params - data["w"])) ** 2
    fast, slow = jnp.sum(error[: static.fast]), jnp.sum(error[static.fast :])
    free = 1 - static.fast / knobs.samples
    return {
        "test_loss": knobs.test_noise * knobs.noise**2 + fast + slow,
        "train_loss": 2 * misfit(state.params, data),
        "fast_error": fast,
        "slow_error": slow,
        "law": 1 / (2 * knobs.lr * knobs.slow_step * knobs.scale**2 * free),
        "risk": risk_of_many_samples(state.step, knobs, static),
    }


def detect(log):
    """A hump, beside that of the risk; with the time the slow features take, to an error of 1 / e, over the law's."""
    finding = hump(log)
    seen, theory = finding.effects, {} if log.lacking(["risk"]) else hump(log, "risk").effects
    if "rise" in seen and "rise" in theory:
        rise, fall = (seen[name].value / theory[name].value for name in ("rise", "fall"))
        finding = finding.having(rise_over_risk=Effect(rise), fall_over_risk=Effect(fall))
    if "peak" in seen and "peak" in theory:
        finding = finding.having(peak_over_risk=Effect(seen["peak"].value / theory["peak"].value))
    if log.lacking(["slow_error", "law"]):
        return finding
    t, slow = log["slow_error"]
    learned = int(np.argmax(slow <= slow[0] / np.e))  # 0 if never
    if not learned:
        return finding
    about = slice(learned - 1, learned + 1)
    time = float(np.interp(1.0, np.log(slow[0] / slow[about]), t[about]))
    return finding.having(slow_time=Effect(time, "step"), slow_over_law=Effect(time / log["law"].values[0]))


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
        "risk": "1",
    },
    figure=("test_loss", "fast_error", "slow_error", "train_loss"),
)
