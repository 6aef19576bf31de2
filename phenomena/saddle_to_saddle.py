r"""Saddle to saddle: a deep linear network learns its target one mode at a time, the strongest first.

Also known as stage-like or incremental learning.

Setup. Data: whitened inputs, so only the target M = U diag(s_1, ..., s_k) V^T matters. Network:
linear, W2 W1, with small random weights. Gradient descent on L = 1/2 |W2 W1 - M|^2.

Claim. The strength a = u.W2 W1 v of a mode starts from its seed in the weights,
    a_0 = |W1 v + W2^T u|^2 / 4,
and grows as a sigmoid, a / s = 1 / (1 + (s / a_0 - 1) e^(-2 s t)), so it is half learned at
    t = ln(s / a_0 - 1) / (2 ln(1 + lr s))   [step],
in proportion to 1 / s up to a logarithm. While one mode grows the next has not begun: the loss
falls in steps, and before each the run passes a saddle, a network of lower rank. It passes it nearer
the smaller the start: with modes r apart, what the last leaves, e^(-2 r s t), meets what the next
brings, e^(s t), where the gradient has fallen as a_0^((r - 1) / (2 r + 1)), init_scale^0.4 for r = 2.

Control. Large initial weights; modes of equal strength. In a single layer all modes take the same
time, by arithmetic.

Source. Saxe et al., arXiv:1312.6120: the sigmoid for aligned weights; the name, and saddles of
rising rank, Jacot et al., arXiv:2106.15933. The seed of unaligned weights is the growing part of the
dynamics linearised at 0, W1' = W2^T M, W2' = M W1^T.
"""

from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from bestiary.detectors.staggered_modes import staggered_modes
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

MODES = 4


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 0.02  # [1] gradient-descent step; > 0
    init_scale: float = 1e-3  # [1] std of every weight; > 0
    ratio: float = 2.0  # [1] strength of a mode over that of the next; > 0
    strongest: float = 4.0  # [1] strength of the first; > 0


class Static(NamedTuple):
    """Static."""

    dim: int = 8  # [1] d, dimension of inputs and outputs; >= 4
    width: int = 128  # [neuron] hidden units
    layers: int = 2  # [layer] layers of the network; 1 or 2
    steps: int = 800
    log_every: int = 2


def strengths(knobs):
    """(MODES,) s_i."""
    return knobs.strongest / knobs.ratio ** jnp.arange(MODES)


def data(key, knobs, static):
    """-> M (d, d) in the basis of its singular vectors; Gaussian weights know no other."""
    return jnp.diag(jnp.pad(strengths(knobs), (0, static.dim - MODES)))


def init(key, knobs, static):
    d, n = static.dim, static.width
    drawn = normals(key, w1=(n, d), w2=(d, n)) if static.layers == 2 else normals(key, w1=(d, d))
    return jax.tree.map(lambda w: knobs.init_scale * w, drawn)


def network(params):
    """(d, d) the product of the layers."""
    return params["w2"] @ params["w1"] if "w2" in params else params["w1"]


def loss(params, target, knobs, static):
    return 0.5 * jnp.sum((network(params) - target) ** 2)


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def due(start, knobs):
    """(MODES,) [step] when each mode is half learned, from the weights at step 0; 0 for one that starts there."""
    s = strengths(knobs)
    seed = jnp.sum((start["w1"] + start["w2"].T) ** 2, 0)[:MODES] / 4
    return jnp.log(jnp.maximum(s / seed - 1, 1.0)) / (2 * jnp.log1p(knobs.lr * s))


def observe(state, target, knobs, static):
    """The loss and its gradient's norm, how much of every mode is learned, and when the law has it half learned."""
    value, slope = jax.value_and_grad(loss)(state.params, target, knobs, static)
    flat, _ = ravel_pytree(slope)
    seen = {"loss": value, "gradient": jnp.linalg.norm(flat)}
    learned = jnp.diagonal(network(state.params))[:MODES] / strengths(knobs)
    seen |= {f"mode_{i + 1}": learned[i] for i in range(MODES)}
    if static.layers == 2:
        seen |= {f"due_{i + 1}": due(state.start, knobs)[i] for i in range(MODES)}
    return seen


def at_saddle(log, half):
    """The least gradient between two modes over that while the later one is learned, where this is largest."""
    t, slope = log["gradient"].finite()
    between = [slope[(t > a) & (t < b)].min(initial=np.inf) / np.interp(b, t, slope) for a, b in pairwise(half)]
    return max(between)


def detect(log):
    """Staggered modes; with how near saddles it comes, the law's half-times, and those of the run over them."""
    finding = staggered_modes(log, tuple(f"mode_{i + 1}" for i in range(MODES)))
    if finding.found and not log.lacking(["gradient"]):
        half = [finding.effects[f"half_{i + 1}"].value for i in range(MODES)]
        finding = finding.having(at_saddle=Effect(float(at_saddle(log, half))))
    for i in range(1, MODES + 1):
        half = finding.effects.get(f"half_{i}")
        if half is None or log.lacking([f"due_{i}"]):
            continue
        law = float(log[f"due_{i}"].values[0])
        if law > 0:
            over = {f"due_{i}": Effect(law, "step"), f"half_over_law_{i}": Effect(half.value / law)}
            finding = finding.having(**over)
    return finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={"loss": "1", "gradient": "1"}
    | {f"mode_{i + 1}": "share of its strength" for i in range(MODES)}
    | {f"due_{i + 1}": "step" for i in range(MODES)},
    figure=("loss", "mode_1", "mode_2", "mode_3", "mode_4"),
)
