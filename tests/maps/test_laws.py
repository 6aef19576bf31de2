"""Laws against least squares, an independent likelihood and hand arithmetic; limits and verdicts against simulation."""

import math
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm
from scipy.stats import t as student

from bestiary.catalog.forms import FITTED
from bestiary.judge.outcome import Outcome
from bestiary.maps.laws import compare, fit, judge_law

HOLDS, FAILS, INCONCLUSIVE = Outcome.HOLDS, Outcome.FAILS, Outcome.INCONCLUSIVE
X = np.geomspace(1, 10, 6)
LAWS = {  # positive on X
    "power": ({"constant": 3.0, "exponent": -1.5}, lambda x: 3 * x**-1.5),
    "exponential": ({"constant": 3.0, "rate": -0.4}, lambda x: 3 * np.exp(-0.4 * x)),
    "logarithmic": ({"constant": 20.0, "slope": -7.0}, lambda x: 20 - 7 * np.log(x)),
    "reciprocal": ({"offset": 1.0, "scale": 3.0}, lambda x: 1 + 3 / x),
}
each_form = pytest.mark.parametrize("form", FITTED)


def runs(f, seeds=8, noise=0.1, common=0.0, rng=None, x=X):
    """Lognormal scatter about a law, part of it common to all settings of a seed."""
    rng = np.random.default_rng(0) if rng is None else rng
    scatter = noise * rng.normal(size=(x.size, seeds)) + common * rng.normal(size=seeds)
    return f(x)[:, None] * np.exp(scatter)


def whole(y):
    return np.zeros(y.shape, bool)


def cut_at(y, last):
    return np.minimum(y, last), y > last


# The fit.


def test_without_cut_off_runs_it_is_the_least_squares_line_on_logs():
    y = runs(LAWS["power"][1])
    for form, slope, u in (("power", "exponent", np.log(X)), ("exponential", "rate", X)):
        law = fit(X, y, whole(y), form)
        b, a = np.polyfit(np.repeat(u, y.shape[1]), np.log(y).ravel(), 1)
        assert law.parameters == pytest.approx({"constant": math.exp(a), slope: b}, rel=1e-6)
        rest = np.log(y) - a - b * u[:, None]
        assert law.sigma == pytest.approx(rest.std(), rel=1e-6)
        assert law.aic == pytest.approx(6 - 2 * norm.logpdf(rest, 0, rest.std()).sum(), abs=1e-5)
        assert (law.n, law.censored, law.seeds) == (48, 0, 8)


@each_form
def test_a_law_without_scatter_is_recovered(form):
    parameters, f = LAWS[form]
    for last in (math.inf, np.median(f(X))):
        law = fit(X, *cut_at(runs(f, noise=0), last), form)
        assert law.parameters == pytest.approx(parameters, rel=1e-7)
        assert law.deviation < 1e-7
        assert math.isfinite(law.aic)
        assert law.predict(X) == pytest.approx(f(X), rel=1e-7)
        assert law.predict(2.5) == pytest.approx(f(2.5), rel=1e-7)


