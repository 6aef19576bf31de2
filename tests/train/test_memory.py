"""Runs that need more memory than there is are refused by their shapes, before anything is trained."""

import math

import pytest
from tiny import BOWL

from bestiary.phenomena import catapult, grokking
from bestiary.train import memory
from bestiary.train.jobs import curve_bytes
from bestiary.train.memory import TooLarge, check_memory, needed

P = grokking.PHENOMENON


def test_what_fits_is_taken():
    check_memory(P, P.static, 1e9)
    check_memory(P, P.static._replace(width=65), math.inf)


def test_what_does_not_fit_is_one_line():
    with pytest.raises(
        TooLarge, match=r"^width=128: needs about [\d.]+ kB a run, [\d.]+ [MG]B for the \d+ runs"
    ) as error:
        check_memory(P, P.static._replace(width=128), 1e5)
    assert str(error.value).endswith("there are 100 kB for runs")
    assert "\n" not in str(error.value)


def test_parameters_and_curves_count():
    one = needed(P, P.static).one
    wide, long = (needed(P, P.static._replace(**change)).one for change in ({"width": 6400}, {"steps": 600_000}))
    parameters = 4 * 3 * P.static.modulus * (6400 - P.static.width)  # float32, of three matrices
    assert wide - one > 4 * parameters  # with the start, and two moments of AdamW
    more = curve_bytes(P, P.static._replace(steps=600_000)) - curve_bytes(P, P.static)
    assert long - one == more


def test_a_batch_keeps_all_of_its_runs():
    need = needed(BOWL, BOWL.static)
    assert need.one < need.together <= need.rows * need.one


@pytest.mark.parametrize(
    ("p", "change"),
    [
        (P, {"width": 2**31 - 1}),
        (P, {"modulus": 10**5}),
        (P, {"steps": 2**31 - 1}),
        (catapult.PHENOMENON, {"steps": 2**31 - 1}),
        (catapult.PHENOMENON, {"width": 2**31 - 1}),
    ],
)
def test_a_huge_value_is_refused_at_once(p, change):
    with pytest.raises(TooLarge):
        check_memory(p, p.static._replace(**change), 20e9)


def test_the_memory_of_this_machine_is_known():
    assert 1e8 < memory.available() < 1e14


def test_sizes_in_words():
    assert [memory.in_words(n) for n in (0, 999, 1e3, 24.4e9, 51e12, 5e15)] == [
        "0 B",
        "999 B",
        "1 kB",
        "24.4 GB",
        "51 TB",
        "5e+03 TB",
    ]
