"""On which side of measured boundaries a setting lies: exact answers, and none beyond what was measured."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.catalog.entries import CATALOG
from bestiary.catalog.setups.knobs import Knob
from bestiary.why import words
from bestiary.why.boundaries import Side, preconditions, side
from bestiary.why.cases import laws, nearest

KNOBS = (
    Knob("fraction", True, "number", 0.5, "share", "of the pairs that are trained on"),
    Knob("decay", True, "number", 1.0, "1", "weight decay"),
    Knob("steps", False, "integer", 100, "step", "length"),
)
FOUND, GONE = ({"of": "found", "rate": r, "source": "measured"} for r in ((0.8, 1.0), (0.0, 0.05)))
BLOCK = {
    "title": "It",
    "definition": "It happens.",
    "particle": ("MLP",),
    "kind": "transition",
    "complexity": {"network": 1, "data": 1},
    "status": "reported",
    "version": 1,
    "references": ("a2020b",),
    "added": {"by": "tests", "date": "2026-11-27"},
    "detector": "spikes",
    "cases": {
        "it": {"claims": (FOUND,)},
        "little": {"control": "data", "knobs": {"fraction": 0.1}, "claims": (GONE,)},
    },
    "laws": {
        "wait": {
            "over": "decay=1:8:4:log",
            "form": "theory",
            "theory": {"name": "a guess", "formula": "10 / decay"},
            "claims": ({"of": "ratio", "within": (0.9, 1.1), "source": "measured"},),
        }
    },
    "boundaries": {
        "enough": {
            "title": "From nothing to it",
            "over": "fraction=0.2:0.6:5",
            "of": "it",
            "static": {"steps": 200},
            "claims": ({"of": "appears", "within": (0.3, 0.4), "source": "measured"},),
        },
        "too_much": {
            "over": "decay=1:100:5:log",
            "knobs": {"fraction": 0.4},
            "claims": ({"of": "vanishes", "within": (9, 11), "source": "measured"},),
        },
    },
}
RECORD = {
    "maps": {
        "boundary enough": {
            "root 21": {"claims": [{"of": "appears", "estimate": [0.34, 0.33, 0.36]}]},
            "root 22": {"claims": [{"of": "appears", "estimate": [0.36, 0.35, 0.37]}]},
        },
        "boundary too_much": {"root 21": {"claims": [{"of": "vanishes", "estimate": None}]}},
        "law wait": {"root 21": {"claims": [{"of": "ratio", "estimate": [1.0, 0.95, 1.05]}]}},
    },
    "cases": {
        "it": {"root 21": {"seeds": 16, "states": {"found": 15}}, "root 22": {"seeds": 16, "states": {"found": 16}}}
    },
}


@pytest.fixture(scope="module")
def entry():
    (made,) = CATALOG.validate_python({"it_happens": BLOCK}).values()
    made._key = "it_happens"
    for named in (made.cases, made.laws, made.boundaries):
        for name, block in named.items():
            block._name = name
    return made


def setting(fraction=0.5, decay=1.0, steps=100):
    return {(True, "fraction"): fraction, (True, "decay"): decay, (False, "steps"): steps}


def of(entry, name, known=None, **values):
    found = preconditions(entry, KNOBS, RECORD, setting(**values), known)
    return next(one for one in found if one.boundary == name)


def test_limits_are_those_of_all_roots_and_without_a_measurement_those_of_the_claim(entry):
    one = of(entry, "enough")
    assert (one.value, one.low, one.high, one.measured) == (pytest.approx(0.35), 0.33, 0.37, (21, 22))
    one = of(entry, "too_much")
    assert (one.low, one.high, one.measured) == (9, 11, ()) and one.value == pytest.approx(math.sqrt(99))
    assert "claimed, not measured" in words.boundary(one)


@pytest.mark.parametrize(
    "fraction, want, there",
    [
        (0.1, Side.OUTSIDE, None),
        (0.2, Side.BELOW, False),
        (0.33, Side.AT, None),
        (0.37, Side.AT, None),
        (0.6, Side.ABOVE, True),
        (0.61, Side.OUTSIDE, None),
    ],
)
def test_a_side_is_told_within_what_was_tried_alone(entry, fraction, want, there):
    one = of(entry, "enough", fraction=fraction)
    assert (one.side, one.there) == (want, there)
    said = words.boundary(one)
    assert ("nothing is known there" in said) == (want is Side.OUTSIDE)
    assert ("either side is possible" in said) == (want is Side.AT)


def test_what_vanishes_is_there_below(entry):
    assert of(entry, "too_much", decay=2.0).there is True and of(entry, "too_much", decay=50.0).there is False


@given(
    yours=st.floats(-10, 10),
    limits=st.tuples(st.floats(-5, 5), st.floats(-5, 5)).map(sorted),
    axis=st.tuples(st.floats(-8, 8), st.floats(-8, 8)).map(sorted),
)
def test_no_side_is_ever_told_outside(yours, limits, axis):
    where = side(yours, *limits, tuple(axis))
    assert (where is Side.OUTSIDE) == (not axis[0] <= yours <= axis[1])
    assert where is not Side.BELOW or yours < limits[0]
    assert where is not Side.ABOVE or yours > limits[1]


def test_how_far_outside_is_a_ratio_on_a_logarithmic_axis(entry):
    assert of(entry, "enough", fraction=0.1).beyond == pytest.approx(0.1)
    assert of(entry, "too_much", decay=400.0).beyond == pytest.approx(4.0)
    assert of(entry, "too_much", decay=0.0).beyond == math.inf
    assert "above what was measured (1 to 100) by a factor of 4" in words.boundary(of(entry, "too_much", decay=400.0))
    assert "below what was measured (1 to 100) by any factor" in words.boundary(of(entry, "too_much", decay=0.0))


def test_other_values_are_told_and_how_long_one_looks_is_told_apart(entry):
    one = of(entry, "enough", fraction=0.3, decay=2.0)
    assert [(o.knob, o.there, o.yours, o.looking) for o in one.elsewhere] == [
        ("decay", 1.0, 2.0, False),
        ("steps", 200, 100, True),
    ]
    assert not one.applies and of(entry, "enough", fraction=0.3).applies
    assert (
        words.caveat(one)
        == "measured elsewhere: decay 1 there, 2 here; one looked otherwise: steps 200 there, 100 here"
    )
    first = preconditions(entry, KNOBS, RECORD, setting(fraction=0.4, decay=2.0, steps=100))[0]
    assert first.boundary == "too_much"  # which was measured at 0.4


def test_only_what_applies_is_needed(entry):
    told = lambda **values: words.needed(preconditions(entry, KNOBS, RECORD, setting(**values)))  # noqa: E731
    assert told(fraction=0.25) == "it needs fraction above 0.37"
    assert told(fraction=0.25, decay=2.0) == "" == told(fraction=0.1) == told(fraction=0.35) == told(fraction=0.6)


def test_of_what_nobody_has_stated_nothing_is_said(entry):
    one = of(entry, "enough", known=frozenset({(True, "decay")}), decay=2.0)
    assert one.side is Side.UNKNOWN and one.there is None and one.yours is None
    assert [o.knob for o in one.elsewhere] == ["decay"]
    assert "yours is not known: fraction [share] of the pairs" in words.boundary(one)
    assert of(entry, "too_much", known=frozenset({(True, "decay")})).unknown == ("fraction",)


def test_the_nearest_case_and_the_very_same(entry):
    same = nearest(entry, KNOBS, RECORD, setting())[0]
    assert words.case(same) == "this very setting is the case it: found in 31 of 32 runs, roots 21 and 22"
    near = nearest(entry, KNOBS, RECORD, setting(fraction=0.12))
    assert [one.case for one in near] == ["little", "it"]
    assert (
        words.case(near[0])
        == "little (a control: without data): not measured; it differs in fraction 0.1 there, 0.12 here"
    )


def test_a_law_is_not_extended(entry):
    (inside,) = laws(entry, KNOBS, RECORD, setting(decay=2.0))
    assert inside.predicted == 5.0
    assert words.law(inside).endswith(
        "ratio 1 (0.95 to 1.05), between 1 and 8; yours is 2; the formula says 5 at yours"
    )
    (outside,) = laws(entry, KNOBS, RECORD, setting(decay=20.0))
    assert words.law(outside).endswith("between 1 and 8; yours is 20, outside: not to be extended")
