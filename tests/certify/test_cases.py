"""Generated logs have what they are said to have, where they are said to have it, whatever was done to them."""

import numpy as np
import pytest

from bestiary.certify.cases import EDITION, Case, cases, recorded
from bestiary.certify.certificate import ESTIMATORS
from bestiary.certify.conditions import EVERY, RECORDED
from bestiary.certify.draw import NOISES, Draw, step_up
from bestiary.certify.events import EVENTS
from bestiary.certify.kinds import KINDS
from bestiary.certify.nulls import NULLS
from bestiary.certify.problems import problems
from bestiary.log import Log, Span


@pytest.fixture(scope="module")
def made():
    """{kind: its cases of root 0}."""
    return {name: cases(kind, 0, 4) for name, kind in KINDS.items()}


def same(a: Log, b: Log) -> bool:
    return all(np.array_equal(x, y, equal_nan=True) for n in a.channels for x, y in zip(a[n], b[n], strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_root_decides_every_number(made, kind):
    again, other = cases(KINDS[kind], 0, 4), cases(KINDS[kind], 3, 4)
    assert all(same(a.log, b.log) and a[:3] == b[:3] for a, b in zip(made[kind], again, strict=True))
    assert not any(same(a.log, b.log) for a in made[kind][:8] for b in other if a.name == b.name)


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_cases_share_a_name_or_a_log(made, kind):
    assert len({case.name for case in made[kind]}) == len(made[kind])
    first = [tuple(next(iter(case.log.channels.values())).values[:5]) for case in made[kind]]
    assert len(set(map(str, first))) == len(first)


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_has_its_channels_and_its_event_lies_within_the_run(made, kind):
    groups = {case.group for case in made[kind]}
    assert groups == {f.__name__ for f in (*EVENTS[kind], *NULLS[kind])}
    for case in made[kind]:
        steps = case.log[KINDS[kind].channels[0]].steps
        assert tuple(case.log.channels) == KINDS[kind].channels
        assert case.positive == (case.group in {f.__name__ for f in EVENTS[kind]})
        if case.event:
            assert steps[0] <= case.event.start < case.event.stop <= steps[-1] * (1 + 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_with_sixteen_seeds_every_transformation_has_logs_with_and_without_the_event(kind):
    told = {(case.condition, case.positive) for case in cases(KINDS[kind], 0, 16)}
    assert told == {(name, there) for name in (RECORDED, *KINDS[kind].conditions) for there in (True, False)}


def test_thorough_is_every_transformation_of_every_shape():
    kind = KINDS["grokking"]
    told = cases(kind, 0, 1, None)
    assert len(told) == (len(kind.events) + len(kind.nulls)) * (1 + len(kind.conditions))
    assert set(kind.conditions) <= set(EVERY)


def test_a_spike_stands_out_after_every_transformation():
    """The largest value in the event is at least 1.6 times the median of the 20 records before it."""
    for case in cases(KINDS["spike"], 0, 4, None):
        if case.event:
            t, y = case.log["loss"].finite()
            before = np.median(y[t < case.event.start][-20:])
            assert y[(t >= case.event.start) & (t <= case.event.stop)].max() > 1.6 * before, case.name


def test_a_drop_is_there_as_recorded(made):
    for case in made["plateau"]:
        if case.event and case.condition == RECORDED:
            t, y = case.log["loss"]
            wide = case.event.stop - case.event.start
            before, after = (t > case.event.start - wide) & (t < case.event.start), t > case.event.stop
            assert np.median(y[after]) < 0.85 * np.median(y[before]), case.name


def test_grokking_is_late_and_its_nulls_are_not(made):
    for case in made["grokking"]:
        t, test = case.log["test_acc"]
        train = case.log["train_acc"].values
        if case.event and case.condition == RECORDED:
            fitted = t[np.argmax(train > 0.9)]
            assert case.event.start > 2 * fitted and np.median(test[t > case.event.stop]) > 0.9
        elif case.group == "half_way" and case.condition == RECORDED:
            assert np.median(test[-100:]) < 0.9


def test_a_second_descent_ends_below_the_first(made):
    for case in made["double_descent"]:
        if case.event and case.condition == RECORDED:
            t, y = case.log["test_loss"]
            peak = y[np.abs(t - case.event.stop) < 0.02 * t[-1]].max()
            valley = np.median(y[np.abs(t - case.event.start) < 0.02 * t[-1]])
            assert np.median(y[-10:]) < valley < peak / 1.5, case.name


def test_a_transformation_moves_the_event_with_the_axis():
    told = {case.condition: case for case in cases(KINDS["divergence"], 0, 4, None) if case.group == "nan_at_once"}
    for name, scale in (("tokens", 524_288), ("epochs", 1 / 37), ("resumed", None)):
        case = told[name]
        gone = case.log["loss"].diverged_at
        assert case.event is not None and case.event.start == gone
        t = case.log["loss"].steps
        assert t[0] == 1_000_000 if scale is None else np.isclose(np.diff(t)[0] / scale, case.record / scale)


def test_an_onset_within_the_event_is_not_off():
    log = Log.of(np.arange(0, 1000, 10.0), loss=np.ones(100))
    case = Case("a", "b", RECORDED, log, Span(200, 300, "spike"), 10.0, "white")
    assert [case.off(at) for at in (180, 200, 250, 300, 340)] == [-20, 0, 0, 0, 40] and np.isnan(case.off(np.nan))
    assert case.slack == 30  # three records are more than 3 % of the run
    assert np.isnan(case._replace(event=None).off(3.0)) and not case._replace(event=None).positive


def test_runs_that_were_recorded_have_an_event_nobody_knows_the_place_of():
    log = Log.of(np.arange(10.0), loss=np.ones(10))
    there, nowhere = recorded(KINDS["spike"], [("a/0", "a", log, True), ("b/0", "b", log, False)])
    assert there.positive and np.isnan(there.off(3.0)) and not nowhere.positive


def test_noise_takes_turns_and_has_its_deviation():
    draws = [Draw(0, "x", seed) for seed in range(80)]
    assert [d.noise for d in draws[:5]] == [*NOISES, NOISES[0]]
    for number, kind in enumerate(NOISES):
        sizes = [np.mean(d.g() ** 2) for d in draws[number::4]]
        assert np.isclose(np.mean(sizes), 0.82 if kind == "growing" else 1.0, rtol=0.15), kind


def test_a_step_rises_from_a_tenth_to_nine_tenths_in_its_width():
    k = np.arange(1001.0)
    up = step_up(k, 500, 100)
    assert np.isclose(up[450], 0.1) and np.isclose(up[500], 0.5) and np.isclose(up[550], 0.9)


def test_cases_that_change_take_another_edition():
    """A baseline is compared with the cases of its edition: whoever changes them raises EDITION, and these numbers."""
    told = {}
    for name, kind in KINDS.items():
        values = [case.log[kind.channels[0]].finite().values for case in cases(kind, 1, 2)]
        told[name] = float(np.mean([np.log(np.abs(y) + 1).mean() for y in values]))
    for name, kind in ESTIMATORS.items():
        told[name] = float(np.mean([problem.truth for problem in problems(kind, 1, 2)]))
    assert (EDITION, told) == (1, pytest.approx(FIRST, rel=1e-6))


FIRST = {
    "spike": 1.065393894,
    "grokking": 0.6064899353,
    "plateau": 1.02054133,
    "double_descent": 0.8166633376,
    "edge": 0.5339451422,
    "divergence": 1.376787265,
    "sharpness": 24.02656515,
    "effective_rank": 9.996790699,
    "participation_ratio": 5.915889879,
    "stable_rank": 6.396528096,
    "noise_scale": 54.58924302,
    "learning_coefficient": 2.166666667,
    "power_law_exponent": 0.4973507938,
    "coordinate_check": 0.25,
}
