"""What a target returns, in one form: whether the thing is there and where, or a number with an interval."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bestiary.log import Finding, Log, State

NAN = float("nan")
WANTED = "a Finding, a bool, a step, a list of steps, a mask of the records, or a dict with found, onset, steps"
NUMBER = "a number, (number, low, high), or a dict with value, low, high"


class Answer(NamedTuple):
    """What a target says of one case.

    Attributes:
        found: whether the thing is there; of an estimator, whether there is a number.
        onset: [step] where; nan if it does not say.
        value: the estimate.
        low: lower end of the interval it states; nan if it states none.
        high: upper end of it.
        failure: why there is no answer, in one line: an exception, a time limit, a form that is none; else empty.
    """

    found: bool = False
    onset: float = NAN
    value: float = NAN
    low: float = NAN
    high: float = NAN
    failure: str = ""


class Odd(Exception):
    """What was returned is no answer; the message says what is wanted."""


def detected(returned: Any, log: Log) -> Answer:
    """Read what a detector returned.

    A Finding counts as found in the states FOUND and DIVERGED. None and False are no, True is yes without a place; a
    number is a step, and nan no; a list of steps is a yes at the first of them, and an empty one a no; an array of
    bools with one for each record is the list of the steps where it is true.

    Args:
        returned: whatever it is.
        log: what the detector was asked about.

    Raises:
        Odd: it is none of these.

    Examples:
        >>> empty = Log({})
        >>> [detected(one, empty).found for one in (True, None, 120, [], [120.0, 300.0], {"found": False})]
        [True, False, True, False, True, False]
        >>> detected([300, 120], empty).onset
        120.0
    """
    if isinstance(returned, Finding):
        where = returned.onset
        if np.isnan(where) and returned.spans:
            where = returned.spans[0].start
        return Answer(returned.state in (State.FOUND, State.DIVERGED), float(where))
    if returned is None:
        return Answer()
    if isinstance(returned, bool | np.bool_):
        return Answer(bool(returned))
    if isinstance(returned, Mapping):
        return _of_mapping(returned, log)
    if isinstance(returned, numbers.Real) or (_array(returned) and np.ndim(returned) == 0):
        step = _number(returned)
        return Answer(not np.isnan(step), step)
    if (isinstance(returned, Sequence | set) and not isinstance(returned, str | bytes)) or _array(returned):
        return _of_steps(np.asarray(list(returned)), log)
    raise Odd(f"returned {_named(returned)}; want {WANTED}")


def _of_mapping(returned: Mapping[Any, Any], log: Log) -> Answer:
    if not {"found", "onset", "step", "steps"} & set(returned):
        keys = ", ".join(map(str, returned)) or "no key"
        raise Odd(f"returned a dict with {keys}; want found, onset or steps among them")
    steps = returned.get("steps", returned.get("onset", returned.get("step")))
    placed = Answer() if steps is None else detected(steps, log)
    found = returned.get("found", placed.found)
    if not isinstance(found, bool | np.bool_):
        raise Odd(f"returned a dict whose found is {_named(found)}; want true or false")
    return placed._replace(found=bool(found))


def _of_steps(steps: np.ndarray, log: Log) -> Answer:
    if steps.size == 0:
        return Answer()
    if steps.dtype == bool:
        same = [curve.steps for curve in log.channels.values() if curve.steps.size == steps.size]
        if steps.ndim != 1 or not same:
            raise Odd(f"returned bools of shape {steps.shape}; want one for each record")
        steps = same[0][steps]
        return Answer(bool(steps.size), float(steps[0]) if steps.size else NAN)
    if steps.ndim != 1 or steps.dtype.kind not in "iuf" or not np.isfinite(steps).all():
        raise Odd(f"returned a list of {steps.dtype} of shape {steps.shape}; want {WANTED}")
    return Answer(True, float(steps.min()))


def estimated(returned: Any) -> Answer:
    """Read what an estimator returned: a number, or three with the ends of an interval at 95 %.

    Raises:
        Odd: it is none of these, or not finite.

    Examples:
        >>> estimated((0.5, 0.4, 0.6)).high, estimated({"value": 2}).value
        (0.6, 2.0)
    """
    if isinstance(returned, Mapping):
        if "value" not in returned:
            raise Odd(f"returned a dict without value; want {NUMBER}")
        ends = returned.get("interval") or (returned.get("low", NAN), returned.get("high", NAN))
        parts = [returned["value"], *ends]
    elif (isinstance(returned, Sequence) and not isinstance(returned, str | bytes)) or np.ndim(returned) == 1:
        parts = list(returned)
    else:
        parts = [returned]
    if len(parts) not in (1, 3):
        raise Odd(f"returned {len(parts)} numbers; want {NUMBER}")
    value, low, high = ([_number(part, NUMBER) for part in parts] + [NAN, NAN])[:3]
    if not np.isfinite(value):
        raise Odd(f"returned {value}; want {NUMBER}")
    if low > high:
        raise Odd(f"returned an interval from {low:g} to {high:g}; want low before high")
    return Answer(True, value=value, low=low, high=high)


def _number(value: Any, want: str = WANTED) -> float:
    if value is None:
        return NAN
    try:
        if isinstance(value, str | bytes | bool | np.bool_):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise Odd(f"returned {_named(value)}; want {want}") from None


def _array(value: Any) -> bool:
    """Whether something is an array of any library, or a column of pandas."""
    return hasattr(value, "__array__") and hasattr(value, "shape")


def _named(value: Any) -> str:
    text = " ".join(repr(value).split())
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:40] + '...'}"
