"""Rates with exact limits."""

from __future__ import annotations

from typing import NamedTuple

from scipy.stats import binomtest

LIMIT = 0.95  # confidence of an exact limit


class Rate(NamedTuple):
    """`k` of `n`.

    Examples:
        >>> Rate(0, 64).share, round(Rate(0, 64).at_most, 3)
        (0.0, 0.046)
    """

    k: int
    n: int

    @property
    def share(self) -> float:
        """[1] k / n; nan of none."""
        return self.k / self.n if self.n else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """The exact two-sided 95 % interval of Clopper and Pearson; all of [0, 1] if there is none."""
        if not self.n:
            return 0.0, 1.0
        low, high = binomtest(self.k, self.n).proportion_ci(LIMIT)
        return float(low), float(high)

    @property
    def at_most(self) -> float:
        """The exact one-sided 95 % upper limit."""
        return float(binomtest(self.k, self.n).proportion_ci(2 * LIMIT - 1).high) if self.n else 1.0

    def __str__(self) -> str:
        return f"{self.k}/{self.n}"
