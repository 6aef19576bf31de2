"""An interaction that somebody asks for, without a block in the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from bestiary.catalog import pairing
from bestiary.catalog.axes import Axis
from bestiary.catalog.claims import Case
from bestiary.catalog.interaction_claims import Pair
from bestiary.catalog.mistakes import Mistake, Source
from bestiary.catalog.setups.knobs import Knob
from bestiary.catalog.setups.outcomes import Outcomes
from bestiary.catalog.values import Key, change_values, defaults, find

FIELDS = ("over", "off", "without_a", "with_b", "of", "along", "present", "rule", "stronger", "seeds")


def asked_pair(
    setup: str,
    knobs: Sequence[Knob],
    cases: Mapping[str, Case],
    turned: Axis,
    *,
    case: str | None = None,
    changes: Mapping[str, Any] | None = None,
    off: float | int | str | None = None,
    without: Mapping[str, Any] | None = None,
    also: Mapping[str, Any] | None = None,
    known: Outcomes | None = None,
    **fields: Any,
) -> Pair:
    """Return the interaction of a setup with what one of its knobs turns on.

    Args:
        setup: its name.
        knobs: of the setup.
        cases: of the entry; the first control that leaves B's knob alone tells what takes A away.
        turned: B's knob, and its values with B on.
        case: of the catalog, from which everything starts; default: the setup's own values.
        changes: {knob or static value: value} of all cells.
        off: value of B's knob with B off; default: what case and changes make of it.
        without: {knob or static value: value} that take A away.
        also: {knob or static value: value} where B is on.
        known: what findings can hold; None if nobody can tell.
        fields: `of`, `along`, `present`, `rule`, `stronger` and `seeds` of a `Pair`.

    Raises:
        ValueError: `field: why`, in one line; `field` is one of `FIELDS`, `formula` or `of_b`, or the name of what is
            set or the case.
    """
    values = change_values(setup, knobs, cases, case, changes or {})
    knob = find(setup, knobs, turned.name)
    key = knob.traced, knob.name
    start = values.pop(key) if off is None else off
    values.pop(key, None)
    if any(value == start for value in turned.values):
        raise ValueError(f"over: B is on already: {turned.name} is {start} by itself; say by `off` where it is off")
    own = defaults(knobs)
    base = {k: v for k, v in values.items() if v != own[k]}
    gone = _split(setup, knobs, "without_a", without) if without is not None else _control(setup, cases, key, values)
    texts = ",".join(str(value) for value in turned.values)
    block: dict[str, Any] = {"over": f"{turned.name}={texts}", "off": start, "without_a": gone}
    block |= _sides(base) | {"with_b": _split(setup, knobs, "with_b", also or {})}
    try:
        made = Pair.model_validate(block | {k: v for k, v in fields.items() if v is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        told = first.get("ctx", {}).get("error", first["msg"])
        place = next((str(part) for part in first["loc"] if part in FIELDS), "over")
        raise ValueError(f"{place}: {str(told).splitlines()[0]}") from None
    made = made.model_copy(update={"over": f"{turned.name}={texts}"})
    mistakes: list[Mistake] = list(pairing.fit((), made, own, Source(""), knobs))
    if known is not None:
        mistakes += [Mistake("", None, path, why) for path, why in pairing.names((), made, known) if why]
        mistakes += pairing.units((), made, Source(""), setup)
    for mistake in mistakes:
        raise ValueError(f"{_field(mistake.path)}: {mistake.text}")
    return made


def _field(path: Sequence[str | int]) -> str:
    """What a place in a block is called by those who write none."""
    head, *rest = path
    return {"formula": "formula", "of": "of_b"}.get(str(rest[0]), str(head)) if head == "rule" and rest else str(head)


def _sides(values: Mapping[Key, Any]) -> dict[str, dict[str, Any]]:
    """Values of a setting as a block of the catalog has them."""
    sides: dict[str, dict[str, Any]] = {"knobs": {}, "static": {}}
    for (traced, name), value in values.items():
        sides["knobs" if traced else "static"][name] = value
    return sides


def _split(setup: str, knobs: Sequence[Knob], field: str, changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    try:
        found = [(find(setup, knobs, name), value) for name, value in changes.items()]
    except ValueError as error:
        raise ValueError(f"{field}: {str(error).partition(': ')[2]}") from None
    return _sides({(knob.traced, knob.name): value for knob, value in found})


def _control(setup: str, cases: Mapping[str, Case], turned: Key, values: Mapping[Key, Any]) -> dict[str, Any]:
    """What the first control changes that leaves B's knob alone.

    Raises:
        ValueError: there is none; in one line.
    """
    for case in cases.values():
        change = {(True, k): v for k, v in case.knobs.items()} | {(False, k): v for k, v in case.static.items()}
        if case.control is not None and turned not in change and any(values.get(k) != v for k, v in change.items()):
            return _sides(change)
    raise ValueError(f"without_a: no control of {setup} leaves {turned[1]} alone; say what takes A away")
