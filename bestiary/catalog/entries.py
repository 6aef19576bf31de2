"""An entry of the catalog: what it is, who saw it, which detector finds it, and what is claimed."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, TypeAdapter, model_validator

from bestiary.catalog.claims import Case, Name, Record, Text
from bestiary.catalog.map_claims import Boundary, EntryPath, Law
from bestiary.catalog.yaml_source import Source

Particle = Literal["attention", "MLP", "linear", "embedding", "normalisation", "optimiser", "data"]
Kind = Literal[
    "transition", "plateau", "instability", "collapse", "bias", "law", "invariant", "hysteresis", "null-test"
]


def _date(value: Any) -> Any:
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is not a date; write it as 2026-11-22") from None


class Added(Record):
    """Who added the entry, and when."""

    by: Text
    date: Annotated[datetime.date, BeforeValidator(_date)]


class Entry(Record):
    """One phenomenon: what it is, who saw it, which detector finds it, and what is claimed of each case."""

    title: Text
    definition: Text = Field(description="one sentence")
    particle: tuple[Particle, ...] = Field(min_length=1, description="what the setup is made of")
    kind: Kind
    zone: Annotated[int, Field(ge=1, le=3)] = Field(
        description="1 simple data, simple network; 2 simple data, complex network; 3 complex data, simple network"
    )
    status: Literal["established", "reported", "disputed", "draft"]
    version: Annotated[int, Field(ge=1)] = Field(description="raised when setup, detector or claims change meaning")
    references: tuple[Text, ...] = Field(description="keys of references.bib", json_schema_extra={"minItems": 1})
    added: Added
    detector: Name = Field(description="a file in detectors/")
    also_fires: dict[Name, Text] = Field({}, description="further detectors that fire, each with the reason")
    notes: Text | None = Field(None, description="findings, disputed numbers")
    cases: dict[Name, Case]
    laws: dict[Name, Law] = Field({}, description="how an onset or an effect depends on a knob")
    boundaries: dict[Name, Boundary] = Field({}, description="where along a knob the phenomenon appears or vanishes")
    paths: dict[Name, EntryPath] = Field({}, description="chains of one-feature changes from the toy towards the real")
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
