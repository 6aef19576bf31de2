"""Thresholds of detectors that their user sets, as `spikes.height=1.3`; all others are the detectors' own."""

import inspect
import math
from collections.abc import Iterable

from bestiary.log import Log
from bestiary.watch import detect
from bestiary.watch.detect import Thresholds


def known(detector: str) -> dict[str, float | None]:
    """Return {threshold: default} of a detector; a default is None where the detector takes the value from the log."""
    function, _ = detect.detectors()[detector]
    only = [p for p in inspect.signature(function).parameters.values() if p.kind is inspect.Parameter.KEYWORD_ONLY]
    return {p.name: p.default for p in only if p.default is None or type(p.default) in (int, float)}


def checked(given: Thresholds) -> dict[str, dict[str, float]]:
    """Check thresholds, and return them with whole numbers where a detector counts.

    Raises:
        ValueError: one line, which names the detector, the threshold or the value that cannot be.
    """
    made: dict[str, dict[str, float]] = {}
    for detector, values in given.items():
        if detector not in detect.detectors():
            raise ValueError(f"{detector}: no such detector; there are {', '.join(detect.detectors())}")
        there = known(detector)
        for name, value in values.items():
            said = f"{detector}.{name}={value:g}"
            if name not in there:
                raise ValueError(f"{said}: no such threshold; {detector} has {', '.join(there) or 'none'}")
            counts, least = type(there[name]) is int, 0 if there[name] in (0, None) else math.ulp(0)
            if (counts and (value < 1 or value != value // 1)) or not least <= value < math.inf:
                raise ValueError(f"{said}: want a {'whole number from 1 on' if counts else 'number above 0'}")
            made.setdefault(detector, {})[name] = int(value) if counts else float(value)
        try:
            detect.detectors()[detector][0](Log({}), **made.get(detector, {}))
        except ValueError as error:
            raise ValueError(f"{detector}: {error}") from error
    return made


def parsed(words: Iterable[str]) -> dict[str, dict[str, float]]:
    """Read words `DETECTOR.THRESHOLD=VALUE` as {detector: {threshold: value}}.

    Raises:
        ValueError: one line, as of `checked`.
    """
    given: dict[str, dict[str, float]] = {}
    for word in words:
        name, _, text = word.partition("=")
        detector, dot, threshold = name.partition(".")
        try:
            value = float(text)
        except ValueError:
            dot, value = "", math.nan
        if not dot or not threshold:
            raise ValueError(f"{word}: want DETECTOR.THRESHOLD=VALUE, such as spikes.height=1.3")
        given.setdefault(detector, {})[threshold] = value
    return checked(given)
