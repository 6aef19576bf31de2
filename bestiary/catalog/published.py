"""The number that somebody else published, and how far ours is from it."""

from __future__ import annotations

import math
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from bestiary.catalog.record import Record, Text

NEGLIGIBLE = 1e-3  # [1] of the published number: papers round, and exact theory is of a limit that no run reaches
NOTHING = 1e-6  # what differs from a published 0 by no more is 0 in float32


class Estimate(NamedTuple):
    """What was measured: a number and its limits, in the unit of the claim; an infinite limit is none."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """Measured minus published, with limits.

    Attributes:
        value: the difference; from a published range, that from its nearer end, 0 within it.
        low: lower limit.
        high: upper limit.
        agrees: whether the published number, or a part of the published range, lies within the limits of what was
            measured, or differs by a negligible part; None without limits.
        relative: the difference over the published number; nan where that is 0.
    """

    value: float
    low: float
    high: float
    agrees: bool | None
    relative: float

    def words(self) -> str:
        """Write the difference with its limits, and whether the numbers agree.

        Examples:
            >>> Published(value=1.31, where="a2020b").difference(Estimate(0.96, 0.82, 1.1)).words()
            '-0.35 (-0.49 to -0.21), disagrees'
        """
        if self.agrees is None:
            return f"{self.value:+.3g}, no limits"
        return f"{self.value:+.3g} ({self.low:+.3g} to {self.high:+.3g}), {'agrees' if self.agrees else 'disagrees'}"


def _number_or_range(value: Any) -> Any:
    ends = value if isinstance(value, tuple | list) else (value,)
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
    if not numbers or (ends is value and len(ends) != 2):
        raise ValueError("want a number, or a range [low, high]")
    return value


def _ordered(value: float | tuple[float, float]) -> float | tuple[float, float]:
    if isinstance(value, tuple) and value[0] > value[1]:
        raise ValueError(f"the range is reversed; write [{value[1]:g}, {value[0]:g}]")
    return value


class Published(Record):
    """A number that others published for what a claim is of: in a paper, or by a formula of a paper."""

    value: Annotated[float | tuple[float, float], AfterValidator(_ordered), BeforeValidator(_number_or_range)] = Field(
        description="the number, or [low, high], in the unit of the claim's statistic"
    )
    where: Text = Field(description="a key of references.bib, and the equation, table or figure")
    over: Text | None = Field(None, description="the range over which it was found, where that is not the claim's")

    @property
    def ends(self) -> tuple[float, float]:
        """The published range; twice the number if it is one."""
        return self.value if isinstance(self.value, tuple) else (self.value, self.value)

    def words(self) -> str:
        """Write the number, and the range over which it was found."""
        lo, hi = self.ends
        number = f"{lo:g}" if lo == hi else f"{lo:g} to {hi:g}"
        return f"{number} ({self.over})" if self.over else number

    def difference(self, measured: Estimate) -> Difference:
        """Return measured minus published.

        The two agree if the published number lies within the limits of what was measured, or if they differ by no more
        than a thousandth of it. With limits at 95 %, one in twenty numbers that are right is called a disagreement.

        Args:
            measured: the number and its limits.
        """
        lo, hi = self.ends
        nearest = min(max(measured.value, lo), hi)
        known = math.isfinite(measured.low) and math.isfinite(measured.high)
        value = measured.value - nearest
        close = abs(value) <= max(NEGLIGIBLE * abs(nearest), NOTHING)
        agrees = close or (measured.low <= hi and lo <= measured.high) if known else None
        relative = value / nearest if nearest else math.nan
        return Difference(value, measured.low - nearest, measured.high - nearest, agrees, relative)
