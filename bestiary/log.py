"""What detectors read (a Log) and what they answer (a Finding). NumPy only, no JAX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from textwrap import fill
from typing import NamedTuple

import numpy as np

from bestiary import notebook

WIDE = 100  # [character] of a line of a Finding's repr


class State(StrEnum):
    """The five answers a detector can give about one run.

    Examples:
        >>> State("found") is State.FOUND, [str(state) for state in State][:3]
        (True, ['found', 'absent', 'undecided'])
    """

    FOUND = "found"
    ABSENT = "absent"
    UNDECIDED = "undecided"  # the run ended too early to tell
    NOT_APPLICABLE = "not applicable"  # a channel is missing, or the question has no meaning here
    DIVERGED = "diverged"  # the curve went non-finite, or grew without bound


class Effect(NamedTuple):
    """A measured quantity and its unit; "1" is dimensionless.

    Examples:
        >>> str(Effect(12.0, "step")), str(Effect(0.5))
        ('12 step', '0.5')
    """

    value: float
    unit: str = "1"

    def __str__(self) -> str:
        return f"{self.value:.4g}{'' if self.unit == '1' else f' {self.unit}'}"


class Span(NamedTuple):
    """A stretch of the run to draw; an instant has start == stop.

    Examples:
        >>> Span(10.0, 40.0, "plateau").label
        'plateau'
    """

    start: float
    stop: float
    label: str


@dataclass(frozen=True)
class Finding:
    """A detector's answer for one run.

    Attributes:
        state: one of the five states.
        reason: one sentence, with the numbers that decided.
        onset: [step] where the phenomenon begins; nan unless found.
        effects: named measured quantities, whatever the state: a control is characterised by its effects too.
        spans: stretches of the run to draw.
        phase: the name of the run's phase if the detector tells more than found and absent (grokking,
            memorisation, ...); else empty.

    Examples:
        >>> finding = Finding(State.FOUND, "the loss doubles", 120.0, {"height": Effect(2.1)})
        >>> finding.found, finding.headline, finding.effects["height"].value
        (True, 'found at step 120', 2.1)
    """

    state: State
    reason: str
    onset: float = float("nan")
    effects: Mapping[str, Effect] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    phase: str = ""

    @property
    def found(self) -> bool:
        """Whether the phenomenon is there."""
        return self.state is State.FOUND

    @property
    def headline(self) -> str:
        """The state, the phase and the onset in a few words."""
        phase = f" ({self.phase})" if self.phase else ""
        return f"{self.state}{phase}{f' at step {self.onset:g}' if np.isfinite(self.onset) else ''}"

    def having(self, **effects: Effect) -> Finding:
        """Return the same finding with further effects."""
        return replace(self, effects={**self.effects, **effects})

    def __repr__(self) -> str:
        indent = " " * len("Finding(")
        text = fill(f"Finding({self.headline}: {self.reason}", WIDE, subsequent_indent=indent)
        if self.effects:
            effects = "effects: " + ", ".join(f"{name} {effect}" for name, effect in self.effects.items())
            text += "\n" + fill(effects, WIDE, initial_indent=indent, subsequent_indent=2 * indent)
        return f"{text})"

    def _repr_html_(self) -> str:
        rows = [("reason", self.reason), *((name, str(effect)) for name, effect in self.effects.items())]
        return notebook.table(self.headline, (), rows)


class Series(NamedTuple):
    """One recorded curve: strictly increasing steps (T,) and values (T,), both float64.

    Examples:
        >>> import numpy as np
        >>> Series(np.arange(3.0), np.array([1.0, 0.5, np.nan])).diverged_at
        2.0
    """

    steps: np.ndarray
    values: np.ndarray

    def finite(self) -> Series:
        """Return the records with finite values."""
        keep = np.isfinite(self.values)
        return Series(self.steps[keep], self.values[keep])

    @property
    def diverged_at(self) -> float:
        """[step] of the first of the non-finite values that last to the end; nan if the last is finite."""
        if self.values.size == 0 or np.isfinite(self.values[-1]):
            return float("nan")
        bad = ~np.isfinite(self.values)
        first = self.values.size - int(np.argmin(bad[::-1])) if not bad.all() else 0
        return float(self.steps[first])

    @property
    def extent(self) -> str:
        """The number of records and their steps in a few words."""
        if len(self.steps) < 2:
            return f"1 record, step {self.steps[0]:g}" if len(self.steps) else "no record"
        return f"{len(self.steps)} records, steps {self.steps[0]:g} to {self.steps[-1]:g}"

    def __repr__(self) -> str:
        return f"Series({self.extent})"


@dataclass(frozen=True)
class Log:
    """The curves of one run, each on its own axis of steps.

    A test accuracy recorded every hundred steps and a loss recorded at every step are in one log without padding. Make
    a log with `Log.of`, or of {name: (steps, values)}.

    Raises:
        ValueError: a curve is not one-dimensional, its lengths differ, or its steps do not increase.

    Examples:
        >>> import numpy as np
        >>> Log.of(np.arange(100), loss=np.ones(100))
        Log(loss: 100 records, steps 0 to 99)
        >>> "loss" in Log({"test_acc": ([0, 50], [0.1, 0.9])})
        False
    """

    channels: Mapping[str, Series]

    def __post_init__(self) -> None:
        clean, increasing = {}, None  # curves often share one axis, which is looked at once
        for name, (steps, values) in self.channels.items():
            t, y = np.asarray(steps, np.float64), np.asarray(values, np.float64)
            if t.ndim != 1 or t.shape != y.shape:
                raise ValueError(f"channel {name!r}: steps have shape {t.shape} and values {y.shape}; want two (T,)")
            if t.size and t is not increasing and not (np.isfinite(t).all() and (np.diff(t) > 0).all()):
                raise ValueError(f"channel {name!r}: steps must be finite and strictly increasing")
            increasing = t
            clean[name] = Series(t, y)
        object.__setattr__(self, "channels", clean)

    @classmethod
    def of(cls, steps: np.ndarray, **channels: np.ndarray) -> Log:
        """Make a log of curves (T,) that share one axis of steps (T,)."""
        return cls({name: Series(steps, values) for name, values in channels.items()})

    def __getitem__(self, name: str) -> Series:
        return self.channels[name]

    def __contains__(self, name: str) -> bool:
        return name in self.channels

    def __repr__(self) -> str:
        return f"Log({'; '.join(f'{name}: {curve.extent}' for name, curve in self.channels.items()) or 'no channel'})"

    def _repr_html_(self) -> str:
        rows = []
        for name, curve in self.channels.items():
            values = curve.finite().values
            ends = (f"{values.min():.4g}", f"{values.max():.4g}") if values.size else ("", "")
            rows.append((name, curve.extent, *ends, str(curve.values.size - values.size)))
        return notebook.table("Log", ("channel", "records", "least", "greatest", "not finite"), rows)

    def lacking(self, names: Iterable[str]) -> Finding | None:
        """Return a `not applicable` finding if one of the channels is missing or empty, else None."""
        gone = [n for n in names if n not in self.channels or self.channels[n].steps.size == 0]
        if not gone:
            return None
        has = ", ".join(sorted(self.channels)) or "no channel"
        return Finding(State.NOT_APPLICABLE, f"needs channel {', '.join(gone)}; the log has {has}")


def unfit(log: Log, names: Iterable[str], beside: Iterable[str] = ()) -> Finding | None:
    """Return the finding of a log that a detector cannot read, else None: what every detector asks first.

    The finding is `not applicable` if a channel is missing or empty, and `diverged` if one is not finite to its end.

    Args:
        log: the run.
        names: names of the channels that the detector reads.
        beside: names of channels that only have to be there.

    Raises:
        TypeError: the detector was given something else than a Log.
    """
    if not isinstance(log, Log):
        raise TypeError(
            f"a detector reads a Log, not {type(log).__name__}; make one of arrays of numbers: "
            "Log.of(steps, loss=...), or Log({'loss': (steps, values)}) where curves have steps of their own"
        )
    names = tuple(names)
    if finding := log.lacking((*names, *beside)):
        return finding
    for name in names:
        if np.isfinite(end := log[name].diverged_at):
            return Finding(State.DIVERGED, f"{name} is not finite from step {end:g} on")
    return None
