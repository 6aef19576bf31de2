"""Values and quantiles of runs of which some were cut off, against arithmetic and against runs taken to the end."""

import numpy as np
import pytest

from bestiary.log import Effect, Finding, State
from bestiary.maps.censored import medians, quantile, values_of

NAN = np.nan


def test_a_run_that_ended_too_early_has_its_last_step_and_another_without_a_value_none():
    findings = [
        Finding(State.FOUND, "", 30.0, {"ratio": Effect(2.0)}),
        Finding(State.UNDECIDED, ""),
        Finding(State.ABSENT, "", phase="memorisation"),
        Finding(State.UNDECIDED, "", effects={"ratio": Effect(5.0)}),
    ]
    y, cut = values_of(findings, (40.0, 50.0, 60.0, 70.0), "onset")
    assert y == pytest.approx([30, 50, NAN, 70], nan_ok=True)
    assert cut.tolist() == [False, True, False, True]
    y, cut = values_of(findings, (40.0, 50.0, 60.0, 70.0), "ratio", ["memorisation"])
    assert y == pytest.approx([2, NAN, 60, 5], nan_ok=True)
    assert cut.tolist() == [False, False, True, False]


@pytest.mark.parametrize("q", [0, 0.05, 0.3, 0.5, 0.95, 1])
@pytest.mark.parametrize("n", [1, 2, 9, 16])
def test_without_cut_off_runs_it_is_the_quantile(q, n):
    y = np.random.default_rng(n).lognormal(size=(3, n))
    assert quantile(y, np.zeros(y.shape, bool), q) == pytest.approx(np.quantile(y, q, axis=1))


def test_the_median_is_that_of_whole_runs_as_long_as_more_than_half_were_taken_to_the_end():
    whole = np.random.default_rng(0).lognormal(size=(200, 9))
    last = np.quantile(whole, 0.6)
    cut = whole > last
    middle = np.median(whole, axis=1)
    known = medians(np.minimum(whole, last), cut)
    assert 20 < (middle > last).sum() < 180
    assert known == pytest.approx(np.where(middle > last, NAN, middle), nan_ok=True)
    assert (quantile(np.minimum(whole, last), cut, 0.5) == np.inf).tolist() == (middle > last).tolist()


def test_half_of_the_runs_cut_off_is_no_median_and_a_run_without_a_value_does_not_count():
    y = np.array([[1.0, 2.0, 9.0, 9.0], [1.0, 2.0, 3.0, 9.0], [1.0, NAN, NAN, 9.0], [NAN] * 4, [1.0, 2.0, NAN, 9.0]])
    assert medians(y, y == 9) == pytest.approx([NAN, 2.5, NAN, NAN, 2], nan_ok=True)
    assert quantile(y, y == 9, 0.5) == pytest.approx([np.inf, 2.5, np.inf, NAN, 2], nan_ok=True)
