"""Estimators in public use, in NumPy: what somebody's own is compared with."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.sparse.linalg import LinearOperator, eigsh

Interval = tuple[float, float, float]  # value, and the ends of an interval at 95 %


def power_iteration(hvp: Callable, params: np.ndarray, seed: int, turns: int = 100, rtol: float = 1e-3) -> float:
    """Estimate the largest eigenvalue by powers of the Hessian, which find the largest in absolute value.

    Source: Yao et al., PyHessian, arXiv:1912.07145: at most 100 turns, to a relative change of 1e-3.
    """
    v = np.random.default_rng(seed).standard_normal(params.size)
    value = np.inf
    for _ in range(turns):
        v = v / np.linalg.norm(v)
        image = hvp(params, v)
        value, before = float(v @ image), value
        if abs(value - before) < rtol * abs(before):
            break
        v = image
    return value


def lanczos(hvp: Callable, params: np.ndarray, seed: int) -> float:
    """Estimate the largest eigenvalue by the Lanczos method of ARPACK."""
    d = params.size

    def product(v: np.ndarray) -> np.ndarray:
        return hvp(params, v.ravel())

    operator = LinearOperator((d, d), matvec=product, dtype=np.float64)  # pyright: ignore[reportCallIssue]
    start = np.random.default_rng(seed).standard_normal(d)
    return float(eigsh(operator, k=1, which="LA", v0=start, return_eigenvectors=False)[0])


def two_batch_sizes(gradients: np.ndarray, seed: int, small: int = 16, big: int = 512) -> float:
    """Estimate the noise scale from the squared norms of gradients of small and big batches.

    Source: McCandlish et al., arXiv:1812.06162, appendix A.1; both averaged over the batches there are.
    """
    order = np.random.default_rng(seed).permutation(len(gradients))

    def norm(batch: int) -> float:
        means = gradients[order].reshape(-1, batch, gradients.shape[1]).mean(axis=1)
        return float((means**2).sum(axis=1).mean())

    low, high = norm(small), norm(big)
    g2 = (big * high - small * low) / (big - small)
    return (low - high) / (1 / small - 1 / big) / g2


def plug_in_noise_scale(gradients: np.ndarray) -> float:
    """Estimate the noise scale by the sample's covariance over its squared mean, which is too large by tr S / N."""
    mean = gradients.mean(axis=0)
    return float(gradients.var(axis=0, ddof=1).sum() / (mean @ mean))


def sgld(
    grad: Callable, loss: Callable, params: np.ndarray, n: int, bound: float, seed: int, draws: int = 3000
) -> float:
    """Estimate a local learning coefficient by stochastic gradient Langevin dynamics, from n beta (E L - L(w*)).

    beta = 1 / ln n; step size 0.1 / (n beta); no localisation beside the box, at whose walls draws are reflected; the
    first third is left out.

    Source: Lau et al., arXiv:2308.12108, algorithm 1.
    """
    random, heat = np.random.default_rng(seed), n / np.log(n)
    step = 0.1 / heat
    w, kept = params.copy(), []
    for i in range(draws):
        w = w - 0.5 * step * heat * grad(w) + np.sqrt(step) * random.standard_normal(w.size)
        off = w - params
        w = params + np.where(np.abs(off) > bound, np.sign(off) * 2 * bound - off, off)
        if i >= draws // 3:
            kept.append(loss(w))
    return float(heat * (np.mean(kept) - loss(params)))


def log_log_line(x: np.ndarray, y: np.ndarray) -> Interval:
    """Estimate an exponent as the slope of a straight line through the logarithms, which knows no floor."""
    (slope, _), cov = np.polyfit(np.log(x), np.log(y), 1, cov=True)
    half = 1.96 * float(np.sqrt(cov[0, 0]))
    return -float(slope), -float(slope) - half, -float(slope) + half


def power_law_with_floor(x: np.ndarray, y: np.ndarray) -> Interval:
    """Estimate the exponent of c + a x^-b by least squares of the logarithms, from 2 starts for c."""

    def model(t: np.ndarray, floor: float, scale: float, b: float) -> np.ndarray:
        return np.log(np.exp(floor) + np.exp(scale - b * t))

    t, z, best = np.log(x / x[0]), np.log(y), None
    for share in (0.9, 1e-3):
        start = (np.log(share * y.min()), float(np.log(y[0])), 0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)
            found, cov = curve_fit(model, t, z, start, maxfev=5000)
        misfit = float(((z - model(t, *found)) ** 2).sum())
        if best is None or misfit < best[0]:
            best = misfit, float(found[2]), 1.96 * float(np.sqrt(cov[2, 2]))
    assert best is not None
    return best[1], best[1] - best[2], best[1] + best[2]


def width_slope(widths: np.ndarray, sizes: np.ndarray) -> Interval:
    """Estimate the exponent of growth with width, of the last record, as the slope of a line through the logarithms."""
    (slope, _), cov = np.polyfit(np.log(widths), np.log(sizes[:, -1]), 1, cov=True)
    half = 1.96 * float(np.sqrt(cov[0, 0]))
    return float(slope), float(slope) - half, float(slope) + half
