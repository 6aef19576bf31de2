"""`bestiary review`: what can be measured of the acceptance checklist, and that the list is that of CONTRIBUTING.md."""

import json
import re
from pathlib import Path

import pytest
import saddle
from checkouts import saddles
from installed import bestiary

from bestiary.catalog.claims import Claim
from bestiary.catalog.entries import CATALOG, Entry
from bestiary.catalog.read import read_catalog
from bestiary.cli.contribute import of_claims, of_files
from bestiary.cli.contribute.checklist import Standing
from bestiary.judge.verdict import judge
from bestiary.log import Effect, Finding, State

ROOT = Path(__file__).resolve().parents[3]
CATALOG_TODAY = read_catalog()


def rate(lo, hi):
    return Claim.model_validate({"of": "found", "rate": (lo, hi), "source": "measured"})


def median(lo, hi):
    return Claim.model_validate({"of": "x", "median": (lo, hi), "unit": "1", "source": "measured"})


@pytest.mark.parametrize(
    "lo, hi, seeds", [(0.0, 1.0, 64), (0.0, 0.9, 16), (0.3, 0.7, 4), (0.0, 0.05, 2), (0.8, 1.0, 5)]
)
def test_a_rate_cannot_fail_exactly_if_no_outcome_fails(lo, hi, seeds):
    outcomes = [
        judge([rate(lo, hi)], [Finding(State.FOUND, "")] * k + [Finding(State.ABSENT, "")] * (seeds - k))[0].outcome
        for k in range(seeds + 1)
    ]
    assert ("fails" not in outcomes) == bool(of_claims.cannot_fail(rate(lo, hi), seeds))


def test_a_median_cannot_fail_exactly_if_the_sign_test_cannot():
    for seeds in (8, 13, 14, 15, 16):
        far = [Finding(State.FOUND, "", 1.0, {"x": Effect(9.0)})] * seeds
        fails = judge([median(1.0, 2.0)], far)[0].outcome == "fails"
        assert fails == (of_claims.cannot_fail(median(1.0, 2.0), seeds) == "")
    assert of_claims.cannot_fail(median(1.0, 3.0), 16) == "the interval spans a factor of 3"
    assert of_claims.cannot_fail(median(-3.0, -1.0), 16) == "the interval spans a factor of 3"
    assert of_claims.cannot_fail(median(-1.0, 3.0), 16) == "" == of_claims.cannot_fail(median(0.0, 3.0), 16)


def entry(**changes) -> Entry:
    """The smallest entry, with changes of its block."""
    from bestiary.catalog.yaml_source import parse

    block = parse(saddle.BLOCK.encode(), "catalog.yaml")[0]["saddle"]
    block["cases"]["far"]["knobs"] = {"lr": 1.9}  # of catapult, whose knobs are real
    block |= changes
    (made,) = CATALOG.validate_python({"catapult": block}).values()
    made._key = "catapult"
    for name, case in made.cases.items():
        case._name = name
    return made


def rows(of: Entry, record=None):
    return {row.item: row for row in of_claims.rows(of, record)}


def test_controls_differ_in_one_field_but_for_how_long_one_looks():
    claims = ({"of": "found", "rate": (0.0, 0.05), "source": "measured"},)
    cases = {"near": {"claims": ({"of": "found", "rate": (0.8, 1.0), "source": "measured"},)}}
    one = {"control": "it", "knobs": {"lr": 1.0}, "static": {"steps": 50, "log_every": 1}, "claims": claims}
    two = {"control": "it", "knobs": {"lr": 1.0}, "static": {"activation": "relu"}, "claims": claims}
    told = rows(entry(cases=cases | {"one": one, "two": two}))["Controls"]
    assert told.standing is Standing.SHORT
    assert told.told == "two differs from the nearest positive case in lr and activation"
    assert rows(entry(cases=cases | {"one": one}))["Controls"].standing is Standing.HOLDS
    assert "only in how long one looks" in rows(entry(cases=cases | {"one": one | {"knobs": {}}}))["Controls"].told


def test_seeds_that_cannot_hold_a_rate_fall_short_and_fewer_than_usual_are_looked_at():
    claims = ({"of": "found", "rate": (0.0, 0.05), "source": "measured"},)
    cases = {"near": {"claims": ({"of": "found", "rate": (0.8, 1.0), "source": "measured"},)}}
    few = {"control": "it", "seeds": 29, "knobs": {"lr": 1.0}, "claims": claims}
    told = rows(entry(cases=cases | {"few": few}))["Seeds"]
    assert (told.standing, told.told) == (Standing.SHORT, "few has 29, of which no outcome holds the rate of found")
    few["claims"] = ({"of": "found", "rate": (0.0, 0.1), "source": "measured"},)
    assert rows(entry(cases=cases | {"few": few}))["Seeds"].standing is Standing.LOOK


def test_an_interval_far_wider_than_its_measurement_is_looked_at():
    claims = ({"of": "final", "median": (0.0, 1.0), "unit": "1", "source": "measured"},)
    of = entry(cases={"near": {"claims": claims}})
    seen = lambda lo, hi: {"cases": {"near": {"root 1": {"claims": [{"of": "final", "estimate": [lo, lo, hi]}]}}}}  # noqa: E731
    assert rows(of, seen(0.5, 0.52))["Can fail"].told == "near final: 50 times as wide as what was measured"
    assert rows(of, seen(0.2, 0.9))["Can fail"].standing is Standing.HOLDS


