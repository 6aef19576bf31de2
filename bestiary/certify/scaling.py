"""Exponents that are known: power laws with a floor, and growth of activations with width."""

from __future__ import annotations

import numpy as np

from bestiary.certify import estimators
from bestiary.certify.problems import EstimatorKind, Problem, rng

FLOOR = ("no_floor", "floor", "high_floor", "short", "noisy")


def _power_law(group: str, root: int, seed: int) -> Problem:
    """Y = c + a x^-b, times noise."""
    random = rng(root, f"power_law_exponent/{group}", seed)
    b, decades = random.uniform(0.2, 1.0), 1.5 if group == "short" else random.uniform(3, 5)
    x = np.exp(random.uniform(0, 5)) * np.logspace(0, decades, 12 if group == "short" else 40)
    law = np.exp(random.uniform(0, 3)) * (x / x[0]) ** -b
    shares = {"no_floor": 0.0, "floor": 1.0, "high_floor": 10.0, "short": 1.0, "noisy": 1.0}
    y = law + shares[group] * law[-1]
    y = y * np.exp((0.03 if group == "noisy" else 0.005) * random.standard_normal(x.size))
    return Problem(f"{group}/{seed}", group, {"x": x, "y": y}, float(b), tolerance=0.1)


GROUPS = {  # exponent of the change of a hidden layer's output with width
    "sgd_standard": 0.5,  # errors of order 1 / sqrt(n), and n terms add up
    "adam_standard": 1.0,  # every weight moves by the step size, whatever its gradient
    "maximal_update": 0.0,
    "frozen": -0.5,  # the step size falls faster with width than it should
}
WIDTHS, STEPS = np.array([64, 128, 256, 512, 1024, 2048]), 4


def _widths(group: str, root: int, seed: int) -> Problem:
    """The change of W h, one hidden layer on one input, after 1 to 4 steps of size eta with errors of one sign pattern.

    An update is -eta d h' for gradient descent and -eta sign(d) sign(h)' for Adam, so that the change of W h is eta
    |h|^2 d, or eta |h|_1 sign(d). With |h|^2 and |h|_1 of order n, |d| = n^-1/2 and eta of order n^-q the exponent is
    1/2 - q, or 1 - q.
    """
    random = rng(root, f"coordinate_check/{group}", seed)
    eta, activations = random.uniform(0.01, 0.1), {}
    adam = group == "adam_standard" or (group == "maximal_update" and seed % 2 == 0)
    falls = {"maximal_update": 1.0 if adam else 0.5, "frozen": 1.0}.get(group, 0.0)
    for n in WIDTHS.tolist():
        h = np.abs(random.standard_normal(n))
        w = random.standard_normal((8, n)) / np.sqrt(n)  # eight of the n outputs
        d = random.standard_normal(8)
        scale = eta * n**-falls * np.sign(d) * (h.sum() if adam else h @ h / np.sqrt(n))
        activations[n] = np.stack([w @ h - step * scale for step in range(STEPS + 1)])
    sizes = np.stack([np.abs(activations[n][1:] - activations[n][0]).mean(axis=1) for n in WIDTHS.tolist()])

    def at(width: int, step: int) -> np.ndarray:
        return activations[int(width)][int(step)].copy()

    given = {"widths": WIDTHS.astype(float), "sizes": sizes, "activations": at, "steps": STEPS}
    return Problem(f"{group}/{seed}", group, given, GROUPS[group], tolerance=0.1, absolute=True)


SCALING = (
    EstimatorKind(
        "power_law_exponent",
        "b of y = c + a x^-b, with a floor c that may be 0",
        {"x": "(K,) increasing, positive", "y": "(K,) positive, with noise of 0.5 or 3 %"},
        lambda root, seed: [_power_law(group, root, seed) for group in FLOOR],
        True,
        {"log_log_line": estimators.log_log_line, "with_floor": estimators.power_law_with_floor},
        "by construction",
    ),
    EstimatorKind(
        "coordinate_check",
        "exponent with which the change of a hidden layer's activations grows with width; 0 is right",
        {
            "widths": "(W,) widths n",
            "sizes": "(W, T) mean absolute change of the activations since step 0, after 1 to T steps",
            "activations": "width, step -> (8,) of the activations; step 0 is before training",
            "steps": "T",
        },
        lambda root, seed: [_widths(group, root, seed) for group in GROUPS],
        True,
        {"slope": estimators.width_slope},
        "Yang and Hu, arXiv:2011.14522; Yang et al., arXiv:2203.03466, appendix D.1",
    ),
)
