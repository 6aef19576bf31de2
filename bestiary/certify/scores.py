"""Rows as numbers: hits, false alarms, places, bias, coverage; pooled, and apart by shape and by transformation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

from bestiary.certify.asking import Row
from bestiary.certify.cases import Case
from bestiary.certify.problems import Problem
from bestiary.certify.rates import Rate

KINDS_OF_FAILURE = 5  # that are told


class Onset(NamedTuple):
    """How far an onset is off [record], over the events that were found and placed."""

    n: int
    median: float
    q05: float
    q95: float
    near: Rate  # within 3 % of the run, or three records


class Detected(NamedTuple):
    """What a detector is worth on some cases.

    Attributes:
        hits: events found, of all.
        false_alarms: of the logs without one, those in which something was found.
        failures: cases without an answer, of all; on an event a failure is no hit, on a log without one no alarm.
        onset: how far off; None if no place was told.
    """

    hits: Rate
    false_alarms: Rate
    failures: Rate
    onset: Onset | None


class Estimated(NamedTuple):
    """What an estimator is worth on some problems.

    Attributes:
        right: estimates within the tolerance, of all.
        covered: stated intervals that hold the truth; they should be 95 %.
        failures: problems without an answer, of all.
        bias: mean error [1], over the truth unless errors are absolute; nan of none.
        low: lower end of its 95 % interval, of Student.
        high: upper end of it.
        rms: root mean square error.
    """

    right: Rate
    covered: Rate
    failures: Rate
    bias: float
    low: float
    high: float
    rms: float


Score = Detected | Estimated


def detected(rows: Sequence[Row]) -> Detected:
    """Score a detector's rows."""
    there = [row for row in rows if isinstance(row.case, Case) and row.case.positive]
    nowhere = [row for row in rows if isinstance(row.case, Case) and not row.case.positive]
    return Detected(
        _rate(row.answer.found for row in there),
        _rate(row.answer.found for row in nowhere),
        _rate(bool(row.answer.failure) for row in rows),
        _onset([row for row in there if row.answer.found and np.isfinite(row.error)]),
    )


def _onset(rows: Sequence[Row]) -> Onset | None:
    if not rows:
        return None
    errors = np.array([row.error for row in rows])
    low, middle, high = np.quantile(errors, [0.05, 0.5, 0.95])
    return Onset(len(rows), float(middle), float(low), float(high), _rate(row.right for row in rows))


def estimated(rows: Sequence[Row]) -> Estimated:
    """Score an estimator's rows."""
    errors = np.array([row.error for row in rows if not row.answer.failure])
    stated = [row for row in rows if np.isfinite([row.answer.low, row.answer.high]).all()]
    bias = float(errors.mean()) if errors.size else float("nan")
    half = float("nan")
    if errors.size > 1:
        half = float(student.ppf(0.975, errors.size - 1) * errors.std(ddof=1) / np.sqrt(errors.size))
    return Estimated(
        _rate(row.right for row in rows),
        _rate(row.answer.low <= row.case.truth <= row.answer.high for row in stated if isinstance(row.case, Problem)),
        _rate(bool(row.answer.failure) for row in rows),
        bias,
        bias - half,
        bias + half,
        float(np.sqrt((errors**2).mean())) if errors.size else float("nan"),
    )


def _rate(flags: Iterable[bool]) -> Rate:
    all_of = list(flags)
    return Rate(sum(all_of), len(all_of))


def score(rows: Sequence[Row]) -> Score:
    """Score rows of a detector, or of an estimator."""
    return detected(rows) if not rows or isinstance(rows[0].case, Case) else estimated(rows)


def apart(rows: Sequence[Row], by: Callable[[Row], str]) -> dict[str, Score]:
    """Score the rows of each part, in the order in which the parts come."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(by(row), []).append(row)
    return {name: score(part) for name, part in parts.items()}


def failures(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Return the most frequent reasons for no answer, with how often each came."""
    return Counter(row.answer.failure for row in rows if row.answer.failure).most_common(KINDS_OF_FAILURE)


def as_json(of: Score) -> dict[str, Any]:
    """Return a score as plain data; every rate with its exact 95 % limits."""

    def rate(one: Rate) -> dict[str, Any]:
        low, high = one.interval
        return {"k": one.k, "n": one.n, "rate": one.share, "low": low, "high": high}

    made = {name: rate(value) for name, value in of._asdict().items() if isinstance(value, Rate)}
    if isinstance(of, Estimated):
        return made | {"bias": {"mean": of.bias, "low": of.low, "high": of.high}, "rms": of.rms}
    if of.onset is None:
        return made | {"onset_error": None}
    error = {name: value for name, value in of.onset._asdict().items() if name != "near"}
    return made | {"onset_error": error | {"unit": "record"}, "near": rate(of.onset.near)}
