"""What else is known of a detector: the constant ABOUT of the detector's file. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

NONE: Mapping[str, Any] = MappingProxyType({})


class Severity(IntEnum):
    """How much a finding should worry whoever did not look for it.

    Examples:
        >>> Severity.WARNING > Severity.INFO, str(Severity.ERROR)
        (True, 'error')
    """

    INFO = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


class Dial(NamedTuple):
    """A detector's main threshold, and how a user makes the detector stricter with it.

    Attributes:
        threshold: name of a keyword argument of the detector.
        how: the threshold of a detector s times as strict, from its default d: `times` is s d; `over` is d / s;
            `above_one` is 1 + s (d - 1); `below_one` is 1 - s (1 - d).
    """

    threshold: str
    how: Literal["times", "over", "above_one", "below_one"] = "times"

    def at(self, default: float, strictness: float) -> float:
        """Return the threshold of a detector `strictness` times as strict as with its default."""
        return {
            "times": default * strictness,
            "over": default / strictness,
            "above_one": 1 + (default - 1) * strictness,
            "below_one": 1 - (1 - default) * strictness,
        }[self.how]


class Scale(NamedTuple):
    """Channels in one unit that the detector does not know, and the effects in that unit."""

    channels: tuple[str, ...]
    effects: tuple[str, ...] = ()


class About(NamedTuple):
    """What else is known of a detector: the constant ABOUT of the detector's file.

    Attributes:
        why: what a finding means for the run, in one sentence.
        effect: name of the effect that says how strong a finding is.
        unit: unit of that effect; "1" is dimensionless.
        severity: how much a finding should worry.
        also: the field's terms for the phenomenon.
        dial: the main threshold; None if the detector has none.
        scales: groups of channels that have an arbitrary unit each. A channel in no group has a unit that the
            detector knows, such as an accuracy, a share or a ratio.
        log_axis: whether figures draw the steps on a logarithmic axis.
        by_name: whether a column with the name of one of the detector's channels is read as that channel. Without it
            a user has to name the column, as is right for names such as `value`.
        waits: names of effects [step] at which something happens, as at the onset; `half_[0-9]*` for a family. A run
            that ends early may not have reached such a step. A length, such as a period, is none.
        do: what people do about it, in one sentence.
        source: where that is written; empty if it is common practice.
        louder: an effect, and the value from which on a finding counts one severity more.
        beside: {parameter: channel} that a log of a stranger may have: the detector is given those that are there.
        on: {channel: thresholds}: curves of which the detector is asked again, in place of its first channel.
        asked: thresholds with which it is asked of a stranger's log, where those of the entries are others.
        second: a rule for strangers' logs alone, whose finding is told in place of the detector's; it takes the log,
            the detector's first channel, and those of `beside`.
        everyday: whether it is for strangers' logs alone, and paired with no entry of the catalog.
    """

    why: str = ""
    effect: str = ""
    unit: str = "1"
    severity: Severity = Severity.INFO
    also: tuple[str, ...] = ()
    dial: Dial | None = None
    scales: tuple[Scale, ...] = ()
    log_axis: bool = False
    by_name: bool = False
    waits: tuple[str, ...] = ()
    do: str = ""
    source: str = ""
    louder: tuple[str, float] | None = None
    beside: Mapping[str, str] = NONE
    on: Mapping[str, Mapping[str, float]] = NONE
    asked: Mapping[str, float] = NONE
    second: Callable[..., Any] | None = None
    everyday: bool = False
