"""What runs say of a claim: an outcome, and the number that was measured, beside the published one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from bestiary.catalog.published import Difference, Estimate

if TYPE_CHECKING:
    from bestiary.catalog.claims import Claim
    from bestiary.catalog.interaction_claims import InteractionClaim
    from bestiary.catalog.map_claims import MapClaim

ALPHA = 1e-4  # per claim: a true catalog of a hundred claims then fails a check once in a hundred times


class Outcome(StrEnum):
    """What the runs say of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    INCONCLUSIVE = "inconclusive"


class Judgement(NamedTuple):
    """What a test says of a claim: the outcome, what was measured in words, what decided, and the number itself."""

    outcome: Outcome
    measured: str
    reason: str
    estimate: Estimate | None = None


@dataclass(frozen=True)
class Verdict:
    """What the runs say of one claim.

    Attributes:
        claim: the claim.
        outcome: holds, fails or inconclusive.
        measured: the statistic with its confidence limits, in words.
        expected: the claim's interval, in words.
        reason: what decided, and which runs were out of the ordinary.
        n: runs that entered the statistic.
        needs: if inconclusive, about how many runs of the case would decide; None if more would not help.
        estimate: the statistic with two-sided limits, as numbers; None if there is none.
    """

    claim: Claim | MapClaim | InteractionClaim
    outcome: Outcome
    measured: str
    expected: str
    reason: str
    n: int
    needs: int | None = None
    estimate: Estimate | None = None

    @property
    def difference(self) -> Difference | None:
        """Measured minus published; None if nothing is published or nothing could be measured."""
        published = self.claim.published
        return published.difference(self.estimate) if published and self.estimate else None
