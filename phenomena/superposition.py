r"""Superposition: a bottleneck stores more features than it has dimensions, once they are sparse.

Setup. Data: n = 5 features x_i, each uniform in [0, 1] with probability p, else 0. Network:
x' = ReLU(W^T W x + b), W with m = 2 rows. Adam on sum_i v^i (x_i - x'_i)^2, v^i the importance.

Claim. A feature is stored if |W_i|^2 > 1/2. Sparse features are all stored, since they seldom meet
and the ReLU cuts off most of what one adds to the others, the interference. Equally important
ones form a regular pentagon, of which the nearest two have the cosine cos 72 deg = 0.309, and
|W|^2 is that of the best pentagon. The dimensionality of a feature, the share of a dimension that it
has to itself, is
    D_i = |W_i|^2 / sum_j (unit W_i . W_j)^2,
2/5 in a pentagon. If one feature is much rarer than the others it is given up, and they form two
digons, pairs of opposite directions with D_i = 1/2. Between, a run keeps the figure that it starts
from: a first-order change.

Control. Without the ReLU, or with dense features, the network does principal component analysis:
m features get a dimension each, D_i = 1, |W|^2 = m, and the others nothing.

Source. Elhage et al., arXiv:2209.10652.
"""

from dataclasses import replace
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.exceeds_bound import exceeds_bound
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

STORED = 0.5  # |W_i|^2 of a feature that is half stored by a linear network
NEAR = 0.04  # [dimension] half way between the corners of two digons and of a pentagon, nearly


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.03  # [1] Adam step size at the start; falls to 0 as a cosine; > 0
    density: float = 0.05  # [1] p, probability that a feature is there; > 0 and <= 1
    first_density: float = 1.0  # [1] density of the first feature over that of others, up to 1 / density; > 0
    importance: float = 0.9  # [1] v, importance of a feature over that of the one before; >= 0
    relu: float = 1.0  # [1] 0: linear output; 0 or 1
    init_scale: float = 0.1  # [1] std of the entries of W; >= 0


class Static(NamedTuple):
    """Static."""

    start: Literal["random", "pentagon", "digons"] = "random"  # random: small weights; pentagon: added to one;
    # digons: added to two of them
    features: int = 5  # [feature] n, features of an example
    dimensions: int = 2  # [1] m, rows of W
    batch: int = 256  # [sample] examples drawn at every step
    steps: int = 1500
    log_every: int = 10


def data(key, knobs, static):
    """-> importance of the features (n,); the examples are drawn anew at every step."""
    return knobs.importance ** jnp.arange(static.features)


def batch(key, importance, knobs, static):
    """-> features (batch, n), importance (n,). One draw tells whether a feature is there, and how large."""
    u = jax.random.uniform(key, (static.batch, static.features))
    density = knobs.density * jnp.where(jnp.arange(static.features) == 0, knobs.first_density, 1.0)
    return jnp.where(u < density, u / density, 0.0), importance


def init(key, knobs, static):
    w = knobs.init_scale * normals(key, w=(static.dimensions, static.features))["w"]
    if static.start == "pentagon":  # of five features in a plane
        angle = 2 * jnp.pi * jnp.arange(5) / 5
        w = w + jnp.stack([jnp.cos(angle), jnp.sin(angle)])
    elif static.start == "digons":  # without the first feature
        w = w + jnp.array([[0.0, 1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, -1.0]])
    return {"w": w, "b": jnp.zeros(static.features)}


def loss(params, batch, knobs, static):
    x, importance = batch
    y = x @ params["w"].T @ params["w"] + params["b"]
    y = jnp.where(knobs.relu > 0.5, jax.nn.relu(y), y)
    return jnp.mean(jnp.sum(importance * (x - y) ** 2, 1))


def optimizer(knobs, static):
    step_size = optax.cosine_decay_schedule(knobs.lr, static.steps)
    return optax.adam(step_size)


def observe(state, importance, knobs, static):
    gram = state.params["w"].T @ state.params["w"]
    size = jnp.diagonal(gram)
    stored = size > STORED
    pairs = jnp.outer(stored, stored) & ~jnp.eye(static.features, dtype=bool)
    shared = size**2 / jnp.maximum(jnp.sum(gram**2, 1), 1e-30)  # |W_i|^2 / sum_j (unit W_i . W_j)^2
    return {
        "stored": jnp.sum(stored),
        "dimensions": jnp.float32(static.dimensions),
        "interference": jnp.sum(gram**2) - jnp.sum(size**2),
        "largest_cosine": jnp.max(jnp.where(pairs, gram / jnp.sqrt(jnp.outer(size, size)), 0.0)),
        "weights": jnp.sum(size),
        "dimensionality": jnp.sum(jnp.where(stored, shared, 0.0)) / jnp.maximum(jnp.sum(stored), 1),
    }


def detect(log):
    """More features than dimensions; with their number, and the geometry of the weights in the end."""
    finding = exceeds_bound(log, "stored", "dimensions")
    last = {c: float(log[c].values[-1]) for c in PHENOMENON.figure if not log.lacking([c])}
    finding = finding.having(**{c: Effect(value) for c, value in last.items()})
    if last.keys() >= {"stored", "dimensionality"}:
        finding = replace(finding, phase=geometry(last["stored"], last["dimensionality"]))
    return finding


def geometry(stored, dimensionality):
    """The regular figure in a plane, by the dimensionality of its corners; empty if it is neither of the two."""
    phase = ""
    if stored == 5 and abs(dimensionality - 2 / 5) < NEAR:
        phase = "pentagon"
    elif stored == 4 and abs(dimensionality - 1 / 2) < NEAR:
        phase = "digons"
    return phase


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    batch=batch,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={
        "stored": "features",
        "dimensions": "dimensions",
        "interference": "1",
        "largest_cosine": "1",
        "weights": "1",
        "dimensionality": "dimensions",
    },
    figure=("stored", "dimensionality", "interference", "largest_cosine", "weights"),
)
