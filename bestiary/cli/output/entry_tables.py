"""What the command line prints of one entry: what it is, its knobs, and all that is claimed of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from bestiary.catalog.setups.knobs import knobs_of
from bestiary.catalog.words import called
from bestiary.cli.output.page import Column, Heading, Page, Row

if TYPE_CHECKING:
    from bestiary.catalog.claims import Claim
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.interaction_claims import InteractionClaim
    from bestiary.catalog.map_claims import MapClaim
    from bestiary.catalog.published import Difference

CLAIMS = (
    Column("claim", bare=True),
    Column("interval", bare=True),
    Column("source", prose=16, bare=True),
    Column("published", prose=16),
    Column("measured - published", prose=16),
)


def interval(claim: Claim | MapClaim | InteractionClaim) -> str:
    """Write the claim in words: `median 180 to 480 step`."""
    if isinstance(claim.interval, str):
        return claim.interval.replace("_", " ")
    lo, hi = claim.interval
    between = f"{lo:g} to {hi:g}" if lo < hi else f"{lo:g}"
    return f"{claim.statistic} {between}{'' if claim.unit in (None, '1') else f' {claim.unit}'}"


def _source(claim: Claim | MapClaim | InteractionClaim) -> str:
    return f"{claim.source}: {claim.where}" if claim.where else claim.source


Differences = Mapping[int, "Difference"]  # of a claim's identity: measured minus published


def print_entry(e: Entry, page: Page, measured: str, differences: Differences = MappingProxyType({})) -> None:
    """Print everything the catalog says of one entry.

    Args:
        e: the entry.
        page: where.
        measured: what came of its claims when it was measured, in words.
        differences: of the claims that were compared with published numbers, by the claim's identity.
    """
    page.say(f"{e.key}: {e.title}", "bold")
    page.say(f"{e.definition}\n")
    if e.also_known_as:
        page.say(f"also known as {', '.join(e.also_known_as)}")
    grades = f"network {e.complexity.network}, data {e.complexity.data}"
    made_of = f"{e.kind}, {', '.join(e.particle)}"
    page.say(f"zone {e.zone} ({grades}), {made_of}; {e.status}; version {e.version}; detector {e.detector}")
    page.say(f"references {', '.join(e.references) or 'none yet'}; added by {e.added.by}, {e.added.date}")
    if e.open:
        page.say(f"bears on the open questions {', '.join(e.open)}")
    page.say(measured)
    for detector, why in e.also_fires.items():
        page.say(f"also fires {detector}: {why}", hang=2)
    if e.notes:
        page.say(f"\n{e.notes.strip()}")
    page.say("")
    print_knobs(e.key, page)
    rows: list[Row] = []
    for case in e.cases.values():
        kind = f"control {case.name}, {case.seeds} seeds, removes {case.control}" if case.control else None
        changes = values({**case.knobs, **case.static})
        head = kind or f"case {case.name}, {case.seeds} seeds"
        rows.append(Heading(f"{head}; {changes}" if changes else head, "bold"))
        rows += [_claimed(claim, differences, indent=2) for claim in case.claims]
    if rows:
        page.table(CLAIMS, rows)
    _print_maps(e, page, differences)


def _claimed(claim: Claim | MapClaim | InteractionClaim, differences: Differences, indent: int) -> Row:
    """Make the row of a claim: its interval and source, what others published, and how far ours is from it."""
    difference = differences.get(id(claim))
    published = claim.published.words() if claim.published else ""
    apart = difference.words() if difference else ""
    return (" " * indent + called(claim.of), interval(claim), _source(claim), published, apart)


def apart(formula: str) -> str:
    """Write a formula with a space around its products and sums, so that a long one can be wrapped.

    Examples:
        >>> apart("sqrt(2*lr*weight_decay)**2/(1 +beta)")
        'sqrt(2 * lr * weight_decay)**2 / (1 + beta)'
    """
    spaced = re.sub(r"\s*(?<![*eE])([+/]|(?<!\*)\*(?!\*))\s*", r" \1 ", formula)
    return re.sub(r",\s*", ", ", spaced)


def values(changes: dict[str, float | int | str]) -> str:
    """Write the values of knobs: `lr=0.1, width=64`."""
    return ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in changes.items())


def print_knobs(key: str, page: Page) -> None:
    """Print knobs and static values: what `--set` and `--over` take."""
    columns = (
        Column("knob", bare=True),
        Column("default"),
        Column("unit", drop=1),
        Column("meaning", prose=16, bare=True),
        Column("a change", prose=16, drop=2),
    )
    rows = []
    for knob in knobs_of(key):
        default = f"{knob.default:g}" if isinstance(knob.default, float) else str(knob.default)
        rows.append((knob.name, default, knob.unit, knob.meaning, "" if knob.traced else "compiles again"))
    page.table(columns, rows)


def _print_maps(e: Entry, page: Page, differences: Differences) -> None:
    """Print the laws, boundaries, paths and interactions of an entry."""
    rows: list[Row] = []
    for kind, blocks in (("law", e.every_law), ("boundary", e.boundaries)):
        for block in blocks.values():
            title = f": {block.title}" if block.title else ""
            theory = getattr(block, "theory", None)
            against = f" against {theory.name}, {apart(theory.formula)}" if theory else ""
            rows.append(Heading(f"{kind} {block.name}{title}; {block.of} over {block.over}{against}", "bold"))
            rows += [_claimed(claim, differences, indent=2) for claim in block.claims]
    for path in e.paths.values():
        back = ", from the real towards the toy" if path.direction == "down" else ""
        rows.append(Heading(f"path {path.name}: {path.title}{back}", "bold"))
        for mechanism, (lo, hi) in path.mechanisms.items():
            rows.append(Heading(f"mechanism {mechanism}: {path.marker} from {lo:g} to {hi:g}", indent=2))
        for rung in path.rungs:
            side = f" ({rung.side})" if rung.side else ""
            changes = values({**rung.knobs, **rung.static})
            rows.append(Heading(f"rung {rung.name}{side}{f': {changes}' if changes else ''}", indent=2))
            rows += [_claimed(claim, differences, indent=4) for claim in rung.claims]
            if rung.without is not None and path.cause is not None:
                lo, hi = rung.without
                rows.append((f"    found without {path.cause.removes}", f"rate {lo:g} to {hi:g}", "measured", "", ""))
    for pair in e.interactions.values():
        rule = f"{pair.rule.name}, {apart(pair.rule.formula)}" if pair.rule.formula else pair.rule.name
        told = f"interaction {pair.name}, with {pair.partner}{f': {pair.title}' if pair.title else ''}"
        rows.append(Heading(f"{told}; {pair.of} over {pair.over}; parts compose as {rule}", "bold"))
        rows += [_claimed(claim, differences, indent=2) for claim in pair.claims]
    if rows:
        page.table(CLAIMS, rows)
