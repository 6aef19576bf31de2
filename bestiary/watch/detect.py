"""Ask every detector about logs that any tool wrote; imports neither JAX nor xarray."""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from bestiary import files
from bestiary.log import Finding, Log, Span, State
from bestiary.logs import channels as naming
from bestiary.logs import formats, twins
from bestiary.logs.channels import Reading
from bestiary.logs.run_table import NotALog, RunTable, Unreadable, plural
from bestiary.watch.answer import DIVERGED, Answer
from bestiary.watch.answer import NOT_FINITE as NOT_FINITE
from bestiary.watch.answer import about as about
from bestiary.watch.failure import DetectorFailed as DetectorFailed
from bestiary.watch.failure import failure
from bestiary.watch.late import DELAYED, patient
from bestiary.watch.late import delays as delays
from bestiary.watch.unseen import unseen

POLICY, LOSSES = "reward", ("loss", "train_loss", "test_loss")
FEW = 5  # [record] with fewer in every channel no detector finds anything
Thresholds = Mapping[str, Mapping[str, float]]  # {detector: {threshold: value}}
OWN: Thresholds = MappingProxyType({})  # every detector with its own thresholds
SHOWN = (State.FOUND, State.UNDECIDED, State.DIVERGED)


class Read(NamedTuple):
    """One run of one path, as read, and every detector's answer."""

    path: Path
    reading: Reading
    answers: tuple[Answer, ...]


@cache  # asked for every run, and by a monitor at every look
def detectors() -> dict[str, tuple[Callable[..., Finding], tuple[str, ...]]]:
    """Return {name: (function, channels it reads)} of every detector that needs nothing but a log."""
    made = {}
    for name in sorted(files.modules("detectors")):
        function = getattr(import_module(f"bestiary.detectors.{name}"), name)
        others = list(inspect.signature(function).parameters.values())[1:]
        if any(p.default is inspect.Parameter.empty for p in others):
            continue
        reads: list[str] = []
        for p in others:
            if isinstance(p.default, str):
                reads.append(p.default)
            elif isinstance(p.default, tuple):
                reads += [channel for channel in p.default if isinstance(channel, str)]
        made[name] = function, tuple(reads)
    return made


def read_channels() -> frozenset[str]:
    """Return the channels that any detector reads."""
    return frozenset(channel for name, (_, reads) in detectors().items() for channel in (*reads, *about(name).on))


@cache
def own_channels() -> tuple[str, ...]:
    """Return the channels that a log is known to have by their own names alone."""
    read = {channel for name, (_, reads) in detectors().items() if about(name).by_name for channel in reads}
    return tuple(sorted(name for name in read if naming.channel(name) is None))


def _warn(detector: str, error: Exception) -> None:
    warnings.warn(failure(detector, error), stacklevel=2)


def looked_at(detector: str) -> frozenset[str]:
    """Return every channel that may change what a detector says: those it needs, those beside them, and others."""
    of = about(detector)
    return frozenset((*detectors()[detector][1], *of.beside.values(), *of.on))


