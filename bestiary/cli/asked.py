"""What `run` and `map` are asked for, checked before JAX is imported: answers to a slip of the finger come at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bestiary.catalog.axes import Axis
    from bestiary.catalog.claims import Case
    from bestiary.catalog.setups.knobs import Knob
    from bestiary.maps.explore import Exploration


def check_setting(
    key: str, cases: Mapping[str, Case], case: str | None, changes: Sequence[str], axes: Sequence[Axis] = ()
) -> None:
    """Check `--case`, `--set` and `--over` against the text of the setup's file.

    Args:
        key: of the entry.
        cases: of the entry; empty if the catalog has no block of it.
        case: name of a case.
        changes: NAME=VALUE.
        axes: as they were read, without the setup's types.

    Raises:
        ValueError: in one line; below it the knobs that there are, if a name is unknown and near to none.
    """
    from bestiary.catalog import axes as grid
    from bestiary.catalog import values
    from bestiary.catalog.setups.knobs import knobs_of

    knobs = knobs_of(key)
    try:
        asked = values.setting(key, knobs, cases, case, changes)
    except values.UnknownKnob as error:
        if not error.known:
            raise
        raise ValueError("\n".join([f"{str(error).partition('; it has')[0]}; it has", *listed(error.known)])) from None
    texts = {change.partition("=")[0].strip(): change for change in changes}
    for axis in axes:
        if axis.name in texts:
            raise ValueError(
                f"--over {axis.name}: it is turned, and --set {texts[axis.name]} fixes it; give one of them"
            )
    try:
        grid.refuse([grid.typed(axis, knobs) for axis in axes], knobs, asked)
    except ValueError as error:
        raise ValueError(f"--over {error}") from None


def check_names(key: str, of: str, boundary_of: str) -> None:
    """Check that findings of an entry can have the effect, and the state or phase, that a map is asked for.

    Raises:
        ValueError: in one line.
    """
    from bestiary.catalog.setups.outcomes import outcomes_of

    known = outcomes_of(key)
    if why := known.without_effect(of):
        raise ValueError(f"--of {of}: {key} has {why}")
    if why := known.without_phase(boundary_of):
        raise ValueError(f"--boundary-of {boundary_of}: {key} has {why}")


def without(key: str, found: Exploration) -> str:
    """Say that a map was asked for what no run of it has, and what no finding is known to have; empty if all is known.

    Some names are made at run time, so that only the runs tell.
    """
    from bestiary.catalog.setups.outcomes import STATES, like, outcomes_of

    known, of, boundary_of = outcomes_of(key), found.of, found.boundary_of
    effects = [str(name) for name in found.table.data_vars if name not in ("state", "phase", "last_step")]
    if found.line is not None and of not in effects and not any(like(name, of) for name in known.effects):
        return f"--of {of}: no run has an effect {of!r}; there are {', '.join(effects)}"
    phases = found.table["phase"].attrs["flag_meanings"].split()
    if boundary_of not in (*STATES, *known.phases, *phases):
        there = ", ".join(dict.fromkeys((*STATES, *known.phases)))
        return f"--boundary-of {boundary_of}: no run has a state or phase {boundary_of!r}; there are {there}"
    return ""


def listed(knobs: Sequence[Knob]) -> list[str]:
    """Write a line per knob: name, default, unit, range or words, meaning."""
    rows = [(f"{k.name}={k.default}", f"[{k.unit}]" if k.unit else "", k.allowed, _prose(k)) for k in knobs]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    cells = ([text.ljust(width) for text, width in zip(row, (*widths, 0), strict=True)] for row in rows)
    return ["  " + "  ".join(line).rstrip() for line in cells]


def _prose(knob: Knob) -> str:
    """The meaning of a knob, without the ranges that end it."""
    return knob.meaning.removesuffix("; ".join(one.text for one in knob.ranges)).rstrip("; ")
