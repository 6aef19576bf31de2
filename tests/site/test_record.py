"""Runs are thinned to what a page shows, without losing where they move."""

import json
import math

import numpy as np
import pytest
from figure_runs import ABSENCE, decay, found, result, setup

from bestiary.catalog.axes import Axis, Point
from bestiary.catalog.map_claims import Boundary, Law
from bestiary.judge.rounds import Judged
from bestiary.maps.line import Line
from bestiary.site import record, recordings
from bestiary.site.thinning import chosen, row, short, steps, too_fast

LONG = np.arange(0, 20_001, 2)
TWO = setup({"loss": "1", "accuracy": "share"})
ORIGIN = {"date": "2026-01-01", "commit": "abc", "machine": {}, "python": "3", "text": "", "bestiary": "2026"}


def test_few_records_are_all_kept():
    assert chosen(np.arange(5.0), [(np.zeros((2, 5)), False)], False, 5).tolist() == [0, 1, 2, 3, 4]


def test_the_ends_and_a_spike_are_kept():
    t = np.arange(10_000.0)
    y = np.ones((3, t.size))
    y[:, 7000:7005] = [2, 30, 50, 20, 3]
    kept = chosen(t, [(y, False)], False, 60)
    assert kept[0] == 0 and kept[-1] == t.size - 1 and len(kept) <= 60
    assert (np.diff(kept) > 0).all()
    assert y[0, kept].max() == 50
    assert np.diff(t[kept]).max() < 1000  # and nowhere a hole, though the curve rests there


def test_a_curve_that_diverges_is_kept_where_it_is_finite():
    t = np.arange(1000.0)
    y = np.where(t < 500, np.exp(t / 50), np.nan)[None]
    kept = chosen(t, [(y, True), (np.full((1, 1000), np.nan), False)], False, 50)
    assert 20 < np.count_nonzero(t[kept] < 500) and len(kept) <= 50


def test_an_oscillation_is_not_made_slow():
    """Of two steps each, it goes a tenth of its way between a tenth of its records; a smooth curve goes all of it."""
    t = np.arange(1000.0)
    kept = chosen(t, [((-1.0) ** t[None], False)], False, 100)
    assert too_fast((-1.0) ** t[None], kept, False)
    assert not too_fast(np.exp(-t / 100)[None], kept, True)
    assert not too_fast(np.zeros((1, 1000)), kept, False)
    p = setup({"loss": "1"})
    cases = [result(p, "a", {"loss": np.tile(2 + (-1.0) ** np.arange(LONG.size), (4, 1))}, [ABSENCE] * 4, steps=LONG)]
    made = record.recording(cases, [], ORIGIN)
    assert made["cases"][0]["curves"]["loss"]["dots"] is True
    assert str(recordings.drawing(made)).count("h0") > 100  # dots, on the card too
    both = {"loss": cases[0].runs["loss"].values[0], "accuracy": decay(4, 0.5, LONG)}
    made = record.recording([result(TWO, "a", both, [ABSENCE] * 4, steps=LONG)], [], ORIGIN)
    assert "h0" not in str(recordings.drawing(made))  # a card shows what has lines, where there is such a channel


@pytest.mark.parametrize(
    "value, told",
    [(0.123456, 0.1235), (3.0, 3), (1e-30, 1e-30), (123456.0, 123500), (math.inf, None), (math.nan, None)],
)
def test_numbers_in_four_digits(value, told):
    assert short(value) == told


def test_steps_keep_all_their_digits():
    assert steps(np.array([0.0, 123457.0])) == [0, 123457]
    assert row(np.array([1.0, math.nan])) == [1, None]


def _swept(block, values, p):
    ds = [result(p, "a", {"loss": decay(4, to), "accuracy": decay(4, to)}, [ABSENCE] * 4) for to in values]
    answers = [
        Judged(tuple([found(10 * v)] * 2 + [ABSENCE] * 2), (100.0,) * 4, (), one.runs)
        for v, one in zip(values, ds, strict=True)
    ]
    points = tuple(Point((v,), p.knobs, p.static) for v in values)
    return record.Swept(block, Line(Axis("lr", values), points, tuple(answers)))


