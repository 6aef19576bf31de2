"""Spectra that are known: matrices for effective ranks, losses for sharpness."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from bestiary.certify import estimators
from bestiary.certify.draw import sigmoid
from bestiary.certify.problems import EstimatorKind, Problem, rng


def entropy_rank(s: np.ndarray) -> float:
    """Return the exponential of the entropy of singular values s (K,), scaled to sum 1 (Roy and Vetterli 2007)."""
    p = s[s > 0] / s.sum()
    return float(np.exp(-np.sum(p * np.log(p))))


def participation(s: np.ndarray) -> float:
    """Return (sum s^2)^2 / sum s^4 of singular values s (K,)."""
    return float((s**2).sum() ** 2 / (s**4).sum())


def stable_rank(s: np.ndarray) -> float:
    """Return sum s^2 / max s^2 of singular values s (K,)."""
    return float((s**2).sum() / s.max() ** 2)


def rotation(random: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Draw k orthonormal columns (n, k), evenly."""
    q, r = np.linalg.qr(random.standard_normal((n, k)))
    return q * np.sign(np.diag(r))


def _matrices(name: str, rank: Callable[[np.ndarray], float], root: int, seed: int) -> list[Problem]:
    """Generate one matrix of each spectrum."""
    made = []
    for group in ("flat", "geometric", "power_law", "one_direction", "low_rank"):
        random = rng(root, f"{name}/{group}", seed)
        n, k = int(random.integers(40, 120)), int(random.integers(8, 32))
        i = np.arange(k)
        s = {
            "flat": np.ones(k),
            "geometric": random.uniform(0.6, 0.95) ** i,
            "power_law": (1.0 + i) ** -random.uniform(0.5, 2),
            "one_direction": np.where(i == 0, random.uniform(3, 30), 1.0),
            "low_rank": np.where(i < k // 4, 1.0, 1e-12),
        }[group] * np.exp(random.uniform(-5, 5))
        matrix = rotation(random, n, k) * s @ rotation(random, k, k).T
        made.append(Problem(f"{group}/{seed}", group, {"matrix": matrix}, rank(s), tolerance=0.01))
    return made


def _rank_kind(name: str, what: str, rank: Callable[[np.ndarray], float], source: str) -> EstimatorKind:
    fields = {"matrix": "(N, K) float64; its singular values are known"}
    published = {"from_svd": lambda matrix: rank(np.linalg.svd(matrix, compute_uv=False))}
    return EstimatorKind(name, what, fields, partial(_matrices, name, rank), True, published, source)


def hessian_problem(group: str, seed: int, loss, grad, hvp, params: np.ndarray, truth: float) -> Problem:
    """Make a problem of a loss that is twice differentiable."""
    given = {"loss": loss, "grad": grad, "hvp": hvp, "params": params, "seed": seed}
    return Problem(f"{group}/{seed}", group, given, truth, tolerance=0.01)


def _quadratic(group: str, random: np.random.Generator, seed: int) -> Problem:
    """1/2 (w - c)' H (w - c), with the eigenvalues of H chosen."""
    d = int(random.integers(10, 80))
    spread = np.exp(random.uniform(-6, 0, d))
    top = np.exp(random.uniform(-3, 5))
    if group == "small_gap":
        spread[0], spread[1] = 1.0, 0.99
    elif group == "degenerate":
        spread[: d // 3] = 1.0
    elif group == "saddle":  # the largest in absolute value is negative: not the sharpness
        spread[0], spread[1] = 1.0, -2.0
    else:
        spread[0] = 1.5
    values = top * spread
    q = rotation(random, d, d)
    h, c = q * values @ q.T, random.standard_normal(d)
    h = (h + h.T) / 2
    params = c + random.standard_normal(d)
    return hessian_problem(
        group,
        seed,
        lambda w: float(0.5 * (w - c) @ h @ (w - c)),
        lambda w: h @ (w - c),
        lambda w, v: h @ v,
        params,
        float(values.max()),
    )


def _linear_network(random: np.random.Generator, seed: int) -> Problem:
    """1/2 (u.v - y)^2: a linear network of one hidden layer on one example, at a minimum or off it.

    With r = u.v - y the Hessian is [[v v', r I + v u'], [r I + u v', u u']]; at a minimum its largest eigenvalue is
    |u|^2 + |v|^2.
    """
    k, y = int(random.integers(3, 30)), float(random.uniform(0.5, 3))
    u, v = random.standard_normal(k), random.standard_normal(k)
    if seed % 2 == 0:
        v += u * (y - u @ v) / (u @ u)

    def residual(w: np.ndarray) -> float:
        return float(w[:k] @ w[k:] - y)

    def grad(w: np.ndarray) -> np.ndarray:
        return residual(w) * np.r_[w[k:], w[:k]]

    def hvp(w: np.ndarray, p: np.ndarray) -> np.ndarray:
        g = np.r_[w[k:], w[:k]]
        return residual(w) * np.r_[p[k:], p[:k]] + g * (g @ p)

    params = np.r_[u, v]
    h = np.stack([hvp(params, e) for e in np.eye(2 * k)])
    truth = float(np.linalg.eigvalsh(h)[-1])
    return hessian_problem("linear_network", seed, lambda w: 0.5 * residual(w) ** 2, grad, hvp, params, truth)


def _logistic(random: np.random.Generator, seed: int) -> Problem:
    """Mean of ln(1 + exp(-y x.w)) over data: the Hessian is X' diag(p (1 - p)) X / n."""
    n, d = 200, int(random.integers(5, 30))
    x, params = random.standard_normal((n, d)) * np.exp(random.uniform(-1, 1, d)), 0.3 * random.standard_normal(d)
    y = np.where(random.random(n) < 0.5, 1.0, -1.0)

    def hvp(w: np.ndarray, v: np.ndarray) -> np.ndarray:
        p = sigmoid(x @ w)
        return x.T @ (p * (1 - p) * (x @ v)) / n

    p = sigmoid(x @ params)
    truth = float(np.linalg.eigvalsh((x.T * (p * (1 - p))) @ x / n)[-1])
    return hessian_problem(
        "logistic_regression",
        seed,
        lambda w: float(np.mean(np.logaddexp(0, -y * (x @ w)))),
        lambda w: -(x.T @ (y * sigmoid(-y * (x @ w)))) / n,
        hvp,
        params,
        truth,
    )


def _sharpness(root: int, seed: int) -> list[Problem]:
    """Generate one problem of each group."""
    quadratics = ("quadratic", "small_gap", "degenerate", "saddle")
    made = [_quadratic(group, rng(root, f"sharpness/{group}", seed), seed) for group in quadratics]
    return [
        *made,
        _linear_network(rng(root, "sharpness/linear_network", seed), seed),
        _logistic(rng(root, "sharpness/logistic_regression", seed), seed),
    ]


ROY = "Roy and Vetterli, The effective rank, EUSIPCO 2007"
SPECTRA = (
    EstimatorKind(
        "sharpness",
        "the largest eigenvalue of the Hessian",
        {
            "loss": "w (D,) -> float",
            "grad": "w (D,) -> (D,)",
            "hvp": "w (D,), v (D,) -> Hessian at w times v (D,)",
            "params": "(D,) where it is asked for",
            "seed": "a whole number, for starting vectors",
        },
        _sharpness,
        False,
        {"power_iteration": estimators.power_iteration, "lanczos": estimators.lanczos},
        "the spectrum is chosen; of the linear network and of logistic regression it is written out",
    ),
    _rank_kind("effective_rank", "exp of the entropy of the singular values, scaled to sum 1", entropy_rank, ROY),
    _rank_kind("participation_ratio", "(sum s^2)^2 / sum s^4 of the singular values", participation, "by definition"),
    _rank_kind("stable_rank", "sum s^2 / max s^2 of the singular values", stable_rank, "by definition"),
)
