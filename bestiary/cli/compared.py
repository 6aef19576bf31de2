"""Published numbers beside ours: the claims of an entry that have one, each with what was measured on which root."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bestiary.catalog.published import Difference, Estimate
from bestiary.catalog.words import called
from bestiary.cli.measured import root_of

if TYPE_CHECKING:
    from bestiary.catalog.claims import Claim
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.interaction_claims import InteractionClaim
    from bestiary.catalog.map_claims import MapClaim

    AnyClaim = Claim | MapClaim | InteractionClaim


class Compared(NamedTuple):
    """A claim with a published number, and what was measured.

    Attributes:
        place: what the claim is of, as `case emergence: onset`.
        claim: the claim.
        measured: by root seed, the number with its limits at 95 %.
    """

    place: str
    claim: AnyClaim
    measured: Mapping[int, Estimate]

    def differences(self) -> dict[int, Difference]:
        """Return measured minus published, by root seed."""
        assert self.claim.published is not None
        return {root: self.claim.published.difference(number) for root, number in self.measured.items()}

    @property
    def agrees(self) -> bool | None:
        """Whether the published number lies within the limits on every root; None if no root has limits."""
        told = [d.agrees for d in self.differences().values() if d.agrees is not None]
        return all(told) if told else None


def compared(entry: Entry, record: Mapping[str, Any] | None) -> list[Compared]:
    """List the claims of an entry that have a published number, with what its record has of them.

    Args:
        entry: the catalog's block.
        record: what was measured; None if nothing was.
    """
    return [Compared(place, claim, _measured(claim, seen)) for place, claim, seen in _claims(entry, record or {})]


def _claims(entry: Entry, record: Mapping[str, Any]) -> Iterator[tuple[str, AnyClaim, dict[int, Any]]]:
    """Claims with a published number; where they stand; by root, what the record has at their place."""
    blocks: list[tuple[str, list[tuple[str, AnyClaim | None]], Mapping[str, Any]]] = []
    cases, maps = record.get("cases", {}), record.get("maps", {})
    for name, case in entry.cases.items():
        blocks.append((name, [("", c) for c in case.claims], cases.get(name, {})))
    for kind, named in (("law", entry.every_law), ("boundary", entry.boundaries), ("interaction", entry.interactions)):
        for name, block in named.items():
            blocks.append((f"{kind} {name}", [("", c) for c in block.claims], maps.get(f"{kind} {name}", {})))
    for name, path in entry.paths.items():
        rungs: list[tuple[str, AnyClaim | None]] = []
        for rung in path.rungs:
            rungs += [(rung.name, c) for c in rung.claims]
            rungs += [(rung.name, None)] if rung.without is not None else []  # a claim that is no block's
        blocks.append((f"path {name}", rungs, maps.get(f"path {name}", {})))
    for name, claims, roots in blocks:
        for i, (rung, claim) in enumerate(claims):
            if claim is not None and claim.published is not None:
                seen = {root_of(root): was["claims"][i] for root, was in roots.items() if i < len(was["claims"])}
                yield f"{name}{f', {rung}' if rung else ''}: {called(claim.of)}", claim, seen


def _measured(claim: AnyClaim, seen: Mapping[int, Mapping[str, Any]]) -> dict[int, Estimate]:
    """What was measured on each root of a claim that the record has as it is today."""
    of = list(claim.of) if isinstance(claim.of, tuple) else claim.of
    there = {}
    for root, was in seen.items():
        if was.get("of") == of and was.get("estimate") and claim.statistic in was:
            value, low, high = was["estimate"]
            there[root] = Estimate(value, -math.inf if low is None else low, math.inf if high is None else high)
    return there
