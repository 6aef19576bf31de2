"""Rules in public use that call a run grokking; published_rules.py says what all rules share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bestiary.certify.spike_rules import firing
from bestiary.log import Finding, Log, Series


def _first(curve: Series, level: float) -> float:
    """[step] of the first record at or above a level; nan if there is none."""
    reached = curve.values >= level
    return float(curve.steps[np.argmax(reached)]) if reached.any() else float("nan")


def accuracy_once(log: Log, test: str = "test_acc", *, level: float = 0.9) -> Finding:
    """A test accuracy at or above `level`, were it once; a delay is not asked for.

    Args:
        log: the run.
        test: accuracy on held-out data.
        level: [1] to be reached.

    Source: public functions named detect_grokking_point(test_acc, threshold=0.9).
    """
    if lacking := log.lacking([test]):
        return lacking
    t, y = log[test]
    return firing(t, y >= level, f"{test} at {level:g}")


def both_accuracies_now(
    log: Log, train: str = "train_acc", test: str = "test_acc", *, memorised: float = 0.99, generalised: float = 0.95
) -> Finding:
    """Train and test accuracy at or above their levels at the same time; a delay is not asked for.

    Args:
        log: the run.
        train: accuracy on training data; at a record of `test`, the latest one counts.
        test: accuracy on held-out data.
        memorised: [1] level of `train`.
        generalised: [1] level of `test`.

    Source: a public function detect_grokking(train_acc, val_acc, 0.99, 0.95).
    """
    if lacking := log.lacking([train, test]):
        return lacking
    (t, y), (when, known) = log[test], log[train]
    latest = np.searchsorted(when, t, side="right") - 1
    fired = (latest >= 0) & (known[latest] >= memorised) & (y >= generalised)
    return firing(t, fired, f"{train} at {memorised:g} and {test} at {generalised:g}")


def liu_phases(
    log: Log, train: str = "train_acc", test: str = "test_acc", *, gap: float = 1000.0, level: float = 0.9
) -> Finding:
    """Train and test accuracy each reach `level` once, the latter more than `gap` steps after the former.

    The onset is the step at which test accuracy does. The phases are comprehension (both, with a smaller gap),
    grokking, memorisation (train alone) and confusion (not even train). The run's length stands for the budget of 1e5
    steps.

    Args:
        log: the run.
        train: accuracy on training data.
        test: accuracy on held-out data.
        gap: [step] between the two.
        level: [1] both must reach.

    Source: Liu et al., arXiv:2205.10343; repository ejmichaud/grokking-squared, toy/train_add.py and
        phase_diagram_plot/simple_phase_diagram.ipynb.
    """
    if lacking := log.lacking([train, test]):
        return lacking
    t1, t2 = _first(log[train], level), _first(log[test], level)
    found = t2 - t1 > gap  # a nan is not
    reached = "grokking" if found else "comprehension" if np.isfinite(t2) else "memorisation"
    finding = firing(log[test].steps, found & (log[test].steps == t2), f"{test} {gap:g} steps after {train}")
    return replace(finding, phase=reached if np.isfinite(t1) else "confusion")


def accuracy_jump(log: Log, test: str = "test_acc", *, jump: float = 0.15) -> Finding:
    """A test accuracy more than `jump` above that of the evaluation before; of fewer than four nothing is said.

    Args:
        log: the run.
        test: accuracy on held-out data.
        jump: [1] from one evaluation to the next.

    Source: a public function detect_grokking(test_metrics, threshold=0.15); another has 0.1.
    """
    if lacking := log.lacking([test]):
        return lacking
    t, y = log[test]
    rise = np.r_[False, np.diff(y) > jump] & (t.size >= 4)
    return firing(t, rise, f"{test} up by more than {jump:g} between evaluations")
