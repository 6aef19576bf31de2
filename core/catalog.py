"""The claims of catalog.yaml, validated; a mistake is named with its line and column.

Reading needs neither JAX nor a phenomenon: whether an entry or a detector exists is a
question about file names. What only the setup knows, its knobs and its shape, is checked
by `check_against` once the setup has been imported.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from bestiary import catalog_checks, cite
from bestiary.catalog_source import CatalogError, Mistake, Path_, Source, load, locate, nearest

if TYPE_CHECKING:
    from bestiary.entry import Phenomenon

POSITIVE_SEEDS, CONTROL_SEEDS = 16, 64  # 0/64 bounds a rate below 5 % at 95 %; 16/16 bounds it above 80 %

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Particle = Literal["attention", "MLP", "linear", "embedding", "normalisation", "optimiser", "data"]
Kind = Literal[
    "transition", "plateau", "instability", "collapse", "bias", "law", "invariant", "hysteresis", "null-test"
]


def _ordered(interval: tuple[float, float]) -> tuple[float, float]:
    if interval[0] > interval[1]:
        raise ValueError(f"the interval is reversed; write [{interval[1]:g}, {interval[0]:g}]")
    return interval


def _date(value: Any) -> Any:
    try:
        return datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{value!r} is not a date; write it as 2026-11-22") from None


def _word_or_int(value: Any) -> Any:
    if not isinstance(value, str) and type(value) is not int:
        raise ValueError(f"want an integer or a word, not {value!r}")
    return value


def _name_or_pair(value: Any) -> Any:
    names = value if isinstance(value, tuple) and len(value) == 2 else (value,)
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("want a name, or a pair of names for a correlation")
    return value


Interval = Annotated[tuple[float, float], AfterValidator(_ordered)]
_Share, _Cosine = Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=-1, le=1)]
Rate = Annotated[tuple[_Share, _Share], AfterValidator(_ordered)]
Correlation = Annotated[tuple[_Cosine, _Cosine], AfterValidator(_ordered)]


class _Record(BaseModel):
    """Frozen, complete, nothing converted but integers to floats."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Claim(_Record):
    """One falsifiable statement about the runs of a case: a statistic lies in an interval."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [name]} for name in ("rate", "median", "correlation")]}
    )

    of: Annotated[str | tuple[str, str], BeforeValidator(_name_or_pair)] = Field(
        description="found, onset, an effect, a phase or a state; a pair of names for a correlation"
    )
    rate: Rate | None = Field(None, description="share of the runs, within [0, 1]")
    median: Interval | None = Field(None, description="median over the runs that have a value")
    correlation: Correlation | None = Field(None, description="Pearson's, over the runs")
    unit: Text | None = Field(None, description="unit of a median; '1' if dimensionless")
    source: Literal["theory", "paper", "measured"]
    where: Text | None = Field(None, description="table, figure, equation or derivation")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        wrong = []
        given = [name for name in ("rate", "median", "correlation") if getattr(self, name) is not None]
        if len(given) != 1:
            wrong.append(f"want exactly one of rate, median and correlation, not {' and '.join(given) or 'none'}")
        else:
            if (given == ["correlation"]) != isinstance(self.of, tuple):
                wrong.append(f"a {given[0]} is of {'a pair of names' if given == ['correlation'] else 'one name'}")
            elif self.of == "found" and given != ["rate"]:
                wrong.append(f"found is a rate, not a {given[0]}")
            if (self.unit is None) == (given == ["median"]):
                wrong.append("a median needs a unit" if self.unit is None else "only a median has a unit")
        if self.where is None and self.source != "measured":
            wrong.append(f"source {self.source} needs `where`: the table, figure, equation or derivation")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def statistic(self) -> Literal["rate", "median", "correlation"]:
        """Which of the three it is."""
        return "rate" if self.rate is not None else "median" if self.median is not None else "correlation"

    @property
    def interval(self) -> tuple[float, float]:
        """[unit of the statistic] Where the statistic is claimed to lie."""
        interval = getattr(self, self.statistic)
        assert interval is not None  # _coherent has seen to it
        return interval


class Case(_Record):
    """One setting of the setup, and what is claimed of it; a control removes one cause."""

    control: Text | None = Field(None, description="the one cause removed, in words")
    seeds: Annotated[int, Field(ge=1)] = Field(
        POSITIVE_SEEDS, description=f"runs; default {POSITIVE_SEEDS}, for a control {CONTROL_SEEDS}"
    )
    knobs: dict[str, float] = Field({}, description="overrides of the setup's knobs")
    shape: dict[str, Annotated[int | str, BeforeValidator(_word_or_int)]] = Field(
        {}, description="overrides of the setup's shape"
    )
    claims: tuple[Claim, ...] = Field(min_length=1)
    _name: str = PrivateAttr("")

    @model_validator(mode="before")
    @classmethod
    def _controls_take_more_seeds(cls, data: Any) -> Any:
        return {"seeds": CONTROL_SEEDS} | data if isinstance(data, dict) and "control" in data else data

    @property
    def name(self) -> str:
        """Its key among the entry's cases."""
        return self._name


class Added(_Record):
    """Who added the entry, and when."""

    by: Text
    date: Annotated[datetime.date, BeforeValidator(_date)]


class Entry(_Record):
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


def modules(package: str) -> set[str]:
    """Names of the files in `phenomena` or `detectors`; imports none of them."""
    spec = find_spec(f"bestiary.{package}")
    folders = (spec and spec.submodule_search_locations) or ()
    return {file.stem for folder in folders for file in Path(folder).glob("[!_]*.py")}


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
    """The fields that may stand where the path ends; its length tells the model."""
    model = {2: Entry, 3: Added, 4: Case, 6: Claim}[len(path)]  # x, added.x, cases.a.x, cases.a.claims[0].x
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
