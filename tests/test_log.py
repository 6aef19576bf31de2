"""What detectors read and answer."""

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from bestiary import Effect, Finding, Log, Series, State
from bestiary.log import unfit

NAN, INF = float("nan"), float("inf")


def test_curves_keep_their_own_steps():
    log = Log({"loss": ([0, 1, 2], [3, 2, 1]), "acc": (np.array([0, 2]), np.array([0, 1], np.float32))})
    assert log["loss"].steps.tolist() == [0, 1, 2] and log["acc"].steps.tolist() == [0, 2]
    assert {a.dtype for series in log.channels.values() for a in series} == {np.dtype(np.float64)}
    assert "loss" in log and "accuracy" not in log
    with pytest.raises(KeyError):
        log["accuracy"]


def test_curves_may_share_their_steps():
    log = Log.of([0, 5], loss=[1, NAN], acc=[0, INF])
    assert log["loss"].steps.tolist() == log["acc"].steps.tolist() == [0, 5]
    assert np.isnan(log["loss"].values[1]) and np.isinf(log["acc"].values[1])  # divergence is data


def test_a_log_may_be_empty():
    assert Log({}).channels == {} and Log({"loss": ([], [])})["loss"].steps.shape == (0,)


@pytest.mark.parametrize(
    "steps, values, says",
    [
        ([0, 1], [1.0], r"'loss'.*\(2,\).*\(1,\)"),
        ([[0, 1]], [[1.0, 2.0]], r"'loss'.*\(1, 2\)"),
        (0.0, 1.0, r"'loss'.*\(\)"),
        ([0, 1, 1], [1, 2, 3], "'loss'.*strictly increasing"),
        ([0, 2, 1], [1, 2, 3], "'loss'.*strictly increasing"),
        ([0, NAN], [1, 2], "'loss'.*finite"),
        ([0, INF], [1, 2], "'loss'.*finite"),
        ([NAN], [1], "'loss'.*finite"),
    ],
)
def test_bad_curves_are_named(steps, values, says):
    with pytest.raises(ValueError, match=says):
        Log({"good": ([0], [0]), "loss": (steps, values)})


@pytest.mark.parametrize(
    "log, names, reason",
    [
        (Log.of([0], loss=[1]), ["loss"], None),
        (Log.of([0], loss=[1]), [], None),
        (Log.of([0], loss=[1], acc=[1]), ["loss", "sharpness"], "needs channel sharpness; the log has acc, loss"),
        (Log.of([], loss=[]), ["loss"], "needs channel loss; the log has loss"),
        (Log({}), ["a", "b"], "needs channel a, b; the log has no channel"),
    ],
)
def test_lacking(log, names, reason):
    finding = log.lacking(names)
    assert (finding and finding.reason) == reason
    assert finding is None or finding.state is State.NOT_APPLICABLE


UNFIT = Log.of([0, 10, 20], loss=[1, NAN, INF], acc=[1, NAN, 2], late=[1, 1, NAN])


@pytest.mark.parametrize(
    "names, beside, state, reason",
    [
        (["acc"], [], None, None),  # it came back
        (["acc"], ["late"], None, None),  # which only has to be there
        (["acc", "late"], [], State.DIVERGED, "late is not finite from step 20 on"),
        (["loss", "late"], [], State.DIVERGED, "loss is not finite from step 10 on"),
        (["loss"], ["lr"], State.NOT_APPLICABLE, "needs channel lr; the log has acc, late, loss"),
        (["lr", "wd"], [], State.NOT_APPLICABLE, "needs channel lr, wd; the log has acc, late, loss"),
    ],
)
def test_unfit(names, beside, state, reason):
    finding = unfit(UNFIT, iter(names), iter(beside))
    assert (finding and finding.state, finding and finding.reason) == (state, reason)


@pytest.mark.parametrize("values", [{"loss": [1.0]}, [1.0], np.ones(3), None])
def test_what_is_no_log_is_told_how_to_make_one(values):
    with pytest.raises(TypeError, match=rf"reads a Log, not {type(values).__name__}; .*Log\.of\(steps, loss="):
        unfit(values, ["loss"])


