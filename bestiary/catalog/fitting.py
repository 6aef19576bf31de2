"""Whether an entry's overrides, axes and names fit its setup, as far as the text of its file tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bestiary.catalog import axes, formula, pairing
from bestiary.catalog.claims import Claim
from bestiary.catalog.entries import Entry
from bestiary.catalog.map_claims import Boundary, Law
from bestiary.catalog.mistakes import Mistake, Path_, Source, nearest
from bestiary.catalog.overriding import refused
from bestiary.catalog.setups.knobs import Knob
from bestiary.catalog.setups.outcomes import Outcomes
from bestiary.catalog.values import Key, defaults, overrides

AGAINST = ("x", "1 - x", "1 / x", "1 / (1 - x)")  # what a law may be against, but for effects


def fit(entry: Entry, source: Source, knobs: Sequence[Knob]) -> Iterator[Mistake]:
    """List overrides and axes that a setup lacks or refuses; controls and rungs that change nothing.

    Args:
        entry: the catalog's block.
        source: where everything stands in the file.
        knobs: of the setup, with its defaults.
    """
    own = defaults(knobs)
    settings = {name: own | overrides(case.knobs, case.static) for name, case in entry.cases.items()}
    for name, case in entry.cases.items():
        path = (entry.key, "cases", name)
        yield from refused(path, case.knobs, case.static, own, source, knobs)
        for positive in entry.positives if case.control is not None else ():
            if settings[name] == settings[positive]:
                yield source.mistake(path, f"a control that removes nothing: it runs as {positive!r} does", key=True)
    sweeps: tuple[tuple[str, Mapping[str, Law | Boundary]], ...]
    sweeps = (("laws", entry.laws), ("boundaries", entry.boundaries))
    for section, blocks in sweeps:
        for name, block in blocks.items():
            yield from _sweep((entry.key, section, name), block, own, source, knobs)
    for name, chain in entry.paths.items():
        now, unfit = own, dict[Mistake, None]()  # what the removed cause does to one rung it does to others
        for i, rung in enumerate(chain.rungs):
            path = (entry.key, "paths", name, "rungs", i)
            yield from refused(path, rung.knobs, rung.static, now, source, knobs)
            then = now | overrides(rung.knobs, rung.static)
            changed = [key for key in overrides(rung.knobs, rung.static) if key[1] in rung.changes]
            if i and all(then[key] == now.get(key) for key in changed):
                text = f"rung {rung.name!r} changes nothing: {next(iter(rung.changes))} is so already"
                yield source.mistake(path, text)
            now = then
            for law, block in rung.laws.items():
                yield from _sweep((*path, "laws", law), block, now, source, knobs)
            if cause := chain.cause:
                place = (entry.key, "paths", name, "cause")
                unfit |= dict.fromkeys(refused(place, cause.knobs, cause.static, now, source, knobs))
                if all(now.get(key) == value for key, value in overrides(cause.knobs, cause.static).items()):
                    text = f"the cause is absent from rung {rung.name!r} already; nothing is removed"
                    yield source.mistake(path, text)
        yield from unfit
    for name, block in entry.interactions.items():
        yield from pairing.fit((entry.key, "interactions", name), block, own, source, knobs)


def _sweep(
    path: Path_, block: Law | Boundary, own: Mapping[Key, Any], source: Source, knobs: Sequence[Knob]
) -> Iterator[Mistake]:
    """What a law or a boundary overrides, turns and computes that the setup lacks or refuses."""
    mistakes = list(refused(path, block.knobs, block.static, own, source, knobs))
    yield from mistakes
    try:
        axis = axes.typed(block.axis, knobs)
        if not mistakes:
            axes.refuse([axis], knobs, {**own, **overrides(block.knobs, block.static)})
    except ValueError as error:
        yield source.mistake((*path, "over"), str(error))
    if isinstance(block, Law) and block.theory is not None:
        numbers = [knob.name for knob in knobs if knob.kind != "word"]
        for name in formula.names(block.theory.formula):
            if name not in numbers:
                text = f"the setup has no number {name!r}{nearest(name, numbers)}"
                yield source.mistake((*path, "theory", "formula"), text)


def names(entry: Entry, source: Source, known: Outcomes) -> Iterator[Mistake]:
    """List a detector that the setup does not call, and claims of what no finding of the entry has.

    Args:
        entry: the catalog's block.
        source: where everything stands in the file.
        known: what findings of the entry can hold.
    """
    if known.detectors and entry.detector not in known.detectors:
        text = f"phenomena/{entry.key}.py calls {' and '.join(known.detectors)}, not {entry.detector!r}"
        yield source.mistake((entry.key, "detector"), text)
        return  # what is claimed is of another detector
    asked: list[tuple[Path_, str]] = []  # where, what is wrong with the name there
    for path, claim in _claims(entry):
        several = isinstance(claim.of, tuple)
        refuse = known.without if claim.statistic == "rate" else known.without_effect
        for i, name in enumerate(claim.of if isinstance(claim.of, tuple) else (claim.of,)):
            asked.append(((*path, "of", *((i,) if several else ())), refuse(name)))
    for path, law in _laws(entry):
        asked.append(((*path, "of"), known.without_effect(law.of)))
        if law.against not in AGAINST:
            asked.append(((*path, "against"), known.without_effect(law.against)))
        asked += [((*path, "censored", i), known.without_phase(word)) for i, word in enumerate(law.censored)]
    for name, chain in entry.paths.items():
        if chain.marker is not None:
            asked.append(((entry.key, "paths", name, "marker"), known.without_effect(chain.marker)))
    for name, boundary in entry.boundaries.items():
        asked.append(((entry.key, "boundaries", name, "of"), known.without_phase(boundary.of)))
    for name, pair in entry.interactions.items():
        asked += pairing.names((entry.key, "interactions", name), pair, known)
    yield from (source.mistake(path, why) for path, why in asked if why)
    for name, pair in entry.interactions.items():
        yield from pairing.units((entry.key, "interactions", name), pair, source, entry.key)


def _laws(entry: Entry) -> Iterator[tuple[Path_, Law]]:
    """The laws of an entry and of the rungs of its paths, each with where it stands."""
    yield from (((entry.key, "laws", name), law) for name, law in entry.laws.items())
    for name, chain in entry.paths.items():
        for i, rung in enumerate(chain.rungs):
            path = (entry.key, "paths", name, "rungs", i, "laws")
            yield from (((*path, law), block) for law, block in rung.laws.items())


def _claims(entry: Entry) -> Iterator[tuple[Path_, Claim]]:
    """The claims of all cases and rungs, each with where it stands."""
    for name, case in entry.cases.items():
        yield from (((entry.key, "cases", name, "claims", i), claim) for i, claim in enumerate(case.claims))
    for name, chain in entry.paths.items():
        for k, rung in enumerate(chain.rungs):
            path = (entry.key, "paths", name, "rungs", k, "claims")
            yield from (((*path, i), claim) for i, claim in enumerate(rung.claims))
