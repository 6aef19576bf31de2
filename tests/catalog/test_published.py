"""Published numbers: what the catalog takes, and how far ours is from them, by arithmetic."""

import math

import pytest
from pydantic import ValidationError

from bestiary.catalog.claims import Claim
from bestiary.catalog.map_claims import MapClaim
from bestiary.catalog.published import Estimate, Published

WHERE = "zucchet2025emergence: figure 15"


def published(value, **more):
    return Published(value=value, where=WHERE, **more)


def test_measured_minus_published_with_its_limits():
    d = published(1.31).difference(Estimate(0.96, 0.82, 1.10))
    assert (d.value, d.low, d.high) == pytest.approx((-0.35, -0.49, -0.21))
    assert d.agrees is False and d.relative == pytest.approx(-0.35 / 1.31)
    assert d.words() == "-0.35 (-0.49 to -0.21), disagrees"


@pytest.mark.parametrize("value, agrees", [(0.82, True), (1.1, True), (0.81, False), (1.11, False), (0.96, True)])
def test_they_agree_if_the_published_number_lies_within_the_limits(value, agrees):
    assert published(value).difference(Estimate(0.96, 0.82, 1.10)).agrees is agrees


@pytest.mark.parametrize("value, number, agrees", [(0.4, 0.4003, True), (0.4, 0.4005, False), (0, 1e-7, True)])
def test_a_difference_below_the_digits_of_a_paper_is_none(value, number, agrees):
    assert published(value).difference(Estimate(number, number - 1e-9, number + 1e-9)).agrees is agrees


def test_from_a_range_the_nearer_end_counts():
    inside = published((0.9, 1.2)).difference(Estimate(1.0, 0.95, 1.05))
    assert (inside.value, inside.agrees) == (0, True)
    above = published((0.9, 1.2)).difference(Estimate(1.5, 1.3, 1.7))
    assert (above.value, above.low, above.high) == pytest.approx((0.3, 0.1, 0.5)) and above.agrees is False
    assert published((0.9, 1.2)).difference(Estimate(0.5, 0.4, 0.95)).agrees is True
    assert published((0.9, 1.2), over="T to 4096").words() == "0.9 to 1.2 (T to 4096)"


def test_without_limits_nothing_is_said_and_0_has_no_relative_difference():
    d = published(0.0).difference(Estimate(0.5, -math.inf, math.inf))
    assert d.agrees is None and math.isnan(d.relative) and d.words() == "+0.5, no limits"


@pytest.mark.parametrize("value, why", [((1, 2, 3), "a range"), ("1", "a number"), ((2, 1), r"write \[1, 2\]")])
def test_what_is_no_number_or_range_is_refused(value, why):
    with pytest.raises(ValidationError, match=why):
        published(value)


def test_a_claim_from_a_paper_has_the_papers_number():
    said = {"source": "paper", "where": WHERE}
    for model, claim in (
        (Claim, {"of": "onset", "median": (1.0, 2.0), "unit": "step"}),
        (MapClaim, {"of": "exponent", "within": (1.0, 2.0)}),
    ):
        with pytest.raises(ValidationError, match="source paper needs `published`"):
            model.model_validate(claim | said)
        model.model_validate(claim | said | {"published": {"value": 1.5, "where": WHERE}})
