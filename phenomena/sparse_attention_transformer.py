r"""Sparse attention in a transformer, and the way to it from the model of `sparse_attention_emergence`.

Setup. Data: T tokens x_t ~ N(0, I/d), of which one, at a random place, bears a mark m_t = 1; the
target is W* x of that token. Network, a transformer of one layer and head: z_t = E (x_t, m_t) +
sinusoids, y = R (z_T + O V sum_t a_t z_t), a = softmax(z_T Q K z_t / sqrt k), from R = 0. Adam on
1/2 |y - W* x|^2.

Claim. The loss stays that of the trivial predictor, then falls as attention concentrates on the
token. Unlike in the position-only model, where the weights lead, attention leads, from the rung on
where scores are products of query and key; the next rungs add one part of the values each.

Control. One token; the token repeated; attention even, or preset; no mark; labels shuffled.

Source. Zucchet, d'Angelo, Lampinen & Chan, arXiv:2505.17863, appendix D.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.networks.attention_stack import attention_stack, attention_stack_shapes
from bestiary.networks.positions import sinusoids
from bestiary.single_location import last, sequences, unit_columns

ON_TOKEN = 30.0  # [1] preset score that draws all attention to the relevant token


class Knobs(NamedTuple):  # traced
    lr: float = 1.0  # [1] SGD step size; > 0
    adam_lr: float = 0.002  # [1] Adam step size; > 0
    length: float = 64.0  # [token] T; 1 to static.positions
    copies: float = 1.0  # [token] places that hold the relevant token; 1 to static.positions
    moving: float = 1.0  # [1] share of the sequences whose relevant token is at a random place, not the last; 0 to 1
    mark: float = 1.0  # [1] size of the feature that marks the relevant token; >= 0
    attending: float = 1.0  # [1] 0: attention stays even; >= 0
    preset: float = 0.0  # [1] added to the score of the relevant token
    shuffled: float = 0.0  # [1] 1: targets of another sequence; 0 or 1


class Static(NamedTuple):  # static
    scores: Literal["dot_product", "position"] = "dot_product"  # dot_product: of query and key;
    # position: one number for each place
    values: Literal["residual", "output", "value", "placed", "embedded", "matrix"] = "residual"  # residual: R z;
    # output: R O V sum_t a_t z_t; value: without O; placed: without V; embedded: of E x_t, without sinusoids;
    # matrix: W sum_t a_t x_t
    optimizer: Literal["adam", "sgd"] = "adam"  # adam: Adam, of step size adam_lr; sgd: SGD, of step size lr
    layers: int = 1  # [layer] layers of attention
    positions: int = 64  # [token] greatest length of a sequence
    width: int = 8  # [1] d, dimension of a token
    embedding: int = 64  # [1] dimension of the stream, four times the head's width k; a multiple of 4
    batch: int = 16  # [sequence] sequences drawn at every step; the test set has twice as many
    steps: int = 320
    log_every: int = 4


# Data.


def data(key, knobs, static):
    """-> W* (d, d), test sequences, twice as many as in a batch."""
    target = unit_columns(key, static.width)
    of_test = jax.random.fold_in(key, 1)
    test = batch(of_test, (target,), knobs, static._replace(batch=2 * static.batch))
    return target, test


def batch(key, data, knobs, static):
    """-> new sequences."""
    target = data[0]
    return sequences(
        key,
        target,
        static.batch,
        static.positions,
        length=knobs.length,
        copies=knobs.copies,
        moving=knobs.moving,
        shuffled=knobs.shuffled,
    )


# Network.


def init(key, knobs, static):
    """Weights of variance 1 / fan-in; the readout R, or W, and the scores of the places begin at 0."""
    shapes = {"embed": (static.embedding, static.width + 1)}
    shapes |= attention_stack_shapes(static.layers, static.embedding, static.embedding // 4)
    weights = {name: w / w.shape[-1] ** 0.5 for name, w in normals(key, **shapes).items()}
    read = static.width + 1 if static.values == "matrix" else static.embedding
    return weights | {"readout": jnp.zeros((static.width, read)), "place": jnp.zeros(static.positions)}


def network(params, given, knobs, static):
    """-> outputs (n, d), attention () that the last query pays to the relevant token.

    The attention is that of the layer that pays most.
    """
    marks = knobs.mark * given.relevant[..., None]
    x = jnp.concatenate([given.tokens, marks], -1)
    embedded = x @ params["embed"].T
    placed = embedded + sinusoids(static.positions, static.embedding)
    z, attention = attention_stack(
        params,
        placed,
        last(knobs.length, static.positions),
        sharpness=knobs.attending,
        bias=knobs.preset * given.relevant[:, None],
        scores=params["place"] if static.scores == "position" else None,
    )
    part = {"matrix": 0, "embedded": 1, "placed": 2, "value": 3, "output": 4, "residual": 5}[static.values]
    seen = z if part == 5 else attention[-1] @ [x, embedded, placed][min(part, 2)]
    if part in (3, 4):
        seen = seen @ params["value"][-1].T
    if part == 4:
        seen = seen @ params["out"][-1].T
    outputs = seen[:, 0] @ params["readout"].T

    most = jnp.zeros(())
    for paid in attention:
        most = jnp.maximum(most, jnp.mean(jnp.sum(paid[:, -1] * given.relevant, -1)))
    return outputs, most


# Loss and optimiser.


def loss(params, batch, knobs, static):
    """1/2 |y - W* x|^2, averaged over the batch."""
    outputs, _ = network(params, batch, knobs, static)
    return 0.5 * jnp.mean(jnp.sum((outputs - batch.targets) ** 2, -1))


def optimizer(knobs, static):
    """Return Adam or SGD, each with a step size of its own."""
    if static.optimizer == "adam":
        return optax.adam(knobs.adam_lr)
    return optax.sgd(knobs.lr)


# Observables.


def observe(state, data, knobs, static):
    """On the test sequences: loss, attention, and what the values would give if all attention were on the token."""
    _, test = data
    power = jnp.sum(test.targets**2)  # loss of the trivial predictor, but for a factor
    outputs, attention = network(state.params, test, knobs, static)
    attending, _ = network(state.params, test, knobs._replace(preset=ON_TOKEN), static)
    return {
        "loss": jnp.sum((outputs - test.targets) ** 2) / power,
        "attention": attention,
        "values": jnp.sum(attending * test.targets) / power,
    }


# Detector.


def detect(log):
    """Plateau escape; with how much of the target the values give when attention has grown by half."""
    finding = plateau_escape(log, level=1.0, witness="attention", ratio=1.0)
    if not finding.found or "values" not in log:
        return finding
    steps, values = log["values"]
    half = finding.effects["witness_half"].value
    at_half = values[steps >= half][0]
    return finding.having(values_at_half=Effect(float(at_half)))


def settled(log):
    """Whether the loss has stayed below 2 % of the trivial predictor's over the last records."""
    return log["loss"].values[-12:].max() < 0.02


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
    settled=settled,
    units={"loss": "trivial predictor's", "attention": "share on the token", "values": "share of the target"},
    figure=("loss", "attention", "values"),
)
