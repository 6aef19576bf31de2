"""What the command line prints with --json: the facts of the tables, under the keys that docs/command-line.md lists."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bestiary.catalog.setups.knobs import knobs_of
from bestiary.cli.budget import scale

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.listed import Listed
    from bestiary.cli.compared import Compared
    from bestiary.judge.rounds import Judged
    from bestiary.judge.setting import Setting
    from bestiary.log import Finding
    from bestiary.maps.explore import Exploration
    from bestiary.maps.factorise import Factorisation
    from bestiary.maps.judge import MapResult
    from bestiary.maps.laws import Fit
    from bestiary.maps.mechanism import Seen


def text(made: Mapping[str, Any]) -> str:
    """Write JSON as RFC 8259 has it: a number that is none or not finite is null."""
    return json.dumps(_finite(made), indent=1, ensure_ascii=False, allow_nan=False)


def _finite(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {str(k): _finite(v) for k, v in part.items()}
    if isinstance(part, list | tuple):
        return [_finite(v) for v in part]
    if isinstance(part, float):
        return part if math.isfinite(part) else None
    return part if part is None or isinstance(part, str | bool | int) else _finite(part.item())  # a scalar of NumPy


def listed(
    entries: Iterable[Listed], seconds: Mapping[str, float | None], unlisted: Iterable[str] = ()
) -> dict[str, Any]:
    """Return what `list` prints."""
    made = [
        {"entry": e.key, "zone": e.zone, "title": e.title, "particle": e.particle, "kind": e.kind}
        | {"complexity": {"network": e.network, "data": e.data}, "status": e.status, "version": e.version}
        | {"cpu_seconds": seconds[e.key], "scale": scale(seconds[e.key])}
        for e in entries
    ]
    return {"entries": made, "without_block": list(unlisted)}


def entry(e: Entry, measured: str, beside: Sequence[Compared]) -> dict[str, Any]:
    """Return what `show` prints: the entry's block, its knobs, what was measured, and published numbers beside it."""
    knobs = [knob._asdict() | {"ranges": [one.text for one in knob.ranges]} for knob in knobs_of(e.key)]
    made = {"knobs": knobs, "measured": measured, "compared": [_beside(one) for one in beside]}
    return {"entry": e.key, "zone": e.zone} | e.model_dump(mode="json", exclude_none=True, by_alias=True) | made


def _beside(one: Compared) -> dict[str, Any]:
    """Write a published number, and what was measured on each root."""
    assert one.claim.published is not None
    roots = [
        {"root": root, "measured": one.measured[root]._asdict(), "difference": difference._asdict()}
        for root, difference in one.differences().items()
    ]
    return {"of": one.place, "published": one.claim.published.model_dump(mode="json"), "roots": roots}


def runs(asked: Setting, findings: Sequence[Finding], root: int) -> dict[str, Any]:
    """Return what `run` prints, and what the detector says of every run."""
    from bestiary.cli.output.summaries import spreads

    return {
        "entry": asked.setup.name,
        "setting": asked.label,
        "knobs": asked.knobs._asdict(),
        "static": asked.static._asdict(),
        "root": root,
        "seeds": len(findings),
        **_counts(findings),
        "effects": [s._asdict() for s in spreads(findings)],
        "runs": [
            {
                "seed": seed,
                "state": str(f.state),
                "phase": f.phase,
                "onset": f.onset,
                "effects": {name: effect._asdict() for name, effect in f.effects.items()},
                "reason": f.reason,
            }
            for seed, f in enumerate(findings)
        ],
    }


def _counts(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "states": dict(Counter(str(f.state) for f in findings)),
        "phases": dict(Counter(f.phase for f in findings if f.phase)),
    }


def explored(found: Exploration) -> dict[str, Any]:
    """Return what `map` prints: points, boundaries and laws along one knob, or cells over several."""
    plan = found.plan
    made = {
        "entry": plan.setup.name,
        "setting": plan.label,
        "root": plan.root,
        "seeds": plan.seeds,
        "axes": [{"name": axis.name, "log": axis.log, "values": list(axis.values)} for axis in plan.axes],
    }
    if found.line is None:
        told = {"cells": _cells(found)}
        return made | told | ({"factorises": _factors(found.factorisation)} if found.factorisation else {})
    from bestiary.cli.output import map_tables

    line = found.line
    points = [
        {line.axis.name: x, **_seen(answer, *run)}
        for x, answer, *run in zip(line.x, line.answers, *line.values(found.of), strict=True)
    ]
    crossings = [
        {"direction": c.direction, "estimate": c.estimate, "low": c.lo, "high": c.hi, "width": c.width}
        | {"sharp": c.sharp, "smooth": c.smooth}
        for c in found.crossings
    ]
    told = {"validity": map_tables.validity(line, found.laws[0], found.of)} if found.laws else {}
    return made | {
        "of": found.of,
        "points": points,
        "boundary_of": found.boundary_of,
        "boundaries": crossings,
        "laws": [_law(one, found.laws[0]) for one in found.laws],
        **told,
        "no_law_because": found.trouble,
    }


