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

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from bestiary.detectors._curves import half_time
from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):  # traced
    lr: float = 0.003  # [1] Adam step size
    pairs: float = 4.0  # [pair] N, at most static.pairs; the first ones are left out
    first_layer: float = 1.0  # [1] 0: the first layer adds nothing


class Static(NamedTuple):  # static
    alphabet: int = 16
    pairs: int = 4
    width: int = 32
    batch: int = 32
    steps: int = 1000
    log_every: int = 10


class Recall(nn.Module):  # scores of the answer (n, V); `mask` (T, T) tells who may attend to whom
    static: Static

    @nn.compact
    def __call__(self, tokens, mask, first_layer):  # noqa: D102
        t, i, d = jnp.arange(tokens.shape[1])[:, None], jnp.arange(self.static.width), self.static.width
        norm = nn.LayerNorm(use_bias=False, use_scale=False)
        first, second = (nn.MultiHeadDotProductAttention(1, use_bias=False, name=n) for n in ("first", "second"))
        x = nn.Embed(self.static.alphabet, d, name="embed")(tokens)
        x += jnp.sin(t / 100 ** (i // 2 * 2 / d) + jnp.pi / 2 * (i % 2))
        x += first_layer * first(norm(x), mask=mask, sow_weights=True)
        x = x[:, -1] + second(norm(x[:, -1:]), norm(x), mask=mask[-1:], sow_weights=True)[:, 0]
        return nn.Dense(self.static.alphabet, use_bias=False)(norm(x))


def sequences(key, count, knobs, static):  # -> tokens (count, 2 N + 1), answers (count,)
    u = jax.random.uniform(key, (count, 2, static.alphabet + 1))
    pairs = jnp.argsort(u[..., :-1])[..., : static.pairs]
    query = jnp.take_along_axis(pairs, static.pairs - 1 - jnp.int32(knobs.pairs * u[:, :1, -1:]), 2)
    return jnp.concatenate([pairs.swapaxes(1, 2).reshape(count, -1), query[:, 0]], 1), query[:, 1, 0]


def init(key, knobs, static):
    leaves, tree = jax.tree.flatten(jax.eval_shape(Recall(static).init, key, jnp.eye(3, dtype=int), jnp.eye(3), 1.0))
    drawn = normals(key, **{str(i): leaf.shape for i, leaf in enumerate(leaves)}).values()
    params = jax.tree.unflatten(tree, [w * (w.shape[-1] / w.size) ** 0.5 for w in drawn])
    params["params"]["embed"]["embedding"] *= 1.4  # half as large as the positions
    return params


def network(params, tokens, knobs, static):  # -> scores (n, V), attention of both layers (n, T, T), (n, 1, T)
    t = jnp.arange(tokens.shape[1])
    mask = (t[:, None] >= t) & (t >= 2 * (static.pairs - knobs.pairs)) | (t[:, None] == t)
    scores, kept = Recall(static).apply(params, tokens, mask, knobs.first_layer, mutable=["intermediates"])
    return jnp.asarray(scores), *(kept["intermediates"][n]["attention_weights"][0][:, 0] for n in ("first", "second"))


def loss(params, batch, knobs, static):
    scores = network(params, batch[0], knobs, static)[0]
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(scores, batch[1]))


def observe(state, test, knobs, static):
    tokens, answers = test
    scores, first, second = network(state.params, tokens, knobs, static)
    return {
        "loss": loss(state.params, test, knobs, static),
        "accuracy": jnp.mean(jnp.argmax(scores, 1) == answers),
        "marking": jnp.mean(jnp.diagonal(first, -1, 1, 2)[:, ::2]),  # pyright: ignore[reportArgumentType]
        "selection": jnp.mean(jnp.sum(second[:, 0, 1::2] * (tokens[:, :-1:2] == tokens[:, -1:]), 1)),
    }


def detect(log):
    """Plateau escape, witnessed by the selection; with the accuracy, and how far apart the two patterns came."""
    finding = plateau_escape(log, "loss", "selection", ratio=0.4, growth=3)
    if log.lacking(["accuracy", "marking", "selection"]):
        return finding
    apart = Effect(half_time(*log["selection"]) / max(half_time(*log["marking"]), 1.0))
    finding = finding.having(final_accuracy=Effect(float(log["accuracy"].values[-1])))
    return finding.having(selection_over_marking=apart) if finding.found else finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=lambda key, knobs, static: sequences(key, 4 * static.batch, knobs, static),
    init=init,
    batch=lambda key, test, knobs, static: sequences(key, static.batch, knobs, static),
    loss=loss,
    optimizer=lambda knobs, static: optax.adam(knobs.lr),
    observe=observe,
    detect=detect,
    settled=lambda log: log["loss"].values[-1] < 0.05,
    units={"loss": "nat", "accuracy": "share of examples", "selection": "share of attention"},
    figure=("loss", "selection", "marking", "accuracy"),
)
