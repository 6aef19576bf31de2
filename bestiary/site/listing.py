"""What the page of an entry is made of: the catalog's block, and what was measured, in words. Data alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bestiary.catalog.entries import Entry
from bestiary.catalog.setups.knobs import Knob
from bestiary.site.works import Work


class Row(NamedTuple):
    """A claim, and what became of it.

    Attributes:
        of: what the claim is of; of a path after the name of the rung.
        claimed: the interval, in words.
        measured: on each root of the record, in words with the number of runs.
        outcomes: on each root.
        source: theory, paper or measured; with where.
        published: the number of others; empty without one.
        difference: measured minus published on the first root; empty without one.
        agrees: whether the published number lies within the limits, on every root; None if nobody can tell.
        cited: where it was published.
    """

    of: str
    claimed: str
    measured: Sequence[str]
    outcomes: Sequence[str]
    source: str
    published: str = ""
    difference: str = ""
    agrees: bool | None = None
    cited: str = ""


class Block(NamedTuple):
    """A case, law, boundary, path or interaction.

    Attributes:
        kind: `case`, `law`, `boundary`, `path` or `interaction`.
        name: in the catalog.
        title: in words.
        removes: of a control the cause that is removed; of a path the one removed at every rung.
        setting: what is changed, or turned, in words.
        seeds: number of runs, or of runs of a point.
        roots: on which it was measured.
        rows: its claims.
        figure: the PNG under docs/figures; empty if there is none.
    """

    kind: str
    name: str
    title: str
    removes: str
    setting: str
    seeds: int
    roots: Sequence[int]
    rows: Sequence[Row]
    figure: str = ""


class Operating(NamedTuple):
    """How right a detector is: hits and false alarms over runs with a known answer, as recorded or transformed."""

    name: str
    hits: str
    false_alarms: str
    onset_error: str


@dataclass(frozen=True)
class Listing:
    """An entry with all that its page says.

    Attributes:
        entry: the catalog's block.
        docstring: of its file.
        source: the text of its file.
        knobs: of its setup.
        cases: positive ones first.
        maps: laws, boundaries, paths and interactions.
        record: provenance of what was measured; empty if nothing was.
        measured: what came of the claims, in a sentence.
        cost: of one root, in words; empty if nobody knows.
        scale: `laptop` or `workstation`; empty if nobody knows.
        detector: the docstring of its file.
        about: what a finding means, what people do about it, and where that is written.
        operating: how right the detector is.
        works: that the entry cites.
        questions: that it bears on, by id.
        history: what the change log says of it: edition and words.
        figure: of its runs, under docs/figures; empty if there is none.
        recording: thinned runs; None if there are none.
        recorded: where those come from, in words.
    """

    entry: Entry
    docstring: str
    source: str
    knobs: Sequence[Knob]
    cases: Sequence[Block]
    maps: Sequence[Block]
    record: Mapping[str, Any]
    measured: str
    cost: str
    scale: str
    detector: str
    about: Mapping[str, str]
    operating: Sequence[Operating]
    works: Sequence[Work]
    questions: Mapping[str, str]
    history: Sequence[tuple[str, str]]
    figure: str
    recording: Mapping[str, Any] | None
    recorded: str

    @property
    def key(self) -> str:
        """The entry's key."""
        return self.entry.key

    @property
    def file(self) -> str:
        """Where its setup lies in the repository."""
        return f"phenomena/{self.key}.py"

    @property
    def words(self) -> str:
        """What a search looks in, in small letters."""
        e = self.entry
        told = [self.key, e.title, e.definition, *e.also_known_as, *e.particle, e.kind, e.detector, *e.references]
        told += [block.title for block in self.maps]
        told += [block.setting for block in self.maps]
        return " ".join(told).lower().replace("_", " ")
