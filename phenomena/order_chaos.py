r"""Order to chaos: two nearby inputs of a deep random network draw together or apart, and the border is sharp.

Setup. Network: nothing is trained. Layers of `width` units with fresh weights N(0, sigma_w^2 / width) and biases
N(0, sigma_b^2), z <- W tanh z + b. Data: two inputs, `apart` of each other, of the length that layers preserve. The
recorded axis is depth. Let d be the difference of the two z, e = |d|^2 / (|z|^2 + |z + d|^2), which is 1 - cosine for
inputs of one length. Given a layer, the pairs (z_i, d_i) of the next are independent Gaussian ones with the
covariance sigma_w^2 mean(f f') of what goes in, f = (tanh z, tanh(z + d) - tanh z): drawing those is drawing the
weights, in distribution, at 1 / width of the cost.

Claim. As the width grows, z_i ~ N(0, q) with q = sigma_w^2 E tanh^2 + sigma_b^2, and a small e is multiplied by
    chi = sigma_w^2 E tanh'(z)^2
a layer. So e decays over a depth -1 / ln chi where chi < 1, order. It grows over 1 / ln chi where chi > 1, chaos, until
it comes to rest at a cosine that no longer knows the inputs. At chi = 1 the depth diverges as 1 / |1 - chi|. A finite
width takes half the variance of a layer's factor, of order 1 / width, off the growth of ln e, and spreads the border.

Control. Smaller weights; biases that saturate the units.

Source. Poole et al., arXiv:1606.05340; depth scales: Schoenholz et al., arXiv:1611.01232.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bestiary.detectors.exceeds_bound import exceeds_bound
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

NODES = np.linspace(
    -6, 6, 49
)  # the trapezoidal rule errs by 5e-4 for q = 7, less for smaller; 120 Hermite nodes by as much
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()  # of a standard normal number
LINEAR = 1e-3  # [1] distance in theory up to which growth is read: the same layers in every run


class Knobs(NamedTuple):
    """Traced."""

    sigma_w: float = 2.0  # [1] std of a weight times sqrt(width); > 0
    sigma_b: float = 0.05  # [1] std of a bias; > 0
    apart: float = 1e-6  # [1] e of the two inputs; > 0 and < 1


class Static(NamedTuple):
    """Static."""

    layer: Literal["law", "weights"] = "law"  # law: drawn from its law given the layer before; weights: as W tanh z + b
    width: int = 2000  # [neuron] units of a layer
    steps: int = 90  # [layer] depth
    log_every: int = 1


# Mean field.


def preserved(knobs):
    """The fixed point q of the variance of a tanh unit, from above."""

    def again(_, q):
        return knobs.sigma_w**2 * jnp.sum(WEIGHTS * jnp.tanh(jnp.sqrt(q) * NODES) ** 2) + knobs.sigma_b**2

    return jax.lax.fori_loop(0, 500, again, knobs.sigma_w**2 + knobs.sigma_b**2)


def factor(q, knobs):
    """The factor chi by which a small distance is multiplied in a layer of tanh units of variance q."""
    slope = 1 - jnp.tanh(jnp.sqrt(q) * NODES) ** 2
    return knobs.sigma_w**2 * jnp.sum(WEIGHTS * slope**2)


def next_distance(e, q, knobs):
    """The distance e after one more layer of tanh units, at infinite width."""
    half = len(NODES) // 2  # (-z, -d) gives what (z, d) does
    z = jnp.sqrt(q) * NODES[half:, None]
    d = -e * z + jnp.sqrt(q * e * (2 - e)) * NODES
    once = WEIGHTS[half:] * np.where(NODES[half:] > 0, 2, 1)
    return knobs.sigma_w**2 * once @ (difference(z, d) ** 2 @ WEIGHTS) / (2 * q)


# Network.


def difference(z, d):
    """tanh(z + d) - tanh z without cancellation."""
    return jnp.tanh(d) * (1 - jnp.tanh(z) * jnp.tanh(z + d))


def distance(params):
    """Distance e of the two inputs at a layer."""
    z, d = params["z"], params["d"]
    return d @ d / (z @ z + (z + d) @ (z + d))


def data(key, knobs, static):
    """-> q and chi in theory."""
    q = preserved(knobs)
    return {"q": q, "chi": factor(q, knobs)}


def init(key, knobs, static):
    """Two inputs of length q, with no more of one in the other than e says; and e in theory."""
    drawn = normals(key, z=(static.width,), d=(static.width,))
    q, e = preserved(knobs), knobs.apart
    z = drawn["z"] * jnp.sqrt(q * static.width) / jnp.linalg.norm(drawn["z"])
    across = drawn["d"] - z * (z @ drawn["d"]) / (z @ z)
    across = across * jnp.sqrt(q * static.width * e * (2 - e)) / jnp.linalg.norm(across)
    return {"z": z, "d": across - e * z, "theory": jnp.asarray(e, z.dtype)}


def step(key, state, data, knobs, static):
    """One layer more."""
    z, d, n = state.params["z"], state.params["d"], static.width
    f, g = jnp.tanh(z), difference(z, d)
    if static.layer == "weights":
        drawn = normals(key, w=(n, n), b=(n,))
        w = knobs.sigma_w / np.sqrt(n) * drawn["w"]
        z, d = w @ f + knobs.sigma_b * drawn["b"], w @ g
    else:
        drawn = normals(key, z=(n,), d=(n,))
        ff, fg, gg = (knobs.sigma_w**2 / n * (x @ y) for x, y in ((f, f), (f, g), (g, g)))
        ff += knobs.sigma_b**2
        z = jnp.sqrt(ff) * drawn["z"]
        d = fg / ff * z + jnp.sqrt(jnp.maximum(gg - fg**2 / ff, 0.0)) * drawn["d"]
    theory = next_distance(state.params["theory"], data["q"], knobs)
    return state._replace(params={"z": z, "d": d, "theory": theory})


# Observables.


def observe(state, data, knobs, static):
    """The distance, where it began, what the mean-field map makes of it; chi of this layer and of the map."""
    return {
        "distance": distance(state.params),
        "start": distance(state.start),
        "distance_in_theory": state.params["theory"],
        "chi": knobs.sigma_w**2 * jnp.mean((1 - jnp.tanh(state.params["z"]) ** 2) ** 2),
        "chi_in_theory": data["chi"],
    }


# Detector.


def detect(log):
    """Exceeds its start; with growth and depth scale while small, the end, and all of them over the mean field's."""
    finding = exceeds_bound(log, "distance", "start")
    if log.lacking(["distance_in_theory", "chi", "chi_in_theory"]) or len(log["distance"].finite().steps) < 8:
        return finding
    layer, e = log["distance"].finite()
    law, chi = (log[name].finite().values for name in ("distance_in_theory", "chi"))
    if law.size != e.size or chi.size != e.size:
        return finding
    late, factor = layer >= 2 * layer[-1] / 3, float(log["chi_in_theory"].values[0])
    end = float(e[late].mean())
    finding = finding.having(
        end=Effect(end), end_over_law=Effect(end / float(law[late].mean())), order=Effect(1 - factor)
    )
    small = int(np.argmax(law > LINEAR)) if (law > LINEAR).any() else e.size
    if small < 8 or e[:small].min() <= 0:
        return finding
    growth = float(np.log(e[small - 1] / e[0]) / (layer[small - 1] - layer[0]))
    return finding.having(
        growth=Effect(growth, "1 / layer"),
        growth_over_law=Effect(growth / np.log(factor)),
        growth_over_slopes=Effect(growth / float(np.log(chi[: small - 1]).mean())),
        depth_scale=Effect(1 / abs(growth), "layer"),
        depth_scale_in_theory=Effect(1 / abs(np.log(factor)), "layer"),
    )


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units=dict.fromkeys(("distance", "start", "distance_in_theory", "chi", "chi_in_theory"), "1"),
    figure=("distance", "distance_in_theory", "chi"),
    clock=("layer", "layer"),
)
