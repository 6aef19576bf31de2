r"""An induction head forms abruptly, and the loss late in the context falls with it.

Setup. Data: sequences of random tokens that repeat with a period drawn anew for each. Network:
two attention layers without MLP, on one-hot tokens x; the first reads positions only:
A = softmax(P), A' = softmax(x Q (A x)^T + P'), scores A' x O + x B. Adam on the cross entropy.

Claim. Once a sequence repeats, the next token is the one that followed the current token before.
To find it, the first layer must attend to the previous token and the second match that with the
current one; neither is of use alone. The loss on the repeated part stays at ln V, then falls, and
in the same window the second layer's prefix matching score rises. The first layer leads.

Control. Without the first layer, what is left is to guess the period; without repetition, nothing.

Source. Olsson et al., arXiv:2209.11895. With a fixed period one layer would do, by position.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from bestiary.detectors._curves import half_time
from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.observables import prefix_matching, previous_token


class Knobs(NamedTuple):  # traced
    lr: float = 0.02  # [1] Adam step size; > 0
    init_scale: float = 0.01  # [1] std of all parameters; >= 0
    first_layer: float = 1.0  # [1] 0: the second layer matches tokens with tokens, A = 1; 0 or 1
    repeating: float = 1.0  # [1] 0: all tokens random; 0 or 1


class Static(NamedTuple):  # static
    vocabulary: int = 12  # [token] V, size of the alphabet; >= 2
    length: int = 20  # [token] T, places that the network reads
    shortest: int = 5  # [token] least period; 1 to static.longest
    longest: int = 9  # [token] greatest period; >= 1 and < static.length
    batch: int = 32  # [sequence] sequences drawn at every step
    test: int = 64  # [sequence] sequences drawn once to test on
    steps: int = 240
    log_every: int = 3


def sequences(key, count, knobs, static):
    """-> tokens (count, T + 1)."""
    t, span = jnp.arange(static.length + 1), 1 + static.longest - static.shortest
    # One draw: the last number of a row gives its period.
    u = jax.random.uniform(key, (count, static.length + 2))
    tokens, period = jnp.int32(static.vocabulary * u[:, :-1]), static.shortest + jnp.int32(span * u[:, -1:])
    return jnp.where(knobs.repeating > 0.5, jnp.take_along_axis(tokens, t % period, axis=1), tokens)


def data(key, knobs, static):
    return sequences(key, static.test, knobs, static)


def batch(key, test, knobs, static):
    return sequences(key, static.batch, knobs, static)


def init(key, knobs, static):
    v, t = static.vocabulary, static.length
    params = normals(key, first=(t, t), place=(t, t), match=(v, v), copy=(v, v), bigram=(v, v))
    return jax.tree.map(lambda w: knobs.init_scale * w, params)


def network(params, tokens, knobs):
    """-> scores of the next token (n, T, V), attention of the layers (T, T), (n, T, T)."""
    x = jax.nn.one_hot(tokens, params["copy"].shape[0])
    past = jnp.tri(tokens.shape[1], dtype=bool)
    first = jax.nn.softmax(params["first"], where=past)
    seen = jnp.where(knobs.first_layer > 0.5, first @ x, x)
    second = jax.nn.softmax(x @ params["match"] @ seen.swapaxes(1, 2) + params["place"], where=past)
    return second @ x @ params["copy"] + x @ params["bigram"], first, second


def loss(params, tokens, knobs, static, skip=0):
    """[nat] Cross entropy of the next token, averaged from position `skip` on."""
    scores, _, _ = network(params, tokens[:, :-1], knobs)
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(scores, tokens[:, 1:])[:, skip:])


def optimizer(knobs, static):
    return optax.adam(knobs.lr)


def observe(state, test, knobs, static):
    _, first, second = network(state.params, test[:, :-1], knobs)
    return {
        "loss": loss(state.params, test, knobs, static, skip=static.longest),
        "prefix_matching": prefix_matching(second, test[:, :-1]),
        "previous_token": previous_token(first),
    }


def detect(log):
    """Plateau escape with the score as its witness; with the score, and whether the first layer led."""
    finding = plateau_escape(log, "loss", "prefix_matching", ratio=0.25, growth=3)
    if log.lacking(["prefix_matching", "previous_token"]):
        return finding
    lead = half_time(*log["previous_token"]) < half_time(*log["prefix_matching"])
    finding = finding.having(prefix_matching=Effect(float(log["prefix_matching"].values[-1])))
    return finding.having(first_layer_leads=Effect(float(lead))) if finding.found else finding


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
    units={"loss": "nat", "prefix_matching": "share of attention", "previous_token": "share of attention"},
    figure=("loss", "prefix_matching", "previous_token"),
)
