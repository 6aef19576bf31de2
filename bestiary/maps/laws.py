"""How an onset or an effect depends on a knob: laws of two parameters, fitted to runs that may be cut off.

Seed s is the same random draw at every setting of the knob: the runs of a seed depend on each
other, and what is resampled is the seed, never the single run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares, minimize
from scipy.special import log_ndtr
from scipy.stats import t as student

from bestiary.catalog.forms import FITTED, FORMS, Form
from bestiary.catalog.published import Estimate
from bestiary.judge.outcome import ALPHA, Judgement, Outcome
from bestiary.maps.censored import medians

LEAST_SETTINGS = 3  # two parameters go through any two settings
LEAST_SEEDS = 3  # below, Student's t has no use: at 95 % and one degree of freedom it is 12.7
LEAST_SIGMA = 1e-6  # runs that lie on the law to rounding would have an infinite likelihood
LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)


class _Runs(NamedTuple):
    """Checked data, by increasing x: x (K,), y (K, S) with nan for no value, cut (K, S)."""

    x: np.ndarray
    y: np.ndarray
    cut: np.ndarray

    def medians(self) -> np.ndarray:
        """Return the medians over the seeds (K,); see `censored.medians`."""
        return medians(self.y, self.cut)


@dataclass(frozen=True, eq=False)
class Fit:
    """A law fitted to runs."""

    form: str  # key of FORMS
    parameters: Mapping[str, float]  # named as in the form's equation
    sigma: float  # [1] standard deviation of ln y about ln f
    aic: float  # [1] Akaike's 2 * 3 - 2 ln L of ln y, to be compared on the same runs; takes them for independent
    n: int  # runs with a value, those cut off included
    censored: int  # runs cut off
    deviation: float  # [1] largest |median of y / f - 1| over settings with fewer than half of the runs cut off
    seeds: int  # seeds with a value
    _line: np.ndarray = field(repr=False)
    _runs: _Runs = field(repr=False)

    def predict(self, x: np.ndarray | float) -> np.ndarray:
        """Return the law at x, in the unit of y; may be 0 or less outside of the range of the data."""
        return _law(FORMS[self.form], self._line, _u(self.form, np.asarray(x, np.float64)))

    @cached_property
    def _pseudo(self) -> np.ndarray:
        """Return the seeds' pseudo-values of intercept and slope (S, 2), S * whole - (S - 1) * without the seed."""
        if self.seeds < LEAST_SEEDS:
            raise ValueError(f"limits need {LEAST_SEEDS} seeds with a value, there are {self.seeds}; run more seeds")
        x, y, cut = self._runs
        lines = []
        for s in np.flatnonzero(~np.isnan(y).all(axis=0)):
            try:
                rest = _read(x, np.delete(y, s, axis=1), np.delete(cut, s, axis=1))
            except ValueError as error:
                raise ValueError(f"limits cannot leave out seed {s}: {error}") from None
            lines.append(_fit(rest, self.form)._line)
        return self.seeds * self._line - (self.seeds - 1) * np.array(lines)

    def limits(self, confidence: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return confidence limits of each parameter, by leaving out one seed at a time.

        mean(pseudo) +- t * std(pseudo) / sqrt(S), with Student's t of S - 1 degrees of freedom; for the constant of a
        power or an exponential, on its logarithm. For those two exact if ln y is normal and no run is cut off.

        Args:
            confidence: [1] with which the interval covers the parameter.

        Raises:
            ValueError: fewer than three seeds, or the law cannot be fitted without one of them.

        Source: Tukey (1958), Bias and confidence in not quite large samples.
        """
        pseudo = self._pseudo
        half = student.ppf((1 + confidence) / 2, self.seeds - 1) * pseudo.std(axis=0, ddof=1) / math.sqrt(self.seeds)
        ends = np.stack([pseudo.mean(axis=0) - half, pseudo.mean(axis=0) + half])  # (2 ends, 2 parameters)
        ends[:, 0] = [_law(FORMS[self.form], end, 0.0) for end in ends]
        return {name: (float(a), float(b)) for name, (a, b) in zip(self.parameters, ends.T, strict=True)}


def fit(x: np.ndarray, y: np.ndarray, censored: np.ndarray, form: str) -> Fit:
    """Fit the law of one form that makes the runs most likely.

    ln y ~ Normal(ln f(x), sigma^2); a run that was cut off contributes the probability that y lies above its last
    step. A power and an exponential without such runs are the least-squares line on logs.

    Args:
        x: (K,) values of the knob, in any order.
        y: (K, S) one positive value per setting and seed; nan where there is none; the last step where cut off.
        censored: (K, S) whether the run ended before the onset, so that y is a lower bound.
        form: key of FORMS.

    Raises:
        ValueError: shapes do not match; y is not positive, or x for a form that needs it; too few settings.

    Source: Tobin (1958), Estimation of relationships for limited dependent variables.
    """
    if form not in FORMS:
        raise ValueError(f"there is no form {form!r}; there are {', '.join(FORMS)}")
    return _fit(_read(x, y, censored), form)


def over_theory(predicted: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what is predicted and what was measured, both over the geometric mean g of what is predicted.

    Then a law of form `theory` has the ratio of measured over predicted in the middle of the axis as its constant, and
    1 as its exponent where the formula is right.

    Args:
        predicted: (K,) by the formula at each setting.
        y: (K, S) as for `fit`.

    Raises:
        ValueError: something predicted is not above 0.
    """
    if (predicted <= 0).any():
        raise ValueError(f"the formula predicts {predicted.min():g}; a law of form theory wants values above 0")
    middle = math.exp(float(np.log(predicted).mean()))
    return predicted / middle, y / middle


def compare(x: np.ndarray, y: np.ndarray, censored: np.ndarray) -> list[Fit]:
    """Fit every form that can be, best first by Akaike's criterion; all have as many parameters.

    Args:
        x, y, censored: as for `fit`, which says what is refused; a form that x does not suit is left out.
    """
    data = _read(x, y, censored)
    fits = []
    for form in FITTED:
        with suppress(ValueError):  # the data are sound: what is wrong is x for this form
            fits.append(_fit(data, form))
    return sorted(fits, key=lambda f: f.aic)


def valid_range(
    law: Fit, x: np.ndarray, y: np.ndarray, censored: np.ndarray, tolerance: float = 0.1
) -> tuple[float, float] | None:
    """Return the longest stretch of neighbouring settings over which a law describes the medians.

    Every median of the stretch lies within `tolerance` of the law as it was fitted, and the stretch has at least three
    settings. A setting where half of the runs or more are cut off, or none has a value, has no median and ends a
    stretch. Of several stretches with as many settings, the one with the smallest deviation.

    Args:
        law: the fitted law.
        x, y, censored: as for `fit`.
        tolerance: [1] largest allowed |median of y / f - 1|.

    Returns:
        The stretch's lowest and highest x, or None if there is no such stretch.
    """
    data = _read(x, y, censored)
    there = ~np.isnan(data.y).all(axis=1)  # where nothing is, the law may have no value
    off = np.full(data.x.size, math.inf)
    off[there] = np.nan_to_num(np.abs(data.medians()[there] / law.predict(data.x[there]) - 1), nan=math.inf)
    for length in range(data.x.size, LEAST_SETTINGS - 1, -1):
        worst = [float(off[i : i + length].max()) for i in range(data.x.size - length + 1)]
        if min(worst) <= tolerance:
            first = worst.index(min(worst))
            return float(data.x[first]), float(data.x[first + length - 1])
    return None


def judge_law(
    claim_interval: tuple[float, float], law: Fit, parameter: str, alpha: float = ALPHA, confidence: float = 0.95
) -> Judgement:
    """Judge whether a parameter of a law lies where it is claimed to lie.

    The claim holds if the interval at `confidence` lies within it, fails if the one at 1 - alpha misses it.

    Args:
        claim_interval: where the parameter is claimed to lie.
        law: the fitted law.
        parameter: its name.
        alpha: [1] highest probability with which a true claim fails.
        confidence: [1] of the limits.

    Returns:
        The outcome; the parameter with its limits, in words; what decided; the same as numbers.

    Raises:
        ValueError: the law has no such parameter.
    """
    if parameter not in law.parameters:
        raise ValueError(f"a {law.form} law has no {parameter!r}; it has {' and '.join(law.parameters)}")
    lo, hi = claim_interval
    number = law.parameters[parameter]
    value, share = f"{number:.4g}", f"({law.seeds} seeds, {law.n - law.censored} of {law.n} runs)"
    try:
        (low, high), (far_low, far_high) = (law.limits(level)[parameter] for level in (confidence, 1 - alpha))
    except ValueError as error:
        return Judgement(Outcome.INCONCLUSIVE, f"{value}, no limits {share}", str(error))
    measured = f"{value}, {low:.4g} to {high:.4g} at {100 * confidence:g} % {share}"
    estimate = Estimate(number, low, high)
    if lo <= low and high <= hi:
        return Judgement(Outcome.HOLDS, measured, "the limits lie within the claim", estimate)
    if far_high < lo or far_low > hi:
        reason = f"the interval at {1 - alpha:g}, {far_low:.4g} to {far_high:.4g}, misses the claim"
        return Judgement(Outcome.FAILS, measured, reason, estimate)
    return Judgement(Outcome.INCONCLUSIVE, measured, f"{law.seeds} seeds are too few to tell", estimate)


def _read(x: np.ndarray, y: np.ndarray, censored: np.ndarray) -> _Runs:
    """Sort the data by increasing x, and check them."""
    x, y, cut = np.asarray(x, np.float64), np.asarray(y, np.float64), np.asarray(censored, bool)
    if x.ndim != 1 or y.ndim != 2 or y.shape != cut.shape or len(y) != len(x) or not np.isfinite(x).all():
        shapes = f"{x.shape}, {y.shape} and {cut.shape}"
        raise ValueError(f"want finite x (K,), y (K, S) and censored (K, S); their shapes are {shapes}")
    wrong = np.argwhere((y <= 0) | np.isinf(y))
    if wrong.size:
        k, s = wrong[0]
        raise ValueError(f"y is {y[k, s]:g} at x = {x[k]:g}, seed {s}; want values above 0, and nan for none")
    order = np.argsort(x, kind="stable")
    x, y, cut = x[order], y[order], (cut & ~np.isnan(y))[order]
    with_value = np.unique(x[(~np.isnan(y) & ~cut).any(axis=1)]).size
    if with_value < LEAST_SETTINGS:
        seen = f"; {cut.sum()} runs are cut off, run longer" if cut.any() else ""
        raise ValueError(f"a law needs {LEAST_SETTINGS} settings with a value, there are {with_value}{seen}")
    return _Runs(x, y, cut)


def _u(form: str, x: np.ndarray) -> np.ndarray:
    if FORMS[form].above_0 and (x <= 0).any():
        raise ValueError(f"a {form} law needs x above 0; x is {x.min():g}")
    return FORMS[form].u(x)


def _law(form: Form, line: np.ndarray, u: np.ndarray | float) -> np.ndarray:
    with np.errstate(over="ignore"):  # three seeds at 99.99 % may leave a constant without an upper limit
        return np.exp(line[0] + line[1] * u) if form.on_logs else line[0] + line[1] * u


def _fit(data: _Runs, form: str) -> Fit:
    data = _Runs(*(part[~np.isnan(data.y).all(axis=1)] for part in data))  # where nothing is, x may be 0
    kind, u, here = FORMS[form], _u(form, data.x), ~np.isnan(data.y)
    line, sigma, likelihood = _maximise(
        np.broadcast_to(u[:, None], here.shape)[here], np.log(data.y[here]), data.cut[here], kind.on_logs
    )
    off = np.abs(data.medians() / _law(kind, line, u) - 1)
    deviation = math.nan if np.isnan(off).all() else float(np.nanmax(off))
    parameters = dict(zip((kind.at_zero, kind.slope), (float(_law(kind, line, 0.0)), float(line[1])), strict=True))
    n, censored, seeds = int(here.sum()), int(data.cut.sum()), int(here.any(axis=0).sum())
    return Fit(form, parameters, sigma, 2 * 3 - 2 * likelihood, n, censored, deviation, seeds, line, data)


def _maximise(u: np.ndarray, z: np.ndarray, cut: np.ndarray, on_logs: bool) -> tuple[np.ndarray, float, float]:
    """Return intercept and slope, sigma and ln L that maximise the likelihood of z = ln y; all (N,).

    The law is written by ln f at the lowest and at the highest u, so that f is positive wherever there are data.
    """
    low, high, middle = u.min(), u.max(), z.mean()
    z, t = z - middle, (u - low) / (high - low)
    weights = np.log(np.stack([1 - t, t]).clip(1e-300))

    def law(ends):  # ln f (N,), and its derivatives by the ends (N, 2)
        if on_logs:
            return (1 - t) * ends[0] + t * ends[1], np.stack([1 - t, t], axis=1)
        parts = ends[:, None] + weights
        mean = np.logaddexp(*parts)
        return mean, np.exp(parts - mean).T

    def miss(ends):
        return z - law(ends)[0]

    start = np.polyval(np.polyfit(t, z, 1), [0, 1])
    ends = least_squares(miss, start, method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14).x
    sigma = float(np.sqrt(np.mean(miss(ends) ** 2)))

    def cost(v):  # -ln L / N in units of the least-squares solution, and its gradient
        mean, by_ends = law(ends + sigma * v[:2])
        spread = max(sigma * math.exp(v[2]), LEAST_SIGMA)
        r = (z - mean) / spread
        log_tail = log_ndtr(-r)
        hazard = np.exp(-0.5 * r**2 - LOG_ROOT_2PI - log_tail)
        value = np.where(cut, -log_tail, 0.5 * r**2 + LOG_ROOT_2PI + math.log(spread))
        pull = np.where(cut, hazard, r)
        by_spread = np.where(cut, -hazard * r, 1 - r**2).mean() * (spread > LEAST_SIGMA)
        return value.mean(), np.append(-pull @ by_ends * sigma / spread / z.size, by_spread)

    v = np.zeros(3)  # least squares is the answer if no run is cut off
    if cut.any():
        v = minimize(cost, v, jac=True, method="BFGS", options={"gtol": 1e-7}).x
    at = ends + sigma * v[:2] + middle if on_logs else np.exp(ends + sigma * v[:2] + middle)
    slope, spread = (at[1] - at[0]) / (high - low), max(sigma * math.exp(v[2]), LEAST_SIGMA)
    return np.array([at[0] - slope * low, slope]), spread, -z.size * float(cost(v)[0])