def test_a_recording_holds_what_its_page_needs():
    seen = {"loss": decay(20, 1e-6, LONG), "accuracy": 1 - decay(20, 0.5, LONG)}
    cases = [result(TWO, "falls", seen, [found(10)] * 19 + [ABSENCE], steps=LONG)]
    cases += [result(TWO, f"flat_{i}", seen, [ABSENCE] * 20, "cause", steps=LONG) for i in range(3)]
    made = record.recording(cases[::-1], [], ORIGIN)
    assert [case["name"] for case in made["cases"]] == ["falls", "flat_2", "flat_1", "flat_0"]  # controls come last
    assert made["channels"]["loss"]["log"] and not made["channels"]["accuracy"]["log"]
    assert made["panels"] == [["loss"], ["accuracy"]]
    first = made["cases"][0]
    assert first["states"] == {"absent": 1, "found": 19} and first["onset"] == 10
    assert len(first["curves"]["loss"]["seeds"]) == record.SEEDS
    assert first["curves"]["accuracy"]["as"] == "loss"
    t, band = first["curves"]["loss"]["t"], first["curves"]["loss"]["band"]
    where = np.searchsorted(LONG, t)
    assert band[1] == [short(v) for v in np.median(seen["loss"], axis=0)[where]]
    assert record.FEW <= len(t) <= record.RECORDS
    assert len(record.text(made)) <= record.MOST + record.EACH * len(cases)
    assert json.loads(record.text(made)) == made


def test_a_law_and_a_boundary_are_swept():
    claim = {"source": "measured"}
    law = Law.model_validate(
        {"over": "lr=1,2,3", "of": "onset", "claims": ({"of": "exponent", "within": (0.0, 2.0)} | claim,)}
    )
    edge = Boundary.model_validate({"over": "lr=1,2,3", "claims": ({"of": "appears", "within": (1.0, 2.0)} | claim,)})
    law._name, edge._name = "later", "edge"
    case = result(TWO, "a", {"loss": decay(), "accuracy": decay()}, [ABSENCE] * 4)
    values = (0.1, 0.2, 0.4)
    made = record.recording([case], [_swept(law, values, TWO), _swept(edge, values, TWO)], ORIGIN)
    of_law, of_edge = made["sweeps"]
    assert [point["x"] for point in of_law["points"]] == [0.1, 0.2, 0.4]
    assert [point["value"] for point in of_law["points"]] == [1, 2, 4]
    assert [point["value"] for point in of_edge["points"]] == [None] * 3
    assert [point["share"] for point in of_edge["points"]] == [0.5] * 3
    assert (of_law["name"], of_law["kind"], of_edge["kind"]) == ("later", "law", "boundary")
    ends = [point["curves"]["loss"]["band"][1][-1] for point in of_law["points"]]
    assert ends == sorted(ends) and ends[0] < ends[-1]
    assert all("seeds" not in point["curves"]["loss"] for point in of_law["points"])


def test_a_card_draws_the_median_last():
    case = result(TWO, "a", {"loss": decay(), "accuracy": decay()}, [ABSENCE] * 4)
    svg = str(recordings.drawing(record.recording([case], [], ORIGIN)))
    assert svg.count('class="run"') == recordings.DRAWN and svg.rindex('class="median"') > svg.rindex('class="run"')
    assert "nan" not in svg
    assert recordings.drawing(None) == ""


def test_an_axis_ends_where_the_median_rests():
    xs, median = [0, 10, 20, 500, 1000], [1.0, 0.5, 0.0, 0.0, 0.0]
    assert recordings._while_it_moves(xs, median, 1.0) == [0, 10, None, None, None]
    assert recordings._while_it_moves(xs, [0.0] * 5, 1.0) == xs  # one that never moves is whole
