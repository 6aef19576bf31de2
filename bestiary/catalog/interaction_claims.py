"""What the catalog claims of two things that are switched on together: the sum of parts, or a correction to it."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from bestiary.catalog import axes, formula, seeds
from bestiary.catalog.claims import Interval, Named, Origin, WordOrInt, missing_source
from bestiary.catalog.published import Published
from bestiary.catalog.record import Record, Text
from bestiary.catalog.seeds import MOST

TOLERANCE = 0.1  # [1] of |kappa|: what differs by less from the sum of parts is the sum of parts
LEAST_SEEDS = 6  # fewer paired values have no limits of their median at 95 %

RuleName = Literal["independent", "factor", "shift", "rates", "first", "clock"]
RULES: dict[RuleName, str] = {
    "independent": "Q",
    "factor": "Q f(on) / f(off)",
    "shift": "Q + f(on) - f(off)",
    "rates": "1 / (1/Q + 1/Q_B)",
    "first": "min(Q, Q_B)",
    "clock": "the t at which f(t, on) = f(Q, off)",
}
OF_FORMULA = ("factor", "shift", "clock")  # rules that need a formula
OF_BOTH = ("rates", "first")  # rules that need what B does alone
STEP = "t"  # the name of the step in the formula of a clock

OutcomeName = Literal["sum_of_parts", "synergy", "antagonism", "destroyed"]
STATISTICS = ("kappa", "outcome", "boundary", "identity")


def _axis(text: str) -> str:
    axes.parse(text)
    return text


def _formula(text: str) -> str:
    formula.names(text)
    return text


def _number_or_word(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"want a value of the knob, not {value!r}")
    return value


def same(a: float | int | str, b: float | int | str) -> bool:
    """Return whether two values of a knob are the same; knobs are traced as float32."""
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return math.isclose(a, b, rel_tol=1e-6)


OnAxis = Annotated[int | float | str, BeforeValidator(_number_or_word)]
AxisText = Annotated[str, AfterValidator(_axis)]


class Overrides(Record):
    """What is changed of a setting."""

    knobs: dict[str, float] = Field({}, description="overrides of the knobs")
    static: dict[str, WordOrInt] = Field({}, description="overrides of the static values")

    @property
    def names(self) -> list[str]:
        """Return the names of all that is changed."""
        return [*self.knobs, *self.static]


class Rule(Record):
    """How the quantity of A follows from the parts, if they only add up. Formulas are of knobs and static values."""

    name: RuleName = Field(description="; ".join(f"{name}: {text}" for name, text in RULES.items()))
    formula: Annotated[Text, AfterValidator(_formula)] | None = Field(
        None,
        description="f of factor, shift and clock, at the settings with B on and off; or Q_B of rates and first, with"
        " B on. A clock is a function of the step t too",
    )
    of: Text | None = Field(None, description="Q_B of rates and first: an onset or effect of the runs with B alone")
    unit: Text | None = Field(None, description="of rates and first by formula: its unit")
    source: Origin | None = Field(None, description="who says that the parts compose so")
    where: Text | None = Field(None, description="table, figure, equation or derivation")

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        wrong = []
        if self.name in OF_FORMULA and self.formula is None:
            wrong.append(f"the rule {self.name}, {RULES[self.name]}, needs `formula`")
        if self.name in OF_BOTH and (self.formula is None) == (self.of is None):
            wrong.append(f"the rule {self.name}, {RULES[self.name]}, needs Q_B: either `of` or `formula`")
        if self.name == "independent" and self.formula is not None:
            wrong.append("the rule independent has no formula")
        if self.name not in OF_BOTH and (self.of is not None or self.unit is not None):
            wrong.append(f"the rule {self.name} takes nothing of B; leave `of` and `unit` out")
        if self.of is not None and self.unit is not None:
            wrong.append("an effect has its own unit; `unit` is that of a formula")
        if self.name in OF_BOTH and self.formula is not None and self.unit is None:
            wrong.append("a formula for Q_B needs `unit`")
        if self.formula is not None and self.name == "clock" and STEP not in formula.names(self.formula):
            wrong.append(f"a clock is a function of the step, {STEP}; {self.formula!r} is not")
        if self.name != "independent" and self.source is None:
            wrong.append("say by `source` who states the rule")
        if self.source in ("theory", "paper") and self.where is None:
            wrong.append(f"source {self.source} needs `where`: the table, figure, equation or derivation")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self


class InteractionClaim(Record):
    """One falsifiable statement about two things that are on together."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in STATISTICS]})

    kappa: Interval | None = Field(
        None, description="median over paired seeds of ln(measured / predicted), [low, high]"
    )
    outcome: OutcomeName | None = Field(None, description="what becomes of A; without `at` at every value of the knob")
    boundary: Interval | None = Field(
        None, description=f"[low, high]: the value of the knob where |kappa| first leaves {TOLERANCE:g}"
    )
    identity: Literal["kept", "mimicry"] | None = Field(
        None, description="kept: A is found in A and in both, not in neither nor in B alone; mimicry: B alone has it"
    )
    at: OnAxis | None = Field(None, description="a value of the knob of B")
    source: Origin
    where: Text | None = Field(None, description="table, figure, equation or derivation")
    published: Published | None = Field(None, description="the number that others published for it")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        wrong = []
        given = [name for name in STATISTICS if getattr(self, name) is not None]
        if len(given) != 1:
            wrong.append(f"want exactly one of {', '.join(STATISTICS)}, not {' and '.join(given) or 'none'}")
        elif given[0] == "boundary" and self.at is not None:
            wrong.append("a boundary is somewhere along the knob; leave `at` out")
        elif given[0] == "kappa" and self.at is None:
            wrong.append("kappa is claimed `at` a value of the knob")
        elif given[0] in ("outcome", "identity") and self.published is not None:
            wrong.append("only a kappa and a boundary have a published number")
        numbers = self.kappa is not None or self.boundary is not None
        needs = missing_source(self.source, self.where, self.published)
        wrong += needs if numbers else [text for text in needs if "where" in text]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def statistic(self) -> Literal["kappa", "outcome", "boundary", "identity"]:
        """Return which of the four the claim is of."""
        return next(name for name in STATISTICS if getattr(self, name) is not None)  # pyright: ignore

    @property
    def of(self) -> str:
        """Return what the claim is of, in words: `kappa at 8`."""
        at = self.at if isinstance(self.at, str) else None if self.at is None else f"{self.at:g}"
        return self.statistic if at is None else f"{self.statistic} at {at}"

    @property
    def interval(self) -> tuple[float, float] | str:
        """Return where the number is claimed to lie, or the word that is claimed."""
        claimed = getattr(self, self.statistic)
        assert claimed is not None  # _coherent has seen to it
        return claimed

    @property
    def unit(self) -> None:
        """Return None: kappa is a logarithm, and a boundary has the unit of the axis."""


