r"""Slingshot: long after the fit the last layer leaps and the loss spikes again and again, by one-sided rounding.

Setup. Data: Gaussian points with random labels of four classes, full batch. Network: ReLU MLP 8-16-16-4, cross
entropy. Adam with a short memory, no weight decay. The gradient by the logits of a point is p - onehot(label),
p the softmax.

Claim. With the fit what the label's probability lacks of 1 falls below half the spacing of the numbers next to
1, 2^-24 in single precision. The label's entry of the gradient is then exactly 0, and the others' are not: they
no longer add up to 0, and push all logits down together, which changes no probability, so that nothing stops
it. Adam divides by the gradient's size and makes steps of it; the last layer's weights and the features drive
each other, until the loss spikes. It takes an eps that does not swamp gradients of that size. How the point's
label entry is computed decides: as minus the sum of the others there are no spikes; rounded away below `cut`,
they come when the fit has got there.

Control. The exact sum; a larger eps. (In double precision, where 2^-53 takes an eps below it to be seen, it is
the same.)

Source. Thilak et al., arXiv:2206.04817, name and cycle, as a feature of adaptive optimisation; that a gradient
which is absorbed is the cause: arXiv:2605.06152.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.spikes import spikes
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect
from bestiary.networks.mlp import mlp

CLASSES = 4
BETA1 = 0.9  # [1] memory of the gradient


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 3e-3  # [1] step size; > 0
    eps: float = 1e-8  # [gradient] added to the root of the second moment; > 0
    beta2: float = 0.95  # [1] memory of the second moment; >= 0 and < 1
    cut: float = 0.0  # [1] what a label's probability lacks of 1 that is rounded to 0, if gradients are `cut`; >= 0


class Static(NamedTuple):
    """Static."""

    gradient: Literal["rounded", "cut"] = "rounded"  # rounded: as single precision has it; cut: exact, but for `cut`
    points: int = 32  # [example] points with a label
    inputs: int = 8  # [1] dimension of a point
    width: int = 16  # [neuron] of both hidden layers
    steps: int = 5000
    log_every: int = 2


def data(key, knobs, static):
    """-> x (n, d), labels one-hot (n, CLASSES), drawn as the largest of normal numbers."""
    drawn = normals(key, x=(static.points, static.inputs), y=(static.points, CLASSES))
    return drawn["x"], jax.nn.one_hot(jnp.argmax(drawn["y"], 1), CLASSES)


def init(key, knobs, static):
    """He's weights, biases 0."""
    d, h = static.inputs, static.width
    weights = {
        name: (2 / w.shape[0]) ** 0.5 * w for name, w in normals(key, w1=(d, h), w2=(h, h), w3=(h, CLASSES)).items()
    }
    return weights | {"b1": jnp.zeros(h), "b2": jnp.zeros(h), "b3": jnp.zeros(CLASSES)}


def errors(logits, labels):
    """(n, CLASSES) the cross entropy's gradient by the logits, as single precision has it, and exact."""
    p = jax.nn.softmax(logits)
    others = p * (1 - labels)
    return p - labels, others - labels * jnp.sum(others, 1, keepdims=True)


def loss(params, batch, knobs, static):
    """The mean cross entropy; of cut gradients a loss with these gradients."""
    x, labels = batch
    logits = mlp(params, x, jax.nn.relu)
    if static.gradient == "rounded":
        return jnp.mean(jax.nn.logsumexp(logits, 1) - jnp.sum(logits * labels, 1))
    exact = errors(logits, labels)[1]
    kept = jnp.where((labels > 0) & (-exact < knobs.cut), 0.0, exact)
    return jnp.sum(jax.lax.stop_gradient(kept) * logits) / static.points


def optimizer(knobs, static):
    return optax.adam(knobs.lr, BETA1, knobs.beta2, knobs.eps)


def observe(state, data, knobs, static):
    x, labels = data
    logits = mlp(state.params, x, jax.nn.relu)
    rounded, exact = errors(logits, labels)
    seen = rounded if static.gradient == "rounded" else jnp.where((labels > 0) & (-exact < knobs.cut), 0.0, exact)
    lost = jnp.sum((jnp.sum(seen * labels, 1) == 0) & (jnp.sum(jnp.abs(exact), 1) > 0))
    off = jnp.sum(jnp.where(labels > 0, 0.0, exact), 1)  # what a label's probability lacks of 1
    return {
        "loss": jnp.mean(jax.nn.logsumexp(logits, 1) - jnp.sum(logits * labels, 1)),
        "train_acc": jnp.mean(jnp.argmax(logits, 1) == jnp.argmax(labels, 1)),
        "absorbed": lost / static.points,
        "lacking": jnp.mean(off),
        "last_layer": jnp.linalg.norm(state.params["w3"]),
        "common_logit": jnp.mean(jnp.mean(logits, 1)),
    }


def detect(log):
    """Spikes after the fit; with the gradients absorbed before, the last layer's growth and the mean logit."""
    finding = spikes(log, "loss")
    if log.lacking(["absorbed", "last_layer", "train_acc", "common_logit"]):
        return finding
    t, absorbed = log["absorbed"].finite()
    norm, common = log["last_layer"].values, log["common_logit"].values
    if not np.isfinite(norm).all() or t.size < 2:
        return finding
    finding = finding.having(
        norm_growth=Effect(float(norm[-1] / norm[t.size // 10])),
        common_logit=Effect(float(common[-1])),
        absorbed=Effect(float(np.mean(absorbed))),
    )
    first = finding.effects.get("first")
    if first is None:
        return finding
    before = absorbed[(t < first.value) & (t >= 0.9 * first.value)]
    return finding.having(absorbed_before=Effect(float(before.max()))) if before.size else finding


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
        "loss": "nat",
        "train_acc": "1",
        "absorbed": "share of the points",
        "lacking": "1",
        "last_layer": "1",
        "common_logit": "1",
    },
    figure=("loss", "last_layer", "absorbed", "common_logit"),
)
