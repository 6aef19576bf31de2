"""Ranges of knobs: what comments state, and what lies within."""

import pytest

from bestiary.catalog.setups import ranges

STATIC = {"positions": 64, "heads": 4, "steps": 100}


@pytest.mark.parametrize(
    ("clause", "inside", "outside"),
    [
        ("> 0", [1e-30, 5], [0, -1]),
        (">= 0", [0, 1e9], [-1e-30]),
        ("< 1", [0.999, -5], [1, 2]),
        ("0 to 1", [0, 0.5, 1], [-0.1, 1.1]),
        ("-1 to 1", [-1, 1], [-1.1, 1.1]),
        ("1e-3 to 2.5", [1e-3, 2.5], [0, 3]),
        (">= 0 and < 1", [0, 0.9], [-1, 1]),
        ("1 to static.positions", [1, 64], [0, 65]),
        (">= 1 and < static.positions", [1, 63], [0, 64]),
        ("0 or 1", [0, 1], [0.5, 2]),
        ("1, 2 or 4", [1, 2, 4], [3]),
        ("even", [2, 100], [3]),
        ("a multiple of 4", [4, 64], [6]),
        ("a multiple of static.heads", [4, 64], [6]),
    ],
)
def test_what_lies_within(clause, inside, outside):
    one = ranges.read(clause)
    assert one is not None
    assert [value for value in inside if not one.holds(value, STATIC)] == []
    assert [value for value in outside if one.holds(value, STATIC)] == []


@pytest.mark.parametrize(
    "clause",
    [
        "",
        "0",
        "0: even",
        "0 to",
        "from 0 to 1",
        "one to two",
        "> x",
        ">0",
        "positive",
        "1 to positions",
        "relu: max(z, 0)",
        "attention to tokens",
        "> 0 or < 1",
        "0 to 1, both included",
    ],
)
def test_prose_is_no_range(clause):
    assert ranges.read(clause) is None


def test_ranges_end_a_comment():
    assert ranges.trailing("hidden units") == ()
    assert [one.text for one in ranges.trailing("hidden units; even; >= 4")] == ["even", ">= 4"]
    assert [one.text for one in ranges.trailing("0 to 1; then prose")] == []
    assert [one.text for one in ranges.trailing("0 to 1")] == ["0 to 1"]


def test_a_range_tells_the_values_that_it_depends_on():
    one = ranges.read(">= 1 and <= static.positions")
    assert one is not None
    assert one.names == ("positions",)
    assert one.told(STATIC) == ">= 1 and <= positions (64)"
