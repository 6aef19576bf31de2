r"""Edge variants: momentum, Nesterov's momentum and SAM each hold the sharpness at an edge of their own.

Setup. Data: the Chebyshev polynomial T_4 at 20 points of [-1, 1], full batch. Network: tanh
1-12-12-1. L = 1/2 mean (f - y)^2, g its gradient; lr is given in units of the step at whose edge the
sharpness S = lambda_max(H) is at the start. The optimisers are the heavy ball,
    v' = b v + g,  w' = w - lr v',
Nesterov's, w' = w - lr (g + b v'), and SAM, w' = w - lr g(w + rho g / |g|).

Claim. On a quadratic of curvature h each turns unstable as a root of its recursion reaches -1:
    heavy ball: lr h = 2 + 2 b,  Nesterov: lr h = (2 + 2 b) / (1 + 2 b),
    SAM: lr h (1 + rho h / |g|) = 2,  or  h = (|g| / 2 rho) (sqrt(1 + 8 rho / (lr |g|)) - 1).
Training sharpens until S is at the edge of the optimiser that trains, and hovers there (`edge_ratio`, S over that
edge). With b = 0.7 that is 3.4 / lr for the heavy ball and 1.42 / lr for Nesterov's momentum, neither of them 2 / lr.
SAM's edge falls with the gradient.

Control. A small step is never reached by the sharpening, and a linear network does not sharpen.

Source. Cohen et al., arXiv:2103.00065, appendix B, of both momenta; Long & Bartlett, arXiv:2309.12488, of SAM.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from bestiary.detectors.edge_hover import edge_hover
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.networks.mlp import init_mlp, mlp
from bestiary.observables import sum_of_squares, top_eigenvalue

WIDTH, POINTS = 12, 20


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.4  # [step at whose edge the start is] step size; > 0
    momentum: float = 0.4  # [1] b, share of the last update that is added to the next; not of SAM; >= 0 and < 1
    rho: float = 0.01  # [1] length of the ascent step of SAM; > 0


class Static(NamedTuple):
    """Static."""

    optimizer: Literal["heavy_ball", "nesterov", "sam"] = "nesterov"  # heavy_ball: momentum as an average of
    # gradients; nesterov: momentum that looks one step ahead; sam: the gradient a step uphill
    network: Literal["mlp", "linear"] = "mlp"  # mlp: tanh 1-12-12-1; linear: a polynomial of degree 4
    steps: int = 3000
    log_every: int = 1


def data(key, knobs, static):
    """-> x (n,), y (n,)."""
    x = jnp.linspace(-1.0, 1.0, POINTS)
    return x, 8 * x**4 - 8 * x**2 + 1


def init(key, knobs, static):
    w = normals(key, w=(5,)) if static.network == "linear" else init_mlp(key, (1, WIDTH, WIDTH, 1))
    return {"w": w, "v": jax.tree.map(jnp.zeros_like, w)}


def error(w, batch, static):
    """() L."""
    x, y = batch
    f = x[:, None] ** jnp.arange(5) @ w["w"] if static.network == "linear" else mlp(w, x[:, None], jnp.tanh)[:, 0]
    return 0.5 * jnp.mean((f - y) ** 2)


def length(tree):
    """() norm over all leaves."""
    return jnp.sqrt(sum_of_squares(tree))


def edge(gradient, lr, knobs, static):
    """() the largest stable sharpness; for SAM at a gradient of that length."""
    b = knobs.momentum
    if static.optimizer == "heavy_ball":
        return (2 + 2 * b) / lr
    if static.optimizer == "nesterov":
        return (2 + 2 * b) / ((1 + 2 * b) * lr)
    size = gradient / (2 * knobs.rho)
    return size * (jnp.sqrt(1 + 4 / (lr * size)) - 1)


def calibrate(params, data, knobs, static):
    """Turn lr from units of the edge at the start into a plain step size."""
    sharpness = top_eigenvalue(partial(error, batch=data, static=static), params["w"])
    wanted = sharpness / knobs.lr
    if static.optimizer == "sam":
        gradient = length(jax.grad(error)(params["w"], data, static))
        return knobs._replace(lr=2 / (wanted * (1 + knobs.rho * wanted / gradient)))
    return knobs._replace(lr=edge(jnp.nan, 1.0, knobs, static) / wanted)


def step(key, state, data, knobs, static):
    """One full-batch step."""
    w, v, lr, b = state.params["w"], state.params["v"], knobs.lr, knobs.momentum
    g = jax.grad(error)(w, data, static)
    if static.optimizer == "sam":
        up = knobs.rho / length(g)
        g = jax.grad(error)(jax.tree.map(lambda w, g: w + up * g, w, g), data, static)
        return state._replace(params={"w": jax.tree.map(lambda w, g: w - lr * g, w, g), "v": v})
    v = jax.tree.map(lambda v, g: b * v + g, v, g)
    ahead = jax.tree.map(lambda v, g: g + b * v, v, g) if static.optimizer == "nesterov" else v
    return state._replace(params={"w": jax.tree.map(lambda w, u: w - lr * u, w, ahead), "v": v})


def observe(state, data, knobs, static):
    """The loss; the length of the gradient; its cosine with that after one step."""
    after = step(None, state, data, knobs, static)
    now, then = (ravel_pytree(jax.grad(error)(s.params["w"], data, static))[0] for s in (state, after))
    return {
        "loss": error(state.params["w"], data, static),
        "gradient_norm": jnp.linalg.norm(now),
        "turn": jnp.vdot(now, then) / (jnp.linalg.norm(now) * jnp.linalg.norm(then)),
    }


def probe(state, data, knobs, static):
    """S lr, and S over the edge."""
    sharpness = top_eigenvalue(partial(error, batch=data, static=static), state.params["w"])
    gradient = length(jax.grad(error)(state.params["w"], data, static))
    return {"edge_ratio": sharpness / edge(gradient, knobs.lr, knobs, static), "sharpness": sharpness * knobs.lr}


def detect(log):
    """Hovering; with where lr S hovers, where the edge is there, and the cosine of a gradient and the next there."""
    finding = edge_hover(log)
    if "hover" not in finding.effects or log.lacking(["sharpness", "turn"]):
        return finding
    (t, ratio), sharpness, (steps, turn) = log["edge_ratio"], log["sharpness"].values, log["turn"]
    late = t > t[-1] / 2
    return finding.having(
        plateau=Effect(float(np.median(sharpness[late]))),
        own_edge=Effect(float(np.median((sharpness / ratio)[late]))),
        turn=Effect(float(np.median(turn[steps > steps[-1] / 2]))),
    )


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    calibrate=calibrate,
    observe=observe,
    probe=probe,
    probe_every=20,
    detect=detect,
    units={
        "loss": "1",
        "edge_ratio": "S / threshold",
        "sharpness": "lr S",
        "gradient_norm": "1",
        "turn": "cosine",
    },
    figure=("edge_ratio", "sharpness", "loss"),
)
