"""Rows as numbers: hit and false-alarm rates with exact limits, onset errors, operating curves, calibration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from judges import values
from runs import CONDITIONS, RECORDED, Row

from bestiary.certify.rates import Rate


def rate(rows: Iterable[Row]) -> Rate:
    """How many of the rows fired."""
    fired = [row.fired for row in rows]
    return Rate(sum(fired), len(fired))


def scores(rows: Sequence[Row]) -> dict[str, Any]:
    """Hits, false alarms, and the quantiles of the onset's error over the positives that were found.

    Returns:
        hit and false_alarm, each [k, n]; onset_error [logging intervals]: median, q05, q95, n.
    """
    errors = [row.error for row in rows if np.isfinite(row.error)]
    made: dict[str, Any] = {
        "hit": list(rate(row for row in rows if row.positive)),
        "false_alarm": list(rate(row for row in rows if not row.positive)),
    }
    if errors:
        low, mid, high = np.quantile(errors, [0.05, 0.5, 0.95]).round(2).tolist()
        made["onset_error"] = {"median": mid, "q05": low, "q95": high, "n": len(errors)}
    return made


def by_condition(rows: Sequence[Row]) -> dict[str, Any]:
    """The scores of all rows pooled, of each condition on its own, and the cases with false alarms as recorded."""
    apart = {c: [row for row in rows if row.condition == c] for c in CONDITIONS}
    told = {c: scores(part) for c, part in apart.items() if part}
    made = scores(rows) | {"recorded": told.pop(RECORDED, scores([])), "transformed": told}
    alarms: dict[str, list[Row]] = {}
    for row in apart[RECORDED]:
        if not row.positive:
            alarms.setdefault(f"{row.entry}/{row.case}", []).append(row)
    noisy = {case: list(rate(part)) for case, part in alarms.items() if any(row.fired for row in part)}
    return made | ({"false_alarms_on": noisy} if noisy else {})


class Curve(NamedTuple):
    """Hits and false alarms along a threshold, laxest value first."""

    values: list[float]
    hit: list[Rate]
    false_alarm: list[Rate]


def curve(rows: Sequence[Row], judge: str, calibrated: bool | None = None) -> Curve:
    """The operating curve of a detector or a rule over its swept rows; `calibrated` picks one kind of them."""
    grid = values(judge)
    swept = [row for row in rows if row.judge == judge and row.strictest is not None]
    swept = [row for row in swept if calibrated in (None, row.calibrated)]
    marks = {side: np.array([r.strictest for r in swept if r.positive is side], int) for side in (True, False)}
    rates = {
        side: [Rate(int(np.sum(marks[side] >= i)), int(marks[side].size)) for i in range(grid.size)] for side in marks
    }
    return Curve([float(f"{v:.4g}") for v in grid], rates[True], rates[False])


def calibrate(rule: Curve, limit: float) -> float | None:
    """The laxest value at which a rule's false-alarm rate is at most `limit`; None if at no value it is."""
    quiet = [v for v, rate in zip(rule.values, rule.false_alarm, strict=True) if rate.n and rate.share <= limit]
    return quiet[0] if quiet else None
