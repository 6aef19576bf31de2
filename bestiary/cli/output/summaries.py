"""Numbers that a command prints as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bestiary.log import Finding


class Spread(NamedTuple):
    """The median, 5 % and 95 % of an onset or effect over the runs that have it."""

    effect: str
    unit: str
    runs: int
    median: float
    low: float
    high: float


def spreads(findings: Sequence[Finding]) -> list[Spread]:
    """Return the spread of the onset, over the runs in which it was found, and of every effect."""
    columns: dict[tuple[str, str], list[float]] = {("onset", "step"): [f.onset for f in findings if f.found]}
    for f in findings:
        for effect, (value, unit) in f.effects.items():
            columns.setdefault((effect, unit), []).append(value)
    made = []
    for (effect, unit), values in columns.items():
        if values:
            middle, low, high = (float(q) for q in np.percentile(values, [50, 5, 95]))
            made.append(Spread(effect, unit, len(values), middle, low, high))
    return made
