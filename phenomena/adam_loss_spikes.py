r"""Loss spikes under Adam: the step outgrows the curvature when the second moment forgets.

Setup. Data: a target on 64 points of [-1, 1], full batch. Networks: `pair`, the two parameters
f(x) = a (silu(w x) + silu(-w x)) from (0, 1); `mlp`, tanh 1-16-16-1 or, from the two octal digits of the
point's number, 16-16-16-1; `transformer`, one layer and head, its MLP tanh 16-32-16, each behind a
normalisation, f read off at the last digit. Adam on L = 1/2 mean (f - y)^2.

Claim. As gradients shrink, Adam's second moment decays like beta2^t and the effective step grows, until
the sharpness preconditioned by it,
    S = lambda_max(D^1/2 H D^1/2),  D = 1 / ((sqrt(v_hat) + eps)(1 - beta1^t)),
passes the threshold of stability (2 + 2 beta1) / ((1 - beta1) lr). The loss jumps by orders of magnitude,
the second moment fills up again, the loss recovers, and the cycle repeats with a period that grows with
1 / (1 - beta2). `edge_ratio` is S over the threshold.

Control. With a larger beta2 the first spike comes after the run; with a short memory the threshold is reached,
but as an even oscillation; gradient descent has no second moment; a small step does not reach the threshold.

Source. Cohen et al., arXiv:2207.14484, for the threshold; Bai et al., arXiv:2506.04805, for the mechanism;
the two-parameter model of Z. Liu, "Physics of AI" blog, 27 January 2026.
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

BETA1, EPS, WIDTH, BASE = 0.9, 1e-8, 16, 8
POINTS = BASE**2


class Knobs(NamedTuple):  # traced
    lr: float = 0.1  # [1]
    beta2: float = 0.999  # [1] memory of the second moment
    attending: float = 1.0  # [1] factor of the attention scores; 0: both digits are paid the same


class Static(NamedTuple):  # static
    network: str = "pair"  # or "mlp", "transformer"
    inputs: str = "number"  # or "digits"
    target: str = "square"  # or "chebyshev"
    optimizer: str = "adam"  # or "sgd"
    steps: int = 5000
    log_every: int = 2


def data(key, knobs, static):
    """-> x (n,) or one-hot digits (n, 2, BASE), y (n,)."""
    x = jnp.linspace(-1.0, 1.0, POINTS)
    digits = jnp.stack(jnp.divmod(jnp.arange(POINTS), BASE), 1)
    y = {"square": x**2, "chebyshev": 8 * x**4 - 8 * x**2 + 1}[static.target]
    return {"number": x, "digits": jax.nn.one_hot(digits, BASE)}[static.inputs], y


def init(key, knobs, static):
    if static.network == "pair":
        jitter = 0.01 * normals(key, x=(2,))["x"]
        return {"a": jitter[0], "w": 1.0 + jitter[1]}
    wide, biases = (WIDTH, WIDTH), {"b1": jnp.zeros(WIDTH), "b2": jnp.zeros(WIDTH), "b3": jnp.zeros(1)}
    sizes = {"w1": ({"number": 1, "digits": 2 * BASE}[static.inputs], WIDTH), "w2": wide, "w3": (WIDTH, 1)}
    if static.network == "transformer":
        sizes = dict.fromkeys(("query", "keys", "value", "out"), wide) | {"embed": (BASE, WIDTH), "place": (2, WIDTH)}
        sizes, biases = sizes | {"up": (WIDTH, 2 * WIDTH), "down": (2 * WIDTH, WIDTH), "readout": (WIDTH, 1)}, {}
    return {name: w / w.shape[0] ** 0.5 for name, w in normals(key, **sizes).items()} | biases


def network(params, x, knobs, static):  # (n, ...) -> (n,)
    if static.network == "pair":
        return params["a"] * (jax.nn.silu(params["w"] * x) + jax.nn.silu(-params["w"] * x))
    if static.network == "transformer":
        z = x @ params["embed"] + params["place"]
        seen = jax.nn.standardize(z)
        scores = seen[:, -1:] @ params["query"] @ (seen @ params["keys"]).mT / WIDTH**0.5
        z = z[:, -1] + (jax.nn.softmax(knobs.attending * scores) @ seen)[:, 0] @ params["value"] @ params["out"]
        z = z + jnp.tanh(jax.nn.standardize(z) @ params["up"]) @ params["down"]
        return (jax.nn.standardize(z) @ params["readout"])[:, 0]
    hidden = jnp.tanh(x.reshape(POINTS, -1) @ params["w1"] + params["b1"])
    hidden = jnp.tanh(hidden @ params["w2"] + params["b2"])
    return (hidden @ params["w3"] + params["b3"])[:, 0]


def loss(params, batch, knobs, static):
    return 0.5 * jnp.mean((network(params, batch[0], knobs, static) - batch[1]) ** 2)


def optimizer(knobs, static):
    return {"sgd": optax.sgd(knobs.lr), "adam": optax.adam(knobs.lr, BETA1, knobs.beta2, EPS)}[static.optimizer]


def probe(state, data, knobs, static):
    objective = partial(loss, batch=data, knobs=knobs, static=static)
    if static.optimizer == "sgd":
        return {"edge_ratio": top_eigenvalue(objective, state.params) * knobs.lr / 2}
    age = jnp.maximum(state.step, 1)  # at step 0 the second moment is empty and the step undefined
    b1, b2, threshold = 1 - BETA1**age, 1 - knobs.beta2**age, (2 + 2 * BETA1) / ((1 - BETA1) * knobs.lr)
    scale = jax.tree.map(lambda v: 1 / ((jnp.sqrt(v / b2) + EPS) * b1), state.opt[0].nu)
    sharpness = top_eigenvalue(objective, state.params, scale, iterations=8)
    return {"edge_ratio": jnp.where(state.step > 0, sharpness / threshold, 0.0)}


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=lambda state, data, knobs, static: {"loss": loss(state.params, data, knobs, static)},
    probe=probe,
    probe_every=10,
    detect=partial(spikes, cause="edge_ratio"),
    units={"loss": "1", "edge_ratio": "S / threshold"},
    figure=("loss", "edge_ratio"),
)
