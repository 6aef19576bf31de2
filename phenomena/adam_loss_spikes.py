r"""Loss spikes under Adam: the step outgrows the curvature when the second moment forgets.

Setup. Data: a target on 64 points of [-1, 1], full batch. Networks: `pair`, the two parameters
f(x) = a (silu(w x) + silu(-w x)) from (0, 1); `mlp`, tanh 1-16-16-1 or, from the two octal digits
of the point's number, 16-16-16-1; `transformer`, one layer and head, its MLP tanh 16-32-16, each
behind a normalisation, f read off at the last digit; and what lies between them, one change at a
time. Adam on L = 1/2 mean (f - y)^2.

Claim. As gradients shrink, Adam's second moment decays like beta2^t and the effective step grows,
until the sharpness preconditioned by it,
    S = lambda_max(D^1/2 H D^1/2),  D = 1 / ((sqrt(v_hat) + eps)(1 - beta1^t)),
passes the threshold of stability (2 + 2 beta1) / ((1 - beta1) lr). The gradient turns into that
direction, and where the curvature along it, g D H g / |g|^2, passes the threshold as well, the loss
jumps by orders of magnitude; the second moment fills up again, the loss recovers, and the cycle
repeats. `edge_ratio` is S over the threshold, `gradient_edge` the curvature along the gradient over
it, `lag` is |sqrt(v_hat)| / |g|: far above 1 while the second moment only decays.

Control. With a short memory the threshold is reached, but v_hat follows g^2 and there is an even
oscillation; gradient descent, at its own edge, has no second moment; a small step does not reach
the threshold, though its second moment lags.

Source. Cohen et al., arXiv:2207.14484, for the threshold; Bai et al., arXiv:2506.04805, for the
mechanism; the two-parameter model of Z. Liu, "Physics of AI" blog, 27 January 2026.
"""

import math
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.spikes import spikes
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.networks.mlp import init_mlp, mlp
from bestiary.networks.transformer import transformer, transformer_shapes
from bestiary.observables import sum_of_squares, top_eigenvalue

BETA1 = 0.9  # [1] memory of the gradient
EPS = 1e-8  # [gradient]
WIDTH = 16
BASE = 8  # of the two digits that write a point's number
POINTS = BASE**2


class Knobs(NamedTuple):  # traced
    lr: float = 0.1  # [1] step size of either optimiser; > 0
    beta2: float = 0.999  # [1] memory of the second moment; >= 0 and < 1
    attending: float = 1.0  # [1] factor of the attention scores; 0: both digits are paid the same; >= 0
    biases: float = 1.0  # [1] factor of the biases of the mlp; 0: there are none; 0 to 1
    skip: float = 1.0  # [1] share of the stream that goes past the transformer's MLP; 0 to 1
    normalised: float = 1.0  # [1] share of the transformer's normalisations; 0: there are none; 0 to 1


class Static(NamedTuple):  # static
    network: Literal["pair", "mlp", "embedding", "transformer"] = "pair"  # pair: sum of a (silu(w x) + silu(-w x));
    # mlp: hidden layers of 16;
    # embedding: mlp with a first layer that is linear, a table for either digit;
    # transformer: one layer and head, on digits
    inputs: Literal["number", "digits"] = "number"  # number: x itself, for the pair and the mlp;
    # digits: the two octal digits of the point's number, one-hot, for the mlp and the transformer
    target: Literal["square", "chebyshev"] = "square"  # square: x^2; chebyshev: T_4(x) = 8 x^4 - 8 x^2 + 1
    pairs: int = 1  # of a and w in the pair; >= 1
    start: Literal["near", "normal"] = "near"  # near: pairs within 0.01 of (0, 1); normal: pairs of N(0, 1 / fan-in)
    activation: Literal["tanh", "silu"] = "tanh"  # tanh: tanh(x) in the mlp; silu: x / (1 + exp(-x)) in the mlp
    depth: int = 2  # hidden layers of the mlp; 1 to 2
    hidden: int = 0  # [neuron] in the last hidden layer; 0: 16 in the mlp, 32 in the transformer; >= 0
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
    """Normal weights of variance 1 / fan-in and biases 0; pairs may begin near (0, 1) instead."""
    if static.network == "pair":
        a, w = normals(key, x=(2, static.pairs))["x"]
        if static.start == "near":
            return {"a": 0.01 * a, "w": 1.0 + 0.01 * w}
        return {"a": a / (2 * static.pairs) ** 0.5, "w": w}
    if static.network == "transformer":
        hidden = static.hidden or 2 * WIDTH
        shapes = transformer_shapes(alphabet=BASE, positions=2, width=WIDTH, hidden=hidden, outputs=1)
        return {name: w / w.shape[0] ** 0.5 for name, w in normals(key, **shapes).items()}
    inputs = {"number": 1, "digits": 2 * BASE}[static.inputs]
    return init_mlp(key, (inputs, *(WIDTH,) * (static.depth - 1), static.hidden or WIDTH, 1))


