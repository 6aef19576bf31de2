"""What `bestiary detect` prints: how each log was read, and a table of what was found."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from bestiary.cli.output.console import Console
from bestiary.cli.output.page import Cell, Column, Heading, Page, Row, Styled
from bestiary.cli.output.shown import line
from bestiary.log import State
from bestiary.logs.run_table import plural
from bestiary.watch import sentences
from bestiary.watch.detect import FEW, Answer, Read

COLOUR = {"error": "bold red", "warning": "yellow", "info": "cyan"}
UNUSED = 12  # names of unused columns that are listed
NAMED = 6  # names of runs that are listed
RATES = ("hit", "false_alarm")
COLUMNS = (
    Column("what", bare=True),
    Column("where", bare=True),
    Column("how strong", bare=True),
    Column("why", prose=24, bare=True),
    Column("hits", drop=1),
    Column("false alarms", drop=1),
)


def print_report(
    reads: Sequence[Read],
    rates: dict[str, dict[str, Any]],
    verbose: bool,
    out: Console | None = None,
    wide: bool = False,
) -> None:
    """Print how the runs were read, those read alike together; then what was found.

    Of one run each finding has its sentence; of several each kind of finding has one, with the runs that have it.
    After it stands what people do about it. The table of all answers, with how often each detector is right, is for
    `verbose`.
    """
    page, brief = Page(wide, out), _short(reads)
    alike: dict[tuple, list[Read]] = {}
    for read in reads:
        key = (read.reading.steps, tuple((u.column, u.channel, u.note) for u in read.reading.uses))
        alike.setdefault(key, []).append(read)
    for group in alike.values():
        page.say("\n".join(_how(group) if verbose or len(alike) == 1 else _briefly(group, brief)), hang=4)
    rows = [(read, answer) for read in reads for answer in read.answers]
    if verbose and rows:
        table: list[Row] = []
        for _, same in groupby(rows, key=lambda row: id(row[0])):
            answers = list(same)
            table += [Heading(line(title(answers[0][0])), "bold")] if len(reads) > 1 else []
            table += [_row(answer, rates) for _, answer in answers]
        page.table(COLUMNS, table)
        page.say(
            "hits: runs with a known answer that have it, and in how many it was found; false alarms: that have it not"
        )
    told = [(read, answer) for read in reads for answer in sentences.told(read.answers)]
    for (kind, _), same in sentences.by_kind(told):
        found = same[0][1].severity
        severity = "to decide" if found is None else str(found)
        each = [sentences.of_one(*one) for one in same]
        for text in each if len(reads) == 1 else [sentences.of_several(same, len(reads), brief)]:
            page.say(line(f"{severity}: {text}"), COLOUR.get(severity, "dim"), hang=4)
        page.say(line(f"  what people do: {sentences.remedy(kind)}"), hang=4)
    counts = f"{plural(len(reads), 'run')}: {sum(answer.severity is not None for _, answer in told)} found"
    few = any(0 < read.reading.longest < FEW for read in reads)  # of which no detector was asked, as a note says
    applied = any(answer.finding.state is not State.NOT_APPLICABLE for _, answer in rows)
    counts += "" if applied or few else "; no detector reads these channels: name them with --channel"
    page.say(f"{counts}{'; -v says more' if told and not verbose else ''}")


def title(read: Read) -> str:
    """Name the run in a few words."""
    path = "in memory" if read.path == Path() else str(read.path)
    return f"{path}: {read.reading.run}" if read.reading.run else path


def _how(group: Sequence[Read]) -> list[str]:
    """Say in a few lines how the runs were read."""
    names = [title(read) for read in group]
    more = f", and {plural(len(names) - NAMED, 'run')} more, all read alike" if len(names) > NAMED else ""
    reading = group[0].reading
    lines = [", ".join(names[:NAMED]) + more, f"  step: {reading.steps}"]
    for use in reading.uses:
        if use.channel is not None:
            size = {next(u.records for u in read.reading.uses if u.column == use.column) for read in group}
            records = plural(size.pop(), "record") if len(size) == 1 else f"{min(size)} to {max(size)} records"
            lines.append(f"  {use.channel}: `{use.column}`, {records}{f'; {use.note}' if use.note else ''}")
    unused = [f"{u.column}{f' ({u.note})' if u.note else ''}" for u in reading.uses if u.channel is None]
    if unused:
        rest = f" and {len(unused) - UNUSED} more" if len(unused) > UNUSED else ""
        lines.append(f"  not used: {', '.join(unused[:UNUSED])}{rest}")
    return [line(text) for text in [*lines, *_notes(group)]]


def _short(reads: Sequence[Read]) -> Callable[[Read], str]:
    """Name each of several runs by what its path has beyond the folder that all are in."""
    folders = {read.path.parent for read in reads}
    try:
        common = Path(os.path.commonpath([str(folder) for folder in folders])) if len(reads) > 1 else Path()
    except ValueError:  # on several drives
        common = Path()
    return lambda read: title(read._replace(path=read.path.relative_to(common)) if common != Path() else read)


def _briefly(group: Sequence[Read], title: Callable[[Read], str]) -> list[str]:
    """Say in one line how runs were read, beside others; then what was lost of them."""
    names, reading = [title(read) for read in group], group[0].reading
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    named = [use for use in reading.uses if use.channel is not None]
    used = [f"{use.channel}{'' if use.channel == use.column else f' `{use.column}`'}" for use in named]
    first = f"{names[0]}{more}: step {reading.steps}; {', '.join(used) or 'no column is a channel'}"
    return [line(text) for text in [first, *(note for note in _notes(group) if note.startswith("  warning"))]]


def _notes(group: Sequence[Read]) -> list[str]:
    """Each note and warning once, with the run that it is about, or how many."""
    about: dict[tuple[str, str], list[Read]] = {}
    for read in group:
        for note in read.reading.notes:
            about.setdefault(("note", note), []).append(read)
        for warning in read.reading.warnings:
            about.setdefault(("warning", warning), []).append(read)
    lines = []
    for (kind, note), reads in about.items():
        first = f"{reads[0].reading.run or reads[0].path}: " if len(reads) < len(group) else ""
        whose = first if len(reads) == 1 else f"{plural(len(reads), 'run')}: " if first else ""
        lines.append(f"  {kind}: {whose}{note}")
    return lines


def _row(answer: Answer, rates: dict[str, dict[str, Any]]) -> tuple[Cell, ...]:
    finding, rate = answer.finding, {} if answer.thresholds else rates.get(answer.detector, {})
    word = str(answer.severity or finding.state)
    name = answer.detector.replace("_", " ") + ("" if answer.severity is not None else f", {finding.state}")
    name += "".join(f", {threshold} {value:g}" for threshold, value in answer.thresholds.items())
    colour = COLOUR.get(word, "dim")
    where = ""
    if answer.where is not None:
        lo, hi = answer.where
        where = f"step {lo:g}" + (f" to {hi:g}" if hi > lo else "")
    strength = ""
    if answer.strength is not None:
        effect, value, unit = answer.strength
        strength = f"{effect} {value:.4g}{'' if unit == '1' else f' {unit}'}"
    return Styled(name, colour), where, strength, line(finding.reason), *(_share(rate.get(k)) for k in RATES)


def _share(counts: Sequence[int] | None) -> str:
    """`16/16`, or `-` where it was not measured."""
    return "-" if counts is None else f"{counts[0]}/{counts[1]}"
