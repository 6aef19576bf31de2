"""The table of interactions: entry by partner, the correction to the sum of parts in the cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from bestiary.catalog.entries import Entry


class Cell(NamedTuple):
    """One interaction as measured, at the last value of B's knob.

    Attributes:
        a: key of the entry.
        partner: B, by its key or in words.
        name: of the interaction.
        of: the quantity.
        at: the knob and its value, as `momentum=0.9`; empty if nothing was measured.
        kappa: the median; None if there is none.
        low: lower limit; None if there is none.
        high: upper limit; None if there is none.
        outcome: what becomes of A; `not measured` where nothing was.
    """

    a: str
    partner: str
    name: str
    of: str
    at: str = ""
    kappa: float | None = None
    low: float | None = None
    high: float | None = None
    outcome: str = "not measured"


def cells(entries: Iterable[Entry], records: Mapping[str, Mapping[str, Any]]) -> list[Cell]:
    """List the interactions of entries, in the order of the catalog, as measured on the first root of the record.

    Args:
        entries: of the catalog.
        records: by the entry's key, what was measured.
    """
    made = []
    for e in entries:
        for name, pair in e.interactions.items():
            roots = records.get(e.key, {}).get("maps", {}).get(f"interaction {name}", {})
            points = next(iter(roots.values()), {}).get("points", [])
            own = Cell(e.key, pair.partner, name, pair.of)
            if points:
                last = points[-1]
                at = last["at"] if isinstance(last["at"], str) else f"{last['at']:g}"
                told = dict(zip(("kappa", "low", "high"), last["kappa"], strict=True))
                own = own._replace(at=f"{pair.axis.name}={at}", outcome=last["outcome"], **told)
            made.append(own)
    return made
