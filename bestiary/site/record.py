"""Thin the runs of an entry to one small file, of which its page is drawn: curves, bands, sweeps of a knob."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bestiary.catalog.axes import fit, points
from bestiary.catalog.map_claims import Boundary, Law
from bestiary.figures import columns as parts
from bestiary.figures.columns import Column, Look
from bestiary.figures.limits import Limits, limits_y, quantiles
from bestiary.figures.names import knob as label_of
from bestiary.judge.annotate import log_steps
from bestiary.judge.check import CaseResult
from bestiary.judge.records import waiting_times
from bestiary.judge.rounds import Asking
from bestiary.judge.setup import Setup
from bestiary.log import Finding
from bestiary.maps.censored import medians
from bestiary.maps.line import Line
from bestiary.site.thinning import chosen, row, short, steps, too_fast
from bestiary.train.jobs import Request

SEEDS = 6  # whose curves are kept; a band is over all
CHANNELS = 3  # of an entry, and one less of a sweep
RECORDS, FEW = 200, 24  # of a curve, at most and at least
MOST, EACH = 14_000, 6_000  # [byte] of an entry, and more of each of its cases
SWEEPS = 2  # of an entry: its first law and its first boundary, or two of one kind


@dataclass(frozen=True)
class Swept:
    """A law or a boundary of an entry, with the curves of every point of its axis."""

    block: Law | Boundary
    line: Line


def sweeps(setup: Setup) -> list[Law | Boundary]:
    """Choose what a page turns a knob along: the first law and the first boundary, else two of one kind."""
    laws, boundaries = list(setup.entry.every_law.values()), list(setup.entry.boundaries.values())
    return [*laws[:1], *boundaries[:1], *laws[1:], *boundaries[1:]][:SWEEPS]


def sweep(setup: Setup, block: Law | Boundary, root: int) -> Asking[Swept]:
    """Ask for the runs along the axis of a law or boundary, with their curves."""
    p = setup.phenomenon
    axis, knobs, static = fit(block.axis, p), p.knobs._replace(**block.knobs), p.static._replace(**block.static)
    there = sorted(points([axis], knobs, static), key=lambda point: point.where)
    answers = yield [Request(setup, at.knobs, at.static, block.seeds, root, curves=True) for at in there]
    return Swept(block, Line(axis, tuple(there), tuple(answers), waiting_times(setup.detector)))


def recording(results: Sequence[CaseResult], swept: Sequence[Swept], origin: Mapping[str, Any]) -> dict[str, Any]:
    """Thin the runs of an entry, to as many records as fit its file.

    Args:
        results: its cases, on one root.
        swept: see `sweep`.
        origin: where the runs come from: commit, date, versions.

    Returns:
        What is kept as JSON; `read` of `bestiary.site.recordings` says how it is laid out.
    """
    setup = results[0].setup
    look = Look.of(setup.phenomenon, log_steps(setup.entry.detector))
    channels = list(look.figure)[:CHANNELS]
    columns = [
        parts.column(r.case.name, r.case.control or "", r.runs, 0, r.findings, channels)
        for r in sorted(results, key=lambda r: r.case.control is not None)
    ]
    ranges = {c: limits_y([c], look.units.get(c, "1"), columns) for c in channels}
    logs = {c: limits.log for c, limits in ranges.items()}
    made = {
        "entry": setup.entry.key,
        "version": setup.entry.version,
        "root": results[0].root,
        **origin,
        "clock": list(look.clock),
        "log": look.log,
        "channels": {c: {"unit": look.units.get(c, "1"), **_range(limits)} for c, limits in ranges.items()},
        "panels": parts.panels_of(look._replace(figure=channels)),
    }
    most, room = RECORDS, MOST + EACH * len(columns)
    while True:
        cases = [_case(c, logs, look.log, most) for c in columns]
        turned = [_swept(setup, one, look, channels[: CHANNELS - 1], max(FEW, most // 2)) for one in swept]
        whole = made | {"cases": cases, "sweeps": turned}
        size = len(text(whole))
        if size <= room or most <= FEW:
            return whole
        most = max(FEW, min(most - 1, int(most * room / size)))


def text(made: Mapping[str, Any]) -> bytes:
    """Write a recording as JSON, in one line."""
    return (json.dumps(made, separators=(",", ":"), allow_nan=False) + "\n").encode()


def _case(c: Column, logs: Mapping[str, bool], log: bool, most: int) -> dict[str, Any]:
    """Thin one case: the curves of its first seeds, and a band over all of them."""
    return {
        "name": c.title,
        "control": c.control,
        **_told(c.findings, c.onset),
        "curves": _curves(c, logs, log, most, SEEDS),
    }


def _told(findings: Sequence[Finding], onset: float) -> dict[str, Any]:
    states = dict(sorted(Counter(str(f.state) for f in findings).items()))
    return {"n": len(findings), "states": states, "onset": short(onset)}


def _curves(c: Column, logs: Mapping[str, bool], log: bool, most: int, seeds: int) -> dict[str, Any]:
    """Thin the channels of a column; those recorded at the same steps keep the same ones."""
    axes: dict[bytes, list[str]] = {}
    for channel, (t, _) in c.curves.items():
        axes.setdefault(t.tobytes(), []).append(channel)
    made: dict[str, Any] = {}
    for alike in axes.values():
        t = c.curves[alike[0]][0]
        kept = chosen(t, [(c.curves[channel][1][:SEEDS], logs[channel]) for channel in alike], log, most)
        for channel in alike:
            values = c.curves[channel][1]
            band = quantiles(values)
            made[channel] = {"t": steps(t[kept])} if channel == alike[0] else {"as": alike[0]}
            made[channel] |= {"dots": True} if too_fast(values[:SEEDS], kept, logs[channel]) else {}
            made[channel]["band"] = [row(line[kept]) for line in band]
            if seeds:
                made[channel]["seeds"] = [row(line[kept]) for line in values[:seeds]]
    return made


def _range(limits: Limits) -> dict[str, Any]:
    """Write where a channel's axis goes, and whether it is logarithmic."""
    return {"log": limits.log, "range": [short(limits.lo), short(limits.hi)]}


def _swept(setup: Setup, one: Swept, look: Look, channels: Sequence[str], most: int) -> dict[str, Any]:
    """Thin a sweep: of every point the band of its runs, and what the detector says of them."""
    block, line = one.block, one.line
    law = isinstance(block, Law)
    middles = medians(*line.values(block.of, block.censored)) if law else [np.nan] * len(line.points)
    columns = []
    for answer in line.answers:
        assert answer.curves is not None  # they were asked for
        columns.append(parts.column("", "", answer.curves, 0, answer.findings, channels))
    ranges = {c: limits_y([c], look.units.get(c, "1"), columns) for c in channels}
    logs, made = {c: limits.log for c, limits in ranges.items()}, []
    for point, answer, column, middle in zip(line.points, line.answers, columns, middles, strict=True):
        share = answer.rate("found" if law else block.of) / len(answer.findings)
        told = {"x": short(float(point.where[0])), **_told(answer.findings, column.onset)}
        curves = _curves(column, logs, look.log, most, 0)
        made.append(told | {"share": short(share), "value": short(float(middle)), "curves": curves})
    named = label_of(setup, line.axis.name)
    return {
        "kind": "law" if law else "boundary",
        "name": block.name,
        "title": block.title or block.name.replace("_", " "),
        "knob": line.axis.name,
        "label": named.name,
        "meaning": named.meaning,
        "log": line.axis.log,
        "of": block.of,
        "channels": {c: _range(limits) for c, limits in ranges.items()},
        "points": made,
    }
