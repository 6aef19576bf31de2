"""An entry of the catalog: what it is, who saw it, which detector finds it, and what is claimed."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, TypeAdapter, model_validator

from bestiary.catalog.claims import Case
from bestiary.catalog.interaction_claims import Interaction
from bestiary.catalog.map_claims import Boundary, Law
from bestiary.catalog.mistakes import Source
from bestiary.catalog.path_claims import EntryPath
from bestiary.catalog.record import Name, Record, Text
from bestiary.catalog.words import Kind, Particle, zone_of


def _date(value: Any) -> Any:
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is not a date; write it as 2026-11-22") from None


class Added(Record):
    """Who added the entry, and when."""

    by: Text
    date: Annotated[datetime.date, BeforeValidator(_date)]


class Complexity(Record):
    """How complex the default setup is: 0 solvable by hand, 1 a toy, 2 small but real, 3 as people use it."""

    network: Annotated[int, Field(ge=0, le=3)] = Field(
        description="0 solvable by hand; 1 an MLP or a bare attention layer; 2 layers as people stack them, small; 3 as"
        " people use it"
    )
    data: Annotated[int, Field(ge=0, le=3)] = Field(
        description="0 solvable by hand; 1 synthetic with structure; 2 small real data; 3 as people use it"
    )


class Entry(Record):
    """One phenomenon: what it is, who saw it, which detector finds it, and what is claimed of each case."""

    title: Text
    definition: Text = Field(description="one sentence")
    particle: tuple[Particle, ...] = Field(min_length=1, description="what the setup is made of")
    kind: Kind
    complexity: Complexity = Field(description="of the default setup, from 0 to 3 for network and data")
    status: Literal["established", "reported", "disputed", "draft"]
    version: Annotated[int, Field(ge=1)] = Field(description="raised when setup, detector or claims change meaning")
    also_known_as: tuple[Text, ...] = Field((), description="the field's other names for it")
    open: tuple[Text, ...] = Field((), description="open questions it bears on; ids of open_questions.json")
    references: tuple[Text, ...] = Field(description="keys of references.bib", json_schema_extra={"minItems": 1})
    added: Added
    detector: Name = Field(description="a file in detectors/")
    also_fires: dict[Name, Text] = Field({}, description="further detectors that fire, each with the reason")
    notes: Text | None = Field(None, description="findings, disputed numbers")
    cases: dict[Name, Case]
    laws: dict[Name, Law] = Field({}, description="how an onset or an effect depends on a knob")
    boundaries: dict[Name, Boundary] = Field({}, description="where along a knob the phenomenon appears or vanishes")
    paths: dict[Name, EntryPath] = Field({}, description="chains of one-feature changes from the toy towards the real")
    interactions: dict[Name, Interaction] = Field({}, description="the entry with something else switched on as well")
    _key: str = PrivateAttr("")
    _source: Source = PrivateAttr(default_factory=lambda: Source("catalog.yaml"))

    @model_validator(mode="before")
    @classmethod
    def _a_draft_may_lack_them(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("status") != "draft":
            return data
        made = {"references": (), "cases": {}} | data
        if isinstance(made["cases"], dict):
            made["cases"] = {k: {"claims": ()} | v if isinstance(v, dict) else v for k, v in made["cases"].items()}
        return made

    @property
    def draft(self) -> bool:
        """Return whether the entry is under work: it can be run, and may lack references, cases and claims."""
        return self.status == "draft"

    @property
    def zone(self) -> int:
        """Return the zone that follows from the grades; see `bestiary.catalog.words.zone_of`."""
        return zone_of(self.complexity.network, self.complexity.data)

    @property
    def every_law(self) -> dict[str, Law]:
        """Return the laws, and those of rungs as `path-rung-law`, each with all that the path has changed by then."""
        found = dict(self.laws)
        for chain in self.paths.values():
            knobs: dict[str, float] = {}
            static: dict[str, int | str] = {}
            for rung in chain.rungs:
                knobs, static = knobs | rung.knobs, static | rung.static
                for name, law in rung.laws.items():
                    own = law.model_copy(update={"knobs": knobs | law.knobs, "static": static | law.static})
                    own._name = f"{chain.name}-{rung.name}-{name}"
                    found[own._name] = own
        return found

    @property
    def key(self) -> str:
        """Return the entry's key in the catalog, which is the name of its file in phenomena/."""
        return self._key

    @property
    def positives(self) -> dict[str, Case]:
        """Return the cases in which the phenomenon is claimed to be there."""
        return {name: case for name, case in self.cases.items() if case.control is None}

    @property
    def controls(self) -> dict[str, Case]:
        """Return the cases with one cause removed."""
        return {name: case for name, case in self.cases.items() if case.control is not None}


CATALOG: TypeAdapter[dict[str, Entry]] = TypeAdapter(dict[Name, Entry])
