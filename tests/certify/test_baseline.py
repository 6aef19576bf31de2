"""A target that got worse is told, one that changed by chance is not: at the level that is stated."""

import json

import numpy as np
import pytest
from scipy.stats import binom, binomtest, false_discovery_control

from bestiary.certify import assert_certified, baseline, certify
from bestiary.certify.answers import Answer
from bestiary.certify.asking import Asker
from bestiary.certify.baseline import BadBaseline, Told, compare, holm, sign_test
from bestiary.certify.certificate import certified, compared
from bestiary.certify.kinds import KINDS

GROUPS = [(f"shape {i % 8}", f"condition {i // 8 % 5}") for i in range(320)]


def told(right, error=float("nan")):
    errors = np.broadcast_to(error, len(GROUPS))
    return [
        Told(f"case {i}", *group, i % 3 > 0, bool(yes), float(off))
        for i, (group, yes, off) in enumerate(zip(GROUPS, right, errors, strict=True))
    ]


def worst(before, now):
    return min((change.adjusted for change in compare(before, now)), default=1.0)


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (7, 2), (2, 7), (30, 12)])
def test_the_sign_test_is_the_exact_binomial_one(counts):
    worse, better = counts
    want = binomtest(worse, worse + better, 0.5, alternative="greater").pvalue if any(counts) else 1.0
    assert sign_test(*counts) == pytest.approx(want)


def test_holm_is_between_bonferroni_and_no_correction():
    p = [0.001, 0.2, 0.012, 0.9]
    assert holm(p) == pytest.approx([0.004, 0.4, 0.036, 0.9])
    assert all(a >= b - 1e-12 for a, b in zip(holm(p), false_discovery_control(p), strict=True))


def test_nothing_that_changed_is_nothing():
    same = told(np.arange(320) % 3 > 0, np.arange(320.0))
    assert compare(same, same) == []


def test_chance_is_told_as_worse_no_more_often_than_stated():
    """600 targets that answer anew by chance, right in four of five cases, against their own record."""
    random, level, trials = np.random.default_rng(0), 0.05, 600
    alarms = 0
    for _ in range(trials):
        before, now = random.random((2, 320)) < 0.8
        errors = np.abs(random.standard_normal((2, 320)))
        alarms += worst(told(before, errors[0]), told(now, errors[1])) <= level
    assert alarms <= binom.ppf(0.9999, trials, level)


@pytest.mark.parametrize("where", [0, 1])
def test_what_broke_in_one_group_alone_is_found_and_named(where):
    random = np.random.default_rng(1)
    before = random.random(320) < 0.95
    name = ("shape 3", "condition 2")[where]
    now = np.where([group[where] == name for group in GROUPS], False, before)
    change = min(compare(told(before), told(now)), key=lambda change: change.adjusted)
    assert change.adjusted < 0.01 and change.better == 0
    assert {c.group for c in compare(told(before), told(now)) if c.adjusted < 0.01} >= {f"{name}, answers"}
    assert worst(told(now), told(before)) > 0.5  # better is not worse


def test_errors_that_grew_are_found_and_rounding_is_not():
    right, error = np.ones(320, bool), np.linspace(1, 10, 320)
    changes = compare(told(right, error), told(right, -1.5 * error))
    assert changes[0].group == "all, errors" and changes[0].adjusted < 0.01 and changes[0].worse == 320
    assert compare(told(right, error), told(right, error * (1 + 1e-6))) == []
    assert compare(told(right, 0.0), told(right, 1e-5)) == []


def test_other_cases_are_not_compared():
    with pytest.raises(BadBaseline, match="other cases than today"):
        compare(told(np.ones(320))[:-1], told(np.ones(320)))


def lax(loss, height=2.0):
    return bool(np.nanmax(loss[50:] / np.minimum.accumulate(np.fmin(loss, 1e9))[49:-1]) > height)


def deaf(loss):
    return lax(loss, 50.0)


@pytest.fixture
def file(tmp_path):
    made = certify(lax, as_="spike", seeds=4, beside=False)
    path = tmp_path / "lax.json"
    baseline.write(path, {"target": made.target, **made.head}, made.rows)
    return path


def test_a_test_of_three_lines_passes_as_recorded_and_fails_when_it_got_worse(file):
    assert assert_certified(lax, as_="spike", baseline=file).changes == []
    with pytest.raises(
        AssertionError, match=r"worse than recorded: with the event, answers: worse in [0-9]+, better in 0"
    ):
        assert_certified(deaf, as_="spike", baseline=file)


def test_a_target_that_begins_to_crash_got_worse(file):
    def crash(loss):
        raise NameError("gone")

    with pytest.raises(AssertionError, match="no answer in 160: NameError"):
        assert_certified(crash, as_="spike", baseline=file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"edition": 0}, "recorded with edition 0, not 1; bestiary has other cases now"),
        ({"seeds": 5}, "other cases than today"),
        ({"cases": [["a", 1]]}, "its cases are damaged"),
        ({"kind": "grokking"}, "recorded as grokking, not spike"),
    ],
)
def test_a_baseline_of_something_else_is_refused(file, change, said):
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ValueError, match=said):
        assert_certified(lax, as_="spike", baseline=file)


def test_no_baseline_is_told_with_what_to_do(tmp_path):
    with pytest.raises(ValueError, match="no such file; --write-baseline records"):
        assert_certified(lax, as_="spike", baseline=tmp_path / "none.json")
    for text in ("", "[]", "{}", '{"edition": 1}'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ValueError, match=r"cannot be read|no baseline"):
            assert_certified(lax, as_="spike", baseline=tmp_path / "bad.json")


def test_what_the_asker_says_of_other_cases_is_named(file):
    made = certified(Asker("x", lambda case: Answer()), KINDS["spike"], seeds=3, beside=False)
    with pytest.raises(BadBaseline, match="recorded with seeds 4, not 3; ask with the same seeds"):
        compared(made, file)


def test_there_is_no_such_kind_and_no_such_function():
    with pytest.raises(ValueError, match="'spikes' is no kind; want one of spike, grokking"):
        certify(lax, as_="spikes")
    with pytest.raises(ValueError, match="no such file"):
        certify("nowhere.py:f", as_="spike")
