r"""Edge of stability: gradient descent sharpens until 2 / lr, and stays there.

Setup. Data: the Chebyshev polynomial T_4 at 20 points of [-1, 1], all at every step, or some. Network: tanh
1-12-12-1. Gradient descent with momentum beta on L = 1/2 mean (f - y)^2; lr is given in units of
(2 + 2 beta) / S at the start, S = lambda_max(H) the sharpness. Weight decay can be switched on.

Claim. On a quadratic of curvature h the step obeys
    x_t+1 = (1 + beta - lr h) x_t - beta x_t-1,
which is stable for lr h < 2 + 2 beta. Training sharpens (`edge_ratio`, S lr / (2 + 2 beta), rises
from the given lr) until the ratio is 1. Beyond it the step oscillates along the sharpest direction:
the gradient turns round at every step (`turn`, its cosine with the next, goes from 1 to -1). The
square of the oscillation (`swing`, in gradients) lowers S: the ratio hovers at 1, in teeth of a saw
at first, the loss goes up and down from step to step and falls over many. So the final sharpness is
inverse to lr, whatever the network would like.

With weight decay the same recursion has h + wd in place of h, or, decoupled, 1 + beta - lr wd - lr h and
beta (1 - lr wd) in place of its coefficients. A root is -1 at
    L2: lr S = 2 + 2 beta - lr wd,  decoupled: lr S = (1 + beta)(2 - lr wd).

With minibatches S stays below the edge, the lower the fewer their points, as their noise adds to the swing. What is
held at the edge is then the batch sharpness, over batches the mean of g H g over that of |g|^2, g and H those of the
batch (`batch_ratio`, over the edge): at 2 / lr a step leaves the loss of its own batch where it was, on average.

Control. A small step is never reached by the sharpening that the flow has in the same time.

Source. Cohen et al., arXiv:2103.00065; why S falls beyond the edge: Damian et al., arXiv:2209.15594; minibatches:
Andreyev and Beneventano, arXiv:2412.20553, and Liao et al., arXiv:2604.21016.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from bestiary.detectors.edge_hover import edge_hover
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.networks.mlp import init_mlp, mlp
from bestiary.observables import top_eigenvalue

WIDTH = 12
BATCHES = 16  # [batch] that a batch sharpness is a mean over


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.4  # [(2 + 2 momentum) / sharpness at step 0] gradient-descent step size; > 0
    momentum: float = 0.0  # [1] beta, share of the last update that is added to the next; >= 0 and < 1
    decay: float = 0.0  # [1 / lr] weight decay; >= 0
    decoupled: float = 0.0  # [1] 0: decay is part of the gradient (L2); 1: it acts on the weights alone; 0 or 1
    batch: float = 64.0  # [point] that a step sees, drawn without repeats; all if there are no more; >= 1


class Static(NamedTuple):
    """Static."""

    network: Literal["mlp", "linear"] = "mlp"  # mlp: tanh 1-12-12-1;
    # linear: a polynomial of degree 4, linear in its parameters
    points: int = 20  # [point] of the data; >= 2
    steps: int = 3000
    log_every: int = 1


def data(key, knobs, static):
    """-> x (n,), y (n,), and the weight of each (n,), 1."""
    x = jnp.linspace(-1.0, 1.0, static.points)
    return x, 8 * x**4 - 8 * x**2 + 1, jnp.ones_like(x)


def batch(key, data, knobs, static):
    """-> the points, with weight 1 if drawn and 0 if not."""
    x, y, _ = data
    rank = jnp.argsort(jnp.argsort(jax.random.uniform(key, x.shape)))
    return x, y, jnp.where(rank < knobs.batch, 1.0, 0.0)


def init(key, knobs, static):
    if static.network == "linear":
        return normals(key, w=(5,))
    return init_mlp(key, (1, WIDTH, WIDTH, 1))


def network(params, x, static):
    """(n,) -> (n,)."""
    if static.network == "linear":
        return x[:, None] ** jnp.arange(5) @ params["w"]
    return mlp(params, x[:, None], jnp.tanh)[:, 0]


def loss(params, batch, knobs, static):
    x, y, weight = batch
    return 0.5 * jnp.sum(weight * (network(params, x, static) - y) ** 2) / jnp.sum(weight)


def edge_ratio(params, data, knobs, static):
    """() the step size over the largest stable one."""
    sharpness = top_eigenvalue(partial(loss, batch=data, knobs=knobs, static=static), params)
    return sharpness * knobs.lr / (2 + 2 * knobs.momentum)


def calibrate(params, data, knobs, static):
    """Turn lr from units of the edge at the start, and decay from those of 1 / lr, into plain ones."""
    lr = knobs.lr / edge_ratio(params, data, knobs._replace(lr=1.0), static)
    return knobs._replace(lr=lr, decay=knobs.decay / lr)


def optimizer(knobs, static):
    """Gradient descent with momentum; decay in the gradient, or beside it."""
    inside, beside = (1 - knobs.decoupled) * knobs.decay, knobs.decoupled * knobs.decay * knobs.lr
    return optax.chain(
        optax.add_decayed_weights(inside),
        optax.trace(knobs.momentum),
        optax.scale(-knobs.lr),
        optax.add_decayed_weights(-beside),
    )


def observe(state, data, knobs, static):
    """The loss; the cosine of this gradient and the next, and the square of their difference."""
    gradient = partial(jax.grad(loss), batch=data, knobs=knobs, static=static)
    now = gradient(state.params)
    step, _ = optimizer(knobs, static).update(now, state.opt, state.params)
    then = gradient(optax.apply_updates(state.params, step))
    now, then = ravel_pytree(now)[0], ravel_pytree(then)[0]
    return {
        "loss": loss(state.params, data, knobs, static),
        "turn": jnp.vdot(now, then) / (jnp.linalg.norm(now) * jnp.linalg.norm(then)),
        "swing": jnp.sum((now - then) ** 2),
    }


def batch_sharpness(params, keys, data, knobs, static):
    """() mean of g H g over that of |g|^2, over a batch for each key."""

    def along_its_own(key):
        gradient = jax.grad(partial(loss, batch=batch(key, data, knobs, static), knobs=knobs, static=static))
        g = gradient(params)
        _, change = jax.jvp(gradient, (params,), (g,))
        g, change = ravel_pytree(g)[0], ravel_pytree(change)[0]
        return jnp.vdot(g, change), jnp.vdot(g, g)

    curved, squared = jax.lax.map(along_its_own, keys)
    return jnp.sum(curved) / jnp.sum(squared)


def probe(state, data, knobs, static):
    """Over the edge: S, and the batch sharpness."""
    ratio, edge = edge_ratio(state.params, data, knobs, static), 2 + 2 * knobs.momentum
    keys = jax.random.split(jax.random.fold_in(jax.random.key(0, impl="threefry2x32"), state.step), BATCHES)
    return {
        "edge_ratio": ratio,
        "sharpness": ratio * edge,
        "batch_ratio": batch_sharpness(state.params, keys, data, knobs, static) * knobs.lr / edge,
    }


def detect(log):
    """Hovering; with where lr S hovers, the S there over S at the start, and how it is held there.

    `late` and `batch_late` are the medians of the ratio and of the batch sharpness over the edge in the second half.
    `turn` is the median cosine of a gradient and the next at the edge, `turn_below` that before. `holding` is the
    correlation at the edge of the change of S with the mean square swing meanwhile, `cycle` [step] the time from the
    first rise past the edge to the second.
    """
    finding = edge_hover(log)
    for name, channel in (("late", "edge_ratio"), ("batch_late", "batch_ratio")):
        if log.lacking([channel]) is None and log[channel].finite()[0].size > 1:
            t, r = log[channel].finite()
            finding = finding.having(**{name: Effect(float(np.median(r[t > t[-1] / 2])))})
    if "hover" not in finding.effects or log.lacking(["sharpness", "turn", "swing"]):
        return finding
    (t, ratio), (steps, turn), (_, swing) = log["edge_ratio"], log["turn"], log["swing"]
    hover, threshold = finding.effects["hover"].value, log["sharpness"].values[0] / ratio[0]
    finding = finding.having(plateau=Effect(float(hover * threshold)), sharpening=Effect(float(hover / ratio[0])))
    past = np.flatnonzero((ratio[1:] > 1) & (ratio[:-1] <= 1))
    if not past.size or past[0] < 1 or t.size - past[0] < 10:
        return finding
    rises = t[past] + (1 - ratio[past]) / (ratio[past + 1] - ratio[past]) * (t[past + 1] - t[past])
    if rises.size > 1:
        finding = finding.having(cycle=Effect(float(rises[1] - rises[0]), "step"))
    below = steps < t[past[0]]
    total = np.interp(t[past[0] :], steps, np.cumsum(swing))
    holding = np.corrcoef(np.diff(ratio[past[0] :]), np.diff(total))[0, 1]
    return finding.having(
        turn=Effect(float(np.median(turn[~below]))),
        turn_below=Effect(float(np.median(turn[below]))),
        holding=Effect(float(holding)),
    )


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    batch=batch,
    init=init,
    loss=loss,
    calibrate=calibrate,
    optimizer=optimizer,
    observe=observe,
    probe=probe,
    probe_every=20,
    detect=detect,
    units={
        "loss": "1",
        "edge_ratio": "S / threshold",
        "sharpness": "lr S",
        "batch_ratio": "S / threshold",
        "turn": "cosine",
        "swing": "gradient^2",
    },
    figure=("edge_ratio", "loss"),
)
