"""The figure of a law: every run, the fitted line, and beside it what theory predicts or what a paper found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from bestiary.catalog.forms import FORMS, Form
from bestiary.catalog.formula import evaluate
from bestiary.catalog.map_claims import Law, MapClaim
from bestiary.figures import names, points, style
from bestiary.maps.censored import medians
from bestiary.maps.judge import MapResult
from bestiary.maps.line import Line, numbers

THEORY, PAPERS = style.HUES[2], (style.HUES[1], style.HUES[3], style.SHADES[1])
DASHED, DOTTED = (0, (5, 2)), (0, (1, 1))


class _Data(NamedTuple):
    """What a law is fitted to: x (K,) in the variable of the law, y (K, S), which runs were cut off (K, S)."""

    x: np.ndarray
    y: np.ndarray
    cut: np.ndarray
    log: bool  # whether x is drawn on a logarithmic axis

    @property
    def grid(self) -> np.ndarray:
        return points.grid(self.x, self.y, self.log)


def draw(ax: Axes, result: MapResult, law: Law) -> None:
    """Draw the runs and medians of a law, its fit, its theory, and the curves that were published."""
    line, form = result.line, FORMS[law.form]
    assert line is not None  # a law has one
    y, cut = line.values(law.of, law.censored)
    against = law.against
    try:
        x = line.variable(against)
    except ValueError:
        x, against = line.x, "x"
    log = bool((x > 0).all()) and (line.axis.log or form.above_0 or bool(x.max() > 10 * x.min()))
    data = _Data(x, y, cut, log)
    points.runs(ax, x, y, cut)
    curves = [y]
    if law.theory is not None:
        curves += _theory(ax, result, law, line, data)
    elif result.fit is not None:
        at = data.grid
        curves.append(result.fit.predict(at))
        ax.plot(at, curves[-1], "-", color=style.INK, linewidth=0.9, label=f"fit: {equation(law, result)}")
        curves += _published(ax, law, form, data, result.fit.parameters)
    points.scale_x(ax, x, log)
    points.scale_y(ax, np.concatenate([np.ravel(c) for c in curves]), form.on_logs)
    ax.set_xlabel(names.variable(result.setup, line.answers, law.axis.name, against).lines, parse_math=False)
    ax.set_ylabel(names.value(result.setup, line.answers, law.of), parse_math=False)


def equation(law: Law, result: MapResult) -> str:
    """Write the fitted law with its numbers."""
    fit, form = result.fit, FORMS[law.form]
    if fit is None:
        return ""
    zero, slope = fit.parameters[form.at_zero], fit.parameters[form.slope]
    return {
        "power": f"{zero:.3g} x^{slope:.3g}",
        "exponential": f"{zero:.3g} exp({slope:.3g} x)",
        "logarithmic": f"{zero:.3g} {slope:+.3g} ln x",
        "reciprocal": f"{zero:.3g} {slope:+.3g} / x",
    }.get(law.form, f"{zero:.3g} times the prediction, to the power {slope:.3g}")


def _theory(ax: Axes, result: MapResult, law: Law, line: Line, data: _Data) -> list[np.ndarray]:
    """Draw what a formula predicts along the axis, and the fit to the runs over it."""
    assert law.theory is not None
    at, first = data.grid, line.points[0]
    whole = isinstance(line.axis.values[0], int)
    try:
        fixed = numbers(first.knobs, first.static)
        predicted = np.array([evaluate(law.theory.formula, fixed | {law.axis.name: v}) for v in at])
        middle = np.exp(np.log(line.predicted(law.theory.formula)).mean())
    except ValueError:
        return []
    if whole:  # a formula of a count: no less true between the counts that were run
        at = np.asarray(at, float)
    look = {"color": THEORY, "linewidth": 1.1, "linestyle": DASHED, "zorder": 2.6}
    ax.plot(at, predicted, label=f"theory: {law.theory.name}", **look)
    if result.fit is None:
        return [predicted]
    fitted = middle * result.fit.predict(predicted / middle)
    ax.plot(at, fitted, "-", color=style.INK, linewidth=0.9, label=f"fit: {equation(law, result)}")
    return [predicted, fitted]


def _published(ax: Axes, law: Law, form: Form, data: _Data, fitted: Mapping[str, float]) -> list[np.ndarray]:
    """Draw the published curves: through the middle of the data, unless the paper tells more than a slope."""
    told = [c for c in law.claims if c.published is not None]
    slopes = [c for c in told if c.of == form.slope]
    zeros = [c for c in told if c.of == form.at_zero]
    curves, hues = [], iter(PAPERS * (len(told) + 1))
    for slope in slopes:
        low, high = (_curve(form, data, end, zeros, slope) for end in _ends(slope))
        curves += _mark(ax, data, low, high, slope, next(hues))
    for zero in [] if slopes else zeros:
        u = form.u(data.grid)
        low, high = (_of(form, _line(form, end), fitted[form.slope], u) for end in _ends(zero))
        curves += _mark(ax, data, low, high, zero, next(hues))
    return curves


def _ends(claim: MapClaim) -> tuple[float, float]:
    assert claim.published is not None
    return claim.published.ends


def _line(form: Form, value: float) -> float:
    return float(np.log(value)) if form.on_logs else value


def _of(form: Form, at_zero: float, slope: float, u: np.ndarray) -> np.ndarray:
    return np.exp(at_zero + slope * u) if form.on_logs else at_zero + slope * u


def _curve(form: Form, data: _Data, slope: float, zeros: list[MapClaim], claim: MapClaim) -> np.ndarray:
    """The curve of a slope: with the constant that the same paper gives, else through the middle of the medians."""
    own = [z for z in zeros if z.published and names.cited(z.published.where) == names.cited(_where(claim))]
    u = form.u(data.grid)
    if own:
        return _of(form, _line(form, sum(_ends(own[0])) / 2), slope, u)
    y = medians(data.y, data.cut)
    there = np.isfinite(y)
    middle = (np.log(y[there]) if form.on_logs else y[there]).mean() - slope * form.u(data.x[there]).mean()
    return _of(form, float(middle), slope, u)


def _where(claim: MapClaim) -> str:
    return claim.published.where if claim.published else ""


def _mark(ax: Axes, data: _Data, low: np.ndarray, high: np.ndarray, claim: MapClaim, hue: str) -> list[np.ndarray]:
    """Draw a published curve, or the wedge between the two of a published range."""
    assert claim.published is not None
    label = f"published: {claim.of} {claim.published.words()}, {names.cited(claim.published.where)}"
    if np.array_equal(low, high):
        ax.plot(data.grid, low, color=hue, linewidth=1.1, linestyle=DASHED, zorder=2.6, label=label)
        return [low]
    ax.fill_between(data.grid, low, high, color=hue, alpha=0.25, linewidth=0, label=label)
    return [low, high]
