"""Values of runs of which some ended too early, and the quantiles of those values: fitted, drawn and printed alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from bestiary.judge.records import is_waiting_time
from bestiary.judge.verdict import value_of
from bestiary.log import Finding


def values_of(
    findings: Sequence[Finding],
    last: Sequence[float],
    of: str,
    censored: Iterable[str] = ("undecided",),
    waits: Sequence[str] = ("onset",),
) -> tuple[np.ndarray, np.ndarray]:
    """Return the onset or effect of every run, and whether it is but a lower bound.

    A run that ended too early reaches a waiting time at its last step at the soonest. Of any other effect it says
    nothing.

    Args:
        findings: (S) one per run.
        last: (S) [step] how far each run was taken.
        of: onset, or the name of an effect.
        censored: states and phases in which a run without a value ended too early.
        waits: names of waiting times.

    Returns:
        (S) the values: the last step of a run that ended too early, if `of` is a waiting time; nan where there is
        none; (S) which are last steps.
    """
    known = np.array([value_of(finding, of) for finding in findings], np.float64)
    early = [f.state in censored or (f.phase != "" and f.phase in censored) for f in findings]
    cut = np.array(early, bool) & ~np.isfinite(known) & is_waiting_time(of, waits)
    return np.where(cut, last, np.where(np.isfinite(known), known, math.nan)), cut


def quantile(y: np.ndarray, cut: np.ndarray, q: float) -> np.ndarray:
    """Return the quantile over the runs at every setting; a run that was cut off lies above all others.

    Args:
        y: (K, S) a value for each run, nan where there is none; at most S runs of a setting have one.
        cut: (K, S) whether the run was cut off, so that y is but a lower bound.
        q: [1] the quantile, 0.5 for the median; linear between neighbouring values.

    Returns:
        (K) inf where the quantile lies among the runs that were cut off, nan where no run has a value.
    """
    found = np.full(len(y), math.nan)
    for k, row in enumerate(np.sort(np.where(cut, math.inf, y), axis=1)):  # nan goes last
        row = row[~np.isnan(row)]
        if row.size:
            at = q * (row.size - 1)
            low, high = row[math.floor(at)], row[math.ceil(at)]
            found[k] = low if low == high else low + (high - low) * (at % 1) if math.isfinite(high) else math.inf
    return found


def medians(y: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Return the median at every setting (K); nan where half of the runs or more are cut off, or none has a value."""
    middle = quantile(y, cut, 0.5)
    return np.where(np.isfinite(middle), middle, math.nan)