class Pair(Named):
    """A with something else, B, that one knob turns on: neither, A, B and both, with the same draws in all four.

    kappa = ln(Q in both / what a rule predicts from the parts), by the pair of runs of every seed.
    """

    over: AxisText = Field(description=f"the axis of B's knob, B off at its first value: {axes.GRAMMAR}")
    off: OnAxis | None = Field(None, description="the knob's value with B off; then `over` has none but with B on")
    with_b: Overrides = Field(
        default_factory=lambda: Overrides.model_validate({}), description="further overrides where B is on"
    )
    without_a: Overrides = Field(description="what takes A away: overrides of neither and of B alone")
    knobs: dict[str, float] = Field({}, description="overrides of the setup's knobs, in all four")
    static: dict[str, WordOrInt] = Field({}, description="overrides of the setup's static values, in all four")
    of: Text = Field("onset", description="the quantity Q: onset or an effect; with `along` a state or phase")
    along: AxisText | None = Field(
        None, description="an axis, upwards: Q is the value of that knob from which on a seed's run is first `of`"
    )
    present: Text = Field("found", description="the state or phase by which A is there")
    censored: tuple[Text, ...] = Field(
        ("undecided",), description="states and phases in which a run without a value ended too early"
    )
    rule: Rule = Field(
        default_factory=lambda: Rule.model_validate({"name": "independent"}),
        description="what the parts predict; default: independent",
    )
    stronger: Literal["larger", "smaller"] | None = Field(
        None, description="which Q is more of A; default: smaller for waiting times, else larger"
    )
    seeds: Annotated[int, Field(ge=LEAST_SEEDS, le=MOST)] = Field(
        seeds.INTERACTION, description=f"runs of every cell; default {seeds.INTERACTION}"
    )

    @property
    def axis(self) -> axes.Axis:
        """Return the axis of the values with B on, as yet without the setup's types."""
        whole = axes.parse(self.over)
        return whole if self.off is not None else whole._replace(values=whole.values[1:])

    @property
    def value_off(self) -> float | int | str:
        """Return the knob's value with B off."""
        return axes.parse(self.over).values[0] if self.off is None else self.off

    @property
    def threshold_axis(self) -> axes.Axis | None:
        """Return the axis along which a threshold is sought; None if Q is an onset or effect."""
        return None if self.along is None else axes.parse(self.along)

    @model_validator(mode="after")
    def _two_by_two(self) -> Self:
        wrong, knob = [], axes.parse(self.over).name
        for where, names in (("knobs", self.knobs), ("static", self.static), ("with_b", self.with_b.names)):
            if knob in names:
                wrong.append(f"B is on already: {where!r} fixes {knob}, which `over` turns; leave it out there")
        if knob in self.without_a.names:
            wrong.append(f"without_a fixes {knob}, which turns B on; A must go by something else")
        if not self.without_a.names:
            wrong.append("without_a removes nothing; say which knob or static value takes A away")
        if both := [name for name in self.without_a.names if name in self.with_b.names]:
            wrong.append(f"{both[0]} takes A away and turns B on; one value cannot do both")
        if not self.axis.values:
            wrong.append(f"{self.over}: the first value is B off; want at least one more, or `off`")
        if self.off is not None and self.off in self.axis.values:
            wrong.append(f"B is off at {knob}={self.off}, which `over` has among the values with B on")
        if (along := self.threshold_axis) is not None:
            if along.name == knob:
                wrong.append(f"along: {knob} turns B on; the threshold is of another knob")
            elif along.name in self.without_a.names or along.name in self.with_b.names:
                wrong.append(f"along: {along.name} is turned and cannot be fixed as well")
            if len(along.values) < 2 or any(isinstance(v, str) or v <= 0 for v in along.values):
                wrong.append("along: a threshold needs at least two numbers above 0")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self


class Interaction(Pair):
    """A with something else, B, that one knob turns on, and what is claimed of the two together."""

    title: Text | None = Field(None, description="what is learned from it, in words")
    partner: Text = Field(alias="with", description="B: the key of an entry, or words for a feature that is no entry")
    claims: tuple[InteractionClaim, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _claimed_on_the_axis(self) -> Self:
        wrong, axis = [], self.axis
        told = ", ".join(f"{v:g}" if not isinstance(v, str) else v for v in axis.values)
        for claim in self.claims:
            if claim.at is not None and not any(same(claim.at, value) for value in axis.values):
                wrong.append(f"{claim.of}: {axis.name} is on at {told}")
            if claim.boundary is not None and (len(axis.values) < 2 or isinstance(axis.values[0], str)):
                wrong.append("a boundary needs at least two numbers with B on")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self
