"""What the catalog claims along a path: a chain of one-feature changes, and whether the phenomenon has one cause."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bestiary.catalog import seeds
from bestiary.catalog.claims import Claim, Interval, Named, Rate, WordOrInt
from bestiary.catalog.map_claims import Law
from bestiary.catalog.record import Name, Record, Text
from bestiary.catalog.seeds import MOST

BUDGET = ("steps", "log_every")  # how long and how often one looks: no feature of network or data
THERE = 0.5  # a rung that claims `found` at this rate or more says that the phenomenon is there


class Cause(Record):
    """The one cause that is removed at every rung, to see whether it is a cause there."""

    removes: Text = Field(description="the cause, in words")
    knobs: dict[str, float] = Field({}, description="overrides on top of the rung's knobs")
    static: dict[str, WordOrInt] = Field({}, description="overrides on top of the rung's static values")


class Learned(Record):
    """How one tells that a run without the phenomenon has learned its task all the same: so the delay is gone."""

    of: Text = Field(description="a phase or a state, or an effect")
    above: float = Field(0.5, description="of an effect: the task is learned above this value")


class Rung(Record):
    """One step of a path: what changes, and what is then claimed of the runs."""

    name: Name
    side: Literal["network", "data", "optimiser"] | None = Field(None, description="what the change belongs to")
    knobs: dict[str, float] = Field({}, description="the knob that changes")
    static: dict[str, WordOrInt] = Field({}, description="the static value that changes")
    claims: tuple[Claim, ...] = Field(min_length=1)
    without: Rate | None = Field(None, description="rate of `found` with the path's cause removed")
    laws: dict[Name, Law] = Field({}, description="laws at this rung's setting")

    @property
    def changes(self) -> dict[str, float | int | str]:
        """Return what the rung changes, but for how long and how often one looks."""
        return {k: v for k, v in (self.knobs | self.static).items() if k not in BUDGET}

    @property
    def there(self) -> bool:
        """Return whether the rung claims that the phenomenon is there in half of the runs or more."""
        return any(c.of == "found" and c.statistic == "rate" and c.interval[0] >= THERE for c in self.claims)


class EntryPath(Named):
    """A chain of one-feature changes between the toy and the real; every rung keeps what those before it changed.

    The marker is an effect that differs between mechanisms, and each mechanism is a band of it. A step keeps the
    mechanism if the marker stays in its band and the removed cause still kills the phenomenon; see `maps.mechanism`.
    """

    title: Text
    direction: Literal["up", "down"] = Field("up", description="up: from the toy towards the real; down: back")
    seeds: Annotated[int, Field(ge=1, le=MOST)] = Field(
        seeds.RUNG, description=f"runs of every rung; default {seeds.RUNG}"
    )
    marker: Text | None = Field(None, description="the effect that tells mechanisms apart")
    mechanisms: dict[str, Interval] = Field({}, description="mechanisms in words, each with its band of the marker")
    cause: Cause | None = Field(None, description="what is removed at every rung, as a control of the mechanism")
    learned: Learned | None = Field(None, description="which runs without the phenomenon have learned the task")
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
        wrong += self._unmarked()
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def _unmarked(self) -> list[str]:
        """What is lacking of the marker and of the cause that is removed."""
        if self.marker is None or self.cause is None or not self.mechanisms:
            needs = "`marker`, `mechanisms` and `cause`"
            return [f"a path needs {needs}: the same rate on two rungs is not the same reason"]
        wrong = []
        if not self.cause.knobs and not self.cause.static:
            wrong.append("the cause removes nothing; say which knob or static value takes it away")
        bands = sorted((band, name) for name, band in self.mechanisms.items())
        for (a, first), (b, second) in pairwise(bands):
            if b[0] <= a[1]:
                wrong.append(f"the bands of {first!r} and {second!r} overlap; no marker tells them apart")
        for rung in self.rungs:
            if rung.there and not any(c.of == self.marker and c.median is not None for c in rung.claims):
                wrong.append(f"rung {rung.name!r} needs a claim of the marker, {self.marker}")
            if rung.without is None:
                wrong.append(f"rung {rung.name!r} needs `without`: the rate of found without {self.cause.removes}")
        return wrong
