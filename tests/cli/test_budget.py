"""What a check will take, and what fits a budget."""

import pytest

from bestiary.cli import budget
from bestiary.cli.budget import Part

RECORDS = {
    "cheap": {"cost": {"cases": {"a": 1.0, "b": 2.0}, "beyond": 40.0}, "maps": {}},
    "dear": {"cost": {"cases": {"a": 30.0}, "beyond": 200.0}, "maps": {}},
    "plain": {"cost": {"cases": {"a": 5.0}}},
    "old": {"maps": {}},
}


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(budget.os, "cpu_count", lambda: 2)


def test_parts_are_cases_and_what_is_beyond_them():
    assert budget.parts_of(RECORDS, False, RECORDS.get) == [
        Part("cheap", False, 3.0),
        Part("dear", False, 30.0),
        Part("plain", False, 5.0),
        Part("old", False, None),
    ]
    beyond = [p for p in budget.parts_of([*RECORDS, "new"], True, RECORDS.get) if p.beyond]
    assert beyond == [
        Part("cheap", True, 40.0),
        Part("dear", True, 200.0),
        Part("old", True, None),
        Part("new", True, None),
    ]


def test_the_cheapest_are_taken_and_the_rest_is_named():
    parts = budget.parts_of(RECORDS, True, RECORDS.get)
    taken, left = budget.within(parts, 1, 20.0)  # 40 s of two cores: 3 + 5 + 30, and 40 do not fit
    assert [str(p) for p in taken] == ["cheap", "dear", "plain"]
    assert [str(p) for p in left] == [
        "cheap (laws, boundaries, paths)",
        "dear (laws, boundaries, paths)",
        "old",
        "old (laws, boundaries, paths)",
    ]
    assert [str(p) for p in budget.within(parts, 2, 20.0)[0]] == ["cheap", "plain"]  # two roots cost twice as much


def test_what_it_takes_is_said_with_what_nobody_measured():
    parts = budget.parts_of(RECORDS, True, RECORDS.get)
    assert budget.expected(parts, 1) == "about 2 min on 2 cores if nothing is kept, and 2 more that nobody measured"
    assert budget.expected(parts[:1], 10) == "about 15 s on 2 cores if nothing is kept"
    assert budget.expected([Part("new", False, None)], 1) == ""


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), (" 2 m ", 120)])
def test_a_time_is_read(text, seconds):
    assert budget.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-1m", "0s", "1d", "nan s", "1e3s"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="want a number with s, m or h"):
        budget.parse(text)


def test_a_minute_on_two_cores_is_a_laptop_s():
    assert budget.scale(119.0) == "laptop" and budget.scale(121.0) == "workstation" and budget.scale(None) is None
