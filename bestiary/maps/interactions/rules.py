"""What the parts predict of A's quantity with B on, if they only add up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import brentq

from bestiary.catalog.formula import evaluate
from bestiary.catalog.interaction_claims import STEP, Rule

FARTHEST = 1e12  # [step] to which the time of a clock is sought


def composed(
    rule: Rule, on: Mapping[str, float], off: Mapping[str, float]
) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    """Return what predicts Q with B on from Q of A and, for rates and first, from Q of B: it increases in both.

        independent  Q
        factor       Q f(on) / f(off)
        shift        Q + f(on) - f(off)
        rates        1 / (1/Q + 1/Q_B)
        first        min(Q, Q_B)
        clock        the t at which f(t, on) = f(Q, off)

    Args:
        rule: of the interaction.
        on: values of knobs and static values with B on.
        off: those with B off.

    Returns:
        A function of Q of A (S,) and Q of B (S,) or None, both from 0 to inf, nan where nothing is known.

    Raises:
        ValueError: the formula cannot be computed there, or predicts what is not above 0; in one line.
    """
    formula = rule.formula
    if rule.name == "independent":
        return lambda a, b: a
    if rule.name in ("rates", "first"):
        fixed = None if formula is None else evaluate(formula, on)
        if fixed is not None and fixed <= 0:
            raise ValueError(f"{formula!r} is {fixed:g} with B on; want a number above 0")
        return _of_both(rule.name, fixed)
    assert formula is not None  # the rule has seen to it
    if rule.name == "clock":
        return lambda a, b: np.array([_time(formula, q, on, off) for q in a])
    there, here = evaluate(formula, on), evaluate(formula, off)
    if rule.name == "shift":
        return lambda a, b: np.maximum(a + (there - here), 0.0)
    if there * here <= 0:
        raise ValueError(f"{formula!r} is {there:g} with B on and {here:g} with B off; no factor above 0")
    return lambda a, b: a * (there / here)


def _of_both(name: str, fixed: float | None) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    def predict(a: np.ndarray, b: np.ndarray | None) -> np.ndarray:
        assert b is not None or fixed is not None
        other = np.full_like(a, fixed) if b is None else b
        if name == "first":
            return np.minimum(a, other)  # nan where either is
        with np.errstate(divide="ignore"):
            return 1 / (1 / a + 1 / other)

    return predict


def _time(formula: str, q: float, on: Mapping[str, float], off: Mapping[str, float]) -> float:
    """The time at which the clock with B on shows what that with B off shows at q."""
    if not math.isfinite(q):
        return q
    due = evaluate(formula, {**off, STEP: q})

    def behind(t: float) -> float:
        return evaluate(formula, {**on, STEP: t}) - due

    if behind(0.0) >= 0:
        return 0.0
    far = max(q, 1.0)
    while behind(far) < 0:
        far *= 2
        if far > FARTHEST:
            raise ValueError(f"the clock {formula!r} never shows {due:g} with B on")
    found: Any = brentq(behind, 0.0, far, xtol=1e-9 * far)
    return float(found)
