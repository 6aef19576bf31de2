"""The knob between the two rungs of a path where the behaviour changes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bestiary.catalog.axes import Axis
from bestiary.catalog.path_claims import EntryPath, Rung
from bestiary.judge.rounds import Asking
from bestiary.judge.setup import Setup
from bestiary.maps.explore import Exploration, Plan, explore
from bestiary.maps.judge import MapResult, judge_path

BETWEEN = 5  # points from one rung to the next, before bisection
FINE = 0.02  # of the way between two rungs, to which the change is located


def along_path(setup: Setup, path: EntryPath, root: int, seeds: int | None = None) -> Asking[MapResult]:
    """Ask for the runs of a path's rungs, and judge their claims.

    Args:
        setup: of the entry.
        path: one of the entry's paths.
        root: root seed.
        seeds: runs of every rung; default: the path's own.
    """
    return judge_path(setup, path.model_copy(update={"seeds": seeds or path.seeds}), root)


def changes(result: MapResult, confidence: float = 0.95) -> list[tuple[int, int]]:
    """List pairs of neighbouring rungs (i, i + 1) between which the rate of `found` changes.

    The rate changes where the Clopper-Pearson intervals of the two rates do not overlap. Those of two equal rates do
    not overlap with probability below (1 - confidence)^2 or so.
    """
    limits = [r.answer.limits(confidence=confidence) for r in result.rungs]
    return [(i, i + 1) for i, (a, b) in enumerate(pairwise(limits)) if a[1] < b[0] or b[1] < a[0]]


def refine(setup: Setup, result: MapResult) -> Iterator[Asking[Exploration]]:
    """For each change along a path that a knob makes, ask for the rate between the two rungs, bisected."""
    p, path = setup.phenomenon, result.block
    assert isinstance(path, EntryPath)
    settings: list[dict[str, Any]] = [{**p.knobs._asdict(), **p.static._asdict()}]
    for rung in path.rungs:
        settings.append(settings[-1] | rung.knobs | rung.static)
    for i, j in changes(result):
        before, after, rung = settings[i + 1], settings[j + 1], path.rungs[j]
        knob = continuous(rung)
        if knob is None:
            continue
        lo, hi = sorted((float(before[knob]), float(after[knob])))
        values = tuple(lo + (hi - lo) * k / (BETWEEN - 1) for k in range(BETWEEN))
        knobs = p.knobs._replace(**{k: after[k] for k in p.knobs._fields})
        static = p.static._replace(**{k: after[k] for k in p.static._fields})
        label = f"{path.name}: {path.rungs[i].name} to {rung.name}"
        plan = Plan(setup, (Axis(knob, values),), knobs, static, label, path.seeds, result.root)
        yield explore(plan, "onset", "found", FINE * (hi - lo))


def continuous(rung: Rung) -> str | None:
    """Name the knob that a rung turns; None if the rung changes something static."""
    return next((name for name in rung.changes if name in rung.knobs), None)
