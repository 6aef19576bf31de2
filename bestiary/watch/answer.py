"""What one detector says of one run, and what its file says of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from bestiary.about import About, Severity
from bestiary.log import Finding, State

DIVERGED = "diverged"  # the one finding that is no detector's
HALF = 0.5  # [1] test accuracy from which on a run has understood something, whatever it has memorised
NOT_FINITE = About(
    "nothing is learned from there on",
    severity=Severity.ERROR,
    do="go back to a checkpoint before it; see the batches there, clip gradients, lower the rate, try bfloat16",
)  # ABOUT of diverged


@cache
def about(detector: str) -> About:
    """Return the ABOUT of a detector's file; of `diverged`, which has no file, the one here."""
    return NOT_FINITE if detector == DIVERGED else import_module(f"bestiary.detectors.{detector}").ABOUT


class Answer(NamedTuple):
    """What one detector says of one run, which channels it was given, and which thresholds were not its own."""

    detector: str
    reads: tuple[str, ...]
    finding: Finding
    thresholds: Mapping[str, float] = MappingProxyType({})

    @property
    def about(self) -> About:
        """What the detector's file says of it."""
        return about(self.detector)

    @property
    def key(self) -> tuple[str, str]:
        """The detector, and the first channel it was given: what tells one finding of a run from another."""
        return self.detector, "" if self.detector == DIVERGED else self.reads[0] if self.reads else ""

    @property
    def severity(self) -> Severity | None:
        """How much what was found should worry; None if nothing was found."""
        if self.finding.state not in (State.FOUND, State.DIVERGED):
            return None
        effect, least = self.about.louder or ("", 0.0)
        louder = effect in self.finding.effects and self.finding.effects[effect].value >= least
        return Severity(min(self.about.severity + louder, Severity.ERROR))

    @property
    def to_decide(self) -> bool:
        """Whether somebody has to decide something: a run has memorised, knows little else, and may yet generalise."""
        known = self.finding.effects.get("final_test_acc")
        little = known is None or known.value < HALF
        return self.finding.state is State.UNDECIDED and self.finding.phase == "memorisation" and little

    @property
    def strength(self) -> tuple[str, float, str] | None:
        """Name, value and unit of the effect that says how strong the finding is."""
        effect = self.finding.effects.get(self.about.effect)
        return None if effect is None else (self.about.effect, effect.value, effect.unit)

    @property
    def where(self) -> tuple[float, float] | None:
        """[step] From and to; the same twice for an instant."""
        first = self.finding.onset
        spans = self.finding.spans
        if np.isfinite(first):
            return first, max([first, *(span.stop for span in spans[:1])])
        return (spans[0].start, spans[0].stop) if spans else None
