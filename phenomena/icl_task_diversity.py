r"""Task diversity: trained on few regression tasks attention knows these tasks; on as many as inputs, how to regress.

Setup. Data: sequences of N pairs x, w.x + noise, x ~ N(0, I_d), and a query; w is one of k tasks drawn once,
N(0, I_d) each, so that an answer of 0 has error 1 in units of E |w|^2. Network: one layer of linear attention,
answer = q.M^T b, b = sum_n x_n y_n / N. Gradient descent on the exact mean over sequences, from M = 0:
    M' = M - 2 lr (C M - R),   R = sum w w^T / k,   C = (1 + 1/N) R + (tr R + d noise^2) / N.

Claim. What is learned of the tasks is their covariance, along each eigenvector r of R
    m = r / ((1 + 1/N) r + c),   c = (tr R + d noise^2) / N.
With fewer tasks than inputs d - k eigenvalues are 0: a new task is answered within the span of the old ones,
and its error is at least 1 - k / d. Beyond k = d it falls to that of ridge regression. For large d the
eigenvalues are those of Marchenko and Pastur, and the error on new tasks is their mean of 1 - 2 m + m^2 (1 +
1/N + c). Old tasks are answered well at any diversity.

Control. Many tasks.

Source. Lu et al., arXiv:2405.11751: linear attention has a transition at k = d between knowing tasks and
learning in context; Raventos et al., arXiv:2306.15063: the threshold in transformers. Here sequences are
without end, theirs are few.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from bestiary.detectors.ends_below import ends_below
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    tasks: float = 16.0  # [task] k; 1 to static.most_tasks
    context: float = 10.0  # [d] N over d; > 0
    noise: float = 0.1  # [deviation of w.x] std of the labels' noise; >= 0
    lr: float = 0.05  # [1] gradient-descent step; > 0


class Static(NamedTuple):
    """Static."""

    inputs: int = 32  # [1] d, dimension of x
    most_tasks: int = 256  # [task] drawn, of which the first k are trained on
    steps: int = 1000
    log_every: int = 5


def data(key, knobs, static):
    """-> R (d, d)."""
    w = normals(key, w=(static.most_tasks, static.inputs))["w"]
    w = jnp.where(jnp.arange(static.most_tasks)[:, None] < knobs.tasks, w, 0.0)
    return w.T @ w / knobs.tasks


def square(covariance, knobs, static):
    """(d, d) E b b^T of sequences whose tasks have this covariance."""
    d = static.inputs
    n = knobs.context * d
    power = jnp.trace(covariance) + d * knobs.noise**2
    return (1 + 1 / n) * covariance + power / n * jnp.eye(d)


def init(key, knobs, static):
    return jnp.zeros((static.inputs, static.inputs))


def step(key, state, covariance, knobs, static):
    slope = 2 * (square(covariance, knobs, static) @ state.params - covariance)
    return state._replace(params=state.params - knobs.lr * slope)


def error(m, covariance, knobs, static):
    """() mean squared error of the answer to a query, noise aside, over E |w|^2 of these tasks."""
    seen = jnp.sum((square(covariance, knobs, static) @ m) * m) - 2 * jnp.sum(covariance * m)
    return 1 + seen / jnp.trace(covariance)


def observe(state, covariance, knobs, static):
    any_task = jnp.eye(static.inputs)
    best = jnp.linalg.norm(square(any_task, knobs, static)[0])  # of a multiple of the identity
    return {
        "old_loss": error(state.params, covariance, knobs, static),
        "new_loss": error(state.params, any_task, knobs, static),
        "ridge_loss": 1 - 1 / best,
    }


def detect(log):
    """Old tasks answered well better than new ones; with both errors, and the new one's over ridge regression's."""
    finding = ends_below(log, "old_loss", "new_loss", share=0.5)
    if log.lacking(["old_loss", "new_loss", "ridge_loss"]):
        return finding
    old, new, ridge = (log[name].finite().values for name in ("old_loss", "new_loss", "ridge_loss"))
    if not new.size or not np.isfinite(log["new_loss"].values).all():
        return finding
    return finding.having(
        old=Effect(float(old[-1])), new=Effect(float(new[-1])), new_over_ridge=Effect(float(new[-1] / ridge[-1]))
    )


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={"old_loss": "E |w|^2", "new_loss": "E |w|^2", "ridge_loss": "E |w|^2"},
    figure=("old_loss", "new_loss"),
)
