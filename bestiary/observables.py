"""Shared observables: what several entries measure, in one place, tested against naive versions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import eigh_tridiagonal

ROUNDING = 1e-6  # [1] what a float32 product leaves of a vector that it should have cancelled


def accuracy(scores: jax.Array, labels: jax.Array, weights: jax.Array) -> jax.Array:
    """Return the weighted share of examples whose largest score is the label's.

    Args:
        scores: (..., C).
        labels: (...) class numbers.
        weights: (...) non-negative; 0 leaves an example out.

    Returns:
        () in [0, 1]; 0 if all weights are 0.
    """
    hit = (jnp.argmax(scores, -1) == labels) * weights
    return hit.sum() / jnp.maximum(weights.sum(), 1e-30)


def train_and_test(scores: jax.Array, errors: jax.Array, labels: jax.Array, train: jax.Array) -> dict[str, jax.Array]:
    """Return accuracy and mean error of the examples that are trained on, and of the others.

    Args:
        scores: (..., C).
        errors: (...) error of every example.
        labels: (...) class numbers.
        train: (...) 1 where an example is trained on, else 0.

    Returns:
        train_acc, test_acc, train_loss, test_loss, each (); 0 where there is no such example.
    """
    test = 1 - train
    return {
        "train_acc": accuracy(scores, labels, train),
        "test_acc": accuracy(scores, labels, test),
        "train_loss": jnp.sum(errors * train) / jnp.maximum(jnp.sum(train), 1),
        "test_loss": jnp.sum(errors * test) / jnp.maximum(jnp.sum(test), 1),
    }


def sum_of_squares(params: Any) -> jax.Array:
    """Return |params|^2 over all leaves of a pytree, ()."""
    return sum((jnp.sum(x**2) for x in jax.tree.leaves(params)), jnp.zeros(()))


def top_eigenvalue(
    loss: Callable[[Any], jax.Array], params: Any, scale: Any = None, *, iterations: int = 20
) -> jax.Array:
    """Compute the largest eigenvalue of S^1/2 H S^1/2, H the Hessian of `loss` at `params`, by Lanczos.

    The Krylov space of a fixed start vector is kept orthogonal (full reorthogonalisation), so a
    dozen products give the outermost eigenvalue of a small network's Hessian to a fraction of a
    per cent. Non-finite parameters give nan.

    Args:
        loss: parameters -> ().
        params: any pytree with P entries in all.
        scale: like params, the diagonal of S >= 0, e.g. an optimiser's per-parameter step
            relative to the learning rate; None is the identity.
        iterations: Hessian-vector products; at most P are used.

    Returns:
        () largest (most positive) eigenvalue.
    """
    flat, unravel = ravel_pytree(params)
    root = jnp.ones_like(flat) if scale is None else jnp.sqrt(ravel_pytree(scale)[0])
    steps = min(iterations, flat.size)

    def gradient(x):
        return jax.grad(lambda y: loss(unravel(y)))(x)

    def product(v):
        """S^1/2 H S^1/2 v."""
        _, change = jax.jvp(gradient, (flat,), (root * v,))
        return root * change

    # A fixed, generic vector: overlap with every eigenvector, no random draw to compile.
    start = jnp.cos(1.0 + jnp.arange(flat.size) ** 1.5)

    def expand(i, space):
        basis, images = space
        v = images[i - 1]
        least = ROUNDING * jnp.linalg.norm(v)
        for _ in range(2):  # twice is enough (Kahan, Parlett)
            v = v - basis.T @ (basis @ v)
        norm = jnp.linalg.norm(v)
        # What is left below rounding is no direction: the space is exhausted, its further rows stay empty.
        v = jnp.where(norm > least, v / norm, 0.0)
        return basis.at[i].set(v), images.at[i].set(product(v))

    empty = jnp.zeros((steps, flat.size), flat.dtype)
    first = start / jnp.linalg.norm(start)
    basis, images = jax.lax.fori_loop(1, steps, expand, (empty.at[0].set(first), empty.at[0].set(product(first))))
    small = basis @ images.T  # tridiagonal up to rounding
    finite = jnp.isfinite(small).all()
    diagonal, beside = (jnp.where(finite, jnp.diagonal(small, k), 0.0) for k in (0, 1))
    diagonal = jnp.where(basis.any(1), diagonal, diagonal[0])  # an empty row adds no eigenvalue above the top one
    # Bisection in plain XLA: LAPACK's batched eigensolver can deadlock with several CPU devices.
    top = eigh_tridiagonal(diagonal, beside, eigvals_only=True, select="i", select_range=(steps - 1, steps - 1))[0]
    return jnp.where(finite, top, jnp.nan)


def singular_values(matrix: jax.Array, *, sweeps: int = 6) -> jax.Array:
    """Compute all singular values of a small matrix by one-sided Jacobi rotations, in plain XLA.

    Columns are made orthogonal pair by pair; their lengths are the singular values. LAPACK's batched decomposition can
    deadlock with several CPU devices.

    Args:
        matrix: (n, d), d at least 2.
        sweeps: times that all d (d - 1) / 2 pairs are gone through.

    Returns:
        (d,) in no order.

    Source. Hestenes, J. SIAM 6, 51 (1958).
    """
    pairs = jnp.array(list(combinations(range(matrix.shape[1]), 2)))

    def rotate(i, columns):
        at = pairs[i % len(pairs)]
        a, b = columns[:, at[0]], columns[:, at[1]]
        angle = 0.5 * jnp.arctan2(2 * a @ b, a @ a - b @ b)
        c, s = jnp.cos(angle), jnp.sin(angle)
        return columns.at[:, at].set(jnp.stack([c * a + s * b, c * b - s * a], 1))

    return jnp.linalg.norm(jax.lax.fori_loop(0, sweeps * len(pairs), rotate, matrix), axis=0)


def effective_rank(features: jax.Array) -> jax.Array:
    """Measure how many directions a representation uses: exp of the entropy of its normalised singular values.

    Args:
        features: (n, d) outputs of d units for n inputs.

    Returns:
        () between 1 and d; 0 if all outputs are 0.

    Source. Roy and Vetterli, "The effective rank" (2007); of hidden units in Dohare et al., arXiv:2306.13812.
    """
    values = singular_values(features)
    total = jnp.sum(values)
    share = values / jnp.where(total > 0, total, 1.0)
    entropy = -jnp.sum(share * jnp.log(jnp.where(share > 0, share, 1.0)))
    return jnp.where(total > 0, jnp.exp(entropy), 0.0)


def fourier_participation(table: jax.Array) -> jax.Array:
    """Measure how periodic the columns of a table over the numbers 0 to p - 1 are.

    Mean over columns of sum P_k^2 / (sum P_k)^2, P_k the power of the discrete Fourier transform at frequency k > 0:
    the constant is no frequency and is left out.

    Args:
        table: (p, m).

    Returns:
        () 1 if every column has one frequency, 1 / (number of frequencies) if all have the same power; an empty
        column counts 0.

    Source. Gromov, arXiv:2301.02679; Doshi et al., arXiv:2310.13061, the inverse participation ratio.
    """
    power = jnp.abs(jnp.fft.rfft(table, axis=0)[1:]) ** 2
    return jnp.mean(jnp.sum(power**2, 0) / jnp.maximum(jnp.sum(power, 0) ** 2, 1e-30))


def prefix_matching(attention: jax.Array, tokens: jax.Array) -> jax.Array:
    """Average the attention paid to what followed earlier occurrences of the current token, as an induction head does.

    score = mean over t of sum of A_ts over s <= t with x_{s-1} = x_t, where the mean is over the
    positions whose token has occurred before.

    Args:
        attention: (..., T, T) A_ts, each row a distribution over s <= t.
        tokens: (..., T) the sequences x.

    Returns:
        () in [0, 1]; 0 if no token occurs twice.

    Source. Olsson et al., arXiv:2209.11895, the prefix matching score.
    """
    size = tokens.shape[-1]
    before = tokens[..., None, :-1] == tokens[..., :, None]  # (..., t, s - 1)
    before = before & jnp.tri(size, size - 1, -1, dtype=bool)
    again = before.any(-1)
    paid = jnp.sum(attention[..., 1:] * before, -1)
    return jnp.sum(paid) / jnp.maximum(jnp.sum(again), 1)


def previous_token(attention: jax.Array) -> jax.Array:
    """Average the attention paid to the token before over all positions but the first.

    Args:
        attention: (..., T, T), each row a distribution over s <= t.

    Returns:
        () in [0, 1].
    """
    return jnp.mean(jnp.diagonal(attention, -1, -2, -1))


def kernel_distance(network: Callable[[Any], jax.Array], params: Any, start: Any) -> jax.Array:
    """Measure how far the tangent kernel K of a network has turned: 1 - cos(K, K_0).

    K = J J^T, where J is the Jacobian of the outputs on fixed inputs.

    Args:
        network: parameters -> (N,) outputs, one for each input.
        params: any pytree with P entries in all.
        start: parameters of K_0.

    Returns:
        () in [0, 1]: 0 if the kernel is the same but for a factor.

    Source. Fort et al., arXiv:2010.15110.
    """

    def kernel(at: Any) -> jax.Array:
        jacobian = jax.tree.leaves(jax.jacrev(network)(at))
        flat = jnp.concatenate([leaf.reshape(leaf.shape[0], -1) for leaf in jacobian], 1)
        return flat @ flat.T

    now, then = kernel(params), kernel(start)
    now, then = now / jnp.linalg.norm(now), then / jnp.linalg.norm(then)
    return 0.5 * jnp.sum((now - then) ** 2)
