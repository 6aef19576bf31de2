r"""Neural collapse: after the fit, the features of a class become one point, and the classes a simplex.

Setup. Data: labels of K classes. Network: a linear classifier on features that are free vectors,
one per example, as if an encoder could put every example anywhere; at first they are scattered more
widely than the classes are apart, and the classes come in pairs. Full-batch gradient descent on
L = mean_i CE(W h_i, y_i) + wd / 2 (|W|^2 + mean_i |h_i|^2), steps of h_i taken per example.

Claim. All examples are fitted within tens of steps; only then do the features of a class collapse
to their mean (NC1). The means, less their mean, take equal lengths and equal angles of cosine
-1 / (K - 1), the simplex (NC2). They become parallel to the classifier (NC3), which decides as the
nearest mean does (NC4). What the classifier does not see feels weight decay alone, so the scatter
within classes decays as (1 - lr wd)^(2 t), an exact rate. That is the decay of free features, and no
claim about networks.

Measures. NC1 is tr(S_w S_b^+) / K, with the covariances within and between classes. It sees only the
span of the means; the ratio of the traces, tr S_w / tr S_b, sees all, and is what decides. NC2 is the
standard deviation of the lengths over their mean, and the mean of |cosine + 1 / (K - 1)|. NC3 is
|W / |W| - M / |M||^2, NC4 the share of examples on which the classifier and the nearest mean differ.

Control. Without weight decay the data are fitted as well, and the scatter outside the span of the
means stays; within it the cross-entropy alone makes it collapse. With fewer than K - 1 dimensions
there is no room for the simplex. For d + 2 <= K <= 2 d the classes collapse to the corners of an
orthoplex: four classes in a plane to a square.

Source. Papyan, Han, Donoho, arXiv:2008.08186; free features: Zhu et al., arXiv:2105.02375; the
orthoplex: Alcala et al., arXiv:2603.20587.
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
    """The four measures of Papyan et al., of features less their mean over all examples."""
    k, w = static.classes, state.params["w"].T
    h = np.sqrt(labels.size) * state.params["h"].reshape(k, static.per_class, static.dim)
    mean = jnp.mean(h, 1) - jnp.mean(h, (0, 1))
    scatter = h - jnp.mean(h, 1, keepdims=True)
    within = jnp.mean(jnp.sum(scatter**2, -1))
    length = jnp.linalg.norm(mean, axis=1, keepdims=True)
    unit = mean / length
    cosines = (unit @ unit.T)[~np.eye(k, dtype=bool)]
    centred = w - jnp.mean(w, 0)
    away = centred / jnp.linalg.norm(centred) - mean / jnp.linalg.norm(mean)
    nearest = jnp.argmin(jnp.sum((h[:, :, None] - jnp.mean(h, 1)) ** 2, -1), -1)
    return {
        "train_acc": accuracy(scores(state.params, labels), labels, jnp.ones(labels.size)),
        "train_loss": loss(state.params, labels, knobs, static),
        "within": within,
        "trace_ratio": within / jnp.mean(length**2),
        "nc1": within_over_between(scatter, mean),
        "nc2_norms": jnp.std(length) / jnp.mean(length),
        "nc2_angles": jnp.mean(jnp.abs(cosines + 1 / (k - 1))),
        "nc3": jnp.sum(away**2),
        "nc4": jnp.mean(nearest.ravel() != jnp.argmax(scores(state.params, labels), -1)),
        "law": -2 * jnp.log1p(-knobs.lr * knobs.weight_decay),
    }


def within_over_between(scatter, mean):
    """tr(S_w S_b^+) / K of the scatter (K, n, d) within classes and of the means (K, d) less their mean.

    With d >= K, S_b^+ = K M^T (M M^T)^+2 M, where M M^T lacks but the direction of equal entries.
    """
    k, d = mean.shape
    if d < k:
        within = jnp.einsum("kni,knj->ij", scatter, scatter) / scatter[..., 0].size
        return jnp.sum(inverse(mean.T @ mean / k) * within) / k
    seen = scatter @ mean.T @ inverse(mean @ mean.T + 1 / k)
    return jnp.mean(jnp.sum(seen**2, -1))


def inverse(matrix):
    """Of a small positive definite matrix, by Gauss and Jordan: LAPACK can deadlock with several CPU devices."""
    size = matrix.shape[0]
    both = jnp.concatenate([matrix, jnp.eye(size)], 1)
    for i in range(size):
        row = both[i] / both[i, i]
        both = (both - jnp.outer(both[:, i], row)).at[i].set(row)
    return both[:, size:]


def detect(log):
    """Collapse after the fit; with the rate of the scatter's decay over the law's, and the four measures at last."""
    finding = collapse_after_fit(log, spread="trace_ratio", deviation="nc2_angles")
    if not log.lacking(["nc1", "nc2_norms", "nc3", "nc4"]):
        first, last = (float(log["nc1"].values[i]) for i in (0, -1))
        norms, duality, differs = (float(log[name].values[-1]) for name in ("nc2_norms", "nc3", "nc4"))
        finding = finding.having(
            nc1_fall=Effect(first / last), nc2_norms=Effect(norms), nc3=Effect(duality), nc4=Effect(differs)
        )
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
        "trace_ratio": "1",
        "nc1": "1",
        "nc2_norms": "1",
        "nc2_angles": "cosine",
        "nc3": "1",
        "nc4": "share of examples",
        "law": "1 / step",
    },
    figure=("trace_ratio", "nc1", "nc2_angles", "train_acc"),
)
