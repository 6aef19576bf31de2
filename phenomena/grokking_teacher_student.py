r"""Grokking of a regression: a student that starts large learns its teacher when weight decay has worn it down.

Setup. Data: n normal points x in R^5 and their images under a teacher, a tanh network 5-h-h-5 as it
begins. Network: a student of the same form, all of whose weights begin init_scale times as large.
Full-batch AdamW on the squared error. A point counts as right if its squared error, averaged over
the outputs, is below 1e-3, as in the authors' code; their text has 1e-2. Chance is 0.

Claim. A student that starts large fits the n points by a function that says little of others. Decay
wears its weights down like exp(-lr wd t), and when their norm has come down to about a fifth more
than an ordinary start's, it predicts new points: ten times later. So that time is ln(w0 / wc) / (lr wd), w0
the norm at the start and wc this one; wc hardly depends on the start, and a start larger by a factor
r puts it off by ln r in the clock lr wd t. The stricter the threshold, the smaller is wc.

Control. Without weight decay it only memorises; from the teacher's scale, or by a threshold of 1e-2,
it generalises while it fits; with every point given the image of the next there is nothing to predict.

Source. Liu, Michaud & Tegmark, arXiv:2210.01117: t = ln(w0 / wc) / wd on page 3; figure 2.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.entry import Phenomenon
from bestiary.log import Effect
from bestiary.observables import sum_of_squares

NOTEBOOK_ENDS = 0.285  # [1 / (lr wd)] the last record of the authors' run


class Knobs(NamedTuple):  # traced
    lr: float = 3e-3  # [1] AdamW step size; > 0
    weight_decay: float = 0.1  # [1] decoupled, per unit of lr; >= 0
    init_scale: float = 2.0  # [1] student's weights at the start, over the teacher's scale; >= 0
    right: float = 1e-3  # [1] squared error below which a point is right; > 0
    shuffled: float = 0.0  # [1] 1: every point is given the image of the next; 0 or 1


class Static(NamedTuple):  # static
    points: int = 100  # [sample] n, points trained on
    tests: int = 400  # [sample] points tested on
    inputs: int = 5  # [1] dimension of a point, and of its image
    width: int = 100  # [neuron] h, units of each hidden layer
    steps: int = 3000
    log_every: int = 10


# Network, of teacher and student.


def drawn(key, static):
    """A network of three layers, uniform in +-1 / sqrt(fan-in); the bias is the weight of a last input that is 1."""
    d, h = static.inputs, static.width
    left = jax.random.uniform(key, ((d + h + 2) * h + (h + 1) * d,), minval=-1.0)
    layers = []
    for fan_in, fan_out in ((d, h), (h, h), (h, d)):
        layer, left = jnp.split(left, [(fan_in + 1) * fan_out])
        layers.append(layer.reshape(fan_in + 1, fan_out) / fan_in**0.5)
    return layers


def network(params, x):
    """(n, d) -> (n, d)."""
    *hidden, last = params
    for w in hidden:
        x = jnp.tanh(x @ w[:-1] + w[-1])
    return x @ last[:-1] + last[-1]


def init(key, knobs, static):
    """The student, as the teacher but for init_scale."""
    return jax.tree.map(lambda w: knobs.init_scale * w, drawn(key, static))


# Data.


def data(key, knobs, static):
    """-> train and test points x (n, d) and their images (n, d)."""
    of_points, of_teacher = jax.random.split(key)
    n = static.points
    x = jax.random.normal(of_points, (n + static.tests, static.inputs))
    y = network(drawn(of_teacher, static), x)
    y = jnp.where(knobs.shuffled > 0.5, jnp.roll(y, -1, 0), y)
    return (x[:n], y[:n]), (x[n:], y[n:])


# Loss and optimiser.


def errors(params, pairs):
    """(n,) squared error of every point, averaged over the outputs."""
    x, y = pairs
    return jnp.mean((network(params, x) - y) ** 2, -1)


def loss(params, batch, knobs, static):
    """Squared error, averaged over the points that are trained on."""
    train, _ = batch
    return jnp.mean(errors(params, train))


def optimizer(knobs, static):
    return optax.adamw(knobs.lr, weight_decay=knobs.weight_decay)


# Observables.


def observe(state, data, knobs, static):
    """Shares of points that are right, the norm of the weights in units of an ordinary start's, the clock lr wd t."""
    train, test = (errors(state.params, pairs) for pairs in data)
    over_start = jnp.sqrt(sum_of_squares(state.params) / sum_of_squares(state.start))
    return {
        "train_acc": jnp.mean(train < knobs.right),
        "test_acc": jnp.mean(test < knobs.right),
        "test_loss": jnp.mean(test),
        "weight_norm": knobs.init_scale * over_start,
        "clock": state.step * knobs.lr * knobs.weight_decay,
    }


# Detector.


def detect(log):
    """Delayed generalisation; with lr wd t, the norm at that time, and what the authors' run had when it ended.

    `clock_over_law` is lr wd t over ln(w0 / wc), w0 and wc the norms at the start and at that time: 1 if decay alone
    moves the weights.
    """
    finding = delayed_generalization(log)
    if log.lacking(["clock", "weight_norm"]) or not finding.found:
        return finding
    steps, clocks = log["clock"]
    clock, norm = (float(np.interp(finding.onset, *log[channel])) for channel in ("clock", "weight_norm"))
    law = np.log(log["weight_norm"].values[0] / norm)
    finding = finding.having(clock=Effect(clock), weight_norm=Effect(norm), clock_over_law=Effect(float(clock / law)))
    if clocks[-1] < NOTEBOOK_ENDS:
        return finding
    end = np.interp(NOTEBOOK_ENDS, clocks, steps)
    acc, norm = (float(np.interp(end, *log[channel])) for channel in ("test_acc", "weight_norm"))
    return finding.having(notebook_test_acc=Effect(acc), notebook_norm=Effect(norm))


def settled(log):
    """Whether the test accuracy has stayed above 0.96 over the last records."""
    return log["test_acc"].values[-10:].min() >= 0.96


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    settled=settled,
    units={
        "train_acc": "share of points",
        "test_acc": "share of points",
        "test_loss": "1",
        "weight_norm": "ordinary start's",
        "clock": "1 / (lr wd)",
    },
    figure=("train_acc", "test_acc", "test_loss"),
)