def _factors(found: Factorisation) -> dict[str, Any]:
    """Whether a quantity is a product over two knobs: the residuals, a row for each value of the first knob."""
    tables = {name: getattr(found, name).tolist() for name in ("residual", "low", "high")}
    told = {"of": found.of, "within": found.within, "p": found.p, "seeds": found.seeds}
    return told | tables | {"cannot_be_told_because": found.trouble}


def _seen(answer: Judged, y: Any, cut: Any) -> dict[str, Any]:
    """The rate at a point with its exact limits at 95 %, and the spread of what is along the axis."""
    from bestiary.maps.censored import quantile

    middle, low, high = (float(quantile(y[None], cut[None], q)[0]) for q in (0.5, 0.05, 0.95))
    return {
        "runs": len(answer.findings),
        "found": answer.rate(),
        "limits": list(answer.limits()),
        "median": middle,
        "low": low,
        "high": high,
        "cut_off": int(cut.sum()),
        **_counts(answer.findings),
    }


def _law(one: Fit, best: Fit) -> dict[str, Any]:
    try:
        limits: Mapping[str, Any] = one.limits(0.95)
    except ValueError:
        limits = {}
    return {
        "form": one.form,
        "parameters": {p: {"value": v, "limits": limits.get(p)} for p, v in one.parameters.items()},
        "aic_above_best": one.aic - best.aic,
        "deviation": one.deviation,
        "runs": one.n,
        "cut_off": one.censored,
    }


def _cells(found: Exploration) -> list[dict[str, Any]]:
    """Where each cell is, and how many of its runs are in which phase, or state where they have none."""
    from bestiary.maps.table import named

    words, names = named(found.table), [axis.name for axis in found.plan.axes]
    made = []
    for where, point in zip(_indices(words.shape[:-1]), found.plan.points, strict=True):
        phases = dict(Counter(words[where].tolist()).most_common())
        made.append(dict(zip(names, point.where, strict=True)) | {"phases": phases})
    return made


def _indices(shape: Sequence[int]) -> Iterable[tuple[int, ...]]:
    import numpy as np

    return np.ndindex(*shape)


def path(result: MapResult, laws: Sequence[MapResult] = ()) -> dict[str, Any]:
    """Return what `path` prints of one path.

    Args:
        result: of the path.
        laws: of rungs, of this path and of others.
    """
    from bestiary.cli.output.verdicts import verdict
    from bestiary.maps import mechanism
    from bestiary.maps.censored import values_of
    from bestiary.maps.path import changes

    marked = mechanism.seen(result)
    rungs = [
        {
            "rung": r.rung.name,
            "side": r.rung.side,
            "changes": r.rung.changes,
            **_seen(r.answer, *values_of(r.answer.findings, r.answer.last, "onset")),
            "without": None if r.without is None else {"found": r.without.rate(), "limits": r.without.limits()},
            "marker": _marked(marked[i]) if marked else None,
            "verdicts": [verdict(v) for v in r.verdicts],
        }
        for i, r in enumerate(result.rungs)
    ]
    names = [r.rung.name for r in result.rungs]
    return {
        "entry": result.entry.key,
        "path": result.block.name,
        "root": result.root,
        "rungs": rungs,
        "changes": [[names[i], names[j]] for i, j in changes(result)],
        "steps": [dataclasses.asdict(step) for step in mechanism.steps(result)],
        "laws": [
            {"law": law.block.name, "verdicts": [verdict(v) for v in law.verdicts]}
            for law in laws
            if law.block.name.startswith(f"{result.block.name}-")
        ],
    }


def _marked(seen: Seen) -> dict[str, Any]:
    """Write what tells the mechanism of a rung."""
    limits = (seen.low, seen.high) if math.isfinite(seen.low) else None
    median = seen.median if math.isfinite(seen.median) else None
    return {"median": median, "limits": limits, "mechanism": seen.band, "kills": seen.kills, "learned": seen.learned}
