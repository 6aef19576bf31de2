r"""Sparse attention in a transformer, and the way to it from the model of `sparse_attention_emergence`.

Setup. Data: T tokens x_t ~ N(0, I/d), of which one, at a random place, bears a mark m_t = 1; the target
is W* x of that token. Network, a transformer of one layer and head: z_t = E (x_t, m_t) + sinusoids,
y = R (z_T + O V sum_t a_t z_t), a = softmax(z_T Q K z_t / sqrt k), from R = 0. Adam on 1/2 |y - W* x|^2.

Claim. The loss stays that of the trivial predictor, then falls as attention concentrates on the token.
Unlike in the position-only model attention leads: the values, a product of matrices, come later.

Control. One token; the token repeated; attention even, or preset; no mark; labels shuffled.

Source. Zucchet, d'Angelo, Lampinen & Chan, arXiv:2505.17863, appendix D.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.single_location import last, sequences, unit_columns


class Knobs(NamedTuple):  # traced
    lr: float = 1.0  # [1] SGD step size
    adam_lr: float = 0.002  # [1] Adam step size
    length: float = 64.0  # [token] T, at most static.positions
    copies: float = 1.0  # [token] places that hold the relevant token
    moving: float = 1.0  # [1] share of the sequences whose relevant token is at a random place, not the last
    mark: float = 1.0  # [1] size of the feature that marks the relevant token
    attending: float = 1.0  # [1] 0: attention stays even
    preset: float = 0.0  # [1] added to the score of the relevant token
    shuffled: float = 0.0  # [1] 1: targets of another sequence


class Static(NamedTuple):  # static
    scores: str = "dot_product"  # or position: one number for each place
    values: str = "residual"  # or matrix: y = W sum_t a_t (x_t, m_t)
    optimizer: str = "adam"  # or sgd
    layers: int = 1
    positions: int = 64
    width: int = 8  # d
    embedding: int = 64  # four times the head's width k
    batch: int = 16
    steps: int = 320
    log_every: int = 4


def data(key, knobs, static):
    target = unit_columns(key, static.width)
    return target, batch(jax.random.fold_in(key, 1), (target,), knobs, static._replace(batch=2 * static.batch))


def batch(key, data, knobs, static):
    given = {name: getattr(knobs, name) for name in ("length", "copies", "moving", "shuffled")}
    return sequences(key, data[0], static.batch, static.positions, **given)


def init(key, knobs, static):
    d, e, n, seen = (
        static.width,
        static.embedding,
        static.layers,
        {"residual": static.embedding, "matrix": static.width + 1},
    )
    sizes = {"embed": (e, d + 1), "query": (n, e // 4, e), "keys": (n, e // 4, e), "value": (n, e, e), "out": (n, e, e)}
    params = {name: w / w.shape[-1] ** 0.5 for name, w in normals(key, **sizes).items()}
    return params | {"readout": jnp.zeros((d, seen[static.values])), "place": jnp.zeros(static.positions)}


def network(params, given, knobs, static):
    """-> outputs (n, d), attention that the last query pays to the relevant token, in the layer where it pays most."""
    count, half, most, paid = static.positions, static.embedding // 2, jnp.zeros(()), jnp.zeros(())
    phase = jnp.arange(count)[:, None] / 100 ** (jnp.arange(half) / half)
    x = jnp.concatenate([given.tokens, knobs.mark * given.relevant[..., None]], -1)
    z = x @ params["embed"].T + jnp.concatenate([jnp.sin(phase), jnp.cos(phase)], -1)
    for i in range(static.layers):
        query, keys, value, out = (params[name][i] for name in ("query", "keys", "value", "out"))
        first = count - 1 if i == static.layers - 1 else 0  # of the last layer only the last query is read
        asked, past = z[:, first:], jnp.tri(count, dtype=bool)[first:] & last(knobs.length, count)
        scores = params["place"] if static.scores == "position" else asked @ query.T @ keys @ z.mT / len(query) ** 0.5
        paid = jax.nn.softmax(knobs.attending * scores + knobs.preset * given.relevant[:, None], where=past)
        most = jnp.maximum(most, jnp.mean(jnp.sum(paid[:, -1] * given.relevant, -1)))
        z = asked + paid @ z @ value.T @ out.T
    return (z if static.values == "residual" else paid @ x)[:, 0] @ params["readout"].T, most


def loss(params, batch, knobs, static):
    return 0.5 * jnp.mean(jnp.sum((network(params, batch, knobs, static)[0] - batch.targets) ** 2, -1))


def observe(state, data, knobs, static):
    aim, whole = data[1].targets, jnp.sum(data[1].targets ** 2)
    y, paid = network(state.params, data[1], knobs, static)
    told, _ = network(state.params, data[1], knobs._replace(preset=30.0), static)  # were all attention on the token
    return {"loss": jnp.sum((y - aim) ** 2) / whole, "attention": paid, "values": jnp.sum(told * aim) / whole}


def detect(log):
    """Plateau escape; with how much of the target the values give when attention has grown by half."""
    finding = plateau_escape(log, level=1.0, witness="attention", ratio=1.0)
    if not finding.found or "values" not in log:
        return finding
    (steps, values), half = log["values"], finding.effects["witness_half"].value
    return finding.having(values_at_half=Effect(float(values[steps >= half][0])))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    batch=batch,
    loss=loss,
    optimizer=lambda knobs, static: optax.adam(knobs.adam_lr) if static.optimizer == "adam" else optax.sgd(knobs.lr),
    observe=observe,
    detect=detect,
    settled=lambda log: log["loss"].values[-12:].max() < 0.02,
    units={"loss": "trivial predictor's", "attention": "share on the token", "values": "share of the target"},
    figure=("loss", "attention", "values"),
)
