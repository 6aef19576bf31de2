"""Overrides of a block that a setup does not have or refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bestiary.catalog.mistakes import Mistake, Path_, Source, nearest
from bestiary.catalog.setups.knobs import Knob
from bestiary.catalog.values import Key, overrides, wrong


def refused(
    path: Path_,
    traced: Mapping[str, float],
    static: Mapping[str, Any],
    own: Mapping[Key, Any],
    source: Source,
    knobs: Sequence[Knob],
) -> Iterator[Mistake]:
    """List knobs and static values that the setup does not have, and values that it refuses.

    Args:
        path: of the block in the file.
        traced: overrides of knobs.
        static: overrides of static values.
        own: values of the setting that is overridden.
        source: where everything stands in the file.
        knobs: of the setup, with its defaults.
    """
    names = {True: [k.name for k in knobs if k.traced], False: [k.name for k in knobs if not k.traced]}
    changed = {}
    for key, value in overrides(traced, static).items():
        is_knob, name = key
        if name in names[is_knob]:
            changed[key] = value
            continue
        if name in names[not is_knob]:
            hint = f"; {name!r} belongs under `static`" if is_knob else f"; {name!r} is a knob"
        else:
            hint = nearest(name, names[is_knob])
        what, section = ("knob", "knobs") if is_knob else ("static value", "static")
        yield source.mistake((*path, section, name), f"the setup has no {what} {name!r}{hint}", key=True)
    for (is_knob, name), why in wrong(knobs, {**own, **changed}, changed):
        yield source.mistake((*path, "knobs" if is_knob else "static", name), why)
