"""Losses whose learning coefficient is known: regular ones, monomials, linear networks.

The learning coefficient, or real log canonical threshold, is the exponent l of the volume of {w: L(w) < e}, which
shrinks as e^l (ln 1/e)^(m - 1).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bestiary.certify import estimators
from bestiary.certify.problems import EstimatorKind, Problem, rng
from bestiary.certify.spectra import rotation

N, BOUND = 10_000, 1.0  # samples whose posterior is meant; half-width of the box around params
SCALE = (0.7, 1.4)  # of a crossing


def reduced_rank(inputs: int, outputs: int, hidden: int, rank: int) -> float:
    """Return the learning coefficient of a linear network of one hidden layer whose true map has a rank.

    Source: Aoyagi and Watanabe, Stochastic complexities of reduced rank regression in Bayesian estimation, Neural
    Networks 18 (2005), main theorem.

    Examples:
        >>> reduced_rank(1, 1, 1, 0), reduced_rank(1, 1, 1, 1), reduced_rank(5, 4, 1, 0)
        (0.5, 0.5, 2.0)
    """
    m, n, h, r = inputs, outputs, hidden, rank
    if m + h < n + r:
        return (h * m - h * r + n * r) / 2
    if n + h < m + r:
        return (h * n - h * r + m * r) / 2
    if m + n < h + r:
        return m * n / 2
    odd = (m + h + n + r) % 2
    return (-((h + r) ** 2) - m**2 - n**2 + 2 * (h + r) * (m + n) + 2 * m * n + odd) / 8


def _problem(group: str, seed: int, loss, grad, params: np.ndarray, truth: float) -> Problem:
    given = {"loss": loss, "grad": grad, "params": params, "n": N, "bound": BOUND, "seed": seed}
    return Problem(f"{group}/{seed}", group, given, truth, tolerance=0.2)


def _quadratic(group: str, root: int, seed: int) -> Problem:
    """1/2 (w - c)' H (w - c) with r positive eigenvalues: r / 2."""
    random = rng(root, f"learning_coefficient/{group}", seed)
    d = int(random.integers(2, 16))
    r = d if group == "regular" else max(d // 2, 1)
    q = rotation(random, d, r)
    h, c = q * random.uniform(0.3, 1.5, r) @ q.T, random.standard_normal(d)
    return _problem(group, seed, lambda w: float(0.5 * (w - c) @ h @ (w - c)), lambda w: h @ (w - c), c, r / 2)


def _sums(root: int, seed: int) -> Problem:
    """Sum of w_i^(2 k_i): the sum of 1 / (2 k_i)."""
    random = rng(root, "learning_coefficient/powers", seed)
    k = random.integers(1, 4, int(random.integers(2, 8)))
    return _problem(
        "powers",
        seed,
        lambda w: float((w ** (2 * k)).sum()),
        lambda w: 2 * k * w ** (2 * k - 1),
        np.zeros(k.size),
        float((1 / (2 * k)).sum()),
    )


def _crossing(group: str, root: int, seed: int) -> Problem:
    """A product of w_i^(2 k_i), times a scale: the least of 1 / (2 k_i), with a multiplicity where both are least.

    With one pole, of 1/4 or 1/6 beside 1/2, an exact posterior at n = 10,000 is a tenth low at most; with both at 1/2
    it is a quarter low at most, by about 1 / ln(n beta), which the tolerance takes in.
    """
    double, random = group == "crossing_double", rng(root, f"learning_coefficient/{group}", seed)
    high, c = int(random.integers(2, 4)), float(random.uniform(*SCALE))
    k = np.array([1, 1] if double else [high, 1])

    def grad(w: np.ndarray) -> np.ndarray:
        each = w ** (2 * k)
        return c * 2 * k * w ** (2 * k - 1) * each[::-1]

    truth = float((1 / (2 * k)).min())
    problem = _problem(group, seed, lambda w: c * float(np.prod(w ** (2 * k))), grad, np.zeros(2), truth)
    return replace(problem, tolerance=0.3) if double else problem


def _linear_network(root: int, seed: int) -> Problem:
    """1/2 |B A - B0 A0|^2 at the point of rank r whose other weights are 0."""
    random = rng(root, "learning_coefficient/linear_network", seed)
    m, n, h = (int(random.integers(2, 5)) for _ in range(3))
    r = int(random.integers(0, min(m, n, h)))
    a, b = np.zeros((h, m)), np.zeros((n, h))
    a[:r], b[:, :r] = rotation(random, m, r).T, rotation(random, n, r)
    target, cut = b @ a, h * m

    def residual(w: np.ndarray) -> np.ndarray:
        return w[cut:].reshape(n, h) @ w[:cut].reshape(h, m) - target

    def grad(w: np.ndarray) -> np.ndarray:
        off = residual(w)
        return np.r_[(w[cut:].reshape(n, h).T @ off).ravel(), (off @ w[:cut].reshape(h, m).T).ravel()]

    params = np.r_[a.ravel(), b.ravel()]
    loss, truth = (lambda w: float(0.5 * (residual(w) ** 2).sum())), reduced_rank(m, n, h, r)
    return _problem("linear_network", seed, loss, grad, params, truth)


def _problems(root: int, seed: int) -> list[Problem]:
    return [
        _quadratic("regular", root, seed),
        _quadratic("flat_directions", root, seed),
        _sums(root, seed),
        _crossing("crossing", root, seed),
        _crossing("crossing_double", root, seed),
        _linear_network(root, seed),
    ]


LEARNING_COEFFICIENT = EstimatorKind(
    "learning_coefficient",
    "the local learning coefficient at a minimum",
    {
        "loss": "w (D,) -> float, the population's, 0 at its minimum",
        "grad": "w (D,) -> (D,)",
        "params": "(D,) the minimum",
        "n": "samples whose posterior exp(-n beta L) is meant",
        "bound": "the prior is even within |w - params| <= bound in every coordinate",
        "seed": "a whole number, for chains",
    },
    _problems,
    False,
    {"sgld": estimators.sgld},
    "Watanabe, Algebraic Geometry and Statistical Learning Theory (2009); Aoyagi and Watanabe (2005)",
)
