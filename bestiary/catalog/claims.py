"""Claims about runs at one setting, and the types that every claim is made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from bestiary.catalog import seeds
from bestiary.catalog.published import Published
from bestiary.catalog.record import Record, Text
from bestiary.catalog.seeds import MOST


def _ordered(interval: tuple[float, float]) -> tuple[float, float]:
    if interval[0] > interval[1]:
        raise ValueError(f"the interval is reversed; write [{interval[1]:g}, {interval[0]:g}]")
    return interval


def _word_or_int(value: Any) -> Any:
    if not isinstance(value, str) and type(value) is not int:
        raise ValueError(f"want an integer or a word, not {value!r}")
    return value


def _name_or_pair(value: Any) -> Any:
    names = value if isinstance(value, tuple) and len(value) == 2 else (value,)
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("want a name, or a pair of names for a correlation")
    return value


WordOrInt = Annotated[int | str, BeforeValidator(_word_or_int)]
Origin = Literal["theory", "paper", "measured"]
Interval = Annotated[tuple[float, float], AfterValidator(_ordered)]
_Share, _Cosine = Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=-1, le=1)]
Rate = Annotated[tuple[_Share, _Share], AfterValidator(_ordered)]
Correlation = Annotated[tuple[_Cosine, _Cosine], AfterValidator(_ordered)]


def missing_source(source: Origin, where: str | None, published: Published | None) -> list[str]:
    """Return the mistakes of a claim that does not say where its number comes from; none if the number was measured."""
    wrong = []
    if where is None and source != "measured":
        wrong.append(f"source {source} needs `where`: the table, figure, equation or derivation")
    if source == "paper" and published is None:
        wrong.append("source paper needs `published`: the paper's number, which ours is compared with")
    return wrong


class Named(Record):
    """A block that stands in a mapping; the loader notes the key."""

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """Return the block's key in the catalog."""
        return self._name


class Claim(Record):
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
    source: Origin
    where: Text | None = Field(None, description="table, figure, equation or derivation")
    published: Published | None = Field(None, description="the number that others published for it")

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
        wrong += missing_source(self.source, self.where, self.published)
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def statistic(self) -> Literal["rate", "median", "correlation"]:
        """Return which of the three the claim is of."""
        return "rate" if self.rate is not None else "median" if self.median is not None else "correlation"

    @property
    def interval(self) -> tuple[float, float]:
        """Return where the statistic is claimed to lie [unit of the statistic]."""
        interval = getattr(self, self.statistic)
        assert interval is not None  # _coherent has seen to it
        return interval


class Case(Named):
    """One setting of the setup, and what is claimed of it; a control removes one cause."""

    control: Text | None = Field(None, description="the one cause removed, in words")
    seeds: Annotated[int, Field(ge=1, le=MOST)] = Field(
        seeds.POSITIVE, description=f"runs; default {seeds.POSITIVE}, for a control {seeds.CONTROL}"
    )
    knobs: dict[str, float] = Field({}, description="overrides of the setup's knobs")
    static: dict[str, WordOrInt] = Field({}, description="overrides of the setup's static values")
    claims: tuple[Claim, ...] = Field(json_schema_extra={"minItems": 1})

    @model_validator(mode="before")
    @classmethod
    def _controls_take_more_seeds(cls, data: Any) -> Any:
        return {"seeds": seeds.CONTROL} | data if isinstance(data, dict) and "control" in data else data
