"""Which measured interactions speak of a setting: those whose other feature is on in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bestiary.catalog.setups.knobs import Knob
from bestiary.catalog.values import Key

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry


@dataclass(frozen=True)
class Said:
    """One claim of an interaction.

    Attributes:
        of: what it is of, as `kappa at 0.9`.
        claimed: the word, or the interval.
        measured: (value, low, high) of each root that was measured.
    """

    of: str
    claimed: tuple[float, float] | str
    measured: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Together:
    """An interaction whose other feature is on in a setting.

    Attributes:
        interaction: name.
        title: what is learned from it; empty if nobody wrote it.
        partner: what is on beside the phenomenon.
        knob: what turns it on.
        off, yours: the knob's value without it, and in the setting.
        tried: the values at which it was on when it was measured.
        said: what is claimed of the two together.
    """

    interaction: str
    title: str
    partner: str
    knob: str
    off: Any
    yours: Any
    tried: tuple[Any, ...]
    said: tuple[Said, ...]

    @property
    def inside(self) -> bool:
        """Whether the value lies within those that were tried."""
        if self.yours in self.tried:
            return True
        numbers = [v for v in (*self.tried, self.yours) if not isinstance(v, str)]
        return len(numbers) == len(self.tried) + 1 and min(self.tried) <= self.yours <= max(self.tried)


def together(
    entry: Entry, knobs: Sequence[Knob], record: Mapping[str, Any] | None, setting: Mapping[Key, Any]
) -> list[Together]:
    """List the interactions of an entry whose other feature is on in a setting."""
    traced = {knob.name: knob.traced for knob in reversed(knobs)}
    made = []
    for name, block in entry.interactions.items():
        axis = block.axis
        yours = setting[traced[axis.name], axis.name]
        if yours == block.value_off:
            continue
        by_root = (record or {}).get("maps", {}).get(f"interaction {name}", {})
        said = []
        for i, claim in enumerate(block.claims):
            told = [part["claims"][i] for part in by_root.values() if i < len(part["claims"])]
            seen = [one["estimate"] for one in told if one.get("of") == claim.of and one.get("estimate")]
            said.append(Said(claim.of, claim.interval, tuple(tuple(e) for e in seen if None not in e)))
        features = (axis.name, block.value_off, yours, axis.values)
        made.append(Together(name, block.title or "", block.partner, *features, tuple(said)))
    return made
