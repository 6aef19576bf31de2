"""Every detector, and every published rule, on recorded runs made worse: one row for each answer. No JAX in here.

A run of a case that is no control is a positive of its entry's detector. A run of a control is a negative of it, and
every run is a negative of every detector that is neither its entry's own nor declared in the entry's `also_fires`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from judges import FACTS, detectors, rules, values

from bestiary.catalog.read import read_catalog
from bestiary.certify.cases import lend
from bestiary.certify.published_rules import RULES
from bestiary.certify.transformations import TRANSFORMATIONS
from bestiary.log import Finding, Log, State

RECORDED = "as_recorded"
CONDITIONS = (RECORDED, *TRANSFORMATIONS)


@dataclass(frozen=True)
class Task:
    """The runs of one case on one root.

    Attributes:
        entry: key.
        case: name.
        root: root seed.
        own: the entry's detector.
        declared: detectors that may fire on the entry.
        positive: whether the case is no control.
        logs: one per seed.
        reads: channels that the entry's detector reads.
        per: runs on which detectors that are not the entry's own are asked, other ones for each transformation.
        sweep: whether to find the strictest threshold at which each fires.
        calibrated: {rule: value of its threshold} to try besides the published one.
    """

    entry: str
    case: str
    root: int
    own: str
    declared: frozenset[str]
    positive: bool
    logs: tuple[Log, ...]
    reads: tuple[Any, ...]
    per: int
    sweep: bool = False
    calibrated: Mapping[str, float] | None = None


class Row(NamedTuple):
    """What a detector or a rule says of one log.

    `calibrated` are rules at the threshold of the tuning root, and detectors that are told what is known of the data.
    `error` is onset less the onset in the log as recorded [logging intervals], `strictest` the index of the strictest
    of `values` at which it fires, -1 if it does at none; None where it was not asked for or there is no dial.
    """

    judge: str
    calibrated: bool
    positive: bool
    condition: str
    entry: str
    case: str
    root: int
    fired: bool
    error: float
    strictest: int | None


def strictest(fires: Callable[[float], bool], grid: np.ndarray) -> int:
    """Index of the strictest value, laxest first, at which a judge fires; -1 if it does at none.

    By bisection: who fires at a value is taken to fire at every laxer one.
    """
    low, high = -1, grid.size
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fires(float(grid[middle])) else (low, middle)
    return low


class _Judge(NamedTuple):
    name: str
    ask: Callable[..., Finding]  # Log, thresholds -> Finding
    reads: tuple[str, ...]
    positive: bool
    own: bool  # the entry's detector, or a rule that answers the same question
    facts: Mapping[str, float] | None = None  # None: of no entry is anything known that it could be told


@cache
def _knowing() -> frozenset[str]:
    """The detectors that can be told something."""
    entries = read_catalog()
    return frozenset(entries[key].detector for key in FACTS)


def _flat(channels: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(n for c in channels for n in (c if isinstance(c, tuple) else (c,)))


def _asked(task: Task, log: Log) -> Iterator[_Judge]:
    """Who can be asked about a case: all their channels are there, and nothing was declared."""
    for name, (function, channels, _) in detectors().items():
        own = name == task.own
        if name in task.declared:
            continue
        channels = task.reads if own else channels
        if log.lacking(_flat(channels)) is None:
            ask = partial(_with, function, channels)
            facts = (FACTS.get(task.entry, {}) if own else {}) if name in _knowing() else None
            yield _Judge(name, ask, _flat(channels), own and task.positive, own, facts)
            for rule in rules():
                if RULES[rule].rival == name:
                    yield _Judge(rule, RULES[rule].judge, _flat(channels), own and task.positive, own)


def _with(function: Callable[..., Finding], channels: tuple[Any, ...], log: Log, **thresholds: float) -> Finding:
    return function(log, *channels, **thresholds)


def interval(log: Log, channels: tuple[str, ...], step: float) -> float:
    """[step] The widest gap between records of the channels around a step."""
    gaps = []
    for name in channels:
        t = log[name].steps
        k = int(np.clip(np.searchsorted(t, step), 1, t.size - 1)) if t.size > 1 else 0
        gaps.append(float(t[k] - t[k - 1]) if k else np.inf)
    return max(gaps)


def judged(task: Task) -> list[Row]:
    """Everybody's answers on every run of a case, as recorded and under every transformation."""
    rows: list[Row] = []
    for seed, whole in enumerate(task.logs):
        log = lend(whole)
        judges = list(_asked(task, log))
        needed = {n for j in judges for n in j.reads}
        log = Log({n: log[n] for n in log.channels if n in needed})
        truth: dict[str, float] = {}
        for k, condition in enumerate(CONDITIONS):
            turn = (seed - task.per * k) % len(task.logs) < task.per
            there = [j for j in judges if k == 0 or turn or (j.own and task.positive)]
            if not there:
                continue
            rng = np.random.default_rng([task.root, zlib.crc32(f"{task.entry}/{task.case}".encode()), seed, k])
            given, clock = (log, None) if k == 0 else TRANSFORMATIONS[condition](log, rng)
            for judge in there:
                rows += _rows(task, judge, condition, given, clock, truth)
    return rows


def _tries(task: Task, judge: _Judge) -> list[tuple[bool, dict[str, float]]]:
    """(calibrated, thresholds) at which a judge is asked."""
    rule = RULES.get(judge.name)
    if rule is None:
        return [(False, {})] + ([] if judge.facts is None else [(True, dict(judge.facts))])
    tries = [] if rule.published is None else [(False, {rule.threshold: rule.published})]
    if task.calibrated and judge.name in task.calibrated:
        tries.append((True, {rule.threshold: task.calibrated[judge.name]}))
    if task.sweep and not tries:
        tries.append((True, {rule.threshold: float(values(judge.name)[-1])}))  # for its curve
    return tries


def _rows(task: Task, judge: _Judge, condition: str, log: Log, clock: Any, truth: dict[str, float]) -> Iterator[Row]:
    rule = RULES.get(judge.name)
    dial = detectors()[judge.name].dial if rule is None else rule
    with np.errstate(all="ignore"):  # as `bestiary detect` reads logs
        for calibrated, thresholds in _tries(task, judge):
            finding, index, error = judge.ask(log, **thresholds), None, np.nan
            if finding.state is State.NOT_APPLICABLE and not judge.positive:
                continue  # the question has no meaning here: neither silence nor alarm
            if task.sweep and dial is not None:
                fires = partial(_fires, judge.ask, log, dial.threshold, thresholds)
                index = strictest(fires, values(judge.name))
            name = f"{judge.name} {calibrated}"
            if clock is None:
                truth[name] = finding.onset
            elif judge.positive and finding.found and np.isfinite(truth.get(name, np.nan)):
                now = float(clock(truth[name]))
                error = (finding.onset - now) / interval(log, judge.reads, now)
            head = Row(judge.name, calibrated, judge.positive, condition, task.entry, task.case, task.root, False, 0, 0)
            yield head._replace(fired=finding.found, error=error, strictest=index)


def _fires(ask: Callable[..., Finding], log: Log, threshold: str, others: dict[str, float], value: float) -> bool:
    return ask(log, **{**others, threshold: value}).found
