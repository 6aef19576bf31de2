import math
import re

import pytest
from tiny import BOWL, BowlKnobs, Steps

from bestiary.catalog import axes as grid
from bestiary.catalog.axes import Axis


def test_a_range_has_equal_differences_and_both_ends():
    assert grid.parse("lr=1:2:5") == Axis("lr", (1.0, 1.25, 1.5, 1.75, 2.0), False)
    assert grid.parse(" lr = -1:1:3 ") == Axis("lr", (-1.0, 0.0, 1.0), False)


def test_a_logarithmic_range_has_equal_ratios_and_both_ends_exactly():
    axis = grid.parse("wd=0.1:10:5:log")
    assert (axis.values[0], axis.values[-1], axis.log) == (0.1, 10.0, True)
    ratios = [b / a for a, b in zip(axis.values, axis.values[1:], strict=False)]
    assert all(math.isclose(r, 10**0.5) for r in ratios)


def test_a_single_point_is_a_range():
    assert grid.parse("lr=0.5:0.5:1").values == (0.5,)
    assert grid.parse("lr=0.5:2:1:log").values == (0.5,)


@pytest.mark.parametrize(
    ("text", "values", "log"),
    [
        ("width=8,16,32", (8, 16, 32), True),
        ("width=8,12,16", (8, 12, 16), False),
        ("network=pair,mlp", ("pair", "mlp"), False),
        ("lr=0.1", (0.1,), False),
        ("lr=-1,0,1", (-1, 0, 1), False),
        ("lr=1,10", (1, 10), False),
    ],
)
def test_a_list_is_taken_as_it_is_and_drawn_as_it_is_spaced(text, values, log):
    assert grid.parse(text) == Axis(text.split("=")[0], values, log)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lr", "want NAME=LO:HI:N"),
        ("lr=", "want NAME=LO:HI:N"),
        ("=1:2:3", "want NAME=LO:HI:N"),
        ("lr=1:2", "want NAME=LO:HI:N"),
        ("lr=1:2:3:lin", "want NAME=LO:HI:N"),
        ("lr=1:2:3:log:4", "want NAME=LO:HI:N"),
        ("lr=2:1:3", "reversed; write lr=1:2:3"),
        ("lr=2:1:3:log", "reversed; write lr=1:2:3:log"),
        ("lr=1:1:3", "empty: 3 points from 1 to 1"),
        ("lr=1:2:0", "0 points make an empty range"),
        ("lr=1:2:-3", "-3 points make an empty range"),
        ("lr=1:2:2.5", "'2.5', is not an integer"),
        ("lr=1:2:1000000", "at most 100000"),
        ("lr=a:2:3", "'a' is not a number"),
        ("lr=1:b:3", "'b' is not a number"),
        ("lr=nan:2:3", "finite"),
        ("lr=1:inf:3", "finite"),
        ("lr=0:2:3:log", "cannot begin at zero"),
        ("lr=-1:2:3:log", "cannot pass through zero"),
        ("lr=1,,2", "empty value"),
        ("lr=1,2,1", "twice"),
        ("lr=1,b", "mixed"),
        ("lr=1,inf", "finite"),
    ],
)
def test_what_is_wrong_with_an_axis_is_said_in_one_line(text, why):
    with pytest.raises(ValueError, match=re.escape(why)) as error:
        grid.parse(text)
    assert "\n" not in str(error.value)


def test_an_axis_takes_the_types_of_the_setup():
    assert grid.fit(grid.parse("lr=1,2"), BOWL).values == (1.0, 2.0)
    fitted = grid.fit(grid.parse("steps=8:64:4:log"), BOWL)
    assert fitted.values == (8, 16, 32, 64)
    assert all(type(v) is int for v in fitted.values)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lrr=1:2:3", "no such knob; did you mean 'lr'?"),
        ("lr=a,b", "want numbers"),
        ("steps=1:2:4", "static and wants integers"),
        ("steps=a,b", "static and wants integers"),
    ],
)
def test_an_axis_that_does_not_fit_is_refused(text, why):
    with pytest.raises(ValueError, match=re.escape(why)):
        grid.fit(grid.parse(text), BOWL)


def test_points_are_every_combination_the_last_axis_fastest():
    axes = [grid.fit(grid.parse(text), BOWL) for text in ("lr=0.1,0.2", "steps=8,16")]
    made = grid.points(axes, BowlKnobs(curvature=5.0), Steps())
    assert [p.where for p in made] == [(0.1, 8), (0.1, 16), (0.2, 8), (0.2, 16)]
    assert [p.static.steps for p in made] == [8, 16, 8, 16]
    assert {p.knobs.curvature for p in made} == {5.0}
    assert [round(p.knobs.lr, 6) for p in made] == [0.1, 0.1, 0.2, 0.2]
