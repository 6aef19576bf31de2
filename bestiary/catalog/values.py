"""Values that are asked of a setup: names, kinds, words and ranges, checked before anything is trained or imported."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bestiary.catalog.mistakes import nearest
from bestiary.catalog.setups.knobs import CONTRACT, KINDS, Knob, knobs_of, range_of, words_of

if TYPE_CHECKING:
    from bestiary.catalog.claims import Case

Key = tuple[bool, str]  # whether a value is traced, and its name: a knob and a static value may share a name
LARGEST = 3.4028234663852886e38  # of float32, in which knobs are traced
MOST = 2**31 - 1  # of int32, in which steps are counted


class UnknownKnob(ValueError):
    """A setup has no knob or static value of that name.

    Attributes:
        known: what it has, if no name is near the one that was asked for.
    """

    def __init__(self, text: str, known: Sequence[Knob] = ()) -> None:
        super().__init__(text)
        self.known = tuple(known)


def declared(knobs: Any, static: Any) -> tuple[Knob, ...]:
    """Return the knobs and static values of a setup in memory, with the defaults that it has.

    Words, units and ranges are those of the entry's file if the setup takes its classes from one. A class from
    elsewhere states words by its annotations, and no ranges but those of `steps`, `log_every` and of counts.

    Args:
        knobs: a NamedTuple of numbers.
        static: a NamedTuple of integers and words.
    """
    made = []
    for traced, part in ((True, knobs), (False, static)):
        package, _, key = type(part).__module__.rpartition(".")
        stated = knobs_of(key) if package == "bestiary.phenomena" else ()
        known = {knob.name: knob for knob in stated if knob.traced == traced}
        for name, default in part._asdict().items():
            knob = known.get(name) or _undocumented(name, traced, default, getattr(type(part), "__annotations__", {}))
            there = tuple(limit for limit in knob.ranges if {*limit.names} <= {*static._fields})
            made.append(knob._replace(default=default, ranges=there))
    return tuple(made)


def _undocumented(name: str, traced: bool, default: Any, annotations: Mapping[str, Any]) -> Knob:
    """A field of a class that no file of an entry describes."""
    kind = "number" if traced else KINDS.get(type(default).__name__, "word")
    words = words_of(annotations.get(name)) if kind == "word" else ()
    unit, meaning, span = ("", "", "") if traced else CONTRACT.get(name, ("", "", ""))
    return Knob(name, traced, kind, default, unit, meaning, words, range_of(kind, unit, span))


def defaults(knobs: Iterable[Knob]) -> dict[Key, Any]:
    """Return the values that a setup has by itself."""
    return {(knob.traced, knob.name): knob.default for knob in knobs}


def overrides(knobs: Mapping[str, Any], static: Mapping[str, Any]) -> dict[Key, Any]:
    """Return what a block of the catalog changes."""
    return {(True, k): v for k, v in knobs.items()} | {(False, k): v for k, v in static.items()}


def find(setup: str, knobs: Sequence[Knob], name: str) -> Knob:
    """Return the knob of that name, or else the static value.

    Raises:
        UnknownKnob: `name: why`, in one line.
    """
    for knob in knobs:
        if knob.name == name:
            return knob
    names = dict.fromkeys(knob.name for knob in knobs)
    if hint := nearest(name, names):
        raise UnknownKnob(f"{name}: {setup} has no knob {name!r}{hint}")
    raise UnknownKnob(f"{name}: {setup} has no knob {name!r}; it has {', '.join(names)}", knobs)


def misfit(knob: Knob, value: Any) -> str | None:
    """Say why a value cannot be the knob's, whatever the others are; None if it can be, but for its ranges."""
    shown = repr(value) if isinstance(value, str | bool) else f"{value}"
    if knob.kind == "word":
        if isinstance(value, str) and (not knob.words or value in knob.words):
            return None
        return f"want {' or '.join(knob.words) or 'a word'}, not {shown}{nearest(value, knob.words)}"
    if knob.kind == "integer":
        if isinstance(value, bool) or not isinstance(value, int):
            return f"want an integer, not {shown}"
        return f"want an integer of at most {MOST:,}, not {shown}" if abs(value) > MOST else None
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        return f"want a number, not {shown}"
    try:
        finite, size = math.isfinite(value), abs(float(value))
    except OverflowError:  # an integer that no float can hold
        finite, size = True, math.inf
    if not finite:
        return f"want a finite number, not {shown}"
    if size > LARGEST:
        return f"want a number of at most {LARGEST:.2g}, not {shown}: it is trained with in float32"
    return None