@each_form
def test_with_cut_off_runs_it_maximises_an_independently_written_likelihood(form):
    f = LAWS[form][1]
    y, cut = cut_at(runs(f, noise=0.2), np.quantile(runs(f), 0.6))
    law = fit(X, y, cut, form)
    assert law.censored == cut.sum() > 10
    names = list(law.parameters)

    def minus_log_likelihood(v):
        a, b, s = v
        mean = {"power": lambda: a * X**b, "exponential": lambda: a * np.exp(b * X)}.get(
            form, lambda: a + b * (np.log(X) if form == "logarithmic" else 1 / X)
        )()
        if min(mean) <= 0 or s <= 0:
            return math.inf
        m = np.log(mean)[:, None]
        return -np.where(cut, norm.logsf(np.log(y), m, s), norm.logpdf(np.log(y), m, s)).sum()

    mine = np.array([*law.parameters.values(), law.sigma])
    assert law.aic == pytest.approx(6 + 2 * minus_log_likelihood(mine), abs=1e-6)
    best = minimize(minus_log_likelihood, mine * 1.05, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    assert dict(zip(names, best.x[:2], strict=True)) == pytest.approx(law.parameters, rel=1e-3)
    assert best.fun >= minus_log_likelihood(mine) - 1e-6


def test_cut_off_runs_do_not_bias_the_exponent_and_would_if_taken_at_their_last_step():
    f, rng = LAWS["power"][1], np.random.default_rng(1)
    mine, naive = [], []
    for _ in range(100):
        y, cut = cut_at(runs(f, noise=0.5, rng=rng), 1.0)
        mine.append(fit(X, y, cut, "power").parameters["exponent"])
        naive.append(fit(X, y, whole(y), "power").parameters["exponent"])
    error = np.std(mine) / 10
    assert abs(np.mean(mine) + 1.5) < 4 * error
    assert abs(np.mean(naive) + 1.5) > 10 * error


@pytest.mark.parametrize("form, f", [("logarithmic", lambda x: x**-4.0), ("reciprocal", lambda x: x**3.0)])
def test_a_law_stays_positive_where_there_are_data(form, f):
    y = runs(f)
    assert fit(X, y, whole(y), form).predict(X).min() > 0


def test_neither_the_order_nor_the_unit_of_settings_and_seeds_matters():
    y, cut = cut_at(runs(LAWS["power"][1]), 1.5)
    law, order = fit(X, y, cut, "power"), [3, 0, 5, 1, 4, 2]
    other = fit(X[order], y[order][:, ::-1], cut[order][:, ::-1], "power")
    assert other.parameters == pytest.approx(law.parameters, rel=1e-6)
    scaled = fit(1e-6 * X, 1e6 * y, cut, "power")
    assert scaled.parameters["exponent"] == pytest.approx(law.parameters["exponent"], rel=1e-6)
    assert (scaled.sigma, scaled.aic) == pytest.approx((law.sigma, law.aic), rel=1e-6)


def test_the_deviation_is_of_medians_and_passes_over_settings_that_are_mostly_cut_off():
    y = runs(LAWS["power"][1], noise=0)
    y[2] *= 1.3
    law = fit(X, y, whole(y), "power")
    assert law.deviation == pytest.approx(abs(y[2, 0] / law.predict(X[2]) - 1))
    cut = whole(y)
    cut[2, :4] = True  # half of 8
    without = fit(X, y, cut, "power")
    assert without.deviation == pytest.approx(np.delete(np.abs(y[:, 0] / without.predict(X) - 1), 2).max())
    cut[2, 3] = False
    assert fit(X, y, cut, "power").deviation > 0.15


# Comparing forms.


@each_form
def test_the_form_that_made_the_runs_comes_first(form):
    y, cut = cut_at(runs(LAWS[form][1], noise=0.05), np.quantile(runs(LAWS[form][1]), 0.8))
    fits = compare(X, y, cut)
    assert fits[0].form == form
    assert {f.form for f in fits} == set(FITTED)
    assert all(a.aic <= b.aic and len(a.parameters) == 2 for a, b in pairwise(fits))


def test_forms_that_x_does_not_suit_are_left_out_unless_nothing_is_there():
    x = np.arange(6.0)
    y = runs(lambda x: np.exp(-x), x=x)
    assert [f.form for f in compare(x, y, whole(y))] == ["exponential"]
    with pytest.raises(ValueError, match="a power law needs x above 0; x is 0"):
        fit(x, y, whole(y), "power")
    y[0], cut = np.nan, whole(y)
    y[1, 0], cut[:2, 0] = np.nan, True  # cut off means nothing where there is no value
    assert [(f.n, f.censored) for f in compare(x, y, cut)] == [(39, 0)] * 4


# Limits.


def test_limits_are_those_of_the_mean_of_the_lines_of_single_seeds():
    y = runs(LAWS["power"][1], seeds=5, common=0.3)
    lines = np.array([np.polyfit(np.log(X), np.log(column), 1) for column in y.T])
    half = student.ppf(0.975, 4) * lines.std(axis=0, ddof=1) / math.sqrt(5)
    limits = fit(X, y, whole(y), "power").limits(0.95)
    for name, i, back in (("exponent", 0, float), ("constant", 1, math.exp)):
        ends = [back(lines[:, i].mean() + sign * half[i]) for sign in (-1, 1)]
        assert limits[name] == pytest.approx(ends, rel=1e-6)


@pytest.mark.parametrize("form, name, last", [("power", "exponent", math.inf), ("logarithmic", "slope", 16.0)])
def test_coverage_of_the_limits_with_effects_common_to_all_settings_of_a_seed(form, name, last):
    """Of 200 experiments at 95 %, 180 to 198 cover; at 99.9 %, at most 4 miss."""
    parameters, f = LAWS[form]
    rng = np.random.default_rng(2)
    covered, missed = {p: 0 for p in parameters}, 0
    for _ in range(200):
        law = fit(X, *cut_at(runs(f, seeds=5, noise=0.1, common=0.2, rng=rng), last), form)
        limits, wide = law.limits(0.95), law.limits(1 - 1e-3)
        for p, value in parameters.items():
            covered[p] += limits[p][0] <= value <= limits[p][1]
        missed += not wide[name][0] <= parameters[name] <= wide[name][1]
    assert all(180 <= count <= 198 for count in covered.values()), covered
    assert missed <= 4


def test_limits_of_runs_that_are_all_alike_have_no_width_and_widen_with_confidence_otherwise():
    y = runs(LAWS["power"][1], noise=0)
    assert fit(X, y, whole(y), "power").limits(1 - 1e-4)["exponent"] == pytest.approx((-1.5, -1.5))
    y = runs(LAWS["power"][1], seeds=3)
    near, far = (fit(X, y, whole(y), "power").limits(c)["exponent"] for c in (0.95, 1 - 1e-4))
    assert np.ptp(far) / np.ptp(near) == pytest.approx(student.ppf(1 - 5e-5, 2) / student.ppf(0.975, 2))


def test_limits_need_three_seeds_and_a_law_without_each_of_them():
    y = runs(LAWS["power"][1], seeds=3)
    y[:, 2] = np.nan
    with pytest.raises(ValueError, match="limits need 3 seeds with a value, there are 2"):
        fit(X, y, whole(y), "power").limits()
    y = runs(LAWS["power"][1], seeds=3)
    y[2:, 1:] = np.nan
    with pytest.raises(ValueError, match="cannot leave out seed 0: a law needs 3 settings"):
        fit(X, y, whole(y), "power").limits()


# Verdicts.


def test_verdicts_and_their_words():
    y = runs(LAWS["power"][1], noise=0.02)
    law = fit(X, y, whole(y), "power")
    low, high = law.limits(0.95)["exponent"]
    outcome, measured, reason, _ = judge_law((-1.6, -1.4), law, "exponent")
    assert (outcome, reason) == (HOLDS, "the limits lie within the claim")
    value = law.parameters["exponent"]
    assert measured == f"{value:.4g}, {low:.4g} to {high:.4g} at 95 % (8 seeds, 48 of 48 runs)"
    assert judge_law((low, high), law, "exponent")[0] is HOLDS
    assert judge_law((value, -1.4), law, "exponent")[:3:2] == (INCONCLUSIVE, "8 seeds are too few to tell")
    far_low, far_high = law.limits(1 - 1e-4)["exponent"]
    outcome, _, reason, _ = judge_law((far_high + 1e-6, 0), law, "exponent")
    assert outcome is FAILS
    assert reason == f"the interval at 0.9999, {far_low:.4g} to {far_high:.4g}, misses the claim"
    assert judge_law((far_high - 1e-6, 0), law, "exponent")[0] is INCONCLUSIVE
    assert judge_law((-9, far_low - 1e-6), law, "exponent")[0] is FAILS


def test_two_seeds_judge_nothing_and_an_unknown_parameter_is_refused():
    y = runs(LAWS["power"][1], seeds=2)
    law = fit(X, y, whole(y), "power")
    outcome, measured, reason, _ = judge_law((-2, -1), law, "exponent")
    value = law.parameters["exponent"]
    assert (outcome, measured) == (INCONCLUSIVE, f"{value:.4g}, no limits (2 seeds, 12 of 12 runs)")
    assert reason.startswith("limits need 3 seeds")
    with pytest.raises(ValueError, match="a power law has no 'rate'; it has constant and exponent"):
        judge_law((-2, -1), law, "rate")


# Data that no law can be fitted to.


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda x, y, c: (x[:2], y[:2], c[:2]), "a law needs 3 settings with a value, there are 2"),
        (lambda x, y, c: (x, y, ~c), "there are 0; 18 runs are cut off, run longer"),
        (lambda x, y, c: (np.ones(6), y, c), "there are 1"),
        (lambda x, y, c: (x, y * np.nan, c), "there are 0"),
        (lambda x, y, c: (x, y - y[0, 0], c), "y is 0 at x = 1, seed 0; want values above 0"),
        (lambda x, y, c: (x, y.T, c.T), r"want finite x \(K,\).*\(6,\), \(3, 6\) and \(3, 6\)"),
        (lambda x, y, c: (x * np.inf, y, c), "want finite x"),
    ],
)
def test_bad_data_are_refused_in_one_line(change, words):
    y = runs(LAWS["power"][1], seeds=3)
    for fitting in (compare, lambda *data: fit(*data, "power")):
        with pytest.raises(ValueError, match=words) as error:
            fitting(*change(X, y, whole(y)))
        assert "\n" not in str(error.value)


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="there is no form 'linear'; there are power, exponential"):
        fit(X, np.ones((6, 3)), np.zeros((6, 3), bool), "linear")


def test_neither_jax_nor_xarray_is_imported():
    code = "import sys, bestiary.maps.boundary, bestiary.maps.laws; "
    code += "sys.exit('jax' in sys.modules or 'xarray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