@pytest.mark.parametrize(
    "values, want",
    [
        ([1, 2, 3, 4], NAN),
        ([], NAN),
        ([1, NAN, 3, 4], NAN),  # it came back
        ([1, 2, 3, NAN], 30),
        ([1, NAN, 3, -INF], 30),
        ([1, 2, INF, NAN], 20),
        ([NAN, NAN, NAN, NAN], 0),
    ],
)
def test_diverged_at(values, want):
    series = Series(10.0 * np.arange(len(values)), np.array(values, float))
    assert np.array_equal(series.diverged_at, want, equal_nan=True)


def test_finite():
    series = Series(np.arange(4.0), np.array([NAN, 1, INF, 2])).finite()
    assert series.steps.tolist() == [1, 3] and series.values.tolist() == [1, 2]


@pytest.mark.parametrize("state", State)
def test_found_is_one_state_of_five(state):
    assert len(State) == 5
    assert Finding(state, "").found == (state is State.FOUND)


def test_having_adds_and_keeps():
    first = Finding(State.FOUND, "why", onset=3.0, effects={"delay": Effect(2.0, "step")}, phase="late")
    more = first.having(height=Effect(5.0))
    assert more.effects == {"delay": Effect(2.0, "step"), "height": Effect(5.0, "1")}
    assert (more.state, more.reason, more.onset, more.phase) == (State.FOUND, "why", 3.0, "late")
    assert list(first.effects) == ["delay"]


FINDING = Finding(
    State.FOUND,
    "4 spikes of 2 times the baseline or more in 1000 records; 3 make a finding of which there is more to say",
    120.0,
    {"count": Effect(4), "period": Effect(200.04, "step"), **{f"effect_{i}": Effect(i / 3) for i in range(9)}},
    phase="edge",
)


def test_a_finding_is_printed_on_a_few_short_lines():
    lines = repr(FINDING).splitlines()
    assert lines[0].startswith("Finding(found (edge) at step 120: 4 spikes of 2 times")
    assert all(len(line) <= 101 for line in lines) and all(line.startswith(8 * " ") for line in lines[1:])
    text = " ".join(repr(FINDING).split())
    assert FINDING.reason in text and text.endswith("effect_8 2.667)")
    assert " effects: count 4, period 200 step, effect_0 0," in text


def test_a_finding_without_effects_is_one_line():
    assert repr(Finding(State.ABSENT, "no spike")) == "Finding(absent: no spike)"


def test_a_log_is_printed_by_its_channels_not_their_numbers():
    log = Log({"loss": (10 * np.arange(301), np.ones(301)), "test_acc": ([5], [0.5]), "lr": ([], [])})
    assert repr(log) == "Log(loss: 301 records, steps 0 to 3000; test_acc: 1 record, step 5; lr: no record)"
    assert repr(log["loss"]) == "Series(301 records, steps 0 to 3000)"
    assert repr(Log({})) == "Log(no channel)"


def cells(text):
    """Rows of an HTML table, which is well formed."""
    root = ElementTree.fromstring(text)
    assert root.tag == "table"
    return root.findtext("caption"), [[cell.text or "" for cell in row] for row in root.iter("tr")]


def test_a_log_is_a_table_in_a_notebook():
    caption, rows = cells(Log({"a<b>&c": ([0, 5, 9], [1, NAN, 3]), "none": ([], [])})._repr_html_())
    assert caption == "Log" and rows[0] == ["channel", "records", "least", "greatest", "not finite"]
    assert rows[1] == ["a<b>&c", "3 records, steps 0 to 9", "1", "3", "1"]
    assert rows[2] == ["none", "no record", "", "", "0"]


def test_a_finding_is_a_table_in_a_notebook():
    finding = Finding(State.FOUND, "<b>loss</b> & more", 3.0, {"period": Effect(2.5, "step")})
    assert cells(finding._repr_html_()) == (
        "found at step 3",
        [["reason", "<b>loss</b> & more"], ["period", "2.5 step"]],
    )


def test_onset_is_nan_unless_given():
    assert np.isnan(Finding(State.ABSENT, "").onset)


def test_importing_the_package_imports_no_jax():
    code = "import sys, bestiary; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
