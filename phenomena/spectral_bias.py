r"""Spectral bias: a network learns the low frequencies of its target first.

Setup. Data: y(t) = A sum_k cos(k t + phi_k), k = 1, 3, 5, 8, with random phases, at even points
of the circle, which the network sees as (cos t, sin t). Network: two layers,
f = sum_j a_j relu(w_j.x + b_j) / sqrt(width), in mirrored pairs of units so that f starts at 0.
Full-batch gradient descent on L = 1/2 mean (f - y)^2.

Claim. A wide network keeps its tangent kernel, whose eigenfunctions are the waves. So
the amplitude of f - y at frequency k decays as (1 - lr lambda_k)^t and is halved at
    t_k = ln 2 / -ln(1 - lr lambda_k)   [step].
For large k the kernel's eigenvalue lambda_k falls as k^-2, the Fourier series of a kink; on 32 points,
which take a wave of 24 or 40 for one of 8, t_k grows as k^1.76 from 3 to 8.

Control. With all the waves as inputs, of the same total power, all take the same time. Without the
bias the kernel has no odd frequency but the first: 3 and 5 are not learned at all, while 8 is.

Source. Rahaman et al., arXiv:1806.08734; kernel and law of Basri et al., arXiv:1906.00425.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.detectors.ordered_learning import ordered_learning
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

FREQUENCIES = np.array([1, 3, 5, 8])
PARTS = tuple(f"error_{k}" for k in FREQUENCIES)
LAWS = tuple(f"law_{k}" for k in FREQUENCIES)


class Knobs(NamedTuple):
    """Traced."""

    lr: float = 1.0  # [1] gradient-descent step; > 0
    waves: float = 0.0  # [1] 0: the inputs are cos t and sin t; 1: those of all frequencies; 0 to 1
    bias: float = 1.0  # [1] factor of the hidden biases; >= 0
    readout: float = 1.0  # [1] factor of the readout's gradient; 0: only the hidden layer is trained; >= 0
    amplitude: float = 0.03  # [1] of each wave of the target; the kernel stays the same if it is small; > 0


class Static(NamedTuple):
    """Static."""

    points: int = 32  # [sample] points of the circle
    width: int = 512  # [neuron] hidden units; even
    steps: int = 1000
    log_every: int = 1


# Data.


def waves(static):
    """The wave e^(i k t) of every frequency, (frequencies, points)."""
    return np.exp(2j * np.pi * np.outer(FREQUENCIES, np.arange(static.points)) / static.points)


def powers(knobs):
    """(frequencies,) share of each frequency in the input."""
    return (1 - knobs.waves) * (FREQUENCIES == 1) + knobs.waves / FREQUENCIES.size


def data(key, knobs, static):
    """-> x (points, 2 frequencies), y (points,)."""
    phases = jax.random.uniform(key, (FREQUENCIES.size, 1))
    turned = waves(static) * jnp.exp(2j * jnp.pi * phases)
    inputs = jnp.sqrt(powers(knobs))[:, None] * waves(static)
    return {
        "x": jnp.concatenate([inputs.real, inputs.imag]).T,
        "y": knobs.amplitude * turned.real.sum(0),
    }


# Network.


def init(key, knobs, static):
    """Normal weights in mirrored pairs of units, biases 0."""
    half = normals(key, w=(2 * FREQUENCIES.size, static.width // 2), a=(static.width // 2,))
    return {
        "w": jnp.tile(half["w"], 2),
        "a": jnp.concatenate([half["a"], -half["a"]]),
        "b": jnp.zeros(2 * half["a"].size),
    }


def network(params, x, knobs):
    """(n, 2 frequencies) -> (n,)."""
    hidden = jax.nn.relu(x @ params["w"] + knobs.bias * params["b"])
    still = jax.lax.stop_gradient(params["a"])
    return hidden @ (still + knobs.readout * (params["a"] - still)) / np.sqrt(still.size)


# Loss and optimiser.


def loss(params, batch, knobs, static):
    """1/2 mean (f - y)^2."""
    return 0.5 * jnp.mean((network(params, batch["x"], knobs) - batch["y"]) ** 2)


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


# Observables.


def eigenvalues(knobs, static):
    """(frequencies,) lambda_k of the tangent kernel at infinite width, weights N(0, 1) and biases 0."""
    cos = waves(static).real
    overlap = jnp.clip(powers(knobs) @ cos, -1, 1)  # x.x' of two points as far apart as a point is from the first
    both_on = 0.5 - jnp.arccos(overlap) / (2 * jnp.pi)  # probability that a unit is on at both
    of_readout = jnp.sqrt(1 - overlap**2) / (2 * jnp.pi) + overlap * both_on
    kernel = knobs.readout * of_readout + (overlap + knobs.bias**2) * both_on
    return cos @ kernel / static.points


def half_times(knobs, static):
    """[step] (frequencies,) t_k = ln 2 / -ln(1 - lr lambda_k)."""
    rate = knobs.lr * jnp.maximum(eigenvalues(knobs, static), 1e-6)
    return jnp.log(2.0) / -jnp.log1p(-rate)


def observe(state, data, knobs, static):
    """The amplitude of f - y at every frequency, the law's half-time of each, and the loss."""
    missing = waves(static) @ (network(state.params, data["x"], knobs) - data["y"])
    amplitudes = 2 / static.points * jnp.abs(missing)
    return {
        **dict(zip(PARTS, amplitudes, strict=True)),
        **dict(zip(LAWS, half_times(knobs, static), strict=True)),
        "loss": loss(state.params, data, knobs, static),
    }


# Detector.


def detect(log):
    """Ordered learning; with the half-times over the law's, and the exponents of both above the lowest frequency."""
    finding = ordered_learning(log, PARTS)
    over_law, times = {}, []
    for i, (k, law) in enumerate(zip(FREQUENCIES, LAWS, strict=True), 1):
        half = finding.effects.get(f"half_{i}")
        if half and law in log:
            times.append((half.value, log[law].values[0]))
            over_law[f"half_over_law_{k}"] = Effect(half.value / log[law].values[0])
    finding = finding.having(**over_law)
    if len(times) < len(LAWS):
        return finding
    slope, of_law = np.polyfit(np.log(FREQUENCIES[1:]), np.log(times[1:]), 1)[0]
    return finding.having(exponent=Effect(float(slope)), exponent_of_law=Effect(float(of_law)))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units=dict.fromkeys(PARTS, "amplitude") | dict.fromkeys(LAWS, "step") | {"loss": "1"},
    figure=PARTS,
)
