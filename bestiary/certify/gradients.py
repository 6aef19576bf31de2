"""Gradients whose noise is known: linear regression on Gaussian data."""

from __future__ import annotations

import numpy as np

from bestiary.certify import estimators
from bestiary.certify.problems import EstimatorKind, Problem, rng
from bestiary.certify.spectra import rotation

N = 4096  # [example]


def noise_scale(c: np.ndarray, d: np.ndarray, variance: float) -> float:
    """Return tr S / |G|^2 of the loss 1/2 (x.w - y)^2 with x ~ N(0, c), y = x.(w - d) + N(0, variance).

    G = c d. For Gaussian x the fourth moments are products of the second ones, so that the covariance of the gradient
    of one example is S = (d' c d + variance) c + c d d' c.
    """
    g = c @ d
    return float(((d @ c @ d + variance) * np.trace(c) + g @ g) / (g @ g))


def _regression(group: str, root: int, seed: int) -> Problem:
    random = rng(root, f"noise_scale/{group}", seed)
    k = int(random.integers(4, 24))
    values = np.ones(k) if group == "isotropic" else (1.0 + np.arange(k)) ** -random.uniform(0.5, 1.5)
    q = rotation(random, k, k)
    c, d, params = q * values @ q.T, random.standard_normal(k), random.standard_normal(k)
    least = noise_scale(c, d, 0.0)
    asked = least if group == "noiseless" else least * np.exp(random.uniform(0.2, 2.5))
    g = c @ d
    variance = (asked - least) * (g @ g) / np.trace(c)
    x = random.standard_normal((N, k)) @ (q * np.sqrt(values)).T
    y = x @ (params - d) + np.sqrt(variance) * random.standard_normal(N)
    gradients = (x @ params - y)[:, None] * x
    given = {"gradients": gradients, "x": x, "y": y, "params": params, "seed": seed}
    return Problem(f"{group}/{seed}", group, given, noise_scale(c, d, variance), tolerance=0.2)


def _problems(root: int, seed: int) -> list[Problem]:
    return [_regression(group, root, seed) for group in ("isotropic", "anisotropic", "noiseless")]


NOISE_SCALE = EstimatorKind(
    "noise_scale",
    "tr S / |G|^2: the covariance of the gradient of one example over the mean gradient squared",
    {
        "gradients": f"(N, D) gradients of {N} examples, drawn independently",
        "x": "(N, D) inputs",
        "y": "(N,) targets; the loss of an example is 1/2 (x.params - y)^2",
        "params": "(D,) where it is asked for",
        "seed": "a whole number, for batches",
    },
    _problems,
    True,
    {"two_batch_sizes": estimators.two_batch_sizes, "plug_in": estimators.plug_in_noise_scale},
    "McCandlish et al., arXiv:1812.06162, equation 2.9; of linear regression it is written out",
)