def wrong(knobs: Sequence[Knob], values: Mapping[Key, Any], changed: Collection[Key]) -> Iterator[tuple[Key, str]]:
    """Yield what is wrong with changed values: the key of one, and why it is refused.

    A range that depends on another value is checked too if that other value is the one that was changed.

    Args:
        knobs: of the setup.
        values: of the whole setting.
        changed: the keys of what was asked for.
    """
    refused = set()
    for knob in knobs:
        key = (knob.traced, knob.name)
        if key in changed and (why := misfit(knob, values[key])):
            refused.add(key)
            yield key, why
    static = {name: value for (traced, name), value in values.items() if not traced}
    for knob in knobs:
        key = (knob.traced, knob.name)
        for limit in knob.ranges:
            involved = [key, *((False, name) for name in limit.names)]
            blamed = [one for one in involved if one in changed]
            if not blamed or refused & {*involved} or limit.holds(values[key], static):
                continue
            refused.add(blamed[0])
            if blamed[0] == key:
                yield key, f"want {limit.told(static)}, not {short(values[key])}"
            else:
                yield blamed[0], f"does not fit {knob.name}={short(values[key])}: want {limit.told(static)}"


def short(value: Any) -> str:
    """Write a value as one line of a message has it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def typed(knob: Knob, text: str) -> Any:
    """Read a value as one writes it after `--set NAME=`.

    Raises:
        ValueError: why it is refused, in a few words.
    """
    if knob.kind == "word":
        return text
    try:
        return float(text) if knob.kind == "number" else int(text)
    except ValueError:
        want = "an integer" if knob.kind == "integer" else "a number"
        raise ValueError(f"want {want}, not {text!r}") from None


def setting(
    setup: str, knobs: Sequence[Knob], cases: Mapping[str, Case], case: str | None, changes: Sequence[str]
) -> dict[Key, Any]:
    """Return all values of the setting that `--case` and `--set NAME=VALUE` ask for.

    Raises:
        ValueError: an unknown case or name, a name that is set twice, a value that is refused; in one line.
    """
    asked, texts = read_changes(setup, knobs, changes)
    try:
        return change_values(setup, knobs, cases, case, asked)
    except ValueError as error:
        name, _, why = str(error).partition(": ")
        raise ValueError(f"--set {texts[name]}: {why}" if name in texts else f"--case {error}") from None


def read_changes(
    setup: str, knobs: Sequence[Knob], changes: Sequence[str], option: str = "--set"
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read `--set NAME=VALUE`: {name: value}, and {name: as it was written}.

    Args:
        setup: its name.
        knobs: of the setup.
        changes: what follows the option, each time that it is given.
        option: how it is called.

    Raises:
        ValueError: an unknown name, a name that is set twice, a value that is none of the knob's; in one line.
    """
    asked: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ValueError(f"{option} {change}: want NAME=VALUE")
        if name in texts:
            raise ValueError(f"{option} {change}: {name} is set twice, first by {option} {texts[name]}")
        texts[name] = change
        try:
            asked[name] = typed(find(setup, knobs, name), text.strip())
        except UnknownKnob as error:
            raise UnknownKnob(f"{option} {change}: {str(error).partition(': ')[2]}", error.known) from None
        except ValueError as error:
            raise ValueError(f"{option} {change}: {error}") from None
    return asked, texts


def change_values(
    setup: str, knobs: Sequence[Knob], cases: Mapping[str, Case], case: str | None, changes: Mapping[str, Any]
) -> dict[Key, Any]:
    """Return all values of a setting: a setup's own, over them those of a case, over them the changes.

    Raises:
        ValueError: `name: why`, in one line, for an unknown case or name, or a value that is refused.
    """
    values = defaults(knobs)
    if case is not None:
        if case not in cases:
            raise ValueError(f"{case}: {setup} has no such case{nearest(case, cases) or _listed(cases)}")
        values |= overrides(cases[case].knobs, cases[case].static)
    changed: set[Key] = set()
    for name, value in changes.items():
        knob = find(setup, knobs, name)
        values[knob.traced, name] = value
        changed.add((knob.traced, name))
    for (_, name), why in wrong(knobs, values, changed):
        raise ValueError(f"{name}: {why}")
    return {key: float(value) if key[0] else value for key, value in values.items()}


def _listed(cases: Iterable[str]) -> str:
    there = ", ".join(cases)
    return f"; it has {there}" if there else ""
