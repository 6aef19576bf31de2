r"""Rotational equilibrium: weight decay sets by how much a normalised weight turns at every step.

Setup. Data: x ~ N(0, I), y = w* x + noise, a fresh batch at every step. Network: one normalised
linear unit f(x) = (w / |w|^m) x, m = 1. SGD with weight decay on L = 1/2 mean (f - y)^2,
    w' = (1 - lr wd) w - lr g,
with heavy-ball momentum a, w' = w - lr u, u' = a u + g + wd w, or AdamW with beta1 = a.

Claim. The loss does not feel |w|, so g is orthogonal to w: each step makes w longer, weight decay
makes it shorter, and where the two balance, w turns by an angle that knows neither the data nor
the noise. For since |w'| = (1 - lr wd) |w| / cos(angle), a |w| that is stationary on average means
    mean ln cos(angle) = ln(1 - lr wd),   or   rms angle = sqrt(2 lr wd)   to first order.
Momentum makes it sqrt(2 lr wd / (1 + a)), AdamW sqrt(2 lr wd (1 - a) / (1 + a)). The way there: as
g ~ 1 / |w|, |w|^4 obeys r' = 2 lr^2 G^2 - 4 lr wd r, and relaxes within 1 / (4 lr wd) steps.

A step size that drops to a share d of itself divides the angle by 1 / d at once, while the level falls by sqrt(d)
only. |w|^4 has 1 / d times its new level then, and T steps later, with lr the new step, the angle over its level is
    1 / sqrt(1 + (1 / d - 1) exp(-4 lr wd T)).

Control. Without weight decay the same equation has |w|^4 grow linearly, and the angle falls as
1 / sqrt(2 t); without normalisation (m = 0) the gradient has a part along w, and the angle settles
elsewhere.

Source. Kosson, Messmer & Jaggi, arXiv:2305.17212; Wan et al., arXiv:2006.08419.
"""

import warnings
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit

from bestiary.detectors.settles_at import settles_at
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

MEMORY = 0.995  # [1] share of the mean square angle that a step keeps
BETA2, EPS = 0.999, 1e-8  # [1], [gradient] of AdamW


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1] SGD step size; > 0
    weight_decay: float = 0.01  # [1] per unit of lr; >= 0
    normalised: float = 1.0  # [1] m; 0: a plain linear unit; 0 to 1
    noise: float = 1.0  # [1] std of the label noise, in units of the signal's; >= 0
    momentum: float = 0.0  # [1] a of SGD, beta1 of AdamW; >= 0 and < 1
    left: float = 1.0  # [1] d, share of lr that is left after the drop; 1: there is none; > 0
    drop_at: float = 2000.0  # [step] steps before the drop; >= 0


class Static(NamedTuple):
    """Static."""

    width: int = 64  # [1] d, dimension of x and w
    batch: int = 8  # [sample] examples drawn at every step
    optimizer: Literal["sgd", "adamw"] = "sgd"  # sgd: SGD; adamw: Adam with decoupled weight decay
    steps: int = 4000
    log_every: int = 20


def data(key, knobs, static):
    """-> w* (d,), of length 1."""
    target = normals(key, w=(static.width,))["w"]
    return target / jnp.linalg.norm(target)


def init(key, knobs, static):
    w = normals(key, w=(static.width,))["w"]
    # Beside w, and not trained: a memory of angles, and the moments of the gradient.
    return {"w": w / jnp.linalg.norm(w), "turned": 0.0, "first": jnp.zeros_like(w), "second": jnp.zeros_like(w)}


def loss(w, batch, knobs, static):
    """1/2 mean (f - y)^2."""
    x, y = batch
    f = x @ w / jnp.linalg.norm(w) ** knobs.normalised
    return 0.5 * jnp.mean((f - y) ** 2)


def dropped(t, knobs):
    """Whether step t is one of those after the drop."""
    return (t >= knobs.drop_at) & (knobs.left != 1)


def now(t, knobs):
    """() step size of step t."""
    return jnp.where(dropped(t, knobs), knobs.left, 1.0) * knobs.lr


