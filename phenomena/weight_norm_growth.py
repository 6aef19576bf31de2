r"""Weight-norm growth: without weight decay a normalised weight grows for ever, as a power of the step.

Setup. Data: x ~ N(0, I), y = w* x + noise, a fresh batch at every step. Network: one normalised linear unit
f(x) = (w / |w|^m) x, m = 1. L = 1/2 mean (f - y)^2. SGD, w' = (1 - lr wd) w - lr g; sign descent, with sign(g) in place
of g; or Adam without momentum, with g / sqrt(v).

Claim. The loss does not feel |w|, so g is orthogonal to w and every step makes w longer. As g ~ 1 / |w|, the mean
of |g|^2 |w|^2 is a number G^2 of the direction alone, and under SGD, to first order in lr^2,
    |w|^4 grows by 2 lr^2 G^2 a step:   |w| ~ t^1/4.
A step whose length does not shrink with the gradient, lr sqrt(d) of sign descent, and of Adam, gives
    |w|^2 grows by lr^2 d a step:   |w| ~ t^1/2.
For a batch of B and cosine c of w with w*, averaging over x and the noise s,
    G^2 = ((s^2 + (1 - c)^2)(d - 1) + (1 - c^2)(d + 1)) / B + (1 - 1 / B)(1 - c^2),
which is s^2 (d - 1) / B once w is aligned. The turn of w per step falls as 1 / sqrt(2 t).

Control. With weight decay |w| comes to rest; without normalisation (m = 0) the gradient has a part along w, and |w|
settles at |w*|.

Source. Arora, Li & Lyu, arXiv:1812.03981, for SGD; of transformers, Merrill et al., arXiv:2010.09697.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.detectors.power_tail import power_tail
from bestiary.entry import Phenomenon, log_schedule
from bestiary.initial import normals
from bestiary.log import Effect

BETA2, EPS = 0.99, 1e-12  # [1], [gradient] of Adam: a memory of 100 steps, and eps far below any gradient


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1] step size; > 0
    weight_decay: float = 0.0  # [1] per unit of lr; >= 0
    normalised: float = 1.0  # [1] m; 0: a plain linear unit; 0 to 1
    noise: float = 10.0  # [1] s, std of the label noise, in units of the signal's; >= 0


class Static(NamedTuple):
    """Static."""

    optimizer: Literal["sgd", "sign", "adam"] = "sgd"  # sgd: SGD; sign: sign descent; adam: Adam without momentum
    width: int = 64  # [1] d, dimension of x and w
    batch: int = 8  # [sample] B, examples drawn at every step
    steps: int = 4000
    log_every: int = 1


def data(key, knobs, static):
    """-> w* (d,), of length 1."""
    target = normals(key, w=(static.width,))["w"]
    return target / jnp.linalg.norm(target)


def init(key, knobs, static):
    w = normals(key, w=(static.width,))["w"]
    # Beside w, and not trained: the moment of the gradient, and the claim's account of |w|^4, or of |w|^2.
    return {"w": w / jnp.linalg.norm(w), "second": jnp.zeros_like(w), "law": 1.0}


def loss(w, batch, knobs, static):
    """1/2 mean (f - y)^2."""
    x, y = batch
    return 0.5 * jnp.mean((x @ w / jnp.linalg.norm(w) ** knobs.normalised - y) ** 2)


def pull(w, target, knobs, static):
    """() G^2, mean of |g|^2 |w|^2 over batches, of a normalised unit."""
    cosine = w @ target / jnp.linalg.norm(w)
    across = 1 - cosine**2
    one = (knobs.noise**2 + (1 - cosine) ** 2) * (static.width - 1) + across * (static.width + 1)
    return one / static.batch + (1 - 1 / static.batch) * across


def step(key, state, target, knobs, static):
    """One step on a fresh batch."""
    draw = jax.random.normal(key, (static.batch, static.width + 1))
    w, second = state.params["w"], state.params["second"]
    x = draw[:, :-1]
    gradient = jax.grad(loss)(w, (x, x @ target + knobs.noise * draw[:, -1]), knobs, static)
    second = BETA2 * second + (1 - BETA2) * gradient**2
    update = {
        "sgd": lambda: gradient,
        "sign": lambda: jnp.sign(gradient),
        "adam": lambda: gradient / (jnp.sqrt(second / (1 - BETA2 ** (state.step + 1))) + EPS),
    }[static.optimizer]()
    growth = 2 * pull(w, target, knobs, static) if static.optimizer == "sgd" else static.width
    law = state.params["law"] + knobs.lr**2 * growth
    w = (1 - knobs.lr * knobs.weight_decay) * w - knobs.lr * update
    return state._replace(params={"w": w, "second": second, "law": law})


def observe(state, target, knobs, static):
    w, norm = state.params["w"], jnp.linalg.norm(state.params["w"])
    f = w / norm**knobs.normalised
    return {
        "loss": 0.5 * (jnp.sum((f - target) ** 2) + knobs.noise**2),  # over all data, in closed form
        "weight_norm": norm,
        "norm_in_theory": state.params["law"] ** (1 / 4 if static.optimizer == "sgd" else 1 / 2),
        "alignment": w @ target / norm,
    }


def schedule(static):
    return log_schedule(static, 150)


def detect(log):
    """The tail of the norm; with the last norm, and that over the claim's."""
    finding = power_tail(log, "weight_norm")
    if log.lacking(["weight_norm", "norm_in_theory"]):
        return finding
    norm, law = (float(np.median(log[name].finite().values[-9:])) for name in ("weight_norm", "norm_in_theory"))
    return finding.having(final=Effect(float(log["weight_norm"].values[-1])), over_law=Effect(norm / law))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"loss": "1", "weight_norm": "1", "norm_in_theory": "1", "alignment": "cosine"},
    figure=("weight_norm", "norm_in_theory", "loss"),
    schedule=schedule,
)
