"""Items of the checklist that an entry's block decides: seeds, controls, claims, laws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bestiary.catalog.path_claims import BUDGET
from bestiary.catalog.seeds import CONTROL, POSITIVE
from bestiary.catalog.setups.knobs import knobs_of
from bestiary.catalog.values import defaults, overrides
from bestiary.catalog.words import called
from bestiary.cli.contribute.checklist import Row, row
from bestiary.judge.outcome import ALPHA

if TYPE_CHECKING:
    from bestiary.catalog.claims import Case, Claim
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.interaction_claims import InteractionClaim
    from bestiary.catalog.map_claims import MapClaim

WIDE = 10.0  # [1] an interval so many times as wide as what was measured is looked at
FACTOR = 3.0  # [1] an interval that spans this factor says nothing
MISS = 0.05  # [1] of a limit at 95 %
LAW_POINTS, BOUNDARY_SEEDS, PAIRS = 4, 18, 18


def rows(entry: Entry, record: Mapping[str, Any] | None) -> list[Row]:
    """Make the rows of the items that the block decides, with what was measured where that matters.

    Args:
        entry: the catalog's block.
        record: what was measured; None if nothing was.
    """
    return [
        _seeds(entry),
        _controls(entry),
        _mechanism(entry),
        _sources(entry),
        _can_fail(entry, record),
        *_beyond(entry),
    ]


def _seeds(entry: Entry) -> Row:
    short, look = [], []
    for name, case in entry.cases.items():
        least = POSITIVE if case.control is None else CONTROL
        if case.seeds >= least:
            continue
        undecided = [called(c.of) for c in case.claims if c.statistic == "rate" and not _can_hold(c, case.seeds)]
        if undecided:
            short.append(f"{name} has {case.seeds}, of which no outcome holds the rate of {', '.join(undecided)}")
        else:
            look.append(f"{name} has {case.seeds}, enough for its claims; {least} are usual")
    return row("Seeds", short, look, f"{POSITIVE} or more for a positive case, {CONTROL} or more for a control")


def _controls(entry: Entry) -> Row:
    own = defaults(knobs_of(entry.key))
    settings = {name: own | overrides(case.knobs, case.static) for name, case in entry.cases.items()}
    short = [] if entry.controls else ["there is no control"]
    for name in entry.controls:
        differing = [
            [key[1] for key, value in settings[name].items() if value != settings[other][key] and key[1] not in BUDGET]
            for other in entry.positives
        ]
        nearest = min(differing, key=len, default=[])
        if len(nearest) != 1:
            told = f"in {' and '.join(nearest)}" if nearest else "only in how long one looks"
            short.append(f"{name} differs from the nearest positive case {told}")
    return row("Controls", short, [], f"each of {len(entry.controls)} differs from a positive case in one field")


def _mechanism(entry: Entry) -> Row:
    names = {called(c.of) for case in entry.positives.values() for c in case.claims} - {"found", "onset"}
    if not names:
        return row("Mechanism", ["no positive case claims anything but found and onset"])
    return row("Mechanism", [], [f"are these the mechanism, or its symptom? {', '.join(sorted(names))}"])


def _sources(entry: Entry) -> Row:
    counts = Counter(claim.source for _, claim in _all_claims(entry))
    told = ", ".join(f"{n} {source}" for source, n in sorted(counts.items()))
    published = sum(claim.published is not None for _, claim in _all_claims(entry))
    return row("Sources", [] if counts else ["there is no claim"], [], f"{told}; {published} beside a published number")


def _can_fail(entry: Entry, record: Mapping[str, Any] | None) -> Row:
    short, look = [], []
    for name, case in entry.cases.items():
        for i, claim in enumerate(case.claims):
            what = f"{name} {called(claim.of)}"
            if why := cannot_fail(claim, case.seeds):
                short.append(f"{what}: {why}")
            elif claim.statistic == "median" and claim.source == "measured":
                times = _times_as_wide(claim, i, (record or {}).get("cases", {}).get(name, {}))
                look += [f"{what}: {times:.3g} times as wide as what was measured"] if times >= WIDE else []
    for name, block in entry.boundaries.items():
        for claim in block.claims:
            lo, hi = min(block.axis.values), max(block.axis.values)
            if claim.interval[0] <= lo and claim.interval[1] >= hi:  # pyright: ignore[reportOperatorIssue]
                short.append(f"boundary {name} {claim.of}: the interval holds the whole axis")
    return row("Can fail", short, look, "no interval holds all that is possible, or spans a factor of three")


def cannot_fail(claim: Claim, seeds: int, alpha: float = ALPHA) -> str:
    """Say why no runs, or none that mean anything, could make a claim fail; empty if some could.

    Args:
        claim: of a case.
        seeds: runs of the case.
        alpha: false-alarm rate of one claim.
    """
    from scipy.stats import binom

    lo, hi = claim.interval
    if claim.statistic == "correlation":
        return "the interval holds every correlation" if (lo, hi) == (-1, 1) else ""
    if claim.statistic == "median":
        if lo > 0 and hi >= FACTOR * lo:
            return f"the interval spans a factor of {hi / lo:.3g}"
        if lo < 0 and hi < 0 and lo <= FACTOR * hi:
            return f"the interval spans a factor of {lo / hi:.3g}"
        return f"{seeds} runs are too few for the sign test at {alpha:g}" if 0.5**seeds > alpha / 2 else ""
    level = alpha / 2 if 0 < lo and hi < 1 else alpha
    above = hi < 1 and binom.sf(seeds - 1, seeds, hi) <= level
    below = lo > 0 and binom.cdf(0, seeds, lo) <= level
    return "" if above or below else f"no outcome of {seeds} runs excludes every such rate at {level:g}"


def _can_hold(claim: Claim, seeds: int) -> bool:
    """Whether some outcome of so many runs would hold a rate."""
    from scipy.stats import binom

    lo, hi = claim.interval
    for k in range(seeds + 1):
        if (hi == 1 or binom.cdf(k, seeds, hi) <= MISS) and (lo == 0 or binom.sf(k - 1, seeds, lo) <= MISS):
            return True
    return False


def _times_as_wide(claim: Claim, i: int, roots: Mapping[str, Any]) -> float:
    """How many times as wide as the limits over all roots; 0 where there are none, or all runs agree."""
    seen = [part["claims"][i].get("estimate") for part in roots.values() if i < len(part["claims"])]
    limits = [(low, high) for one in seen if one for _, low, high in [one] if low is not None and high is not None]
    if not limits:
        return 0.0
    span = max(high for _, high in limits) - min(low for low, _ in limits)
    return (claim.interval[1] - claim.interval[0]) / span if span > 0 else 0.0


def _beyond(entry: Entry) -> Iterator[Row]:
    """Laws, boundaries, paths and interactions."""
    lines = {name: len(law.axis.values) for name, law in entry.every_law.items()}
    short = [f"law {name} has {points} points" for name, points in lines.items() if points < LAW_POINTS]
    few = {name: block.seeds for name, block in entry.boundaries.items() if block.seeds < BOUNDARY_SEEDS}
    short += [f"boundary {name} has {seeds} runs a point" for name, seeds in few.items()]
    counts = {"laws": len(entry.every_law), "boundaries": len(entry.boundaries), "paths": len(entry.paths)}
    there = ", ".join(f"{n} {what}" for what, n in (counts | {"interactions": len(entry.interactions)}).items())
    lacking, look = _together(entry)
    enough = f"{LAW_POINTS} points a law, {BOUNDARY_SEEDS} runs a point of a boundary, {PAIRS} pairs of an interaction"
    yield row("Points", short + lacking, look, enough)
    yield row("Beyond cases", [] if any(counts.values()) else ["there is no law, boundary or path"], [], there)
    lacking = [] if entry.also_known_as else ["also_known_as is empty"]
    look = [] if entry.open else ["`open` is empty: does it bear on none of open_questions.json?"]
    yield row(
        "Names", lacking, look, f"also known as {', '.join(entry.also_known_as)}; bears on {', '.join(entry.open)}"
    )


def _together(entry: Entry) -> tuple[list[str], list[str]]:
    """What interactions lack: pairs of runs, an identity; and what is to be looked at, a rule without a source."""
    short, look = [], []
    for name, block in entry.interactions.items():
        what = f"interaction {name}"
        short += [f"{what} has {block.seeds} pairs of runs a value"] if block.seeds < PAIRS else []
        short += [] if any(claim.identity for claim in block.claims) else [f"{what} claims no identity"]
        if block.rule.where is None and block.rule.name != "independent":
            look.append(f"{what}: who says that the parts compose by the rule {block.rule.name}?")
    return short, look


def _all_claims(entry: Entry) -> Iterator[tuple[str, Claim | MapClaim | InteractionClaim]]:
    cases: Sequence[Case] = tuple(entry.cases.values())
    yield from (("case", claim) for case in cases for claim in case.claims)
    yield from (("law", claim) for law in entry.every_law.values() for claim in law.claims)
    yield from (("boundary", claim) for block in entry.boundaries.values() for claim in block.claims)
    yield from (("path", claim) for path in entry.paths.values() for rung in path.rungs for claim in rung.claims)
    yield from (("interaction", claim) for block in entry.interactions.values() for claim in block.claims)
