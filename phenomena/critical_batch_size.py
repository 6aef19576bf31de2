r"""Critical batch size: a larger batch trains in fewer steps only as long as noise outweighs the gradient.

Setup. Data: x ~ N(0, I) in d dimensions, y = w* x. Network: linear, D = w - w*, so that L = |D|^2 / 2; a batch of B
fresh examples has the gradient X^T X D / B. It is drawn in its exact law,
    (q / B) D + (sqrt q / B) |D| z,  q ~ chi-square of B degrees of freedom,  z ~ N(0, I) across D,
so that B may be any number. SGD with a share s of the best step. The batch doubles every 40 steps.

Claim. The noise scale, tr cov(gradient) / |gradient|^2 of one example, is d + 1 wherever D is, and a step of size a
keeps
    E |D'|^2 / |D|^2 = 1 - 2 a + a^2 (1 + (d + 1) / B)
of the loss. The best step is 1 / (1 + (d + 1) / B), and with a share s of it the gain is
    1 - E L' / L = s (2 - s) / (1 + (d + 1) / B):
in proportion to B at first, half of the most at B = d + 1, and no more than s (2 - s) at any batch. So the steps to a
given loss fall as 1 / B below the noise scale and do not fall above it.

Control. Without noise every batch gains the same; a step that is not raised with the batch has no use for it; a step
that is raised in proportion for ever comes to 2 / (1 + (d + 1) / B), from where on the loss rises.

Source. McCandlish et al., arXiv:1812.06162.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import curve_fit

from bestiary.detectors.settles_at import settles_at
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.log import Effect

EASY = 20  # [record] first ones, of the smallest batch
FALL = 5.0  # [nat] of the loss, the steps to which are counted


class Knobs(NamedTuple):
    """Traced."""

    batch: float = 1.0  # [sample] B at the start; > 0
    growth: float = 0.025  # [octave / step] by which B grows; >= 0
    share: float = 0.05  # [1] s, of the best step; > 0
    noise: float = 1.0  # [1] share of the gradient noise that is there; 0 to 1
    scaled: float = 1.0  # [1] 1: the best step follows the batch; 0: it stays that of the first; 0 to 1
    bounded: float = 1.0  # [1] 0: the step is raised in proportion to the batch for ever; 0 to 1


class Static(NamedTuple):
    """Static."""

    inputs: int = 16  # [1] d
    copies: int = 32  # [1] networks that are trained side by side, whose gain is averaged
    steps: int = 640
    log_every: int = 1


def data(key, knobs, static):
    """Every step draws its own batch."""
    return ()


def init(key, knobs, static):
    distance = normals(key, distance=(static.copies, static.inputs))["distance"]
    distance = distance / jnp.linalg.norm(distance, axis=1, keepdims=True)
    # Of unit length, and kept so: the loss falls by more than float32 holds, and nothing else feels the length.
    return {"distance": distance, "fallen": jnp.zeros(static.copies), "gain": jnp.nan, "noise_scale": jnp.nan}


def batch_size(t, knobs):
    """() [sample] B at step t."""
    return jnp.round(knobs.batch * 2 ** (knobs.growth * t))


def noise_scale(knobs, static):
    """() [sample] tr cov(gradient) / |gradient|^2 of one example."""
    return knobs.noise**2 * (static.inputs + 1)


def gradient(key, distance, size, knobs):
    """(copies, d) the gradient of a batch of that size at `distance` (copies, d)."""
    keys = jax.random.split(key)
    q = 2 * jax.random.gamma(keys[0], size / 2, (distance.shape[0], 1))
    length = jnp.linalg.norm(distance, axis=1, keepdims=True)
    along = distance / length
    z = jax.random.normal(keys[1], distance.shape)
    z = z - jnp.sum(z * along, 1, keepdims=True) * along
    drawn = q / size * distance + jnp.sqrt(q) / size * length * z
    return distance + knobs.noise * (drawn - distance)


def step(key, state, data, knobs, static):
    """One step of SGD; with its gain, and the noise scale of its gradient."""
    old, size = state.params["distance"], batch_size(state.step, knobs)
    known = knobs.batch * (size / knobs.batch) ** knobs.scaled
    lr = knobs.share / (knobs.bounded + noise_scale(knobs, static) / known)
    slope = gradient(key, old, size, knobs)
    new = old - lr * slope
    kept = jnp.sum(new**2, 1)
    params = {
        "distance": new / jnp.sqrt(kept)[:, None],
        "fallen": state.params["fallen"] - jnp.log(kept),
        "gain": 1 - jnp.mean(kept),
        "noise_scale": size * jnp.mean(jnp.sum((slope - old) ** 2, 1)),
    }
    return state._replace(params=params)


def observe(state, data, knobs, static):
    """The gain of the last step, its batch, and by how much the mean loss has fallen."""
    return {
        "gain": jnp.maximum(state.params["gain"], -1.0),  # as far as a figure needs
        "most_gain": knobs.share * (2 - knobs.share),
        "noise_scale": state.params["noise_scale"],
        "batch_now": batch_size(jnp.maximum(state.step - 1, 0), knobs),
        "fallen": jnp.log(static.copies) - jax.nn.logsumexp(-state.params["fallen"]),
    }


def detect(log):
    """The gain settles at its most; with the batch of half the gain, by a fit, and over the noise scale.

    `benefit` is the gain at the end over that at the start, `idle` the batch from which nothing is gained any more, and
    `steps` the time in which the loss falls by 5 nats.
    """
    finding = settles_at(log, "gain", "most_gain")
    if log.lacking(["gain", "batch_now", "noise_scale", "fallen"]):
        return finding
    (when, fallen), (t, gain) = log["fallen"].finite(), log["gain"].finite()
    size, scale = (np.interp(t, *log[name].finite()) for name in ("batch_now", "noise_scale"))
    if fallen[top := int(fallen.argmax())] >= FALL:
        finding = finding.having(steps=Effect(float(np.interp(FALL, fallen[: top + 1], when[: top + 1])), "step"))
    if size[0] == size[-1]:
        return finding
    if gain[-1] < 0:
        return finding.having(idle=Effect(float(size[np.flatnonzero(gain > 0)[-1]]), "sample"))
    finding = finding.having(benefit=Effect(float(gain[-EASY:].mean() / gain[:EASY].mean())))
    if finding.found:
        half = curve_fit(lambda b, most, half: most / (1 + half / b), size, gain, (gain[-1], np.sqrt(size[-1])))[0][1]
        finding = finding.having(
            critical=Effect(float(half), "sample"), critical_over_noise_scale=Effect(float(half / scale.mean()))
        )
    return finding


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    step=step,
    observe=observe,
    detect=detect,
    units={
        "gain": "share of L",
        "most_gain": "share of L",
        "noise_scale": "sample",
        "batch_now": "sample",
        "fallen": "nat",
    },
    figure=("gain", "noise_scale", "batch_now"),
)
