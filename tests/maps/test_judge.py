"""Laws, boundaries and paths of a bowl, for which arithmetic says all of them."""

import numpy as np
import pytest
from bowl_map import BOUNDARY, LAW, MAPPED, PATH, setup

from bestiary.catalog import axes as grid
from bestiary.catalog import map_claims as catalog_maps
from bestiary.judge import rounds as rounds_of
from bestiary.judge.outcome import Outcome
from bestiary.judge.rounds import drive
from bestiary.judge.setting import Setting
from bestiary.maps import explore
from bestiary.maps import judge as maps
from bestiary.maps import path as paths
from bestiary.maps.line import VARIABLES
from bestiary.train.store import NoStore


def run(asking):
    (result,) = drive([asking], NoStore())
    return result


def test_a_boundary_is_bisected_to_where_arithmetic_has_it():
    s = setup(boundaries={"edge": BOUNDARY})
    found = run(maps.judge_boundary(s, s.entry.boundaries["edge"], 1))
    assert [v.outcome for v in found.verdicts] == [Outcome.HOLDS, Outcome.FAILS, Outcome.FAILS]
    (crossing,) = found.crossings
    assert crossing.lo <= 2 < crossing.hi <= crossing.lo + 0.01
    assert crossing.sharp
    assert len(found.line.points) < 16  # 300 at that resolution on a grid


def test_a_law_is_fitted_and_its_exponent_judged():
    s = setup(laws={"slow": LAW})
    found = run(maps.judge_law(s, s.entry.laws["slow"], 1))
    x = np.array([p.knobs.lr for p in found.line.points])
    exact = np.ceil(np.log(1e3) / (-2 * np.log1p(-x)))
    assert (found.line.values("onset")[0] == exact[:, None]).all()
    slope = np.polyfit(np.log(x), np.log(exact), 1)[0]
    assert found.fit.parameters["exponent"] == pytest.approx(slope, abs=1e-6)
    assert [v.outcome for v in found.verdicts] == [Outcome.HOLDS, Outcome.FAILS]


def test_runs_that_ended_too_early_are_cut_off_and_others_without_a_value_left_out():
    s = setup(laws={"slow": LAW | {"over": "lr=0.02,0.2,2.5"}})
    line = run(maps.along(s, grid.parse("lr=0.02,0.2,2.5"), MAPPED.knobs, MAPPED.static, 3, 0))
    y, cut = line.values("onset")
    assert (y[0] == 60).all() and cut[0].all()
    assert np.isfinite(y[1]).all() and not cut[1].any()
    assert np.isnan(y[2]).all() and not cut[2].any()
    y, cut = line.values("onset", ["growing"])
    assert np.isnan(y[0]).all() and (y[2] == 60).all() and cut[2].all()
    assert line.values("rate")[0][1] == pytest.approx(1 / line.values("onset")[0][1])


def test_a_law_without_data_is_inconclusive_and_says_why():
    s = setup(laws={"slow": LAW | {"static": {"steps": 5}}})
    found = run(maps.judge_law(s, s.entry.laws["slow"], 1))
    assert [v.outcome for v in found.verdicts] == [Outcome.INCONCLUSIVE] * 2
    assert "cut off" in found.verdicts[0].reason


def test_a_variable_other_than_the_knob():
    law = catalog_maps.Law.model_validate(
        {**setup(laws={"slow": LAW}).entry.laws["slow"].model_dump(), "against": "1 / x"}
    )
    found = run(maps.judge_law(setup(), law, 1))
    assert found.fit.parameters["exponent"] == pytest.approx(1.02, abs=0.02)
    x = np.array([0.9, 0.99])
    assert VARIABLES["1 / (1 - x)"](x) == pytest.approx([10, 100])
    assert VARIABLES["1 - x"](x) == pytest.approx([0.1, 0.01])


def test_the_rungs_of_a_path_add_up_and_the_change_is_seen():
    s = setup(paths={"steeper": PATH})
    result = run(paths.along_path(s, s.entry.paths["steeper"], 1))
    assert [r.answer.findings[0].phase for r in result.rungs] == ["falling", "falling", "growing"]
    assert {f.onset for f in result.rungs[1].answer.findings} == {np.ceil(np.log(1e3) / (-2 * np.log(0.7)))}
    assert paths.changes(result) == [(1, 2)]
    holds = [Outcome.HOLDS] * 3  # the rate, the marker, and the rate without the cause
    assert [v.outcome for v in result.verdicts] == [*holds, *holds, Outcome.FAILS, Outcome.INCONCLUSIVE, Outcome.HOLDS]
    assert [head for head, _ in result.headed()][:4] == ["bowl", "bowl", "bowl, without the step", "fixed"]


