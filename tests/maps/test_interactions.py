"""Interactions of a pair for which arithmetic says all of them, through the same rounds as laws and boundaries."""

import math

import numpy as np
import pytest
from bowl_map import LAW
from bowl_map import setup as bowl
from planted_pair import FACTOR, SUM, block, setup

from bestiary.catalog.interaction_claims import Rule
from bestiary.judge import rounds as rounds_of
from bestiary.judge.outcome import Outcome
from bestiary.judge.rounds import drive
from bestiary.maps import judge as maps
from bestiary.maps.interactions.kappa import Correction, limits
from bestiary.maps.interactions.rules import composed
from bestiary.train.store import NoStore

HOLDS, FAILS, OPEN = Outcome.HOLDS, Outcome.FAILS, Outcome.INCONCLUSIVE
KEPT = {"identity": "kept", "source": "measured"}


def judge(*claims, root=1, **fields):
    s = setup(planted=block(*claims, **fields))
    (result,) = drive(maps.tasks(s, root), NoStore())
    return result


def of(outcome, **at):
    return {"outcome": outcome, "source": "measured"} | at


def kappa(lo, hi, at):
    return {"kappa": [lo, hi], "at": at, "source": "measured"}


def test_pairs_share_their_draws_so_that_scatter_cancels():
    result = judge(KEPT, SUM, kappa(-0.001, 0.001, 1), kappa(0.1, 0.2, 1), knobs={"scatter": 1.0})
    a, both = result.table.alone.value, result.table.points[-1].measured.value
    assert np.std(np.log(a)) > 0.5 and both == pytest.approx(2 * a, rel=1e-5)
    assert next(p.kappa.value for p in result.table.points) == pytest.approx(np.zeros(24), abs=1e-5)
    assert [v.outcome for v in result.verdicts] == [HOLDS, HOLDS, HOLDS, FAILS]
    assert result.kind == "interaction" and result.headed()[0][0] == ""


def test_a_planted_interaction_is_measured_and_judged():
    claims = of("antagonism", at=1), SUM, kappa(-0.45, -0.25, 1), kappa(-0.2, 0.2, 1)
    result = judge(*claims, knobs={"kappa": math.log(0.7), "noise": 0.1})
    point = result.table.points[-1]
    found = limits(point.kappa)
    assert found.low < math.log(0.7) < found.high and found.high - found.low < 0.2
    assert np.std(point.kappa.value) == pytest.approx(0.1, rel=0.5)  # and not that of the runs, 0.3
    assert [v.outcome for v in result.verdicts] == [HOLDS, FAILS, HOLDS, FAILS]
    assert "at 0.5 it is antagonism at 0.9999" in result.verdicts[1].reason
    assert result.verdicts[2].estimate == found


def test_without_the_rule_the_same_runs_are_a_synergy():
    fields = {"rule": {"name": "independent"}, "over": "b=0,1"}
    assert judge(of("synergy"), **fields).verdicts[0].outcome is HOLDS
    assert judge(of("antagonism"), stronger="smaller", **fields).verdicts[0].outcome is HOLDS


def test_what_takes_a_away_is_destroyed_and_what_looks_like_a_is_mimicry():
    result = judge(of("destroyed", at=1), KEPT | {"at": 0.5}, KEPT, SUM, knobs={"kills": 0.8})
    assert [v.outcome for v in result.verdicts] == [HOLDS, HOLDS, FAILS, FAILS]
    assert "both at 1: A is there in fewer than half" in result.verdicts[2].reason
    mimicry = {"identity": "mimicry", "source": "measured"}
    assert [v.outcome for v in judge(mimicry, KEPT, SUM, knobs={"mimics": 1.0}).verdicts] == [HOLDS, FAILS, FAILS]
    assert judge(mimicry).verdicts[0].outcome is FAILS


def test_the_boundary_of_the_sum_of_parts_is_a_bracket():
    claims = [{"boundary": [lo, hi], "source": "measured"} for lo, hi in ((0.1, 0.5), (0.5, 0.8), (0.05, 0.3))]
    result = judge(*claims, over="b=0,0.2,0.4,0.8", knobs={"kappa": 0.4})
    assert [v.outcome for v in result.verdicts] == [HOLDS, FAILS, OPEN]
    assert result.verdicts[0].estimate == pytest.approx((0.25, 0.2, 0.4), abs=1e-4)
    never = judge(*claims[:2], over="b=0,0.1,0.9")
    assert [v.outcome for v in never.verdicts] == [FAILS, FAILS]


def test_runs_that_end_before_the_onset_are_cut_off_and_counted():
    fields = {"of": "onset", "rule": FACTOR, "over": "b=0,0.5,1.5", "knobs": {"scatter": 0.5}}
    longer = judge(of("sum_of_parts", at=0.5), static={"steps": 400}, **fields)
    assert longer.table.points[1].kappa.cut == 0
    short = judge(SUM, kappa(-0.1, 0.1, 1.5), static={"steps": 20}, **fields)
    far = short.table.points[1]
    assert far.kappa.cut + far.kappa.unknown > 8 and far.kappa.cut > 0
    assert limits(far.kappa).high == math.inf
    assert short.verdicts[0].outcome is not HOLDS and "cut off" in short.verdicts[1].measured
    onset = longer.table.alone
    assert (onset.low < onset.value).all() and (onset.high == onset.value).all()  # read off records


