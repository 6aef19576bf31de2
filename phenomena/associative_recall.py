r"""Associative recall: a transformer learns to look up a pair all at once, after a plateau.

Setup. Data: k1 v1 ... kN vN q, keys and values drawn without repetition from an alphabet of V
tokens, q one of the keys, whose value is to be named. Network: two layers of causal attention with
one head and layer norm, no MLP, sinusoidal positions; read off at q. Adam on the cross entropy.

Claim. The loss stays near ln V. The first layer must mark every value with the key before it, the
second select by that mark; neither is of use alone, so both come together, and the loss falls.

Control. No first layer; a single pair, where nothing is to be selected.

Source. Zucchet, d'Angelo, Lampinen & Chan, arXiv:2505.17863, section 3.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors._curves import half_time
from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals_like
from bestiary.log import Effect
from bestiary.networks.two_layer_attention import TwoLayerAttention

EMBEDDING_SCALE = 1.4  # [1] over 1 / sqrt(width): tokens begin half as large as positions


class Knobs(NamedTuple):  # traced
    lr: float = 0.003  # [1] Adam step size; > 0
    pairs: float = 4.0  # [pair] N; the first ones are left out; 1 to static.pairs
    first_layer: float = 1.0  # [1] 0: the first layer adds nothing; >= 0


class Static(NamedTuple):  # static
    alphabet: int = 16  # [token] V, the tokens that keys and values are drawn from
    pairs: int = 4  # [pair] pairs that a sequence has room for; the knob says how many of them are in use;
    # 1 to static.alphabet
    width: int = 32  # [1] dimension of the embedding
    batch: int = 32  # [sequence] sequences drawn at every step; the test set has four times as many
    steps: int = 1000
    log_every: int = 10


# Data.


def sequences(key, count, knobs, static):
    """-> tokens (count, 2 N + 1), answers (count,).

    The pairs that the knob leaves out still stand at the front, where no query asks for them and no
    place may attend to them.
    """
    # One draw: the order of a row gives keys, or values, without repetition; the last number of the
    # first row gives the query.
    u = jax.random.uniform(key, (count, 2, static.alphabet + 1))
    pairs = jnp.argsort(u[..., :-1])[..., : static.pairs]
    asked = static.pairs - 1 - jnp.int32(knobs.pairs * u[:, :1, -1:])
    query = jnp.take_along_axis(pairs, asked, 2)
    context = pairs.swapaxes(1, 2).reshape(count, -1)
    return jnp.concatenate([context, query[:, 0]], 1), query[:, 1, 0]


def data(key, knobs, static):
    """-> test sequences, four times as many as in a batch."""
    return sequences(key, 4 * static.batch, knobs, static)


def batch(key, test, knobs, static):
    """-> new sequences."""
    return sequences(key, static.batch, knobs, static)


# Network.


def module(static):
    return TwoLayerAttention(static.alphabet, static.width)


def init(key, knobs, static):
    """Normal weights of variance 1 / fan-in, the embedding a little larger."""
    like = jax.eval_shape(module(static).init, key, jnp.eye(3, dtype=int), jnp.eye(3), 1.0)
    params = jax.tree.map(lambda w: w * (w.shape[-1] / w.size) ** 0.5, normals_like(key, like))
    params["params"]["embed"]["embedding"] *= EMBEDDING_SCALE
    return params


def may_attend(places, knobs, static):
    """(T, T) whether a place may attend to another: to itself, and to those before it that are not left out."""
    t = jnp.arange(places)
    before = t[:, None] >= t
    in_use = t >= 2 * (static.pairs - knobs.pairs)
    itself = t[:, None] == t
    return before & in_use | itself


def network(params, tokens, knobs, static):
    """-> scores of the answer (n, V), attention of both layers (n, T, T), (n, 1, T)."""
    mask = may_attend(tokens.shape[1], knobs, static)
    scores, kept = module(static).apply(params, tokens, mask, knobs.first_layer, mutable=["intermediates"])
    sown = kept["intermediates"]
    first, second = (sown[layer]["attention_weights"][0] for layer in ("first", "second"))
    return jnp.asarray(scores), first[:, 0], second[:, 0]


# Loss and optimiser.


def loss(params, batch, knobs, static):
    """[nat] Cross entropy of the answer."""
    tokens, answers = batch
    scores, _, _ = network(params, tokens, knobs, static)
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(scores, answers))


def optimizer(knobs, static):
    return optax.adam(knobs.lr)


# Observables.


def marking(attention):
    """() Attention of the first layer (n, T, T) that values pay to the key before them."""
    to_the_one_before = jnp.diagonal(attention, -1, 1, 2)
    return jnp.mean(to_the_one_before[:, ::2])  # pyright: ignore[reportArgumentType]


def selection(attention, tokens):
    """() Attention of the second layer (n, 1, T) that q pays to the value behind its like, (n, T)."""
    keys, query = tokens[:, :-1:2], tokens[:, -1:]
    to_values = attention[:, 0, 1::2]
    return jnp.mean(jnp.sum(to_values * (keys == query), 1))


def observe(state, test, knobs, static):
    """On the test sequences: loss and accuracy, and what each layer attends to."""
    tokens, answers = test
    scores, first, second = network(state.params, tokens, knobs, static)
    return {
        "loss": loss(state.params, test, knobs, static),
        "accuracy": jnp.mean(jnp.argmax(scores, 1) == answers),
        "marking": marking(first),
        "selection": selection(second, tokens),
    }


# Detector.


def detect(log):
    """Plateau escape, witnessed by the selection; with the accuracy, and how far apart the two patterns came."""
    finding = plateau_escape(log, "loss", "selection", ratio=0.4, growth=3)
    if log.lacking(["accuracy", "marking", "selection"]):
        return finding
    finding = finding.having(final_accuracy=Effect(float(log["accuracy"].values[-1])))
    if not finding.found:
        return finding
    apart = half_time(*log["selection"]) / max(half_time(*log["marking"]), 1.0)
    return finding.having(selection_over_marking=Effect(apart))


def settled(log):
    """Whether the loss is below 0.05 nat."""
    return log["loss"].values[-1] < 0.05


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
    units={
        "loss": "nat",
        "accuracy": "share of examples",
        "selection": "share of attention",
        "marking": "share of attention",
    },
    figure=("loss", "selection", "marking", "accuracy"),
)