def pair(params, x):
    """f(x) = sum of a (silu(w x) + silu(-w x)) over the pairs, (n,) -> (n,)."""
    wx = x[:, None] * params["w"]
    return jnp.sum(params["a"] * (jax.nn.silu(wx) + jax.nn.silu(-wx)), -1)


def network(params, x, knobs, static):
    """(n,) or (n, 2, BASE) -> (n,)."""
    if static.network == "pair":
        return pair(params, x)
    if static.network == "transformer":
        return transformer(params, x, knobs.attending, knobs.skip, knobs.normalised)[:, 0]
    x = x.reshape(POINTS, -1)
    params = {name: knobs.biases * p if name.startswith("b") else p for name, p in params.items()}
    if static.network == "embedding":
        x = x @ params["w1"] + params["b1"]
        params = {"w1": params["w2"], "b1": params["b2"], "w2": params["w3"], "b2": params["b3"]}
    return mlp(params, x, {"tanh": jnp.tanh, "silu": jax.nn.silu}[static.activation])[:, 0]


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
    """The (preconditioned) sharpness over the threshold of stability, largest and along the gradient; the lag.

    All are 0 before the first step.
    """
    objective = partial(loss, batch=data, knobs=knobs, static=static)
    if static.optimizer == "sgd":
        return {"edge_ratio": top_eigenvalue(objective, state.params) * knobs.lr / 2}
    age = jnp.maximum(state.step, 1)  # at step 0 the second moment is empty and the step undefined
    scale = preconditioner(state.opt[0].nu, age, knobs.beta2)
    threshold = (2 + 2 * BETA1) / ((1 - BETA1) * knobs.lr)
    gradient = jax.grad(objective)(state.params)
    size = jnp.sqrt(sum_of_squares(gradient))
    along = jax.tree.map(lambda g: g / size, gradient)
    _, change = jax.jvp(jax.grad(objective), (state.params,), (along,))
    found = {
        "edge_ratio": top_eigenvalue(objective, state.params, scale, iterations=8) / threshold,
        "gradient_edge": sum_of_products(along, scale, change) / threshold,
        "lag": jnp.sqrt(sum_of_squares(jax.tree.map(jnp.sqrt, state.opt[0].nu)) / (1 - knobs.beta2**age)) / size,
    }
    return {name: jnp.where(state.step > 0, value, 0.0) for name, value in found.items()}


def sum_of_products(*trees):
    """Sum of the products of the entries of trees, ()."""
    products = jax.tree.map(lambda *leaves: jnp.sum(math.prod(leaves)), *trees)
    return sum(jax.tree.leaves(products))


# Detector.


def detect(log):
    """Spikes, each with whether a sharpness had reached the threshold before it; and what the second half is like.

    Effects beside those of `spikes`: `gradient_preceded`, the share of spikes before which the curvature along the
    gradient passes the threshold. Over the second half of the run: `edge`, the median of the edge ratio; `beyond`, the
    share of readings at which the curvature along the gradient is past the threshold; `lag`, the median of
    |sqrt(v_hat)| / |g|, and `lagging`, the share of readings at which it is above 3.
    """
    finding = spikes(log, cause="edge_ratio")
    if log.lacking(["edge_ratio"]):
        return finding
    t, ratio = log["edge_ratio"].finite()
    late = t >= t[-1] / 2
    finding = finding.having(edge=Effect(float(np.median(ratio[late]))))
    if log.lacking(["lag", "gradient_edge"]):
        return finding
    if along := spikes(log, cause="gradient_edge").effects.get("preceded"):
        finding = finding.having(gradient_preceded=along)
    (t, lag), (when, curved) = log["lag"].finite(), log["gradient_edge"].finite()
    lag, curved = lag[t >= t[-1] / 2], curved[when >= when[-1] / 2]
    return finding.having(
        beyond=Effect(float(np.mean(curved > 1))),
        lag=Effect(float(np.median(lag))),
        lagging=Effect(float(np.mean(lag > 3))),
    )


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
    units={"loss": "1", "edge_ratio": "S / threshold", "gradient_edge": "S / threshold", "lag": "1"},
    figure=("loss", "edge_ratio"),
)
