r"""Loss spikes under Adam: the step outgrows the curvature when the second moment forgets.

Setup. Data: a target on 64 points of [-1, 1], full batch. Networks: `pair`, the two parameters
f(x) = a (silu(w x) + silu(-w x)) from (0, 1); `mlp`, tanh 1-16-16-1 or, from the two octal digits
of the point's number, 16-16-16-1; `transformer`, one layer and head, its MLP tanh 16-32-16, each
behind a normalisation, f read off at the last digit. Adam on L = 1/2 mean (f - y)^2.

Claim. As gradients shrink, Adam's second moment decays like beta2^t and the effective step grows,
until the sharpness preconditioned by it,
    S = lambda_max(D^1/2 H D^1/2),  D = 1 / ((sqrt(v_hat) + eps)(1 - beta1^t)),
passes the threshold of stability (2 + 2 beta1) / ((1 - beta1) lr). The loss jumps by orders of
magnitude, the second moment fills up again, the loss recovers, and the cycle repeats with a period
that grows with 1 / (1 - beta2). `edge_ratio` is S over the threshold.

Control. With a larger beta2 the first spike comes after the run; with a short memory the threshold
is reached, but as an even oscillation; gradient descent has no second moment; a small step does not
reach the threshold.

Source. Cohen et al., arXiv:2207.14484, for the threshold; Bai et al., arXiv:2506.04805, for the
mechanism; the two-parameter model of Z. Liu, "Physics of AI" blog, 27 January 2026.
"""

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.spikes import spikes
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.networks.mlp import init_mlp, mlp
from bestiary.networks.transformer import transformer, transformer_shapes
from bestiary.observables import top_eigenvalue

BETA1 = 0.9  # [1] memory of the gradient
EPS = 1e-8  # [gradient]
WIDTH = 16
BASE = 8  # of the two digits that write a point's number
POINTS = BASE**2


class Knobs(NamedTuple):  # traced
    lr: float = 0.1  # [1] step size of either optimiser; > 0
    beta2: float = 0.999  # [1] memory of the second moment; >= 0 and < 1
    attending: float = 1.0  # [1] factor of the attention scores; 0: both digits are paid the same; >= 0


class Static(NamedTuple):  # static
    network: Literal["pair", "mlp", "transformer"] = "pair"  # pair: a (silu(w x) + silu(-w x)), two parameters;
    # mlp: tanh, two hidden layers of 16;
    # transformer: one layer and head, on digits
    inputs: Literal["number", "digits"] = "number"  # number: x itself, for the pair and the mlp;
    # digits: the two octal digits of the point's number, one-hot, for the mlp and the transformer
    target: Literal["square", "chebyshev"] = "square"  # square: x^2; chebyshev: T_4(x) = 8 x^4 - 8 x^2 + 1
    optimizer: Literal["adam", "sgd"] = "adam"  # adam: Adam; sgd: gradient descent
    steps: int = 5000
    log_every: int = 2


# Data.


def data(key, knobs, static):
    """-> x (n,) or one-hot digits (n, 2, BASE), y (n,)."""
    x = jnp.linspace(-1.0, 1.0, POINTS)
    y = {"square": x**2, "chebyshev": 8 * x**4 - 8 * x**2 + 1}[static.target]
    if static.inputs == "number":
        return x, y
    digits = jnp.stack(jnp.divmod(jnp.arange(POINTS), BASE), 1)
    return jax.nn.one_hot(digits, BASE), y


# Networks.


def init(key, knobs, static):
    """Normal weights of variance 1 / fan-in and biases 0; the pair begins within 0.01 of (0, 1)."""
    if static.network == "pair":
        jitter = 0.01 * normals(key, x=(2,))["x"]
        return {"a": jitter[0], "w": 1.0 + jitter[1]}
    if static.network == "transformer":
        shapes = transformer_shapes(alphabet=BASE, positions=2, width=WIDTH, hidden=2 * WIDTH, outputs=1)
        return {name: w / w.shape[0] ** 0.5 for name, w in normals(key, **shapes).items()}
    inputs = {"number": 1, "digits": 2 * BASE}[static.inputs]
    return init_mlp(key, (inputs, WIDTH, WIDTH, 1))


def pair(params, x):
    """f(x) = a (silu(w x) + silu(-w x)), (n,) -> (n,)."""
    a, w = params["a"], params["w"]
    return a * (jax.nn.silu(w * x) + jax.nn.silu(-w * x))


def network(params, x, knobs, static):
    """(n,) or (n, 2, BASE) -> (n,)."""
    if static.network == "pair":
        return pair(params, x)
    if static.network == "transformer":
        return transformer(params, x, knobs.attending)[:, 0]
    return mlp(params, x.reshape(POINTS, -1), jnp.tanh)[:, 0]


# Loss and optimiser.


def loss(params, batch, knobs, static):
    """1/2 mean (f - y)^2."""
    x, y = batch
    return 0.5 * jnp.mean((network(params, x, knobs, static) - y) ** 2)


def optimizer(knobs, static):
    """Return Adam or gradient descent, with the same step size."""
    if static.optimizer == "sgd":
        return optax.sgd(knobs.lr)
    return optax.adam(knobs.lr, BETA1, knobs.beta2, EPS)


# Observables.


def observe(state, data, knobs, static):
    return {"loss": loss(state.params, data, knobs, static)}


def preconditioner(second_moment, age, beta2):
    """D = 1 / ((sqrt(v_hat) + eps)(1 - beta1^t)), Adam's step over lr m; a tree like the parameters.

    The age t is the number of updates [step].
    """
    bias1 = 1 - BETA1**age
    bias2 = 1 - beta2**age
    return jax.tree.map(lambda v: 1 / ((jnp.sqrt(v / bias2) + EPS) * bias1), second_moment)


def probe(state, data, knobs, static):
    """The (preconditioned) sharpness over the threshold of stability; 0 before the first step."""
    objective = partial(loss, batch=data, knobs=knobs, static=static)
    if static.optimizer == "sgd":
        return {"edge_ratio": top_eigenvalue(objective, state.params) * knobs.lr / 2}
    age = jnp.maximum(state.step, 1)  # at step 0 the second moment is empty and the step undefined
    scale = preconditioner(state.opt[0].nu, age, knobs.beta2)
    sharpness = top_eigenvalue(objective, state.params, scale, iterations=8)
    threshold = (2 + 2 * BETA1) / ((1 - BETA1) * knobs.lr)
    return {"edge_ratio": jnp.where(state.step > 0, sharpness / threshold, 0.0)}


# Detector.


def detect(log):
    """Spikes, each with whether the sharpness had reached the threshold before it."""
    return spikes(log, cause="edge_ratio")


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    probe=probe,
    probe_every=10,
    detect=detect,
    units={"loss": "1", "edge_ratio": "S / threshold"},
    figure=("loss", "edge_ratio"),
)
