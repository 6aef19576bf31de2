"""The settings of an entry that were measured as cases, by how near a setting is to them, and its laws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bestiary.catalog import formula
from bestiary.catalog.setups.knobs import Knob
from bestiary.catalog.values import Key, defaults, overrides
from bestiary.why.boundaries import Other

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry


@dataclass(frozen=True)
class Near:
    """A case beside a setting.

    Attributes:
        case: name.
        control: the cause that it removes; empty for a positive case.
        elsewhere: values that the setting has otherwise; none if it is the very same.
        found, runs: in how many of how many runs its detector found the phenomenon.
        roots: root seeds of these runs.
    """

    case: str
    control: str
    elsewhere: tuple[Other, ...]
    found: int
    runs: int
    roots: tuple[int, ...]

    @property
    def same(self) -> bool:
        """Whether this very setting was measured."""
        return not self.elsewhere


def nearest(
    entry: Entry, knobs: Sequence[Knob], record: Mapping[str, Any] | None, setting: Mapping[Key, Any]
) -> list[Near]:
    """List the cases of an entry, the nearest first: by how many values differ, then by how far numbers are apart."""
    own, made = defaults(knobs), []
    for name, case in entry.cases.items():
        at = own | overrides(case.knobs, case.static)
        elsewhere = tuple(Other(key[1], there, setting[key]) for key, there in at.items() if there != setting[key])
        by_root = (record or {}).get("cases", {}).get(name, {})
        found = sum(part["states"].get("found", 0) for part in by_root.values())
        runs = sum(part["seeds"] for part in by_root.values())
        roots = tuple(sorted(int(root.removeprefix("root ")) for root in by_root))
        made.append(Near(name, case.control or "", elsewhere, found, runs, roots))
    return sorted(made, key=lambda one: (sum(not o.looking for o in one.elsewhere), _apart(one.elsewhere)))


def _apart(elsewhere: Sequence[Other]) -> float:
    """The sum of |ln ratio| of positive numbers, and 1 for any other difference."""
    return sum(
        abs(math.log(o.yours / o.there))
        if all(isinstance(v, int | float) and v > 0 for v in (o.yours, o.there))
        else 1.0
        for o in elsewhere
    )


@dataclass(frozen=True)
class Along:
    """A law beside a setting.

    Attributes:
        law: name.
        of: the onset or effect.
        knob: what was turned.
        axis: least and greatest value that was tried; words have none.
        yours: value of the knob.
        measured: {parameter: (value, low, high)} over all roots.
        predicted: what a formula predicts at the setting; None without one.
        elsewhere: other values that the setting has otherwise.
    """

    law: str
    of: str
    knob: str
    axis: tuple[float, float]
    yours: float
    measured: Mapping[str, tuple[float, float, float]]
    predicted: float | None
    elsewhere: tuple[Other, ...]

    @property
    def inside(self) -> bool:
        """Whether the value lies within what was tried."""
        return self.axis[0] <= self.yours <= self.axis[1]


def laws(
    entry: Entry, knobs: Sequence[Knob], record: Mapping[str, Any] | None, setting: Mapping[Key, Any]
) -> list[Along]:
    """Put a setting beside every law of an entry, those first that were measured nearest to it."""
    own, by_name, made = defaults(knobs), {knob.name: knob for knob in reversed(knobs)}, []
    for name, law in entry.laws.items():
        at = own | overrides(law.knobs, law.static)
        knob = by_name[law.axis.name]
        turned = (knob.traced, knob.name)
        elsewhere = tuple(
            Other(key[1], at[key], setting[key]) for key in at if key != turned and at[key] != setting[key]
        )
        seen: dict[str, list[Sequence[float]]] = {}
        for part in (record or {}).get("maps", {}).get(f"law {name}", {}).values():
            for told in part["claims"]:
                if told.get("estimate") and None not in told["estimate"]:
                    seen.setdefault(told["of"], []).append(told["estimate"])
        pooled = {of: _pooled(estimates) for of, estimates in seen.items()}
        numbers = [float(v) for v in law.axis.values if not isinstance(v, str)]
        axis, yours = (min(numbers), max(numbers)), float(setting[turned])
        made.append(Along(name, law.of, knob.name, axis, yours, pooled, _predicted(law, setting), elsewhere))
    return sorted(made, key=lambda one: (sum(not o.looking for o in one.elsewhere), len(one.elsewhere)))


def _pooled(estimates: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """The mean over the roots, and the limits of all."""
    values, lows, highs = zip(*estimates, strict=True)
    return sum(values) / len(values), min(lows), max(highs)


def _predicted(law: Any, setting: Mapping[Key, Any]) -> float | None:
    """What the formula of a law predicts; None without one, or where it has no value."""
    if law.theory is None:
        return None
    values = {name: float(v) for (_, name), v in reversed(list(setting.items())) if not isinstance(v, str)}
    try:
        return formula.evaluate(law.theory.formula, values)
    except ValueError:
        return None
