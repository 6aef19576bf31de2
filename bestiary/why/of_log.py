"""What is found in a log, which entries that is, and which of their boundaries could speak of the run.

The boundaries are those of toys. Of somebody else's run a boundary says which knob matters and in which direction, and
not where: so a side is told beside it, and never as the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bestiary.catalog.setups.knobs import Knob, knobs_of
from bestiary.catalog.values import Key, defaults, misfit
from bestiary.why.boundaries import Precondition, preconditions
from bestiary.why.config import Config
from bestiary.why.names import matched

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.watch.answer import Answer


@dataclass(frozen=True)
class Candidate:
    """An entry that a finding may be of.

    Attributes:
        entry: the catalog's block.
        known: {knob: (name in the configuration, value)}.
        preconditions: its boundaries beside what is known.
        lacking: knobs of its boundaries of which nothing is known.
    """

    entry: Entry
    known: Mapping[str, tuple[str, Any]]
    preconditions: tuple[Precondition, ...]
    lacking: tuple[Knob, ...]


@dataclass(frozen=True)
class Told:
    """One finding of a run, and the entries that it may be of, those first of which most is known."""

    answer: Answer
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class OfRun:
    """One run of a log.

    Attributes:
        path: of the file.
        run: its name; empty if the file has but one.
        config: what it was started with.
        told: what is found, or has to be decided.
        own: the entry that a run of our own is of; None for a stranger's.
    """

    path: Path
    run: str
    config: Config
    told: tuple[Told, ...]
    own: Candidate | None = None


def candidates(
    answer: Answer, entries: Sequence[Entry], records: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any]
) -> tuple[Candidate, ...]:
    """List the entries whose detector it was, each with its boundaries beside what is known of the run.

    Args:
        answer: of a detector.
        entries: of the catalog.
        records: {key: what was measured}.
        values: {name: value} of the run's configuration.
    """
    mine = [entry for entry in entries if entry.detector == answer.detector and not entry.draft]
    return tuple(sorted((candidate(entry, records.get(entry.key), values) for entry in mine), key=_order))


def candidate(entry: Entry, record: Mapping[str, Any] | None, values: Mapping[str, Any]) -> Candidate:
    """Put what is known of a run beside the boundaries of an entry.

    Args:
        entry: the catalog's block.
        record: what was measured; None if nothing was.
        values: {name: value} of the run's configuration.
    """
    knobs = knobs_of(entry.key)
    by_name = {knob.name: knob for knob in reversed(knobs)}
    taken = matched(by_name, values)
    known = {name: told for name, told in taken.items() if misfit(by_name[name], told[1]) is None}
    stated: dict[Key, Any] = {(by_name[name].traced, name): value for name, (_, value) in known.items()}
    found = preconditions(entry, knobs, record, defaults(knobs) | stated, frozenset(stated))
    lacking = dict.fromkeys(one.knob for one in found if one.yours is None)
    return Candidate(entry, known, tuple(found), tuple(lacking))


def _order(one: Candidate) -> tuple[int, bool, int]:
    """Those of whose boundaries most is known first, then those that have any, then toys."""
    return -sum(p.yours is not None for p in one.preconditions), not one.preconditions, one.entry.zone
