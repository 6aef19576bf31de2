"""Whom one may ask, what they are given and what they may return."""

import numpy as np
import pandas as pd
import pytest

from bestiary.certify import answers, targets
from bestiary.certify.answers import Odd, detected, estimated
from bestiary.certify.targets import NoTarget
from bestiary.log import Finding, Log, Series, Span, State

CHANNELS = ("train_acc", "test_acc")
LOG = Log(
    {
        "train_acc": Series(np.array([0.0, 10, 20, 30]), np.array([0.1, 0.9, 1, 1])),
        "test_acc": Series(np.array([0.0, 20, 25]), np.array([0.1, 0.2, 0.9])),
    }
)


def test_a_function_with_one_parameter_of_any_name_is_given_the_log_and_may_write_into_it():
    def rule(run):
        run["train_acc"].values[:] = 0
        return run

    given = targets.reader(rule, CHANNELS)(LOG)
    assert isinstance(given, Log) and LOG["train_acc"].values[1] == 0.9 and given["train_acc"].values[1] == 0


def test_parameters_that_are_channels_are_given_arrays_of_their_common_records():
    seen = targets.reader(lambda test_acc, step, train_acc, level=0.9: (test_acc, step, train_acc), CHANNELS)(LOG)
    assert [part.tolist() for part in seen] == [[0.1, 0.2], [0, 20], [0.1, 1]]
    (alone,) = targets.reader(lambda test_acc: (test_acc,), CHANNELS)(LOG)
    assert alone.tolist() == [0.1, 0.2, 0.9]


@pytest.mark.parametrize("how", ["by name", "by annotation"])
def test_a_frame_has_all_steps_and_blanks(how):
    def by_annotation(table: pd.DataFrame):
        return table

    made = targets.reader((lambda df: df) if how == "by name" else by_annotation, CHANNELS)(LOG)
    assert made.columns.tolist() == ["step", *CHANNELS] and made.step.tolist() == [0, 10, 20, 25, 30]
    assert made.test_acc.isna().tolist() == [False, True, False, False, True]


def test_a_run_that_was_recorded_may_lack_a_channel():
    with pytest.raises(LookupError, match="needs channel loss; the log has test_acc, train_acc"):
        targets.reader(lambda loss: loss, ["loss"])(LOG)


def test_a_function_of_c_and_an_object_can_be_asked():
    class Rule:
        def __call__(self, loss):
            return loss

    assert targets.reader(Rule(), ["loss"])(Log.of(np.arange(3.0), loss=np.ones(3))).size == 3
    assert targets.reader(len, ["loss"]) is not None


def test_what_no_log_has_cannot_be_wanted():
    with pytest.raises(NoTarget, match=r"wants loss; a parameter without a default is a channel .step, train_acc"):
        targets.reader(lambda step, loss: None, CHANNELS)
    with pytest.raises(NoTarget, match="takes no argument"):
        targets.reader(lambda: None, CHANNELS)
    with pytest.raises(NoTarget, match="wants model; an estimator of sharpness is given loss, params"):
        targets.filler(lambda model: None, {"loss": "", "params": ""}, "sharpness")


def test_an_estimator_is_given_what_it_names_or_all():
    fields = {"x": "", "y": ""}
    assert targets.filler(lambda y: y, fields, "a")({"x": 1, "y": 2}) == 2
    assert targets.filler(lambda problem: problem, fields, "a")({"x": 1, "y": 2}) == {"x": 1, "y": 2}


def test_a_function_of_a_file_is_found_with_its_neighbours(tmp_path):
    (tmp_path / "neighbour_of_mine.py").write_text("HEIGHT = 3\n")
    (tmp_path / "mine.py").write_text(
        "import neighbour_of_mine\nprint('hello')\nclass Rules:\n"
        "    @staticmethod\n    def spike(log):\n        return neighbour_of_mine.HEIGHT\n"
    )
    assert targets.found(f"{tmp_path}/mine.py:Rules.spike")(LOG) == 3
    assert targets.found("bestiary.certify.published_rules:lightning_spike_detection").__name__.startswith("lightning")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spike", "want package.module:function or path/to/file.py:function"),
        ("nowhere.py:spike", "nowhere.py: no such file"),
        ("no_such_module_anywhere:spike", "cannot be imported .ModuleNotFoundError"),
        ("bestiary.version:spike", "no 'spike' there; it has"),
        ("bestiary.version:__version__", "is str, no function"),
    ],
)
def test_a_target_that_is_none_is_told_in_one_line(text, said):
    with pytest.raises(NoTarget, match=said) as told:
        targets.found(text)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "1 / 0", "def f(:\n", "import no_such_module_anywhere"])
def test_a_file_that_cannot_be_imported_is_told_in_one_line(tmp_path, code):
    (tmp_path / "broken.py").write_text(code)
    with pytest.raises(NoTarget, match="cannot be imported") as told:
        targets.found(f"{tmp_path}/broken.py:f")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("returned", "found", "onset"),
    [
        (True, True, np.nan),
        (np.False_, False, np.nan),
        (None, False, np.nan),
        (20, True, 20),
        (np.float32(20), True, 20),
        (np.array(20), True, 20),
        (float("nan"), False, np.nan),
        ([30, 20.0], True, 20),
        (pd.Series([20, 30]), True, 20),
        ((), False, np.nan),
        ({10, 20}, True, 10),
        (np.array([False, False, True, True]), True, 20),
        (np.zeros(4, bool), False, np.nan),
        ({"found": True}, True, np.nan),
        ({"found": False, "steps": [10]}, False, 10),
        ({"onset": 25}, True, 25),
        ({"step": None}, False, np.nan),
        ({"steps": []}, False, np.nan),
        (Finding(State.FOUND, "", 10.0), True, 10),
        (Finding(State.DIVERGED, "", spans=(Span(20, 30, ""),)), True, 20),
        (Finding(State.UNDECIDED, ""), False, np.nan),
    ],
)
def test_every_form_of_an_answer(returned, found, onset):
    answer = detected(returned, LOG)
    assert answer.found is found and not answer.failure
    np.testing.assert_equal(answer.onset, onset)


@pytest.mark.parametrize(
    "returned",
    [
        "found",
        {"yes": True},
        {"found": 1},
        np.zeros((2, 2)),
        np.array([True, False]),
        [1.0, np.nan],
        ["a"],
        object(),
        b"",
    ],
)
def test_what_is_no_answer_is_told_with_what_is_wanted(returned):
    with pytest.raises(Odd, match=r"returned .*; want ") as told:
        detected(returned, LOG)
    assert "\n" not in str(told.value)


def test_every_form_of_an_estimate():
    assert estimated(np.float32(2)).value == 2 and np.isnan(estimated(2).low)
    assert estimated((2, 1, 3))[2:5] == estimated(np.array([2, 1, 3.0]))[2:5] == (2, 1, 3)
    assert estimated({"value": 2, "interval": [1, 3]})[2:5] == estimated({"value": 2, "low": 1, "high": 3})[2:5]
    for odd in (True, "2", None, (1, 2), (2, 3, 1), np.nan, {"low": 1}, [[1, 2], [3, 4]]):
        with pytest.raises(Odd, match="want"):
            estimated(odd)
    assert answers.Answer().failure == ""
