"""Values and quantiles of runs of which some were cut off, against arithmetic and against runs taken to the end."""

import numpy as np
import pytest
from tiny import BowlKnobs

from bestiary.catalog.axes import Axis, Point
from bestiary.judge.records import Resolution
from bestiary.judge.rounds import Judged
from bestiary.log import Effect, Finding, State
from bestiary.maps.censored import medians, quantile, values_of
from bestiary.maps.laws import fit
from bestiary.maps.line import Line

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
    y, cut = values_of(findings, (40.0, 50.0, 60.0, 70.0), "onset", ["memorisation"])
    assert y == pytest.approx([30, NAN, 60, NAN], nan_ok=True)
    assert cut.tolist() == [False, False, True, False]


def test_a_run_that_ended_too_early_is_no_bound_on_what_is_no_waiting_time():
    findings = [
        Finding(State.FOUND, "", 30.0, {"norm": Effect(5.0), "t_2": Effect(40.0)}),
        Finding(State.UNDECIDED, ""),
    ]
    for of, waits, value in (
        ("norm", ("onset", "t_[0-9]"), NAN),
        ("t_2", ("onset", "t_[0-9]"), 1000),
        ("t_2", (), NAN),
    ):
        y, cut = values_of(findings, (1000.0, 1000.0), of, waits=waits)
        assert y[1] == pytest.approx(value, nan_ok=True) and cut.tolist() == [False, bool(value == 1000)]


def test_a_law_of_a_norm_is_not_bent_by_runs_that_ended_early():
    """A norm of 5 at every x; one run of eight at the last x ended at step 1000, which is no norm."""
    rng = np.random.default_rng(0)
    x, answers = (1.0, 2.0, 4.0, 8.0), []
    for k in range(4):
        runs = [Finding(State.FOUND, "", 100.0, {"norm": Effect(5 * np.exp(0.02 * rng.normal()))}) for _ in range(8)]
        runs[-1] = Finding(State.UNDECIDED, "") if k == 3 else runs[-1]
        answers.append(Judged(tuple(runs), (1000.0,) * 8, (Resolution(),) * 8))
    points = tuple(Point((v,), BowlKnobs(), None) for v in x)
    line = Line(Axis("lr", x, True), points, tuple(answers), ("onset", "t_train"))
    law = fit(line.x, *line.values("norm"), "power")
    assert (law.n, law.censored) == (31, 0)
    assert abs(law.parameters["exponent"]) < 0.02


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
