r"""Edge of stability: gradient descent sharpens until 2 / lr, and stays there.

Setup. Data: the Chebyshev polynomial T_4 at 20 points of [-1, 1], full batch. Network: tanh
1-12-12-1. Gradient descent with momentum beta on L = 1/2 mean (f - y)^2; lr is given in units of
(2 + 2 beta) / S at the start, S = lambda_max(H) the sharpness.

Claim. On a quadratic of curvature h the step obeys
    x_t+1 = (1 + beta - lr h) x_t - beta x_t-1,
which is stable for lr h < 2 + 2 beta. Training sharpens (`edge_ratio`, S lr / (2 + 2 beta), rises
from the given lr) until the ratio is 1. Beyond it the step oscillates along the sharpest direction,
which lowers S: the ratio hovers at 1, the loss goes up and down from step to step and falls over
many. So the final sharpness is inverse to lr, whatever the network would like.

Control. A small step is never reached by the sharpening it still sees. A model linear in its
parameters has a constant S. A step that begins beyond the edge has no edge to rise to.

Source. Cohen et al., arXiv:2103.00065; why S falls beyond the edge: Damian et al., arXiv:2209.15594.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax.numpy as jnp
import optax

from bestiary.detectors.edge_hover import edge_hover
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.networks.mlp import init_mlp, mlp
from bestiary.observables import top_eigenvalue

WIDTH, POINTS = 12, 20


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.4  # [(2 + 2 momentum) / sharpness at step 0] gradient-descent step size; > 0
    momentum: float = 0.0  # [1] beta, share of the last update that is added to the next; >= 0 and < 1


class Static(NamedTuple):
    """Static."""

    network: Literal["mlp", "linear"] = "mlp"  # mlp: tanh 1-12-12-1;
    # linear: a polynomial of degree 4, linear in its parameters
    steps: int = 3000
    log_every: int = 1


def data(key, knobs, static):
    """-> x (n,), y (n,)."""
    x = jnp.linspace(-1.0, 1.0, POINTS)
    return x, 8 * x**4 - 8 * x**2 + 1


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
    x, y = batch
    return 0.5 * jnp.mean((network(params, x, static) - y) ** 2)


def edge_ratio(params, data, knobs, static):
    """() the step size over the largest stable one."""
    sharpness = top_eigenvalue(partial(loss, batch=data, knobs=knobs, static=static), params)
    return sharpness * knobs.lr / (2 + 2 * knobs.momentum)


def calibrate(params, data, knobs, static):
    """Turn lr from units of the edge at the start into a plain step size."""
    return knobs._replace(lr=knobs.lr / edge_ratio(params, data, knobs._replace(lr=1.0), static))


def optimizer(knobs, static):
    return optax.sgd(knobs.lr, momentum=knobs.momentum)


def observe(state, data, knobs, static):
    return {"loss": loss(state.params, data, knobs, static)}


def probe(state, data, knobs, static):
    return {"edge_ratio": edge_ratio(state.params, data, knobs, static)}


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    calibrate=calibrate,
    optimizer=optimizer,
    observe=observe,
    probe=probe,
    probe_every=20,
    detect=edge_hover,
    units={"loss": "1", "edge_ratio": "S / threshold"},
    figure=("edge_ratio", "loss"),
)
