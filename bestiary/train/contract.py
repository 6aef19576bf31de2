"""What a setup must return to be recorded, said in one line where it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from bestiary.entry import Data, Knobs, Phenomenon, Static, TrainState, check_static


def check_channels(
    p: Phenomenon, static: Static, state: TrainState, data: Data, knobs: Knobs, *, exact_units: bool = False
) -> None:
    """Check that `observe` and `probe` return channels that can be recorded, and that the setup names no others.

    Nothing is computed: the functions are traced.

    Args:
        p: the setup.
        static: its static part.
        state, data, knobs: of a run before its first step, arrays or their shapes.
        exact_units: whether `units` must name these channels and no others. Else a channel without a unit has the
            unit "1", and a unit without a channel is that of another static part.

    Raises:
        TypeError: the static part is no NamedTuple; a function returns no {channel: scalar}; a channel is no number.
        ValueError: the static part lacks steps or log_every; a channel is no scalar, or is returned by both functions;
            `figure` names a channel that is not recorded; `units` does not name the channels, if exact_units.
    """
    check_static(static)
    known: dict[str, str] = {}  # {channel: the function that returns it}
    for name, function in (("observe", p.observe), ("probe", p.probe)):
        if function is None:
            continue
        for channel in _channels(name, function, static, (state, data, knobs)):
            if channel in known:
                raise ValueError(f"{name}: channel {channel!r} is returned by {known[channel]} too; want one of them")
            known[channel] = name
    functions = " or ".join(dict.fromkeys(known.values())) or "observe"
    for field, names in (("figure", p.figure), ("units", p.units if exact_units else ())):
        for channel in names:
            if channel not in known:
                raise ValueError(
                    f"{field} names {channel!r}, no channel of {functions}; want some of {', '.join(known)}"
                )
    if exact_units:
        for channel, name in known.items():
            if not p.units.get(channel):
                raise ValueError(f"{name}: channel {channel!r} has no unit in units; want one, '1' if dimensionless")


def _channels(name: str, function: Callable[..., Any], static: Static, run: tuple[Any, ...]) -> Mapping[str, Any]:
    """The shapes of what a function returns of a run, {channel: shape and dtype}."""
    seen = jax.eval_shape(lambda *run: function(*run, static), *run)
    if not isinstance(seen, Mapping):
        raise TypeError(f"{name} returns {_kind(seen)}; want {{channel: scalar}}")
    for channel, value in seen.items():
        if not isinstance(value, jax.ShapeDtypeStruct):
            raise TypeError(f"{name}: channel {channel!r} is {_kind(value)}; want a scalar, shape ()")
        if value.shape != ():
            raise ValueError(f"{name}: channel {channel!r} has shape {value.shape}; want a scalar, shape ()")
        if jnp.issubdtype(value.dtype, jnp.complexfloating):
            raise TypeError(f"{name}: channel {channel!r} is complex; want a real number")
    return seen


def _kind(value: Any) -> str:
    """What a value is, in words: "a scalar of shape ()", "a list", "None"."""
    if isinstance(value, jax.ShapeDtypeStruct):
        return f"{'an array' if value.shape else 'a scalar'} of shape {value.shape}"
    return "None" if value is None else f"a {type(value).__name__}"
