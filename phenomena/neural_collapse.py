r"""Neural collapse: after the fit, the features of a class become one point, and the classes a simplex.

Setup. Data: labels of K classes. Network: a linear classifier on features that are free vectors,
one per example, as if an encoder could put every example anywhere; at first they are scattered more
widely than the classes are apart, and the classes come in pairs. Full-batch gradient descent on
L = mean_i CE(W h_i, y_i) + wd / 2 (|W|^2 + mean_i |h_i|^2), steps of h_i taken per example.

Claim. All examples are fitted within tens of steps; only then do the features of a class collapse
to their mean. What the classifier does not see feels weight decay alone, so the scatter within
classes decays as (1 - lr wd)^(2 t), an exact rate. The means, less their mean, take equal angles of
cosine -1 / (K - 1), the simplex, and become parallel to the classifier.

Control. Without weight decay the data are fitted as well and the scatter stays. With fewer than
K - 1 dimensions there is no room for the simplex: four classes in a plane form a square.

Source. Papyan, Han, Donoho, arXiv:2008.08186; free features: Zhu et al., arXiv:2105.02375.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.collapse_after_fit import collapse_after_fit
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.observables import accuracy


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.5  # [1] gradient-descent step; > 0
    weight_decay: float = 0.01  # [1] wd, of classifier and features; >= 0
    pairing: float = 2.0  # [1] length of the vector that a pair of classes has in common at the start; >= 0


class Static(NamedTuple):
    """Static."""

    classes: int = 4  # [class] K, number of classes; even
    per_class: int = 10  # [sample] examples of every class
    dim: int = 16  # [1] dimension of the features
    steps: int = 1000
    log_every: int = 5


def data(key, knobs, static):
    return jnp.repeat(jnp.arange(static.classes), static.per_class)


def init(key, knobs, static):
    """Features as h / sqrt(examples): then the mean over examples gives each the gradient of its own loss."""
    k, n, d = static.classes, static.per_class, static.dim
    drawn = normals(key, h=(k // 2, 2 * n, d), pair=(k // 2, 1, d), w=(d, k))
    pair = knobs.pairing * drawn["pair"] / jnp.linalg.norm(drawn["pair"], axis=-1, keepdims=True)
    return {"h": (drawn["h"] + pair).reshape(k * n, d) / np.sqrt(k * n), "w": drawn["w"] / np.sqrt(d)}


def scores(params, labels):
    return np.sqrt(labels.size) * params["h"] @ params["w"]


def loss(params, labels, knobs, static):
    fit = optax.softmax_cross_entropy_with_integer_labels(scores(params, labels), labels)
    return jnp.mean(fit) + knobs.weight_decay / 2 * optax.tree.norm(params, squared=True)


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def observe(state, labels, knobs, static):
    k, w = static.classes, state.params["w"].T
    h = np.sqrt(labels.size) * state.params["h"].reshape(k, static.per_class, static.dim)
    mean = jnp.mean(h, 1) - jnp.mean(h, (0, 1))
    within = jnp.mean(jnp.sum((h - jnp.mean(h, 1, keepdims=True)) ** 2, -1))
    unit = mean / jnp.linalg.norm(mean, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[~np.eye(k, dtype=bool)]
    centred = w - jnp.mean(w, 0)
    return {
        "train_acc": accuracy(scores(state.params, labels), labels, jnp.ones(labels.size)),
        "train_loss": loss(state.params, labels, knobs, static),
        "within": within,
        "spread": within / jnp.mean(jnp.sum(mean**2, -1)),
        "deviation": jnp.sqrt(jnp.mean((cosines + 1 / (k - 1)) ** 2)),
        "duality": jnp.sum(centred * mean) / jnp.linalg.norm(centred) / jnp.linalg.norm(mean),
        "law": -2 * jnp.log1p(-knobs.lr * knobs.weight_decay),
    }


def detect(log):
    """Collapse after the fit; with the rate at which the scatter decays over the law's, and the final duality."""
    finding = collapse_after_fit(log)
    if not log.lacking(["duality"]):
        finding = finding.having(duality=Effect(float(log["duality"].values[-1])))
    if not finding.found or log.lacking(["within", "law"]):
        return finding
    t, within = log["within"]
    after = t >= finding.onset
    rate = -np.polyfit(t[after], np.log(within[after]), 1)[0]
    return finding.having(rate_over_law=Effect(float(rate / log["law"].values[0])))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={
        "train_acc": "share of examples",
        "train_loss": "nat",
        "within": "1",
        "spread": "1",
        "deviation": "1",
        "duality": "cosine",
        "law": "1 / step",
    },
    figure=("spread", "deviation", "train_acc", "duality"),
)
