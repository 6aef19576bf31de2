"""Preconditions in sentences: where the boundary is, which side is yours, and what nobody knows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bestiary.why.boundaries import Other, Precondition, Side
from bestiary.why.cases import Along, Near
from bestiary.why.together import Said, Together

LISTED = 6  # [value] that are named


def boundary(one: Precondition) -> str:
    """Say where a boundary is, and on which side of it the setting lies."""
    title = f"{one.title}: " if one.title else ""
    where = f"{title}{one.of} {one.direction} at {one.knob.name} = {number(one.value)} ({limits(one)})"
    return f"{where}; {_yours(one)}"


def limits(one: Precondition) -> str:
    """Write the limits of a boundary, and who says so."""
    roots = f"root{'s' if len(one.measured) > 1 else ''} {_and(list(map(str, one.measured)))}"
    who = f"measured on {roots}" if one.measured else "claimed, not measured"
    return f"{number(one.low)} to {number(one.high)}, {who}"


def _yours(one: Precondition) -> str:
    if one.side is Side.UNKNOWN or one.yours is None:
        what = f" [{one.knob.unit}]" if one.knob.unit else ""
        return f"yours is not known: {one.knob.name}{what} {one.knob.meaning}".rstrip()
    yours = f"yours is {number(one.yours)}"
    if one.side is Side.OUTSIDE:
        return f"{yours}, {far(one)}: nothing is known there"
    if one.side is Side.AT:
        return f"{yours}, within the limits: either side is possible"
    share, what = "more" if one.there else "less", "it" if one.of == "found" else one.of
    return f"{yours}, {one.side} it, where {share} than half of the runs show {what}"


def far(one: Precondition) -> str:
    """Say how far a value is outside what was measured."""
    lo, hi = one.axis
    assert one.yours is not None  # else it is nowhere
    span = f"what was measured ({number(lo)} to {number(hi)})"
    side = "below" if one.yours < lo else "above"
    if one.log:
        by = f"by a factor of {one.beyond:.3g}" if math.isfinite(one.beyond) else "by any factor"
        return f"{side} {span} {by}"
    return f"{side} {span} by {number(one.beyond)}"


def caveat(one: Precondition | Along) -> str:
    """Say under which other values it was measured; empty if under yours."""
    parts = []
    for looking, what in ((False, "measured elsewhere"), (True, "one looked otherwise")):
        if there := [other for other in one.elsewhere if other.looking is looking]:
            parts.append(f"{what}: {others(there)}")
    if isinstance(one, Precondition) and one.unknown:
        more = f" and {len(one.unknown) - LISTED} more" if len(one.unknown) > LISTED else ""
        parts.append(f"not known of yours: {', '.join(one.unknown[:LISTED])}{more}")
    return "; ".join(parts)


def others(elsewhere: Sequence[Other]) -> str:
    """Write values that differ: `weight_decay 3 there, 1 here`."""
    more = f" and {len(elsewhere) - LISTED} more" if len(elsewhere) > LISTED else ""
    return ", ".join(f"{o.knob} {number(o.there)} there, {number(o.yours)} here" for o in elsewhere[:LISTED]) + more


def case(one: Near) -> str:
    """Say what was measured at a case, and in what it differs."""
    what = f"{one.case} (a control: without {one.control})" if one.control else one.case
    rate = f"found in {one.found} of {one.runs} runs" if one.runs else "not measured"
    roots = f", root{'s' if len(one.roots) > 1 else ''} {_and(list(map(str, one.roots)))}" if one.roots else ""
    if one.same:
        return f"this very setting is the case {what}: {rate}{roots}"
    return f"{what}: {rate}{roots}; it differs in {others(one.elsewhere)}"


def law(one: Along) -> str:
    """Say what a law is, where it was measured, and whether the setting lies there."""
    told = ", ".join(f"{of} {number(v)} ({number(lo)} to {number(hi)})" for of, (v, lo, hi) in one.measured.items())
    where = f"between {number(one.axis[0])} and {number(one.axis[1])}"
    yours = (
        f"yours is {number(one.yours)}" if one.inside else f"yours is {number(one.yours)}, outside: not to be extended"
    )
    theory = f"; the formula says {number(one.predicted)} at yours" if one.predicted is not None and one.inside else ""
    return f"{one.of} along {one.knob}, {told or 'not measured'}, {where}; {yours}{theory}"


def together(one: Together) -> str:
    """Say which interaction speaks of a setting, and what was measured of it."""
    title = f"{one.title}: " if one.title else ""
    on = f"{one.partner} is on, {one.knob} {number(one.yours)} ({number(one.off)} without)"
    return f"{title}{on}; {'; '.join(map(_said, one.said))}{'' if one.inside else '; ' + _untried(one)}"


def _said(one: Said) -> str:
    if isinstance(one.claimed, str):
        return f"{one.of}: {one.claimed.replace('_', ' ')}"
    if not one.measured:
        return f"{one.of}: {number(one.claimed[0])} to {number(one.claimed[1])}, claimed, not measured"
    values, lows, highs = zip(*one.measured, strict=True)
    return f"{one.of}: {number(sum(values) / len(values))} ({number(min(lows))} to {number(max(highs))})"


def _untried(one: Together) -> str:
    return f"it was measured at {', '.join(map(number, one.tried))}, and nothing is known of yours"


def needed(found: Sequence[Precondition]) -> str:
    """Say what would have to change, by the boundaries that were measured at this setting; empty if nothing."""
    parts = []
    for one in found:
        if one.there is not False or not one.applies or one.of in ("absent", "undecided", "diverged"):
            continue
        above = one.direction == "appears"
        parts.append(
            f"{one.of} needs {one.knob.name} {'above' if above else 'below'} {number(one.high if above else one.low)}"
        )
    return "; ".join(parts)


def number(value: Any) -> str:
    """Write a number with four digits; a word as it is."""
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _and(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
