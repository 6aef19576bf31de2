"""A path, walked on the command line: its rungs, and the knob between the two where the behaviour changes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bestiary.catalog.axes import Axis
from bestiary.catalog.map_claims import EntryPath, Rung
from bestiary.maps.explore import Exploration, Plan, explore
from bestiary.maps.grid import Setup
from bestiary.maps.judge import Asking, Map, judge_path

BETWEEN = 5  # points from one rung to the next, before bisection
FINE = 0.02  # of the way between two rungs, to which the change is located


def walk(setup: Setup, trail: EntryPath, root: int, seeds: int | None = None) -> Asking[Map]:
    """Run the rungs and judge their claims."""
    return judge_path(setup, trail.model_copy(update={"seeds": seeds or trail.seeds}), root)


def changes(walked: Map, confidence: float = 0.95) -> list[tuple[int, int]]:
    """Pairs of neighbouring rungs (i, i + 1) between which the rate of `found` changes.

    It changes where the Clopper-Pearson intervals of the two rates do not overlap. Of two equal rates they fail
    to overlap with probability below (1 - confidence)^2 or so.
    """
    limits = [answer.limits(confidence=confidence) for _, answer, _ in walked.rungs]
    return [(i, i + 1) for i, (a, b) in enumerate(pairwise(limits)) if a[1] < b[0] or b[1] < a[0]]


def refine(setup: Setup, walked: Map) -> Iterator[Asking[Exploration]]:
    """For each change along a path that a knob makes: the rate between the two rungs, bisected."""
    p = setup.phenomenon
    settings: list[dict[str, Any]] = [{**p.knobs._asdict(), **p.static._asdict()}]
    for rung, _, _ in walked.rungs:
        settings.append(settings[-1] | rung.knobs | rung.static)
    for i, j in changes(walked):
        before, after, rung = settings[i + 1], settings[j + 1], walked.rungs[j][0]
        knob = continuous(rung)
        if knob is None:
            continue
        lo, hi = sorted((float(before[knob]), float(after[knob])))
        values = tuple(lo + (hi - lo) * k / (BETWEEN - 1) for k in range(BETWEEN))
        knobs = p.knobs._replace(**{k: after[k] for k in p.knobs._fields})
        static = p.static._replace(**{k: after[k] for k in p.static._fields})
        label = f"{walked.block.name}: {walked.rungs[i][0].name} to {rung.name}"
        plan = Plan(setup, (Axis(knob, values),), knobs, static, label, _seeds(walked), walked.root)
        yield explore(plan, "onset", "found", FINE * (hi - lo))


def continuous(rung: Rung) -> str | None:
    """The knob that a rung turns; None if it changes something static."""
    return next((name for name in rung.changes if name in rung.knobs), None)


def _seeds(walked: Map) -> int:
    assert isinstance(walked.block, EntryPath)
    return walked.block.seeds
