"""What the catalog claims along a knob: laws and boundaries."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bestiary.catalog import axes, formula, seeds
from bestiary.catalog.claims import Interval, Named, Origin, WordOrInt, missing_source
from bestiary.catalog.forms import FORMS, FormName
from bestiary.catalog.published import Published
from bestiary.catalog.record import Name, Record, Text
from bestiary.catalog.seeds import MOST


def _axis(text: str) -> str:
    axes.parse(text)
    return text


class MapClaim(Record):
    """One falsifiable number of a law or a boundary: it lies in an interval."""

    of: Name = Field(description="a parameter of the law; `appears` or `vanishes` for a boundary")
    within: Interval = Field(description="[low, high]")
    source: Origin
    where: Text | None = Field(None, description="table, figure, equation or derivation")
    published: Published | None = Field(None, description="the number that others published for it")

    @model_validator(mode="after")
    def _cited(self) -> Self:
        if wrong := missing_source(self.source, self.where, self.published):
            raise ValueError("\n".join(wrong))
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


def _formula(text: str) -> str:
    formula.names(text)
    return text


class Theory(Record):
    """A named formula that predicts an onset or an effect from knobs and static values, with no free parameter."""

    name: Text = Field(description="what the formula is called, with its source")
    formula: Annotated[Text, AfterValidator(_formula)] = Field(
        description="of knobs and static values, as in (2 + 2*beta1) / lr"
    )


class Law(_Sweep):
    """How an onset or an effect depends on a knob: y = f(x) with lognormal scatter over the runs."""

    of: Text = Field("onset", description="onset or an effect")
    form: FormName = Field("power", description="; ".join(form.equation for form in FORMS.values()))
    against: Text = Field(
        "x", description="the law's x: of the knob x, 1 - x, 1 / x or 1 / (1 - x); or an effect, by its median"
    )
    theory: Theory | None = Field(None, description="of a law of form theory: the formula that stands for x")
    censored: tuple[Text, ...] = Field(
        ("undecided",), description="states and phases in which a run without a value ended too early"
    )

    @model_validator(mode="after")
    def _of_the_form(self) -> Self:
        known = FORMS[self.form].parameters
        if (self.form == "theory") != (self.theory is not None):
            raise ValueError("a law of form theory needs `theory`, and no other form has it")
        if self.theory is not None and self.against != "x":
            raise ValueError("a law of form theory is against what its formula predicts; leave `against` out")
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
