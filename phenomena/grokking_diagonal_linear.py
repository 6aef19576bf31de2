r"""Grokking in a diagonal linear network, whose delay obeys a law.

Setup. Data: n sign vectors x in {-1, 1}^d, label the sign of x_1 + x_2 + x_3, n < d. Network:
f(x) = (u^2 - v^2) x with u = v = alpha at the start. Gradient descent on the logistic loss plus
wd/2 (|u|^2 + |v|^2).

Claim. A network that starts large moves as a linear one: within a few steps it fits the training
set by a dense vector that generalises poorly. Weight decay then wears u and v down like exp(-lr wd t)
until they are small enough to become sparse, and only then, hundreds of times later, the test
accuracy rises. In the clock lr wd t that time does not depend on lr, and on wd by a logarithm; a start
larger by a factor r puts it off by ln r. A `twin` trains beside every network, from a start r times as large.

Control. Without weight decay, or with too few points, it never generalises; with n = 5 d points
it generalises at once.

Source. Lyu et al., arXiv:2311.18817: the transition comes at (ln alpha) / wd to leading order in large alpha.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.delayed_generalization import delayed_generalization
from bestiary.entry import Phenomenon, log_schedule
from bestiary.log import Effect
from bestiary.observables import sum_of_squares


class Knobs(NamedTuple):  # traced
    lr: float = 0.1  # [1] step size; > 0
    weight_decay: float = 0.01  # [1] in the gradient, per unit of lr; >= 0
    alpha: float = 1.0  # [1] every weight at the start; > 0
    twin: float = 2.0  # [1] r, the twin's start over the network's; > 0
    share: float = 1.0  # [1] of the points that is trained on; 0 to 1


class Static(NamedTuple):  # static
    inputs: int = 500  # [1] d, dimension of x
    points: int = 140  # [sample] n, points drawn to train on
    tests: int = 800  # [sample] points drawn to test on
    steps: int = 4000
    log_every: int = 1  # [step] at least; records are spaced logarithmically


def data(key, knobs, static):
    """-> train and test examples x (n, d), y (n,)."""
    x = jax.random.rademacher(key, (static.points + static.tests, static.inputs), jnp.float32)
    y = jnp.sign(jnp.sum(x[:, :3], 1))
    n = static.points
    return (x[:n], y[:n]), (x[n:], y[n:])


def init(key, knobs, static):
    """Nothing is drawn: the seeds differ in their data."""
    starts = knobs.alpha * jnp.array([1.0, knobs.twin])
    return {
        "u": jnp.tile(starts[:, None], static.inputs),
        "v": jnp.tile(starts[:, None], static.inputs),
    }


def network(params, x):
    """(n, 2) the outputs of the network and its twin."""
    return x @ (params["u"] ** 2 - params["v"] ** 2).T


def trained_on(knobs, static):
    """(static.points,) the weight of every point in the mean over those trained on."""
    used = jnp.arange(static.points) < jnp.round(knobs.share * static.points)
    return used / jnp.sum(used)


def loss(params, batch, knobs, static):
    """Logistic loss of the network plus that of its twin, plus wd/2 (|u|^2 + |v|^2) of both."""
    (x, y), _ = batch
    logistic = jax.nn.softplus(-y[:, None] * network(params, x))
    decay = 0.5 * knobs.weight_decay * sum_of_squares(params)
    return jnp.sum(trained_on(knobs, static) @ logistic) + decay


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def observe(state, data, knobs, static):
    """Accuracy of the network and of its twin, the network's norm, the clock lr wd t, and the twin's due ln r."""
    (x, y), (x_test, y_test) = data
    # A score of zero, as at the start, guesses: it is right in half of the cases.
    margin = y[:, None] * network(state.params, x)
    train = trained_on(knobs, static) @ (1 + jnp.sign(margin)) / 2
    test_margin = y_test[:, None] * network(state.params, x_test)
    test = jnp.mean(1 + jnp.sign(test_margin), 0) / 2
    return {
        "train_acc": train[0],
        "test_acc": test[0],
        "twin_train_acc": train[1],
        "twin_test_acc": test[1],
        "weight_norm": jnp.sqrt(jnp.sum(state.params["u"][0] ** 2 + state.params["v"][0] ** 2)),
        "clock": state.step * knobs.lr * knobs.weight_decay,
        "head_start": jnp.log(knobs.twin),
    }


def detect(log):
    """Delayed generalisation; with its time in the clock lr wd t, and the twin's delay over ln r."""
    finding = delayed_generalization(log, chance=0.5)
    twin = delayed_generalization(log, "twin_train_acc", "twin_test_acc", chance=0.5)
    if log.lacking(["clock", "head_start"]) or not finding.found:
        return finding
    own = float(np.interp(finding.onset, *log["clock"]))
    finding = finding.having(clock=Effect(own))
    if not twin.found:
        return finding
    later = np.interp(twin.onset, *log["clock"]) - own
    return finding.having(shift_over_law=Effect(float(later / log["head_start"].values[-1])))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    schedule=partial(log_schedule, points=600),
    units={
        "train_acc": "share of examples",
        "test_acc": "share of examples",
        "twin_train_acc": "share of examples",
        "twin_test_acc": "share of examples",
        "weight_norm": "1",
        "clock": "1 / (lr wd)",
        "head_start": "1 / (lr wd)",
    },
    figure=("train_acc", "test_acc", "twin_test_acc"),
)