def test_waiting_times_are_stronger_where_they_are_shorter():
    fields = {"of": "onset", "rule": {"name": "independent"}, "over": "b=0,1", "static": {"steps": 400}}
    assert judge(of("antagonism"), **fields).verdicts[0].outcome is HOLDS


def test_a_threshold_is_compared_by_the_pair_of_runs():
    """A is there from b below `kills` on; with `along` the quantity is the scale at which a run is first found."""
    claim = {"outcome": "sum_of_parts", "source": "measured"}
    fields = {"of": "undecided", "along": "scatter=0.01:4:120:log", "over": "b=0,1", "static": {"steps": 30}}
    result = judge(claim, rule={"name": "independent"}, **fields)
    table, point = result.table, result.table.points[0]
    u = np.log(3.0) / table.alone.value[np.isfinite(table.alone.value)]  # exp(s u) = 3: beyond 30 steps
    assert (table.alone.low < table.alone.high).all() and (u > 0).all()
    there = np.isfinite(point.measured.value) & np.isfinite(table.alone.value)
    # with b = 1 the run is as long from exp(s u) = 3 / 2 on
    assert point.measured.value[there] / table.alone.value[there] == pytest.approx(np.log(1.5) / np.log(3), rel=0.06)


NUMBERS = {"b": 0.5, "lr": 0.1}
OFF = {"b": 0.0, "lr": 0.1}


@pytest.mark.parametrize(
    "rule, b, predicted",
    [
        ({"name": "independent"}, None, [2.0, 4.0]),
        ({"name": "factor", "formula": "3 * (1 + b)"}, None, [3.0, 6.0]),
        ({"name": "shift", "formula": "2 / lr - b"}, None, [1.5, 3.5]),
        ({"name": "rates", "of": "q"}, [2.0, 12.0], [1.0, 3.0]),
        ({"name": "rates", "formula": "4 * b", "unit": "step"}, None, [1.0, 4 / 3]),
        ({"name": "first", "of": "q"}, [3.0, 3.0], [2.0, 3.0]),
        ({"name": "clock", "formula": "lr * t * (1 - b)"}, None, [4.0, 8.0]),
        ({"name": "clock", "formula": "max(t - 10 * b, 0)"}, None, [7.0, 9.0]),
    ],
)
def test_rules_by_hand(rule, b, predicted):
    told = {"source": "theory", "where": "by hand"} if rule["name"] != "independent" else {}
    predict = composed(Rule.model_validate(rule | told), NUMBERS, OFF)
    a = np.array([2.0, 4.0])
    assert predict(a, None if b is None else np.array(b)) == pytest.approx(predicted)
    low = predict(np.array([0.0, math.inf]), None if b is None else np.array(b))
    assert low[0] <= predicted[0] and low[1] >= predicted[1]  # a rule is increasing


def test_a_rule_that_predicts_nothing_says_why():
    rule = FACTOR | {"formula": "b - 0.75"}
    result = judge(SUM, kappa(0, 1, 1), over="b=0,1", rule=rule)
    assert [v.outcome for v in result.verdicts] == [OPEN, OPEN] and "no factor above 0" in result.trouble
    assert result.verdicts[0].reason == result.trouble


def test_units_that_only_the_runs_tell_are_compared_too():
    rule = {"name": "first", "of": "share", "source": "measured"}
    result = judge(SUM, rule=rule)
    assert result.trouble == "no common unit: q is in 'rad', share in '1'; the rule first compares them"


def test_all_cells_are_asked_for_at_once_and_share_a_program_with_a_law(monkeypatch):
    s = setup(planted=block(), along=block(over="b=0,0.25"))
    wanted = []
    ask = rounds_of.answer
    monkeypatch.setattr(rounds_of, "answer", lambda asked, *rest: wanted.append(list(asked)) or ask(asked, *rest))
    drive([*maps.tasks(s, 1), *maps.tasks(bowl(laws={"slow": LAW}), 1)], NoStore())
    (only,) = wanted
    assert len([r for r in only if r.setup is s]) == 2 + 2 * 2 + 2 + 2 * 1
    assert len({r.static for r in only if r.setup is s}) == 1  # knobs are traced: one program
    assert sum(r.curves for r in only) == 2 * 4  # of the last value alone


def test_words_turn_b_on_too():
    result = judge(SUM, over="kind=plain,other", rule={"name": "independent"})
    (point,) = result.table.points
    assert point.x == "other" and result.verdicts[0].outcome is HOLDS
    assert Correction.SUM in result.verdicts[0].measured