def _asked(log: Log, name: str, reads: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Return the channels and arguments with which a detector is asked of a run, for each curve that it may be of."""
    of = about(name)
    takes = [p.name for p in inspect.signature(detectors()[name][0]).parameters.values() if p.kind is not p.VAR_KEYWORD]
    beside = {parameter: channel for parameter, channel in _beside(log, name).items() if parameter in takes}
    asked = {threshold: value for threshold, value in of.asked.items() if threshold in takes}
    yield reads, {**asked, **beside}
    for channel, thresholds in of.on.items():
        if channel in log and len(takes) > 1:
            test = {p: c.replace("train", "test") for p, c in beside.items()}
            test = {p: c for p, c in test.items() if c in log and c != channel}
            yield (channel, *reads[1:]), {takes[1]: channel, **asked, **test, **thresholds}


def _beside(log: Log, name: str) -> dict[str, str]:
    """Channels that a detector is given if they are there."""
    return {parameter: channel for parameter, channel in about(name).beside.items() if channel in log}


def answers(
    log: Log,
    thresholds: Thresholds = OWN,
    only: Collection[str] | None = None,
    on_failure: Callable[[str, Exception], object] = _warn,
) -> Iterator[Answer]:
    """Ask every detector about a run, after whether the run diverged.

    A run that diverged has one answer `diverged`, however many detectors say so. A detector that raises an exception
    gives no answer, and the others are asked all the same. Where a reward is logged a loss is that of a policy, which
    tells nothing, and of which no detector is asked whose thresholds are its own.

    Args:
        log: the run.
        thresholds: {detector: {threshold: value}} in place of the detectors' own.
        only: names of the detectors to ask; default: all.
        on_failure: called with a detector's name and what the detector raised; default: a `DetectorFailed` warning.
    """
    gone = diverged(log)
    if gone is not None:
        yield gone
    for name, (function, reads) in detectors().items():
        if only is not None and name not in only:
            continue
        own = thresholds.get(name, {})
        if not own and POLICY in log and reads and reads[0] in LOSSES:  # that loss falls and rises as the policy moves
            continue
        for channels, given in _asked(log, name, reads):
            try:
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter(
                        "ignore", RuntimeWarning
                    )  # a stranger's numbers may be as large as floats are
                    finding = function(log, **{**given, **own})
                    if (second := about(name).second) and not own:
                        local = second(log, channels[0], **_beside(log, name))
                        finding = local if local.state is State.FOUND else finding
            except Exception as error:
                on_failure(name, error)
                break
            if finding.state is State.DIVERGED:  # not finite, which was said, or a multiple of the start: `lost` tells
                continue
            if name == DELAYED and finding.state is State.UNDECIDED and finding.phase == "memorisation":
                finding = patient(finding)
            yield Answer(name, channels, finding, own)


def diverged(log: Log) -> Answer | None:
    """Find the first channel that is not finite from some step to its end; None if there is none."""
    ends = {name: curve.diverged_at for name, curve in log.channels.items()}
    ends = {name: step for name, step in ends.items() if np.isfinite(step)}
    if not ends:
        return None
    name = min(ends, key=lambda n: ends[n])
    last = float(log[name].steps[-1])
    reason = f"{name} is not finite from step {ends[name]:g} to the end at {last:g}"
    span = Span(ends[name], last, "not finite")
    return Answer(DIVERGED, (name,), Finding(State.DIVERGED, reason, spans=(span,)))


def rates() -> dict[str, dict[str, Any]]:
    """Return {detector: {"hit": [k, n], "false_alarm": [k, n]}} of runs with a known answer; empty if not measured."""
    file = files.measured() / "detectors.json"
    return json.loads(file.read_text("utf-8"))["detectors"] if file.is_file() else {}


def check_channels(columns: Mapping[str, str]) -> None:
    """Refuse columns for a channel that no detector reads.

    Args:
        columns: {channel: column} that the user named; `step` is one of the channels.

    Raises:
        Unreadable: one line, which names the channel and those that there are.
    """
    known = {"step", *naming.ALONE, *read_channels(), *(c for name in detectors() for c in looked_at(name))}
    if unknown := [f"{channel}={column}" for channel, column in columns.items() if channel not in known]:
        raise Unreadable(f"--channel {unknown[0]}: no detector reads that; want step, or one of {_listed(known, 99)}")


def inspect_paths(
    paths: Sequence[Path], columns: Mapping[str, str], thresholds: Thresholds = OWN
) -> tuple[list[Read], list[Unreadable]]:
    """Read every log at the paths and ask every detector about it.

    Args:
        paths: files or folders.
        columns: {channel: column} that the user named; `step` is one of the channels.
        thresholds: {detector: {threshold: value}}, checked by `bestiary.watch.thresholds`.

    Returns:
        The runs, in the order of the paths, and one line for each file that cannot be read.

    Raises:
        Unreadable: nothing has a channel or a column that the user named.
    """
    check_channels(columns)
    done: list[Read] = []
    failed: list[Unreadable] = []
    present: set[str] = set()
    for path in paths:
        before, passed = len(done), []
        for file, tables in formats.walk(path):
            if isinstance(tables, Unreadable):
                failed.append(tables)
                continue
            for table in tables:
                present |= set(table.columns)
                found = formats.attempt(file, _judged, table, file, columns, thresholds)
                if isinstance(found, NotALog):
                    passed.append(found)
                elif isinstance(found, Unreadable):
                    failed.append(found)
                else:
                    done += found
        kept = twins.once([(read.path, read.reading) for read in done[before:]])
        done[before:] = [
            read._replace(reading=read.reading.noting(kept[i])) for i, read in enumerate(done[before:]) if i in kept
        ]
        if nothing := unseen(formats.named(path), [read.reading for read in done[before:]], read_channels()):
            failed.append(nothing)
        if len(done) == before:  # else they are runs that logged one number, beside others
            failed += passed
    gone = [f"{channel}={column}" for channel, column in columns.items() if column not in present]
    if gone and present:
        raise Unreadable(f"--channel {gone[0]}: no such column; the logs have {_listed(present)}")
    return done, list({str(error): error for error in failed}.values())


def _judged(table: RunTable, file: Path, columns: Mapping[str, str], thresholds: Thresholds) -> list[Read]:
    """Ask every detector about each run of a table; of several, not about those in which none can find anything."""
    found = naming.readings(table, columns, file, own_channels())
    few = sum(0 < reading.longest < FEW for reading in found) if len(found) > 1 else 0
    made, told = [], [f"{plural(few, 'run')} with fewer than {FEW} records in every channel: no detector was asked"]
    for reading in found:
        if few and 0 < reading.longest < FEW:
            gone = diverged(reading.log)
            noted = replace(reading, notes=(*reading.notes, told.pop())) if told else reading
            made.append(Read(file, noted, () if gone is None else (gone,)))
        else:
            made.append(Read(file, reading, tuple(answers(reading.log, thresholds))))
    return made


def _listed(names: Collection[str], most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(sorted(names)[:most]) + more
