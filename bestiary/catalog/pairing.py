"""What an interaction asks of a setup that it lacks or refuses: overrides, axes, names and units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bestiary.catalog import axes, formula
from bestiary.catalog.interaction_claims import OF_BOTH, STEP, Overrides, Pair
from bestiary.catalog.mistakes import Mistake, Path_, Source, nearest
from bestiary.catalog.overriding import refused
from bestiary.catalog.setups.knobs import Knob, knobs_of
from bestiary.catalog.setups.outcomes import Outcomes
from bestiary.catalog.setups.units import units_of
from bestiary.catalog.values import Key, overrides


def fit(path: Path_, block: Pair, own: Mapping[Key, Any], source: Source, knobs: Sequence[Knob]) -> Iterator[Mistake]:
    """List overrides, axes and formulas that a setup lacks or refuses, and parts that change nothing.

    Args:
        path: of the block in the file.
        block: the interaction.
        own: values that the setup has by itself.
        source: where everything stands in the file.
        knobs: of the setup, with its defaults.
    """
    mistakes = list(refused(path, block.knobs, block.static, own, source, knobs))
    yield from mistakes
    base = {**own, **overrides(block.knobs, block.static)}
    for field, part in (("without_a", block.without_a), ("with_b", block.with_b)):
        unfit = list(refused((*path, field), part.knobs, part.static, base, source, knobs))
        yield from unfit
        if not unfit and not mistakes and part.names and _already(part, base):
            what = "A is gone already" if field == "without_a" else "B is on already"
            yield source.mistake((*path, field), f"it changes nothing: {what}", key=True)
    for field, axis in (("over", block.axis), ("off", block.axis), ("along", block.threshold_axis)):
        if axis is None:
            continue
        axis = axis if field != "off" else axis._replace(values=(block.value_off,))
        try:
            typed = axes.typed(axis, knobs)
            if not mistakes:
                axes.refuse([typed], knobs, {**base, **overrides(block.with_b.knobs, block.with_b.static)})
        except ValueError as error:
            place = "over" if field == "off" and block.off is None else field
            yield source.mistake((*path, place), str(error))
    if block.rule.formula is not None:
        numbers = [knob.name for knob in knobs if knob.kind != "word"]
        for name in formula.names(block.rule.formula):
            if name not in numbers and not (name == STEP and block.rule.name == "clock"):
                text = f"the setup has no number {name!r}{nearest(name, numbers)}"
                yield source.mistake((*path, "rule", "formula"), text)


def _already(part: Overrides, base: Mapping[Key, Any]) -> bool:
    return all(base.get(key) == value for key, value in overrides(part.knobs, part.static).items())


def names(path: Path_, block: Pair, known: Outcomes) -> list[tuple[Path_, str]]:
    """List the names that an interaction asks for: where each stands, and what is wrong with it, empty if nothing."""
    of = known.without_effect(block.of) if block.along is None else known.without_phase(block.of)
    asked = [((*path, "of"), of), ((*path, "present"), known.without_phase(block.present))]
    asked += [((*path, "censored", i), known.without_phase(word)) for i, word in enumerate(block.censored)]
    if block.rule.of is not None:
        refuse = known.without_effect if block.along is None else known.without_phase
        asked.append(((*path, "rule", "of"), refuse(block.rule.of)))
    return asked


def units(path: Path_, block: Pair, source: Source, key: str) -> Iterator[Mistake]:
    """List a rule that composes quantities without a common unit, where the text of the setup tells both units.

    Args:
        path: of the block in the file.
        block: the interaction.
        source: where everything stands in the file.
        key: of the entry.
    """
    if block.rule.name not in OF_BOTH:
        return
    known = units_of(key)
    if (along := block.threshold_axis) is not None:
        own = next((knob.unit or "1" for knob in knobs_of(key) if knob.name == along.name), None)
    else:
        own = known.get(block.of)
    other = block.rule.unit if block.rule.of is None else own if along is not None else known.get(block.rule.of)
    if own is not None and other is not None and own != other:
        told = block.rule.of or block.rule.formula
        text = (
            f"no common unit: {block.of} is in {own!r}, {told} in {other!r}; the rule {block.rule.name} compares them"
        )
        yield source.mistake((*path, "rule"), text)