def test_a_change_made_by_a_knob_is_located_between_its_rungs():
    s = setup(paths={"steeper": PATH})
    result = run(paths.along_path(s, s.entry.paths["steeper"], 1))
    (between,) = drive(list(paths.refine(s, result)), NoStore())
    (crossing,) = between.crossings
    assert crossing.direction == "vanishes"
    # Within 60 steps the loss falls to a thousandth for |1 - 0.3 c| <= 1000^(-1/120).
    assert crossing.lo <= (1 + 1000 ** (-1 / 120)) / 0.3 <= crossing.hi
    assert crossing.hi - crossing.lo <= 0.02 * 9


def test_a_law_against_a_formula_is_measured_over_predicted():
    theory = {"name": "gradient flow", "formula": "log(1000) / (2 * lr * curvature)"}
    claims = [{"of": "ratio", "within": [0.9, 1.1], "source": "measured"}]
    claims += [{"of": "exponent", "within": [0.9, 1.1], "source": "measured"}]
    s = setup(laws={"flow": LAW | {"form": "theory", "theory": theory, "claims": claims}})
    found = run(maps.judge_law(s, s.entry.laws["flow"], 1))
    x = np.array([p.knobs.lr for p in found.line.points])
    exact = np.ceil(np.log(1e3) / (-2 * np.log1p(-x)))
    predicted = np.log(1e3) / (2 * x)
    slope, ratio = np.polyfit(np.log(predicted) - np.log(predicted).mean(), np.log(exact / predicted), 1)
    assert found.fit.parameters["exponent"] == pytest.approx(1 + slope, abs=1e-6)
    assert found.fit.parameters["ratio"] == pytest.approx(np.exp(ratio), rel=1e-6)
    assert found.verdicts[0].estimate.value == found.fit.parameters["ratio"]


def test_a_formula_that_predicts_nothing_has_no_fit():
    law = LAW | {"form": "theory", "theory": {"name": "none", "formula": "lr - 0.05"}}
    law["claims"] = [{"of": "ratio", "within": [0.9, 1.1], "source": "measured"}]
    s = setup(laws={"flow": law})
    found = run(maps.judge_law(s, s.entry.laws["flow"], 1))
    assert found.verdicts[0].outcome is Outcome.INCONCLUSIVE and "wants values above 0" in found.trouble


def test_a_law_of_a_rung_is_judged_at_all_that_the_path_has_changed_by_then():
    path = {**PATH, "rungs": [*PATH["rungs"][:1], PATH["rungs"][1] | {"laws": {"slow": LAW}}]}
    s = setup(paths={"steeper": path})
    law = s.entry.every_law["steeper-fixed-slow"]
    assert law.static == {"start": "fixed", "steps": 200} and law.knobs == {"lr": 0.3}
    kinds = [r.block.name for r in maps.judge_entries([s], NoStore(), roots=[1])[1]]
    assert kinds == ["steeper-fixed-slow", "steeper"]
    assert len(maps.claims_of(s.entry)) == 2 + 2 * 3


def test_several_questions_share_their_rounds(monkeypatch):
    s = setup(boundaries={"edge": BOUNDARY}, laws={"slow": LAW}, paths={"steeper": PATH})
    rounds = []
    ask = rounds_of.answer
    monkeypatch.setattr(rounds_of, "answer", lambda wanted, *rest: rounds.append(len(wanted)) or ask(wanted, *rest))
    found = drive(maps.tasks(s, 1), NoStore())
    assert rounds[0] == 4 + 4 + 2 * 3
    assert max(rounds[1:]) <= 2
    assert [m.kind for m in found] == ["law", "boundary", "path"]
    assert len(maps.claims_of(s.entry)) == 3 + 2 + 3 * 3


def plan(*texts, **how):
    setting = Setting(setup(), MAPPED.knobs, MAPPED.static, "default")
    return explore.plan(setting, [grid.parse(text) for text in texts], how.get("seeds", 2), 0)


def test_a_map_of_one_knob_has_the_points_that_were_added():
    found = explore.run(plan("lr=0.5:3.5:4", seeds=20), NoStore(), boundary_of="growing", resolution=0.1)
    assert found.table.sizes["lr"] == len(found.line.points) > 4
    assert (np.diff(found.table["lr"]) > 0).all()
    assert found.crossings[0].lo <= 2 < found.crossings[0].hi


def test_a_map_of_two_knobs_is_a_table():
    found = explore.run(plan("lr=0.1,0.3", "start=random,fixed"), NoStore())
    assert dict(found.table.sizes) == {"lr": 2, "start": 2, "seed": 2}
    assert found.line is None


def test_the_size_of_a_grid_is_told():
    assert explore.size(plan("lr=0.1:1:10", "steps=8,16", seeds=3)) == (
        "bowl: 20 points x 3 seeds, 720 steps, 2 programs, 9.36 kB of curves"
    )
    huge = explore.size(plan("lr=0.1:1:10000", "curvature=0.1:1:1000"))
    assert "read in" in huge and "batches of at most 268 MB" in huge
