r"""Loss spikes under Adam: the step outgrows the curvature when the second moment forgets.

Setup. Data: a target on [-1, 1], full batch. Network, two of them: `pair`, the two parameters
f(x) = a (silu(w x) + silu(-w x)) on x^2, started at (0, 1); `mlp`, tanh 1-16-16-1 on the
Chebyshev polynomial T_4. Adam on L = 1/2 mean (f - y)^2.

Claim. As gradients shrink, Adam's second moment decays like beta2^t and the effective step
grows, until the sharpness preconditioned by it,
    S = lambda_max(D^1/2 H D^1/2),  D = 1 / ((sqrt(v_hat) + eps)(1 - beta1^t)),
passes the threshold of stability (2 + 2 beta1) / ((1 - beta1) lr). The loss jumps by orders of
magnitude, the second moment fills up again, the loss recovers, and the cycle repeats with a
period that grows with 1 / (1 - beta2). `edge_ratio` is S over the threshold.

Control. A longer memory (larger beta2) puts the first spike off beyond the run; with a short
one the threshold is reached, but as an even oscillation; gradient descent has no second
moment; a small step does not reach the threshold.

Source. Cohen et al., arXiv:2207.14484, for the threshold; Bai et al., arXiv:2506.04805, for
the mechanism; the two-parameter model of Z. Liu, "Physics of AI" blog, 27 January 2026.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.spikes import spikes
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.observables import top_eigenvalue

BETA1, EPS, WIDTH, POINTS = 0.9, 1e-8, 16, 64


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.1  # [1]
    beta2: float = 0.999  # [1] memory of the second moment


class Shape(NamedTuple):
    """Static."""

    network: str = "pair"  # or "mlp"
    target: str = "square"  # or "chebyshev"
    optimizer: str = "adam"  # or "sgd"
    steps: int = 5000
    log_every: int = 2


def data(key, knobs, shape):
    """-> x (n,), y (n,)."""
    x = jnp.linspace(-1.0, 1.0, POINTS)
    return x, {"square": x**2, "chebyshev": 8 * x**4 - 8 * x**2 + 1}[shape.target]


def init(key, knobs, shape):
    if shape.network == "pair":
        jitter = 0.01 * normals(key, x=(2,))["x"]
        return {"a": jitter[0], "w": 1.0 + jitter[1]}
    params = normals(key, w1=(1, WIDTH), w2=(WIDTH, WIDTH), w3=(WIDTH, 1))
    params = {name: w / w.shape[0] ** 0.5 for name, w in params.items()}
    return params | {"b1": jnp.zeros(WIDTH), "b2": jnp.zeros(WIDTH), "b3": jnp.zeros(1)}


def network(params, x, shape):
    """(n,) -> (n,)."""
    if shape.network == "pair":
        return params["a"] * (jax.nn.silu(params["w"] * x) + jax.nn.silu(-params["w"] * x))
    hidden = jnp.tanh(x[:, None] @ params["w1"] + params["b1"])
    hidden = jnp.tanh(hidden @ params["w2"] + params["b2"])
    return (hidden @ params["w3"] + params["b3"])[:, 0]


def loss(params, batch, knobs, shape):
    x, y = batch
    return 0.5 * jnp.mean((network(params, x, shape) - y) ** 2)


def optimizer(knobs, shape):
    return optax.sgd(knobs.lr) if shape.optimizer == "sgd" else optax.adam(knobs.lr, BETA1, knobs.beta2, EPS)


def observe(state, data, knobs, shape):
    return {"loss": loss(state.params, data, knobs, shape)}


def probe(state, data, knobs, shape):
    objective = partial(loss, batch=data, knobs=knobs, shape=shape)
    if shape.optimizer == "sgd":
        return {"edge_ratio": top_eigenvalue(objective, state.params) * knobs.lr / 2}
    age = jnp.maximum(state.step, 1)  # at step 0 the second moment is empty and the step undefined
    bias1, bias2 = 1 - BETA1**age, 1 - knobs.beta2**age
    scale = jax.tree.map(lambda v: 1 / ((jnp.sqrt(v / bias2) + EPS) * bias1), state.opt[0].nu)
    threshold = (2 + 2 * BETA1) / ((1 - BETA1) * knobs.lr)
    sharpness = top_eigenvalue(objective, state.params, scale, iterations=8)
    return {"edge_ratio": jnp.where(state.step > 0, sharpness / threshold, 0.0)}


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    shape=Shape(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    probe=probe,
    probe_every=10,
    detect=partial(spikes, cause="edge_ratio"),
    units={"loss": "1", "edge_ratio": "S / threshold"},
    figure=("loss", "edge_ratio"),
)
