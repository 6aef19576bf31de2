r"""A small decoder on bytes: a row of compare.py that is shaped as people's language models are.

Setup. Data: a text of 8-byte words, drawn uniformly from a dictionary of 64 that is random for every run; a batch is
windows of it at random places. Network: a decoder with `layers` blocks, each x + A(N(x)) and x + M(N(x)) of causal
attention with `heads` heads and an MLP of GELU, N a layer normalisation with a scale; the scores of the next byte are
read off with the embedding. AdamW on the cross entropy.

Source. Radford et al., "Language models are unsupervised multitask learners" (2019), for the network and its start.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Finding, State

BYTES = 256
WORDS, LETTERS = 64, 8  # of the dictionary
TEXT = 2048  # [word]
EPS = 1e-5  # [1] added to the variance by the normalisation


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 1e-3  # [1] AdamW step size; > 0
    weight_decay: float = 0.1  # [1] decoupled, per unit of lr; >= 0


class Static(NamedTuple):
    """Static."""

    layers: int = 2
    width: int = 64  # [1] of the stream; a multiple of static.heads
    heads: int = 4
    context: int = 64  # [byte]
    batch: int = 16  # [sequence]
    steps: int = 1000
    log_every: int = 10


def data(key, knobs, static):
    """-> text (n,), windows for the test (batch, context + 1)."""
    held = -(-(static.context + 1) // LETTERS)  # words that cover a window
    draw = jax.random.randint(key, (WORDS * LETTERS + TEXT + static.batch * held,), 0, BYTES)
    dictionary, order = draw[: WORDS * LETTERS].reshape(WORDS, LETTERS), draw[WORDS * LETTERS :] % WORDS
    test = dictionary[order[TEXT:]].reshape(static.batch, -1)
    return {"text": dictionary[order[:TEXT]].ravel(), "test": test[:, : static.context + 1]}


def batch(key, data, knobs, static):
    """-> windows of the text, (batch, context + 1)."""
    text, length = data["text"], static.context + 1
    first = jax.random.randint(key, (static.batch, 1), 0, text.size - length + 1)
    return text[first + jnp.arange(length)]


def shapes(static):
    """Of the weights; every matrix maps its last axis but one to its last."""
    d, block = static.width, {}
    for i in range(static.layers):
        block |= {f"qkv{i}": (d, 3 * d), f"out{i}": (d, d), f"up{i}": (d, 4 * d), f"down{i}": (4 * d, d)}
    return {"embed": (BYTES, d), "place": (static.context, d)} | block


def init(key, knobs, static):
    """Normal weights of std 0.02, divided by the root of the number of parts where they write to the stream."""
    scale = {name: (2 * static.layers) ** -0.5 if name[:-1] in ("out", "down") else 1.0 for name in shapes(static)}
    weights = {name: 0.02 * scale[name] * w for name, w in normals(key, **shapes(static)).items()}
    scales = [f"{part}{i}" for i in range(static.layers) for part in ("before_attention", "before_mlp")]
    return weights | {name: jnp.ones(static.width) for name in [*scales, "before_scores"]}


def norm(x, scale):
    """Layer normalisation with a scale."""
    return scale * jax.nn.standardize(x, epsilon=EPS)


def attend(query, keys, value):
    """Causal attention of every head: (n, T, h, k) -> (n, T, h, k)."""
    score = jnp.einsum("nthk,nshk->nhts", query, keys) / query.shape[-1] ** 0.5
    causal = jnp.tri(query.shape[1], dtype=bool)
    return jnp.einsum("nhts,nshk->nthk", jax.nn.softmax(jnp.where(causal, score, -jnp.inf)), value)


def network(params, tokens, static):
    """-> scores of the next byte, (n T, 256), for tokens (n, T).

    The stream has one row a place, (n T, d): XLA makes slower products of three axes.
    """
    x = (params["embed"][tokens] + params["place"]).reshape(-1, static.width)
    by_head = (*tokens.shape, static.heads, -1)
    for i in range(static.layers):
        joined = norm(x, params[f"before_attention{i}"]) @ params[f"qkv{i}"]
        query, keys, value = (part.reshape(by_head) for part in jnp.split(joined, 3, -1))
        x = x + attend(query, keys, value).reshape(x.shape) @ params[f"out{i}"]
        hidden = jax.nn.gelu(norm(x, params[f"before_mlp{i}"]) @ params[f"up{i}"])
        x = x + hidden @ params[f"down{i}"]
    return norm(x, params["before_scores"]) @ params["embed"].T


def loss(params, batch, knobs, static):
    """Cross entropy of the next byte, [nat]."""
    scores = network(params, batch[:, :-1], static)
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(scores, batch[:, 1:].ravel()))


def optimizer(knobs, static):
    """AdamW."""
    return optax.adamw(knobs.lr, b2=0.95, weight_decay=knobs.weight_decay)


def observe(state, data, knobs, static):
    """Loss of the windows for the test."""
    return {"test_loss": loss(state.params, data["test"], knobs, static)}


def detect(log):
    """Nothing: it is there to be timed."""
    return Finding(State.NOT_APPLICABLE, "a benchmark shows no phenomenon")


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
    units={"test_loss": "nat"},
    figure=("test_loss",),
)
