r"""An induction head forms abruptly, and the loss late in the context falls with it.

Setup. Data: sequences of random tokens that repeat with a period drawn anew for each. Network:
two attention layers without MLP, on one-hot tokens x; the first reads positions only:
A = softmax(P), A' = softmax(x Q (A x)^T + P'), scores A' x O + x B. Adam or SGD on the cross entropy.

Claim. Once a sequence repeats, the next token is the one that followed the current token before.
To find it, the first layer must attend to the previous token and the second match that with the
current one; neither is of use alone. The loss on the repeated part stays at ln V, then falls, and
in the same window the second layer's prefix matching score rises. Which layer comes first is read
off each by itself, the second with an ideal first: under SGD the second, under Adam neither.

Control. Without the first layer, what is left is to guess the period; without repetition, nothing.

Source. Olsson et al., arXiv:2209.11895. Disentangled models: Bietti et al., arXiv:2306.00802; Nichani, Damian & Lee,
arXiv:2402.14735; Edelman et al., arXiv:2402.11004; Musat et al., arXiv:2511.01033, with the order and the time of the
layers. With a fixed period one layer would do, by position.
"""

from typing import Literal, NamedTuple

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
    lr: float = 0.02  # [1] step size; > 0
    init_scale: float = 0.01  # [1] std of all parameters; >= 0
    first_layer: float = 1.0  # [1] 0: the second layer matches tokens with tokens, A = 1; 0 or 1
    repeating: float = 1.0  # [1] 0: all tokens random; 0 or 1


class Static(NamedTuple):  # static
    vocabulary: int = 12  # [token] V, size of the alphabet; >= 2
    optimizer: Literal["adam", "sgd"] = "adam"  # adam: Adam; sgd: SGD; both of step size lr
    length: int = 20  # [token] T, places that the network reads; periods are T/4 to 9 T/20; >= 4
    batch: int = 32  # [sequence] sequences drawn at every step
    test: int = 64  # [sequence] sequences drawn once to test on
    steps: int = 240
    log_every: int = 3


def periods(static):
    """[token] -> least and greatest period."""
    return static.length // 4, 9 * static.length // 20


def sequences(key, count, knobs, static):
    """-> tokens (count, T + 1)."""
    shortest, longest = periods(static)
    t, span = jnp.arange(static.length + 1), 1 + longest - shortest
    # One draw: the last number of a row gives its period.
    u = jax.random.uniform(key, (count, static.length + 2))
    tokens, period = jnp.int32(static.vocabulary * u[:, :-1]), shortest + jnp.int32(span * u[:, -1:])
    return jnp.where(knobs.repeating > 0.5, jnp.take_along_axis(tokens, t % period, axis=1), tokens)


def data(key, knobs, static):
    return sequences(key, static.test, knobs, static)


def batch(key, test, knobs, static):
    return sequences(key, static.batch, knobs, static)


def init(key, knobs, static):
    v, t = static.vocabulary, static.length
    params = normals(key, first=(t, t), place=(t, t), match=(v, v), copy=(v, v), bigram=(v, v))
    return jax.tree.map(lambda w: knobs.init_scale * w, params)


def network(params, tokens, knobs, given=None):
    """-> scores of the next token (n, T, V), attention of the layers (T, T), (n, T, T).

    Attention (T, T) that is given takes the place of the first layer's in what the second layer reads.
    """
    x = jax.nn.one_hot(tokens, params["copy"].shape[0])
    past = jnp.tri(tokens.shape[1], dtype=bool)
    first = jax.nn.softmax(params["first"], where=past)
    read = first if given is None else given
    seen = jnp.where(knobs.first_layer > 0.5, read @ x, x)
    second = jax.nn.softmax(x @ params["match"] @ seen.swapaxes(1, 2) + params["place"], where=past)
    return second @ x @ params["copy"] + x @ params["bigram"], first, second


def losses(scores, tokens):
    """[nat] Cross entropy of the next token at every place, (n, T)."""
    return optax.softmax_cross_entropy_with_integer_labels(scores, tokens[:, 1:])


def loss(params, tokens, knobs, static):
    """[nat] Cross entropy of the next token, averaged over the places."""
    scores, _, _ = network(params, tokens[:, :-1], knobs)
    return jnp.mean(losses(scores, tokens))


def optimizer(knobs, static):
    """Return Adam or SGD."""
    return {"adam": optax.adam, "sgd": optax.sgd}[static.optimizer](knobs.lr)


def observe(state, test, knobs, static):
    """On the test sequences: what is lost late and early, and the layers, each by itself and together."""
    shortest, longest = periods(static)
    tokens = test[:, :-1]
    scores, first, second = network(state.params, tokens, knobs)
    lost = losses(scores, test)

    previous = jnp.eye(static.length, k=-1).at[0, 0].set(1.0)  # the first place has none before it
    _, _, matching = network(state.params, tokens, knobs, given=previous)
    even = jnp.tri(static.length) / jnp.arange(1, static.length + 1)[:, None]
    ablated, _, _ = network(state.params, tokens, knobs, given=even)
    return {
        "loss": jnp.mean(lost[:, longest:]),
        "early_loss": jnp.mean(lost[:, : shortest - 1]),
        "ablated_loss": jnp.mean(losses(ablated, test)[:, longest:]),
        "prefix_matching": prefix_matching(second, tokens),
        "previous_token": previous_token(first),
        "matching": prefix_matching(matching, tokens),
    }


def detect(log):
    """Plateau escape with the score as its witness; with what the layers are for, and which of them came first.

    The lead is how much later than the first layer the second is half grown; what is ablated is the share of the
    in-context score that is lost if the first layer's attention is even.
    """
    finding = plateau_escape(log, "loss", "prefix_matching", ratio=0.25, growth=3)
    if log.lacking(["prefix_matching", "previous_token", "matching", "early_loss", "ablated_loss"]):
        return finding
    score, loss, early, ablated = (
        float(log[name].values[-1]) for name in ("prefix_matching", "loss", "early_loss", "ablated_loss")
    )
    finding = finding.having(prefix_matching=Effect(score), in_context_score=Effect(loss - early, "nat"))
    if not finding.found:
        return finding
    first, second = half_time(*log["previous_token"]), half_time(*log["matching"])
    return finding.having(lead=Effect(second - first, "step"), ablated=Effect((ablated - loss) / (early - loss)))


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
        "loss": "nat",
        "early_loss": "nat",
        "ablated_loss": "nat",
        "prefix_matching": "share of attention",
        "previous_token": "share of attention",
        "matching": "share of attention",
    },
    figure=("loss", "prefix_matching", "previous_token", "matching"),
)
