r"""Hidden progress: a sparse parity is learned all at once, but the weights that matter have moved before.

Setup. Data: fresh x in {-1, 1}^n, label x_1 ... x_k; the other n - k bits are irrelevant. Network:
two layers of ReLU. Stochastic gradient descent on the hinge loss, 1 for the trivial predictor.

Claim. The loss stays at 1, then falls in a fraction of that time. It is no search in the dark: the
gradient of a ReLU unit has from the start a larger part on relevant bits than on others, and
before a tenth of the loss is lost, the weights of the relevant bits have moved further than chance
explains. With m_i = |W_i(t) - W_i(0)| the movement of all weights of bit i, progress is
z = (mean m_relevant - mean m_others) / std m_others.

Control. Labels drawn at random; the first layer frozen; one relevant bit, of which the gradient is
large at once.

Source. Barak, Edelman, Goel, Kakade, Malach & Zhang, arXiv:2207.08799: n and k are those of figure 1, the measure of
progress is another.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon, linear_schedule
from bestiary.log import Effect


class Knobs(NamedTuple):  # traced
    lr: float = 0.2  # [1] SGD step size; > 0
    relevant: float = 3.0  # [bit] k, bits whose product is the label; 1 to static.bits
    learn_first: float = 1.0  # [1] 0: first layer frozen as it begins; 0 to 1
    shuffled: float = 0.0  # [1] 1: labels drawn at random; 0 or 1


class Static(NamedTuple):  # static
    bits: int = 50  # [bit] n, length of an example
    width: int = 400  # [neuron] hidden units
    batch: int = 64  # [sample] examples drawn at every step
    test: int = 512  # [sample] examples drawn once to test on
    steps: int = 2000
    log_every: int = 10


def schedule(static):
    """Every step at first, where one relevant bit is learned, then every log_every steps."""
    return np.unique(np.r_[0 : min(50, static.steps), linear_schedule(static)])


def examples(key, count, knobs, static):
    """-> bits (count, n), labels (count,); one more bit is tossed, for random labels."""
    bits = jax.random.rademacher(key, (count, static.bits + 1), jnp.float32)
    x, coin = bits[:, :-1], bits[:, -1]
    label = jnp.prod(jnp.where(jnp.arange(static.bits) < knobs.relevant, x, 1.0), 1)
    return x, jnp.where(knobs.shuffled > 0.5, coin, label)


def data(key, knobs, static):
    """-> test examples."""
    return examples(key, static.test, knobs, static)


def batch(key, test, knobs, static):
    """-> new examples."""
    return examples(key, static.batch, knobs, static)


def init(key, knobs, static):
    """Uniform in +-1 / sqrt(fan-in); the bias is the weight of a last input that is 1."""
    n, h = static.bits + 1, static.width
    flat = jax.random.uniform(key, ((n + 1) * h,), minval=-1.0)
    return {"w": flat[: n * h].reshape(n, h) / static.bits**0.5, "a": flat[n * h :] / h**0.5}


def hinge(params, batch):
    """-> hinge loss, share of signs that are right."""
    x, y = batch
    hidden = jax.nn.relu(x @ params["w"][:-1] + params["w"][-1])
    margin = y * (hidden @ params["a"])
    return jnp.mean(jax.nn.relu(1 - margin)), jnp.mean(margin > 0)


def loss(params, batch, knobs, static):
    """The hinge loss; of a frozen first layer it knows no gradient."""
    w, learn = params["w"], knobs.learn_first
    first = learn * w + (1 - learn) * jax.lax.stop_gradient(w)
    lost, _ = hinge(params | {"w": first}, batch)
    return lost


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def observe(state, test, knobs, static):
    moved = jnp.linalg.norm(state.params["w"] - state.start["w"], axis=1)[:-1]
    relevant = jnp.arange(static.bits) < knobs.relevant
    near = jnp.mean(moved, where=relevant)
    far = jnp.mean(moved, where=~relevant)
    lost, right = hinge(state.params, test)
    return {
        "loss": lost,
        "accuracy": right,
        "progress": (near - far) / jnp.maximum(jnp.std(moved, where=~relevant), 1e-12),
    }


def detect(log):
    """Plateau escape; with the progress that lay hidden until a tenth of the loss was lost, and that in the end."""
    finding = plateau_escape(log, "loss", level=1.0)
    if log.lacking(["progress"]):
        return finding
    t, z = log["progress"]
    finding = finding.having(final_progress=Effect(float(np.median(z[-5:]))))
    if not finding.found:
        return finding
    hidden = z[t < finding.effects["t10"].value]
    return finding.having(hidden_progress=Effect(float(hidden[-1]))) if hidden.size else finding


def settled(log):
    """Whether the loss has stayed below 0.5 % of the trivial predictor's over the last records."""
    return log["loss"].values[-10:].max() < 0.005


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    batch=batch,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    schedule=schedule,
    detect=detect,
    settled=settled,
    units={"loss": "1", "accuracy": "share of examples", "progress": "std"},
    figure=("loss", "progress", "accuracy"),
)
