"""What the catalog claims beyond single settings: laws, boundaries and paths."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bestiary.catalog import axes, seeds
from bestiary.catalog.claims import Claim, Interval, Name, Named, Origin, Record, Text, WordOrInt, missing_source
from bestiary.catalog.forms import FORMS, FormName
from bestiary.catalog.seeds import MOST

BUDGET = ("steps", "log_every")  # how long and how often one looks: no feature of network or data


def _axis(text: str) -> str:
    axes.parse(text)
    return text


class MapClaim(Record):
    """One falsifiable number of a law or a boundary: it lies in an interval."""

    of: Name = Field(description="a parameter of the law; `appears` or `vanishes` for a boundary")
    within: Interval = Field(description="[low, high]")
    source: Origin
    where: Text | None = Field(None, description="table, figure, equation or derivation")

    @model_validator(mode="after")
    def _cited(self) -> Self:
        if wrong := missing_source(self.source, self.where):
            raise ValueError(*wrong)
        return self

    @property
    def statistic(self) -> Literal["within"]:
        """Return the name of the field that holds the interval."""
        return "within"

    @property
    def unit(self) -> None:
        """Return None: the unit is that of the axis or of the effect, and a claim does not repeat it."""

    @property
    def interval(self) -> tuple[float, float]:
        """Return where the number is claimed to lie."""
        return self.within


class _Sweep(Named):
    """One knob or static value is turned; everything else stays as the setup, or what is given here, has it."""

    over: Annotated[str, AfterValidator(_axis)] = Field(description=f"the axis: {axes.GRAMMAR}")
    seeds: Annotated[int, Field(ge=3, le=MOST)] = Field(
        seeds.LAW, description=f"runs of every point; default {seeds.LAW}"
    )
    knobs: dict[str, float] = Field({}, description="overrides of the setup's knobs")
    static: dict[str, WordOrInt] = Field({}, description="overrides of the setup's static values")
    title: Text | None = Field(None, description="what is learned from it, in words")
    claims: tuple[MapClaim, ...] = Field(min_length=1)

    @property
    def axis(self) -> axes.Axis:
        """Return the axis, as yet without the setup's types."""
        return axes.parse(self.over)

    @model_validator(mode="after")
    def _turns_one(self) -> Self:
        if self.axis.name in self.knobs or self.axis.name in self.static:
            raise ValueError(f"{self.axis.name!r} is turned and cannot be fixed as well")
        return self


class Law(_Sweep):
    """How an onset or an effect depends on a knob: y = f(x) with lognormal scatter over the runs."""

    of: Text = Field("onset", description="onset or an effect")
    form: FormName = Field("power", description="; ".join(form.equation for form in FORMS.values()))
    against: Text = Field(
        "x", description="the law's x: of the knob x, 1 - x, 1 / x or 1 / (1 - x); or an effect, by its median"
    )
    censored: tuple[Text, ...] = Field(
        ("undecided",), description="states and phases in which a run without a value ended too early"
    )

    @model_validator(mode="after")
    def _of_the_form(self) -> Self:
        known = FORMS[self.form].parameters
        for claim in self.claims:
            if claim.of not in known:
                raise ValueError(f"a {self.form} law has {' and '.join(known)}, not {claim.of!r}")
        if len(self.axis.values) < 3 or any(isinstance(v, str) for v in self.axis.values):
            raise ValueError("a law needs at least three numbers along its axis")
        return self


class Boundary(_Sweep):
    """Where along a knob, as it grows, the rate of a state or phase crosses one half."""

    seeds: Annotated[int, Field(ge=3, le=MOST)] = Field(
        seeds.BOUNDARY, description=f"runs of every point; default {seeds.BOUNDARY}"
    )

    of: Text = Field("found", description="found, another state, or a phase")
    resolution: Annotated[float, Field(gt=0)] = Field(
        0.02, description="how narrow the bracket is made: relative on a logarithmic axis, else in units of the knob"
    )

    @model_validator(mode="after")
    def _crossings(self) -> Self:
        for claim in self.claims:
            if claim.of not in ("appears", "vanishes"):
                raise ValueError(f"a boundary is where something appears or vanishes, not {claim.of!r}")
        if len(self.axis.values) < 2 or any(isinstance(v, str) for v in self.axis.values):
            raise ValueError("a boundary needs at least two numbers along its axis")
        return self


class Rung(Record):
    """One step of a path: what changes, and what is then claimed of the runs."""

    name: Name
    side: Literal["network", "data", "optimiser"] | None = Field(None, description="what the change belongs to")
    knobs: dict[str, float] = Field({}, description="the knob that changes")
    static: dict[str, WordOrInt] = Field({}, description="the static value that changes")
    claims: tuple[Claim, ...] = Field(min_length=1)

    @property
    def changes(self) -> dict[str, float | int | str]:
        """Return what the rung changes, but for how long and how often one looks."""
        return {k: v for k, v in (self.knobs | self.static).items() if k not in BUDGET}


class EntryPath(Named):
    """A chain of one-feature changes from the toy towards the real; every rung keeps what those before it changed."""

    title: Text
    seeds: Annotated[int, Field(ge=1, le=MOST)] = Field(
        seeds.RUNG, description=f"runs of every rung; default {seeds.RUNG}"
    )
    rungs: tuple[Rung, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _one_thing_at_a_time(self) -> Self:
        wrong = []
        for before, rung in pairwise(self.rungs):
            if len(rung.changes) != 1:
                what = " and ".join(rung.changes) or "nothing"
                wrong.append(f"rung {rung.name!r} changes {what} after {before.name!r}; a rung changes one thing")
            if rung.side is None:
                wrong.append(f"rung {rung.name!r} needs `side`: network, data or optimiser")
        names = [rung.name for rung in self.rungs]
        wrong += [f"two rungs are called {name!r}" for name in dict.fromkeys(names) if names.count(name) > 1]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self
