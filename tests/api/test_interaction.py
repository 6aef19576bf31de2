"""Two things on together, from Python."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from planted_pair import PAIR

from bestiary import Experiment


@pytest.fixture(scope="module")
def mine():
    return Experiment(PAIR, "mine", keep=False)


HOW = {"of": "q", "without": {"a": 0}, "seeds": 12, "progress": False}


def test_the_sum_of_parts_and_what_is_more_than_that(mine):
    pair = mine.interact(b=[0.5, 1.0], rule="factor", formula="1 + b", **HOW)
    frame = pair.to_frame()
    assert frame["b"].tolist() == [0.5, 1.0] and frame["outcome"].tolist() == ["sum of parts"] * 2
    assert frame.iloc[0][["rate_neither", "rate_a", "rate_b", "rate_both"]].tolist() == [0, 1, 0, 1]
    assert pair.pairs().shape == (12, 2) and np.abs(pair.pairs().to_numpy()).max() < 1e-5
    assert "sum of parts" in repr(pair) and "is not shown to leave 0.1" in repr(pair) and "<table" in pair._repr_html_()
    assert isinstance(pair.plot(), Figure)
    more = mine.interact(b=[1.0], kappa=-0.5, rule="factor", formula="1 + b", **HOW)
    assert more.to_frame()["kappa"].iloc[0] == pytest.approx(-0.5, abs=1e-5)
    assert more.to_frame()["outcome"].iloc[0] == "antagonism"


BAD = {
    "no list": ({"b": 1.0}, "interact: 0 knobs with lists; want one, such as momentum=[0.3, 0.9]"),
    "two lists": ({"b": [1.0], "kappa": [0.1]}, "interact: 2 knobs with lists; want one"),
    "no such knob": ({"bb": [1.0]}, "bb: no such knob"),
    "on already": ({"b": [0.0, 1.0]}, "over: B is on already: b is 0.0 by itself; say by `off` where it is off"),
    "nothing goes": (
        {"b": [1.0], "without": None},
        "without_a: no control of mine leaves b alone; say what takes A away",
    ),
    "no formula": ({"b": [1.0], "rule": "factor"}, "rule: the rule factor, Q f(on) / f(off), needs `formula`"),
    "no rule": ({"b": [1.0], "rule": "fact"}, "rule: Input should be 'independent'"),
    "units": ({"b": [1.0], "rule": "first", "of_b": "share"}, "no common unit: q is in 'rad', share in '1'"),
    "seeds": ({"b": [1.0], "seeds": 5}, "seeds: want 6 to "),
    "words": ({"b": [1.0], "stronger": "more"}, "stronger: Input should be 'larger'"),
}


@pytest.mark.parametrize("asked, says", BAD.values(), ids=BAD)
def test_a_mistake_is_one_line(mine, asked, says):
    with pytest.raises(ValueError) as caught:
        mine.interact(**(HOW | asked))
    assert str(caught.value).startswith(says) and "\n" not in str(caught.value)
