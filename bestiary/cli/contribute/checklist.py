"""A row of the acceptance checklist: what is asked, whether it holds, and what was measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Standing(StrEnum):
    """What can be said of an item of the checklist."""

    HOLDS = "holds"
    SHORT = "falls short"
    LOOK = "look"  # a person has to say


class Row(NamedTuple):
    """One item of the checklist of CONTRIBUTING.md.

    Attributes:
        item: its name there.
        standing: whether it holds.
        told: what was measured, or what to look at.
    """

    item: str
    standing: Standing
    told: str


def row(item: str, short: Sequence[str], look: Sequence[str] = (), holds: str = "") -> Row:
    """Make a row: it falls short if there is anything short, else a person has to look if there is anything to see."""
    told = "; ".join([*short, *look]) or holds
    return Row(item, Standing.SHORT if short else Standing.LOOK if look else Standing.HOLDS, told)
