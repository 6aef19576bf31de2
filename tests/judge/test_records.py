"""A step read off a log stands for all true steps that the log cannot tell from it, and claims are judged by those."""

import math

import numpy as np
import pytest

from bestiary.catalog.claims import Claim
from bestiary.judge.outcome import Outcome
from bestiary.judge.records import is_waiting_time, resolution_of, waiting_times
from bestiary.judge.verdict import judge
from bestiary.log import Effect, Finding, Log, State

EVERY, TENTH, TWENTIETH = np.arange(0, 1001), np.arange(0, 1001, 10), np.arange(0, 1001, 20)
LOGARITHMIC = np.unique(np.r_[0, np.geomspace(1, 1000, 60).round()])
AXES = {
    "every step": [EVERY],
    "every tenth": [TENTH],
    "a costly channel": [EVERY, TWENTIETH],
    "logarithmic": [LOGARITHMIC],
    "logarithmic and costly": [LOGARITHMIC, LOGARITHMIC[::5]],
    "an uneven end": [np.r_[np.arange(0, 1000, 30), 1000]],
}


def log_on(axes):
    return Log({f"channel_{i}": (steps, np.zeros(len(steps))) for i, steps in enumerate(axes)})


def onset(v, axes):
    between, last = resolution_of(Finding(State.FOUND, "", float(v)), log_on(axes))
    assert last == max(axis[-1] for axis in axes)
    return between["onset"]


def above(v):
    return np.nextafter(v, np.inf)


@pytest.mark.parametrize(
    "axes, v, between",
    [
        ([TENTH], 110, (above(100), 110)),  # a record stands for what lies after the one before it
        ([TENTH], 103, (above(93), 110)),  # between records
        ([TENTH], 0, (0, 0)),  # nothing lies before the first
        ([EVERY, TWENTIETH], 120, (above(100), 120)),  # of either channel
        ([EVERY, TWENTIETH], 121, (above(120), 121)),  # of the first channel only
        ([EVERY, TWENTIETH], 120.5, (above(100.5), 140)),
        ([LOGARITHMIC], LOGARITHMIC[-1], (above(LOGARITHMIC[-2]), LOGARITHMIC[-1])),
        ([np.array([0.0, 0.1, 0.1 * 3])], 0.3, (above(0.1), 0.3)),  # 0.1 * 3 is not 0.3
    ],
)
def test_what_an_onset_stands_for(axes, v, between):
    assert onset(v, axes) == pytest.approx(between, rel=1e-12)


def test_a_length_is_off_by_less_than_the_longest_gap_and_exact_at_every_step():
    finding = Finding(State.FOUND, "", 50.0, {"period": Effect(30.0, "step"), "ratio": Effect(7.0)})
    assert resolution_of(finding, log_on([EVERY])).between["period"] == (30, 30)
    assert resolution_of(finding, log_on([EVERY, TWENTIETH])).between["period"] == (11, 49)
    assert "ratio" not in resolution_of(finding, log_on([TENTH])).between


def test_a_log_without_records_resolves_what_it_is_told():
    between, last = resolution_of(Finding(State.FOUND, "", 5.0), Log({}))
    assert between == {"onset": (5.0, 5.0)} and last == math.inf


def test_waiting_times_are_those_of_the_detector():
    waits = waiting_times("staggered_modes")
    assert [is_waiting_time(name, waits) for name in ("onset", "half_1", "half_12")] == [True] * 3
    assert not any(is_waiting_time(name, waits) for name in ("half_over_law_1", "due_1", "spread"))
    assert waiting_times("") == waiting_times("not_a_detector") == ("onset",)
    assert "period" not in waiting_times("cycling")


def read_off(true, axis):
    """The first record at a true step or later; nan if the log ends before."""
    i = np.searchsorted(axis, true)
    return np.where(i < len(axis), axis[np.minimum(i, len(axis) - 1)], math.nan)


@pytest.mark.parametrize("name", AXES)
@pytest.mark.parametrize("end", ["low", "high"])
def test_a_true_claim_fails_rarely_whatever_the_schedule(name, end):
    """Every run's true onset is random about 101; it is read off the coarsest channel."""
    rng, alpha, failed, trials = np.random.default_rng(3), 0.05, 0, 400
    axes = AXES[name]
    claim = Claim(of="onset", unit="step", source="measured", median=(101, 300) if end == "low" else (5, 101))
    for _ in range(trials):
        true = np.ceil(100 * np.exp(1.5 * rng.normal(size=20))) + (end == "low")  # medians 101.0 to 101.x, and 100.x
        findings, logs = [], log_on(axes)
        for v in read_off(true, axes[-1]):
            findings.append(Finding(State.UNDECIDED, "") if math.isnan(v) else Finding(State.FOUND, "", float(v)))
        steps = [resolution_of(finding, logs) for finding in findings]
        (verdict,) = judge([claim], findings, resolution=steps, alpha=alpha)
        failed += verdict.outcome is Outcome.FAILS
    assert failed / trials <= alpha / 2 + 0.02


@pytest.mark.parametrize("name", AXES)
def test_a_claim_that_is_true_of_every_run_never_fails(name):
    """All runs arrive at the same step: one step of bias refutes a claim that ends there."""
    axes = AXES[name]
    for true in (1.0, 7.0, 37.0, 101.0, 555.0, 999.0):
        findings = [Finding(State.FOUND, "", float(read_off(np.array(true), axes[-1])))] * 64
        steps = [resolution_of(finding, log_on(axes)) for finding in findings]
        if not math.isnan(findings[0].onset):
            claim = Claim(of="onset", unit="step", source="measured", median=(true, true))
            (verdict,) = judge([claim], findings, resolution=steps)
            assert verdict.outcome is not Outcome.FAILS, (true, findings[0].onset)


def test_a_false_claim_still_fails():
    """On uniform records as ever: 110 means more than 100, and 109 need not."""
    for axes, v, interval, outcome in (
        ([TENTH], 110, (50, 100), Outcome.FAILS),
        ([TENTH], 110, (50, 101), Outcome.INCONCLUSIVE),
        ([TENTH], 100, (50, 100), Outcome.HOLDS),
        ([TENTH], 50, (50, 100), Outcome.HOLDS),
        ([TENTH], 40, (50, 100), Outcome.FAILS),
        ([EVERY, TWENTIETH], 120, (95, 105), Outcome.INCONCLUSIVE),
        ([EVERY, TWENTIETH], 140, (95, 105), Outcome.FAILS),
        ([EVERY, TWENTIETH], 119, (95, 105), Outcome.FAILS),
    ):
        findings = [Finding(State.FOUND, "", float(v))] * 64
        steps = [resolution_of(finding, log_on(axes)) for finding in findings]
        claim = Claim(of="onset", unit="step", source="measured", median=interval)
        assert judge([claim], findings, resolution=steps)[0].outcome is outcome, (v, interval)
