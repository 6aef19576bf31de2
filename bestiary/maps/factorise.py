"""Whether an onset or effect factorises over two knobs: ln y = a row's part + a column's part, for every seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bestiary.catalog.interaction_claims import LEAST_SEEDS, TOLERANCE
from bestiary.judge.verdict import median_limits

LEVEL = 0.05  # [1] at which an additive law is refused though it is true
CONFIDENCE = 0.95  # of the limits of each residual
EVERY = 13  # seeds up to which every choice of signs is tried: 4096
TRIED = 4095  # choices of signs beyond, drawn at random


@dataclass(frozen=True)
class Factorisation:
    """How far a quantity is from a product of a function of one knob and a function of the other.

    Attributes:
        of: onset or effect.
        rows: (I) which values of the first knob all seeds have.
        columns: (J) which values of the second knob.
        seeds: runs of every cell that enter.
        residual: (I, J) median over the seeds of what is left of ln y; nan in rows and columns that do not enter.
        low: (I, J) lower limits.
        high: (I, J) upper limits.
        p: of the test that it factorises, by signs of the seeds; nan if nothing can be said.
        trouble: why nothing can be said.
    """

    of: str
    rows: np.ndarray
    columns: np.ndarray
    seeds: int
    residual: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: float
    trouble: str = ""

    @property
    def within(self) -> bool:
        """Whether every residual is shown to lie within the tolerance: each by two one-sided tests."""
        there = np.ix_(self.rows, self.columns)
        inside = (self.low[there] >= -TOLERANCE) & (self.high[there] <= TOLERANCE)
        return not self.trouble and bool(inside.all())

    def words(self, rows: str, columns: str) -> str:
        """Say whether it factorises, how far it is from that, and by what test.

        Args:
            rows: name of the first knob.
            columns: name of the second knob.
        """
        if self.trouble:
            return f"{self.of}: whether it factorises over {rows} and {columns} cannot be told: {self.trouble}"
        largest = float(np.nanmax(np.abs(self.residual)))
        test = f"p = {self.p:.2g} by signs of {self.seeds} seeds, level {LEVEL:g}"
        all_in = self.rows.all() and self.columns.all()
        part = "" if all_in else f", over {self.rows.sum()} x {self.columns.sum()} of the cells, which all seeds have"
        if self.within:
            real = "; the rest is small but real" if self.p <= LEVEL else ""
            told = f"factorises over {rows} and {columns} within {TOLERANCE:g} of its logarithm{real}"
        elif self.p <= LEVEL:
            told = f"does not factorise over {rows} and {columns}"
        else:
            told = f"may factorise over {rows} and {columns} or not; more seeds would tell"
        return f"{self.of} {told}: the largest residual is {largest:.2g} ({test}{part})"


def factorise(y: np.ndarray, of: str = "onset") -> Factorisation:
    """Test whether a quantity is a product over two knobs, with the seed as the unit.

    Seed i is the same draw in all cells, so each seed has a two-way table of its own. What is left of ln y after the
    means of rows and columns has, if the quantity factorises, a law that is symmetric about 0 in most cases that occur;
    then each seed's residuals are as likely with the opposite sign, and the sum of squares of their means is compared
    with all choices of signs. The level of that test is exact under that symmetry. Rows, columns and seeds in which a
    run has no value are left out, those that lack most first.

    Args:
        y: (I, J, S) above 0; nan where a run has no value.
        of: what it is.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(y > 0, np.log(y), math.nan)
    rows, columns, seeds = (np.ones(n, bool) for n in z.shape)
    while np.isnan(part := z[np.ix_(rows, columns, seeds)]).any():
        lacking = np.isnan(part)
        shares = [(lacking.mean(axis=tuple({0, 1, 2} - {axis})), axis) for axis in range(3)]
        share, axis = max(shares, key=lambda one: one[0].max())
        kept = (rows, columns, seeds)[axis]
        kept[np.flatnonzero(kept)[share.argmax()]] = False
    nothing = np.full(z.shape[:2], math.nan)
    size = int(rows.sum()), int(columns.sum()), int(seeds.sum())
    if min(size[:2]) < 2 or size[2] < LEAST_SEEDS:
        told = f"{size[0]} x {size[1]} cells have a value in all of {size[2]} seeds; it takes 2 x 2 and {LEAST_SEEDS}"
        return Factorisation(of, rows, columns, size[2], nothing, nothing, nothing, math.nan, told)
    left = part - part.mean(0, keepdims=True) - part.mean(1, keepdims=True) + part.mean((0, 1), keepdims=True)
    found = [[median_limits(cell, CONFIDENCE) for cell in row] for row in left]
    tables = []
    for values in np.moveaxis(np.array(found), -1, 0):
        whole = nothing.copy()
        whole[np.ix_(rows, columns)] = values
        tables.append(whole)
    residual, low, high = tables
    return Factorisation(of, rows, columns, size[2], residual, low, high, signs(left.reshape(-1, size[2])))


def signs(left: np.ndarray) -> float:
    """Return p of the test that the law of each column is symmetric about 0, of all rows together.

    Args:
        left: (K, S) a column for each seed.
    """
    n = left.shape[1]
    gram = left.T @ left
    if n <= EVERY:
        flips = 1 - 2 * ((np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1)  # the last stays: T is even
    else:
        drawn = np.random.default_rng(0).integers(0, 2, (TRIED, n))
        flips = np.vstack([np.ones(n), 1 - 2 * drawn])
    sizes = np.einsum("fi,ij,fj->f", flips, gram, flips)
    return float(np.mean(sizes >= sizes[0] * (1 - 1e-9)))


def of_grid(values: Sequence[np.ndarray], shape: tuple[int, int], of: str) -> Factorisation:
    """Test the cells of a grid, the second knob fastest; see `factorise`.

    Args:
        values: (I * J) the quantity of the runs of each cell (S,), nan where there is none.
        shape: (I, J).
        of: what it is.
    """
    return factorise(np.array(values, float).reshape(*shape, -1), of)