def test_a_boundary_that_holds_its_axis_cannot_fail_and_few_points_are_told():
    claim = {"of": "appears", "within": (0.1, 9.0), "source": "measured"}
    law = {"over": "lr=1,2,3", "claims": ({"of": "exponent", "within": (1.0, 2.0), "source": "measured"},)}
    told = rows(entry(boundaries={"edge": {"over": "lr=1:4:4", "seeds": 8, "claims": (claim,)}}, laws={"slow": law}))
    assert told["Can fail"].told == "boundary edge appears: the interval holds the whole axis"
    assert told["Points"].told == "law slow has 3 points; boundary edge has 8 runs a point"
    kept = {"identity": "kept", "source": "measured"}
    pair = {"with": "other things", "over": "lr=1,2", "without_a": {"knobs": {"decay": 0.0}}, "seeds": 8}
    told = rows(entry(interactions={"pair": pair | {"claims": (kept,)}}))
    assert told["Points"].told == "interaction pair has 8 pairs of runs a value"
    assert told["Beyond cases"].told == "there is no law, boundary or path"
    assert rows(entry())["Beyond cases"].told == "there is no law, boundary or path"


def test_an_interaction_has_enough_pairs_and_an_identity():
    claim = {"outcome": "sum_of_parts", "source": "measured"}
    pair = {"with": "noise", "over": "lr=1,2", "without_a": {"knobs": {"width": 1.0}}, "claims": (claim,)}
    assert rows(entry(interactions={"noisy": pair | {"seeds": 12}}))["Points"].told == (
        "interaction noisy has 12 pairs of runs a value; interaction noisy claims no identity"
    )
    kept = pair | {"claims": (claim, {"identity": "kept", "source": "measured"})}
    assert rows(entry(interactions={"noisy": kept}))["Points"].standing is Standing.HOLDS


def test_undeclared_firings_are_told_and_an_entry_without_a_row_is_looked_at():
    cell = {"entry": "catapult", "case": "near", "detector": "spikes", "fired": 2, "n": 16}
    assert of_files.firings(entry(), [cell]) == ["spikes fires on 2 of 16 runs of near, undeclared"]
    assert of_files.firings(entry(also_fires={"spikes": "it does"}), [cell, cell | {"fired": 0}]) == []
    assert of_files.matrix(CATALOG_TODAY["grokking"], ROOT).standing is Standing.HOLDS
    assert "no row of near, far" in of_files.matrix(entry(), ROOT).told


def test_what_fails_in_a_record_falls_short_and_what_is_inconclusive_is_looked_at():
    of = CATALOG_TODAY["grokking"]
    claims = [{"of": "found", "outcome": "inconclusive"}, {"of": ["x", "y"], "outcome": "holds"}]
    record = {"version": of.version, "date": "2026-11-27", "cases": {"near": {"root 1": {"claims": claims}}}}
    told = of_files.record_row(of, record, {})
    assert (told.standing, told.told) == (Standing.LOOK, "near, root 1: found inconclusive")
    claims[1]["outcome"] = "fails"
    assert of_files.record_row(of, record, {}).standing is Standing.SHORT
    told = of_files.record_row(of, record, {"judge": "other"}).told
    assert told.startswith("0/2 hold on 1 roots, measured with other")
    assert of_files.record_row(of, None, {}).standing is Standing.SHORT


def test_the_roots_of_a_record():
    record = lambda *roots: {"cases": {"near": {f"root {root}": {} for root in roots}}}  # noqa: E731
    assert of_files.roots(record(21, 22)).standing is Standing.LOOK
    assert "root 0 is for tuning" in of_files.roots(record(0, 1)).told
    assert "measured on 1 roots" in of_files.roots(record(1)).told and of_files.roots(None).standing is Standing.SHORT


def test_no_claim_of_the_catalog_is_one_that_no_runs_could_make_fail():
    """An interval that is merely wide is told, and is for a person to say."""
    cases = [case for e in CATALOG_TODAY.values() for case in e.cases.values()]
    why = [of_claims.cannot_fail(claim, case.seeds) for case in cases for claim in case.claims]
    assert len(why) > 300 and [one for one in why if one and "spans a factor" not in one] == []


def test_the_command_fills_the_list_in_and_fails_where_it_falls_short(tmp_path):
    root = saddles(tmp_path / "checkout", "saddle")
    ran = bestiary("review", "saddle", "--time", "--json", site=root, cache=tmp_path / "cache")
    assert ran.returncode == 1, ran.stderr
    (made,) = json.loads(ran.stdout)["entries"]
    rows = {row["item"]: row for row in made["rows"]}
    short = {item for item, row in rows.items() if row["standing"] == "falls short"}
    assert short == {"Roots", "Mechanism", "Beyond cases", "Names", "Record", "Figures"} and not made["accepted"]
    assert rows["Controls"]["standing"] == "holds" and "near: " in rows["Cost"]["told"]
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Acceptance")[2].partition("\n## ")[0]
    assert re.findall(r"^- \[ \] \*\*(.+?)\.\*\*", page, re.MULTILINE) == list(rows)

    measured = bestiary(
        "measure", "saddle", "--to", root / "benchmarks" / "measured", site=root, cache=tmp_path / "cache"
    )
    assert measured.returncode == 0, measured.stderr
    ran = bestiary("review", "saddle", "--json", site=root, cache=tmp_path / "cache")
    rows = {row["item"]: row for row in json.loads(ran.stdout)["entries"][0]["rows"]}
    assert rows["Record"]["standing"] == "holds" and rows["Roots"]["standing"] == "look"
    ran = bestiary("review", "--changed", "HEAD", site=root, cache=tmp_path / "cache")
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    ran = bestiary("review", site=root, cache=tmp_path / "cache")
    assert ran.returncode == 2 and "want ENTRY, or --changed REV" in ran.stderr
