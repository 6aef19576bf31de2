"""The claims of catalog.yaml, validated; a mistake is named with its line and column.

Reading needs neither JAX nor a phenomenon: whether an entry or a detector exists is a
question about file names. What only the setup knows, its knobs and its shape, is checked
by `check_against` once the setup has been imported.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, PrivateAttr, TypeAdapter, ValidationError

from bestiary import catalog_checks, cite
from bestiary.catalog_claims import Case, Claim, Name, Record, Text
from bestiary.catalog_maps import Boundary, Law, MapClaim, Rung, Trail
from bestiary.catalog_source import CatalogError, Mistake, Path_, Source, load, nearest
from bestiary.places import locate, modules

if TYPE_CHECKING:
    from bestiary.entry import Phenomenon

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
    """One phenomenon: what it is, who saw it, which detector tells, and what is claimed of each case."""

    title: Text
    definition: Text = Field(description="one sentence")
    particle: tuple[Particle, ...] = Field(min_length=1, description="what the setup is made of")
    kind: Kind
    zone: Annotated[int, Field(ge=1, le=3)] = Field(
        description="1 simple data, simple network; 2 simple data, complex network; 3 complex data, simple network"
    )
    status: Literal["established", "reported", "disputed"]
    version: Annotated[int, Field(ge=1)] = Field(description="raised when setup, detector or claims change meaning")
    references: tuple[Text, ...] = Field(min_length=1, description="keys of references.bib")
    added: Added
    detector: Name = Field(description="a file in detectors/")
    also_fires: dict[Name, Text] = Field({}, description="further detectors that fire, each with the reason")
    notes: Text | None = Field(None, description="findings, disputed numbers")
    cases: dict[Name, Case]
    laws: dict[Name, Law] = Field({}, description="how an onset or an effect depends on a knob")
    boundaries: dict[Name, Boundary] = Field({}, description="where along a knob the phenomenon appears or vanishes")
    paths: dict[Name, Trail] = Field({}, description="chains of one-feature changes from the toy towards the real")
    _key: str = PrivateAttr("")
    _source: Source = PrivateAttr(default_factory=lambda: Source("catalog.yaml"))

    @property
    def key(self) -> str:
        """Its key in the catalog, and the name of its file in phenomena/."""
        return self._key

    @property
    def positives(self) -> dict[str, Case]:
        """The cases in which the phenomenon is claimed to be there."""
        return {name: case for name, case in self.cases.items() if case.control is None}

    @property
    def controls(self) -> dict[str, Case]:
        """The cases with one cause removed."""
        return {name: case for name, case in self.cases.items() if case.control is not None}


CATALOG: TypeAdapter[dict[str, Entry]] = TypeAdapter(dict[Name, Entry])


def path() -> Path:
    """The catalog that came with the package."""
    return locate("catalog.yaml")


def read(file: Path | None = None) -> dict[str, Entry]:
    """All entries of a catalog, by key.

    Raises:
        CatalogError: with every mistake in the file, each with its line and column.
    """
    data, source, mistakes = load(file or path())
    told = {mistake.path for mistake in mistakes}
    entries: dict[str, Entry] = {}
    try:
        entries = CATALOG.validate_python(data)
    except ValidationError as error:
        mistakes += [m for m in catalog_checks.form(error, source, _fields) if m.path not in told]
    mistakes += catalog_checks.consistency(data, source, modules("phenomena"), modules("detectors"), cite.references())
    if mistakes:
        raise CatalogError(mistakes)
    for key, entry in entries.items():
        entry._key, entry._source = key, source
        for name, case in entry.cases.items():
            case._name = name
        for named in (entry.laws, entry.boundaries, entry.paths):
            for name, block in named.items():
                block._name = name
    return entries


def check_against(entry: Entry, phenomenon: Phenomenon) -> None:
    """See that the setup has the knobs and the shape that the entry's cases override.

    Raises:
        CatalogError: with every override that it has not, each with its line and column.
    """
    mistakes = list(catalog_checks.fit(entry, entry._source, phenomenon))
    if mistakes:
        raise CatalogError(mistakes)


def _fields(path: Path_) -> Iterable[str]:
    """The fields that may stand where the path ends, as in x.title or x.paths.a.rungs[0].claims[1].of."""
    below: dict[str, type[BaseModel]] = {"added": Added, "cases": Case, "laws": Law, "boundaries": Boundary}
    section, parts = str(path[1]), len(path)
    if parts == 2:
        model = Entry
    elif section == "paths":
        model = {4: Trail, 6: Rung, 8: Claim}[parts]
    elif parts == 6:
        model = Claim if section == "cases" else MapClaim
    else:
        model = below[section]
    return model.model_fields


def select(entries: dict[str, Entry], keys: Iterable[str]) -> dict[str, Entry]:
    """The entries of these keys, in their order; all entries if no key is given.

    Raises:
        CatalogError: the catalog has no such entry.
    """
    keys = list(keys) or list(entries)
    unknown = [k for k in keys if k not in entries]
    if unknown:
        raise CatalogError(Mistake("catalog.yaml", None, (), f"no entry {k!r}{nearest(k, entries)}") for k in unknown)
    return {key: entries[key] for key in keys}
