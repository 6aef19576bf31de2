"""One labelled run: its curves, how it was made, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bestiary.log import Log

FIRST, LAST = 1000, 1999  # roots of labelled runs; all others are for tuning and judging, and never among them
SPLITS = {3: "validation", 4: "test"}  # by the root's last digit, or that less 5; the rest is for training


def split_of(root: int) -> str:
    """Return which split the runs of a root belong to: three roots of five `train`, one `validation`, one `test`.

    Raises:
        ValueError: it is no root of labelled runs.

    Examples:
        >>> [split_of(root) for root in (1000, 1003, 1009)]
        ['train', 'validation', 'test']
    """
    if not FIRST <= root <= LAST:
        raise ValueError(f"root {root}: labelled runs have roots {FIRST} to {LAST}; the catalog is judged on others")
    return SPLITS.get(root % 5, "train")


@dataclass(frozen=True)
class LabelledRun:
    """One run and what is known of it.

    Attributes:
        entry: key of the catalog.
        case: name of the case.
        root: root seed.
        seed: number of the run.
        split: `train`, `validation` or `test`, by root.
        present: whether the phenomenon is there by construction: the case is no control.
        cause: what the control takes away; of a case that is none, what each of the entry's controls would take away.
        detector: that of the entry.
        state: what it says of the whole run: found, absent, undecided.
        phase: what it calls the run's end, or empty.
        onset: [step] where it says so, or nan.
        also: detectors that may fire on the entry's runs as well.
        knobs: traced values of the setup.
        static: static values.
        log: the curves, thinned.
    """

    entry: str
    case: str
    root: int
    seed: int
    split: str
    present: bool
    cause: str
    detector: str
    state: str
    phase: str
    onset: float
    also: str
    knobs: Mapping[str, float]
    static: Mapping[str, Any]
    log: Log
