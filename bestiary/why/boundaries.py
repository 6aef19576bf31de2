"""On which side of an entry's measured boundaries a setting lies, and how far outside what was measured it is.

A boundary was measured along one knob, between the ends of its axis, with all other values fixed. Whatever of this a
setting does not share is listed: beyond the axis nothing is known, and elsewhere the boundary may lie elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bestiary.catalog.path_claims import BUDGET
from bestiary.catalog.setups.knobs import Knob
from bestiary.catalog.values import Key, defaults, overrides

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.map_claims import Boundary, MapClaim


class Side(StrEnum):
    """Where a value lies."""

    BELOW = "below"
    ABOVE = "above"
    AT = "at"  # within the limits of the boundary: either side is possible
    OUTSIDE = "outside"  # of the axis along which it was measured: nothing is known
    UNKNOWN = "unknown"  # nobody has said what the value is


@dataclass(frozen=True)
class Other:
    """A value that a measurement had otherwise.

    Attributes:
        knob: its name.
        there: its value where it was measured.
        yours: its value in the setting that is asked about.
    """

    knob: str
    there: Any
    yours: Any

    @property
    def looking(self) -> bool:
        """Whether it says only how long, or how often, one looks."""
        return self.knob in BUDGET


@dataclass(frozen=True)
class Precondition:
    """One boundary of an entry, beside a setting.

    Attributes:
        entry: key.
        boundary: name.
        title: what is learned from it; empty if nobody wrote it.
        knob: what was turned, with its unit and meaning.
        of: the state or phase whose rate crosses one half.
        direction: appears or vanishes, as the knob grows.
        value, low, high: [unit of the knob] the crossing, and its limits over all roots.
        measured: root seeds; empty if the limits are what the catalog claims and nobody has measured.
        axis: [unit of the knob] least and greatest value that was tried.
        log: whether distances are ratios.
        yours: value of the knob in the setting.
        side: where it lies.
        elsewhere: other values that the setting has otherwise.
        unknown: other values that were measured with and of which nobody has said what they are.
    """

    entry: str
    boundary: str
    title: str
    knob: Knob
    of: str
    direction: str
    value: float
    low: float
    high: float
    measured: tuple[int, ...]
    axis: tuple[float, float]
    log: bool
    yours: float | None
    side: Side
    elsewhere: tuple[Other, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def there(self) -> bool | None:
        """Whether most runs on this side have what the boundary is of; None where nobody knows."""
        if self.side not in (Side.BELOW, Side.ABOVE):
            return None
        return (self.side is Side.ABOVE) == (self.direction == "appears")

    @property
    def applies(self) -> bool:
        """Whether it was measured at this very setting, but for its own knob and for how long one looks."""
        return not self.unknown and all(other.looking for other in self.elsewhere)

    @property
    def beyond(self) -> float:
        """How far the value is outside the axis: a ratio of 1 or more on a logarithmic one, else in units of it."""
        lo, hi = self.axis
        if self.yours is None or lo <= self.yours <= hi:
            return 1.0 if self.log else 0.0
        end = lo if self.yours < lo else hi
        if not self.log:
            return abs(self.yours - end)
        return max(self.yours / end, end / self.yours) if self.yours > 0 else math.inf


def preconditions(
    entry: Entry,
    knobs: Sequence[Knob],
    record: Mapping[str, Any] | None,
    setting: Mapping[Key, Any],
    known: frozenset[Key] | None = None,
) -> list[Precondition]:
    """Put a setting beside every boundary of an entry, those first that were measured nearest to it.

    Args:
        entry: the catalog's block.
        knobs: of its setup.
        record: what was measured; None if nothing was.
        setting: all values of the setup.
        known: the values that somebody has stated; None for all. Of others nothing is concluded.
    """
    own, by_name = defaults(knobs), {knob.name: knob for knob in reversed(knobs)}
    made = []
    for name, block in entry.boundaries.items():
        at = own | overrides(block.knobs, block.static)
        knob = by_name[block.axis.name]
        turned = (knob.traced, knob.name)
        others = [key for key in at if key != turned]
        stated = [key for key in others if known is None or key in known]
        elsewhere = tuple(Other(key[1], at[key], setting[key]) for key in stated if at[key] != setting[key])
        unstated = () if known is None else tuple(key[1] for key in others if key not in known and key[1] not in BUDGET)
        yours = setting[turned] if known is None or turned in known else None
        for crossing in _crossings(name, block, record):
            value, low, high, roots, claim = crossing
            ends = _axis(block)
            made.append(
                Precondition(
                    *(entry.key, name, block.title or "", knob, block.of, claim.of, value, low, high, roots, ends),
                    *(block.axis.log, yours, side(yours, low, high, ends), elsewhere, unstated),
                )
            )
    return sorted(made, key=_distance)


def _distance(one: Precondition) -> tuple[int, bool, int]:
    """How far from the setting a boundary was measured: by other values first, then by its own knob."""
    features = sum(not other.looking for other in one.elsewhere)
    return features, one.side is Side.OUTSIDE, len(one.elsewhere)


def side(yours: float | None, low: float, high: float, axis: tuple[float, float]) -> Side:
    """Return where a value lies: outside the axis first, then within the limits, then to which side of them."""
    if yours is None:
        return Side.UNKNOWN
    if not axis[0] <= yours <= axis[1]:
        return Side.OUTSIDE
    return Side.AT if low <= yours <= high else Side.BELOW if yours < low else Side.ABOVE


def _axis(block: Boundary) -> tuple[float, float]:
    values = [float(v) for v in block.axis.values]
    return min(values), max(values)


def _crossings(
    name: str, block: Boundary, record: Mapping[str, Any] | None
) -> Iterator[tuple[float, float, float, tuple[int, ...], MapClaim]]:
    """Value, limits, roots and claim of each crossing of a boundary, pooled over the roots.

    The limits hold those of every root, since roots differ by more than one root's limits may tell.
    """
    by_root = (record or {}).get("maps", {}).get(f"boundary {name}", {})
    for i, claim in enumerate(block.claims):
        seen = {}
        for root, part in by_root.items():
            told = part["claims"][i] if i < len(part["claims"]) else {}
            if told.get("of") == claim.of and told.get("estimate") and None not in told["estimate"]:
                seen[int(root.removeprefix("root "))] = told["estimate"]
        if not seen:
            low, high = claim.interval
            yield _middle([low, high], block.axis.log), low, high, (), claim
            continue
        values, lows, highs = zip(*seen.values(), strict=True)
        yield _middle(values, block.axis.log), min(lows), max(highs), tuple(sorted(seen)), claim


def _middle(values: Sequence[float], log: bool) -> float:
    if log and min(values) > 0:
        return math.exp(sum(map(math.log, values)) / len(values))
    return sum(values) / len(values)