def step(key, state, target, knobs, static):
    """One step of SGD or AdamW on a fresh batch; before the first one after the drop, angles are forgotten."""
    lr = now(state.step, knobs)
    draw = jax.random.normal(key, (static.batch, static.width + 1))
    w, first, second = (state.params[name] for name in ("w", "first", "second"))
    x, noise = draw[:, :-1], draw[:, -1]
    y = x @ target + knobs.noise * noise
    gradient = jax.grad(loss)(w, (x, y), knobs, static)
    if static.optimizer == "adamw":
        first = knobs.momentum * first + (1 - knobs.momentum) * gradient
        second = BETA2 * second + (1 - BETA2) * gradient**2
        age = state.step + 1
        divisor = jnp.sqrt(second / (1 - BETA2**age)) + EPS
        update = first / (1 - knobs.momentum**age) / divisor
    else:
        update = gradient + knobs.momentum * first
        first = update + knobs.weight_decay * w
    new = (1 - lr * knobs.weight_decay) * w - lr * update
    # The chord between directions is the angle up to angle^3 / 24, and float32 resolves it where it does not a cosine.
    chord = new / jnp.linalg.norm(new) - w / jnp.linalg.norm(w)
    first_after = dropped(state.step, knobs) & ~dropped(state.step - 1, knobs)
    remembered = jnp.where(first_after, 0.0, state.params["turned"])
    turned = MEMORY * remembered + (1 - MEMORY) * jnp.sum(chord**2)
    return state._replace(params={"w": new, "turned": turned, "first": first, "second": second})


def angle_in_theory(t, knobs, static):
    """() [rad] of the claim, at the last of t steps; after a drop from equilibrium, on its way to the new level.

    The angle is a mean over memory: the level is that of the steps which are remembered, at their mean age.
    """
    a, adamw = knobs.momentum, static.optimizer == "adamw"
    share, pace = (1 - a, 2.0) if adamw else (1.0, 4 / (1 - a))  # AdamW's |w|^2, SGD's |w|^4 relaxes
    last = t - 1
    rate = -jnp.log1p(-now(last, knobs) * knobs.weight_decay)
    level = jnp.sqrt(2 * rate * share / (1 + a))
    since = jnp.maximum(last - knobs.drop_at, 0)
    kept = MEMORY ** (since + 1)
    age = MEMORY / (1 - MEMORY) - (since + 1) * kept / (1 - kept)
    excess = (1 / knobs.left - 1) * jnp.exp(-pace * rate * (since - age))
    return jnp.where(dropped(last, knobs), level / jnp.sqrt(1 + excess), level)


def observe(state, target, knobs, static):
    w, norm = state.params["w"], jnp.linalg.norm(state.params["w"])
    f = w / norm**knobs.normalised
    age = jnp.where(dropped(state.step - 1, knobs), state.step - knobs.drop_at, state.step)
    return {
        "loss": 0.5 * (jnp.sum((f - target) ** 2) + knobs.noise**2),  # over all data, in closed form
        "angle": jnp.sqrt(state.params["turned"] / (1 - MEMORY**age)),  # nan before the first step
        "angle_in_theory": angle_in_theory(state.step, knobs, static),
        "weight_norm": norm,
        "alignment": w @ target / norm,
    }


def detect(log):
    """The angle settles at its level; with itself, and in the end; over that of no decay; and the time |w|^4 takes."""
    finding = settles_at(log, value="angle", level="angle_in_theory")
    if log.lacking(["angle", "weight_norm"]):
        return finding
    (t, angle), (when, norm) = log["angle"].finite(), log["weight_norm"].finite()
    late = t > 2 / 3 * t[-1]
    settled = float(np.sqrt(np.mean(angle[late] ** 2)))
    finding = finding.having(
        settled=Effect(settled, "rad"),
        last=Effect(float(angle[-1]), "rad"),
        over_free=Effect(float(np.mean(angle[late] * np.sqrt(2 * t[late])))),
    )
    time = relaxation(when, norm**4)
    return finding.having(relaxation=Effect(time, "step")) if time > when[1] else finding


def relaxation(t, y):
    """T of the exponential y_end + (y_0 - y_end) exp(-t / T) that fits y best; nan if none does."""

    def law(t, time, end):
        return end + (y[0] - end) * np.exp(-t / time)

    with np.errstate(over="ignore"), warnings.catch_warnings():  # where nothing relaxes no exponential fits
        warnings.simplefilter("ignore", OptimizeWarning)  # of a covariance that is not asked for
        try:
            return float(curve_fit(law, t, y, (t[-1] / 10, y[-y.size // 3 :].mean()))[0][0])
        except RuntimeError:
            return float("nan")


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"loss": "1", "angle": "rad", "angle_in_theory": "rad", "weight_norm": "1", "alignment": "cosine"},
    figure=("angle", "weight_norm", "loss"),
)
