r"""Symmetry test: a network built to be even fits well if, and only if, the data are even.

Setup. Data: x ~ N(0, I_10); a wave along a random unit vector u, y = sqrt(2) cos(k u.x + phi), even
in x up to a part whose share of E y^2 is s = sin^2 phi, to within exp(-2 k^2) = 1 %. Network: a
tanh network f(x), once plain and once made even, (f(x) + f(-x)) / 2, trained side by side from the
same weights. Full-batch Adam on 64 points, or on 64 new ones at every step.

Claim. On few points of an even target the even network ends with a much lower test error than the
plain one, which has to learn the symmetry. No even function errs by less than the odd part, s in
units of E y^2; with points without end the even network comes down to that, and so measures how far
the data break the symmetry. The test set is closed under x -> -x: there the bound holds run by run.

Control. A target that is half odd, or all odd: to the plain network as hard as an even one.

Source. Bounds of Wang et al., arXiv:2303.04745.
"""

from typing import NamedTuple

import jax.numpy as jnp
import optax

from bestiary.detectors.ends_below import ends_below
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect


class Knobs(NamedTuple):
    """Traced."""

    broken: float = 0.0  # [1] s, share of the target's mean square that is odd; 0 to 1
    frequency: float = 1.5  # [1 / x] k, of the wave; >= 0
    fresh: float = 0.0  # [1] 1: as many new points at every step; 0 or 1
    lr: float = 0.005  # [1] Adam step size; > 0


class Static(NamedTuple):
    """Static."""

    points: int = 64  # [sample] points to train on
    dimension: int = 10  # [1] d, dimension of x
    width: int = 64  # [neuron] hidden units of each network
    pairs: int = 256  # [pair] pairs of a test point and its mirror image
    steps: int = 1000
    log_every: int = 10


# Data.


def wave(x, axis, knobs):
    """sqrt(2) cos(k u.x + phi), (n, d) -> (n,)."""
    phase = jnp.arcsin(jnp.sqrt(knobs.broken))
    return 2**0.5 * jnp.cos(knobs.frequency * x @ axis + phase)


def data(key, knobs, static):
    """-> axis (d,); x (n, d) to train on; test (2 pairs, d), mirror images last."""
    d = static.dimension
    draw = normals(key, axis=(d,), x=(static.points, d), half=(static.pairs, d))
    return {
        "axis": draw["axis"] / jnp.linalg.norm(draw["axis"]),
        "x": draw["x"],
        "test": jnp.concatenate([draw["half"], -draw["half"]]),
    }


def batch(key, data, knobs, static):
    """-> the data, with new points if asked for."""
    new = normals(key, x=data["x"].shape)["x"]
    return data | {"x": jnp.where(knobs.fresh > 0.5, new, data["x"])}


# Networks: one function, once plain and once made even.


def init(key, knobs, static):
    """Normal weights of variance 1 / fan-in, the same for both networks; the bias has variance 1."""
    draw = normals(
        key,
        hidden=(static.dimension, static.width),
        bias=(1, static.width),
        out=(static.width,),
    )
    params = {name: w / w.shape[0] ** 0.5 for name, w in draw.items()}
    return {"even": params, "plain": params}


def network(params, x):
    """(n, d) -> (n,)."""
    return jnp.tanh(x @ params["hidden"] + params["bias"]) @ params["out"]


def errors(params, x, y):
    """-> of the even network and of the plain one, each (n,); they share no parameter."""
    plus = network(params["even"], x)
    minus = network(params["even"], -x)
    plain = network(params["plain"], x)
    return (plus + minus) / 2 - y, plain - y


# Loss and optimiser.


def loss(params, batch, knobs, static):
    """Mean squared error of the even network plus that of the plain one."""
    y = wave(batch["x"], batch["axis"], knobs)
    both = jnp.stack(errors(params, batch["x"], y))
    return jnp.sum(jnp.mean(both**2, -1))


def optimizer(knobs, static):
    return optax.adam(knobs.lr)


# Observables.


def odd_share(y):
    """() Of the mean square of a function's values y at points followed by their mirror images."""
    one, other = jnp.split(y, 2)
    odd = jnp.mean((one - other) ** 2) / 4
    return odd / jnp.maximum(jnp.mean(y**2), 1e-30)


def observe(state, data, knobs, static):
    """On the test points: the errors of both networks, the bound, and what the plain network has of an odd part."""
    y = wave(data["test"], data["axis"], knobs)
    even, plain = errors(state.params, data["test"], y)
    return {
        "even_error": jnp.mean(even**2) / jnp.mean(y**2),
        "plain_error": jnp.mean(plain**2) / jnp.mean(y**2),
        "bound": odd_share(y),
        "plain_odd_share": odd_share(plain + y),
    }


# Detector.


def detect(log):
    """The even network ends well below the plain one; with its error, and how far that is above the bound."""
    finding = ends_below(log, "even_error", "plain_error")
    if log.lacking(["even_error", "bound"]):
        return finding
    error, bound = (float(log[channel].values[-1]) for channel in ("even_error", "bound"))
    return finding.having(even_error=Effect(error), above_bound=Effect(error - bound))


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    batch=batch,
    observe=observe,
    detect=detect,
    units={
        "even_error": "mean square of y",
        "plain_error": "mean square of y",
        "bound": "mean square of y",
        "plain_odd_share": "mean square of the network",
    },
    figure=("even_error", "plain_error", "bound"),
)
