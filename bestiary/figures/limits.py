"""The limits of axes that figures of runs have: shared by all cases, or a case's own where scales differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bestiary.figures.columns import Column
from bestiary.log import State

CROWD = 24  # runs above which a band stands for the lines
BAND = (0.05, 0.5, 0.95)  # quantiles over the runs
DECADES = 2.5  # that a positive channel spans before its axis is logarithmic
BELOW = 100.0  # [1] how far below the positive cases a control may stretch a logarithmic axis
ROUNDING = 1e-5  # [maximum] how far below zero rounding may take a positive channel
MOST_DECADES = 6.0  # that a logarithmic axis may span before cases that use little of it have axes of their own
LEAST_SHARE = 0.45  # [1] of such a shared axis that every positive case must use


class Limits(NamedTuple):
    """Of an axis."""

    lo: float
    hi: float
    log: bool


def _values(panel: Sequence[str], columns: Sequence[Column], calm: bool) -> np.ndarray:
    """Collect the finite values that a panel shows, of a band its quantiles; of runs that did not diverge if `calm`."""
    parts = [np.empty(0)]
    for c in columns:
        keep = [not calm or f.state is not State.DIVERGED for f in c.findings]
        for channel in filter(c.curves.__contains__, panel):
            values = c.curves[channel][1][keep]
            parts.append((quantiles(values) if len(c.findings) > CROWD else values).ravel())
    flat = np.concatenate(parts)
    return flat[np.isfinite(flat)]


def quantiles(values: np.ndarray) -> np.ndarray:
    """Return the BAND (3, T) of values (S, T), nan where fewer than half of the runs have a value."""
    band, there = np.full((len(BAND), values.shape[1]), np.nan), np.isfinite(values)
    all_, most = there.all(0), there.sum(0) >= max(1, len(values) / 2)
    if len(values):
        band[:, all_] = np.quantile(values[:, all_], BAND, axis=0)
        for i in np.flatnonzero(most & ~all_):
            band[:, i] = np.quantile(values[there[:, i], i], BAND)
    return band


def limits_of(panel: Sequence[str], unit: str, columns: Sequence[Column]) -> list[Limits]:
    """Return the limits of each case: those that all share, or its own where scales differ.

    Scales differ where some positive case would use less than `LEAST_SHARE` of a shared axis of many decades: a case
    that reaches 1e-15 would flatten the others.
    """
    shared = limits_y(panel, unit, columns)
    spans = [_decades(limits_y(panel, unit, [c])) for c in columns if not c.control]
    wide = shared.log and _decades(shared) > MOST_DECADES and len(columns) > 1
    if not wide or not spans or min(spans) >= LEAST_SHARE * _decades(shared):
        return [shared] * len(columns)
    return [_own(panel, c) or shared for c in columns]


def _decades(limits: Limits) -> float:
    return float(np.log10(limits.hi / limits.lo)) if limits.lo > 0 else 0.0


def _own(panel: Sequence[str], c: Column) -> Limits | None:
    """Return logarithmic limits of one case over DECADES at least: what hardly changes must not look as if it did."""
    seen = _values(panel, [c], any(f.state is not State.DIVERGED for f in c.findings))
    if not (seen := seen[seen > 0]).size:
        return None
    lo, hi = float(seen.min()), float(seen.max())
    pad = max((hi / lo) ** 0.05, 10 ** ((DECADES - np.log10(hi / lo)) / 2))
    return Limits(lo / pad, hi * pad, True)


def limits_y(panel: Sequence[str], unit: str, columns: Sequence[Column]) -> Limits:
    """Return the limits that all cases share; logarithmic if the positive cases are positive over many decades.

    Shares and multiples of a threshold stay on a linear axis: there 1 is what matters. Runs that diverged have no say
    as long as others did not.
    """
    calm = _values(panel, columns, True).size > 0
    seen = _values(panel, columns, calm)
    if not seen.size:
        return Limits(0.0, 1.0, False)
    threshold = unit.endswith("threshold")
    positive = _values(panel, [c for c in columns if not c.control], calm)
    positive = positive if positive.size else seen
    above = positive[positive > 0]
    if above.size and positive.min() >= -ROUNDING * above.max() and not threshold and not unit.startswith("share"):
        if above.max() > 10**DECADES * above.min():
            lo, hi = max(seen[seen > 0].min(), above.min() / BELOW), seen.max()
            pad = (hi / lo) ** 0.05
            return Limits(lo / pad, hi * pad, True)
    lo, hi = (min(seen.min(), 1.0), max(seen.max(), 1.0)) if threshold else (seen.min(), seen.max())
    pad = 0.05 * (hi - lo) or 0.5 * abs(hi) or 0.5
    return Limits(lo - pad, hi + pad, False)


def limits_x(c: Column, columns: Sequence[Column], log: bool) -> Limits:
    """Return limits from the first record, on a logarithmic axis the first after step 0, to the last of any such case.

    Cases planned to be equally long share the axis: one that settled early does not look slow.
    """
    alike = [other for other in columns if other.planned == c.planned]
    steps = np.concatenate([np.zeros(1), *(t for other in alike for t, _ in other.curves.values())])
    lo = steps[steps > 0].min(initial=np.inf) if log else 0.0
    lo = float(lo) if np.isfinite(lo) else 1.0
    return Limits(lo, max(float(steps.max()), 2 * lo, 1.0), log)
