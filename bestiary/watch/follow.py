"""Follow a log that grows: it is read anew whenever it changed, and each finding is reported once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from bestiary.log import Log
from bestiary.logs import folders, formats, twins
from bestiary.logs.channels import Reading, readings
from bestiary.logs.run_table import Column, NotALog, RunTable, Unreadable
from bestiary.watch import detect, report_schema, same_run
from bestiary.watch.detect import Read, Thresholds
from bestiary.watch.notice import Notice, Once, settled
from bestiary.watch.same_run import Kept, Mark, Stamp, Trace
from bestiary.watch.unseen import unseen

LINES = ("", ".csv", ".tsv", ".jsonl", ".ndjson", ".log", ".txt")  # formats whose last line may be half written


class Remark(NamedTuple):
    """How a log is read, or why it is not."""

    text: str
    failed: bool = False


class News(NamedTuple):
    """A finding, and the run it is in, with nothing else found."""

    read: Read
    notice: Notice

    @property
    def text(self) -> str:
        """One line."""
        return f"{_title(self.read.path, self.read.reading)}: {self.notice}"

    def report(self) -> str:
        """What `bestiary detect --json` prints, on one line."""
        return report_schema.written(report_schema.report([self.read], [], detect.rates()))


@dataclass
class Follower:
    """A file or folder that is read whenever it changed.

    A log that was replaced, or rewritten with other rows, is another run, whose findings are reported; a log that was
    rewritten with the same rows and more goes on (`bestiary.watch.same_run`).

    Attributes:
        path: need not exist yet.
        columns: {channel: column} that the user named.
        thresholds: {detector: {threshold: value}}, checked by `bestiary.watch.thresholds`.
    """

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=dict)
    _stamp: dict[Path, Stamp] | None = None  # of each file at the last poll
    _logs: dict[Path, _Log] = field(default_factory=dict)
    _said: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        detect.check_channels(self.columns)

    def poll(self) -> Iterator[Remark | News]:
        """Yield remarks that the last poll did not make, and what was found now and never before."""
        stamp = _stamp(self.path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._logs = {path: log for path, log in self._logs.items() if path.exists()}
        if stamp:
            made = list(self._read())
        else:
            made = [Remark(f"{self.path}: is not there yet", failed=True)]
            self._logs.clear()
        said, self._said = self._said, frozenset(event.text for event in made)
        yield from (event for event in made if event.text not in said)

    def _read(self) -> Iterator[Remark | News]:
        present: set[str] = set()
        passed, every = [], list[tuple[Path, Reading]]()
        for file, tables in formats.walk(self.path):
            if isinstance(tables, Unreadable):
                yield Remark(str(tables), failed=True)
                continue
            for table in tables:
                present |= set(table.columns)
                made = formats.attempt(file, self._readings, table, file)
                if isinstance(made, NotALog):
                    passed.append(str(made))
                elif isinstance(made, Unreadable):
                    yield Remark(str(made), failed=True)
                else:
                    every += [(file, reading) for reading in made]
        kept = twins.once(every, {file for file, _ in every if _key(file) in self._logs})
        for file in dict.fromkeys(file for file, _ in every):
            found = [reading.noting(kept[i]) for i, (f, reading) in enumerate(every) if f == file and i in kept]
            if found:
                yield from self._found(file, found)
        if nothing := unseen(self.path, [reading for _, reading in every], detect.read_channels()):
            yield Remark(str(nothing), failed=True)
        yield from (Remark(text, failed=not every) for text in dict.fromkeys(passed))
        gone = [f"{channel}={column}" for channel, column in self.columns.items() if column not in present]
        if gone and present:
            there = ", ".join(sorted(present))
            yield Remark(f"--channel {gone[0]}: no such column yet; there are {there}", failed=True)

    def _readings(self, table: RunTable, file: Path) -> list[Reading]:
        return readings(_whole_rows(table, file), self.columns, file, detect.own_channels())

    def _found(self, file: Path, found: Sequence[Reading]) -> Iterator[Remark | News]:
        key = _key(file)
        log = self._logs.setdefault(key, _Log())
        stamps = {} if key != file else self._stamps_of(file)
        on = bool(log.marks) and all(f in stamps and same_run.appended(f, m, stamps[f]) for f, m in log.marks.items())
        moved = any(f not in stamps or stamps[f].place != m.stamp.place for f, m in log.marks.items())
        others = [run for run, reading in zip(log.runs, found, strict=False) if not run.goes_on(reading.log, on, moved)]
        if others:
            yield Remark(f"{file}: {_gone(log.marks, stamps)}; read as another log")
        for i, reading in enumerate(found):
            if i == len(log.runs):
                log.runs.append(_Run())
            elif log.runs[i] in others:
                log.runs[i] = _Run()
            yield Remark(f"{_title(file, reading)}: {_how(reading)}")
            yield from self._news(file, reading, log.runs[i])
        if not any(run.shortened for run in log.runs):
            log.marks = {f: made for f, stamp in stamps.items() if (made := same_run.mark(f, stamp))}

    def _news(self, file: Path, reading: Reading, run: _Run) -> Iterator[Remark | News]:
        run.remember(reading.log)
        failed: list[str] = []
        log = settled(reading.log)
        answers = detect.answers(
            log, self.thresholds, on_failure=lambda name, error: failed.append(str(detect.failure(name, error)))
        )
        for notice in run.once.new(_last(log), answers):
            yield News(Read(file, reading, (notice.answer,)), notice)
        yield from (Remark(f"{_title(file, reading)}: {text}") for text in failed)

    def _stamps_of(self, path: Path) -> dict[Path, Stamp]:
        """Return the stamp of a file, or of each file in a folder."""
        stamps = self._stamp or {}
        if path in stamps:
            return {path: stamps[path]}
        return {file: stamp for file, stamp in stamps.items() if path in file.parents}


@dataclass(eq=False)
class _Run:
    """A run of a log: what was told of it, and what it is known by."""

    once: Once = field(default_factory=Once)
    trace: Trace = field(default_factory=dict)
    shortened: bool = False  # whether it ended earlier at the last look than at the one before

    def goes_on(self, log: Log, appended: bool, moved: bool) -> bool:
        """Return whether a log is still this run's.

        A log that was cut short and is the same so far is given one look to be whole again: many tools rewrite their
        file at every epoch. A file that was moved into its place is whole at once.
        """
        how = Kept.ALL if appended else same_run.kept(self.trace, log)
        goes_on = how is Kept.ALL or (how is Kept.PART and not moved and not self.shortened)
        self.shortened = how is Kept.PART
        return goes_on

    def remember(self, log: Log) -> None:
        """Know the run by this log, unless the log was cut short."""
        if not self.shortened:
            self.trace = same_run.trace(log)


@dataclass
class _Log:
    """A log: its runs, and its files as they were when they were read."""

    runs: list[_Run] = field(default_factory=list)
    marks: dict[Path, Mark] = field(default_factory=dict)


def _key(file: Path) -> Path:
    """What a log is known by: the next checkpoint's file goes on with the same run."""
    checkpoint = file.name == folders.STATE and folders.CHECKPOINT.fullmatch(file.parent.name)
    return file.parent.parent if checkpoint else file


def _gone(marks: Mapping[Path, Mark], stamps: Mapping[Path, Stamp]) -> str:
    was, now = sum(m.stamp.size for m in marks.values()), sum(s.size for s in stamps.values())
    return f"is shorter than it was, {now} bytes of {was}" if now < was else "what was read before is gone"


def _stamp(path: Path) -> dict[Path, Stamp]:
    """Return the stamp of each file at a path; nothing if the path is not there."""
    made = {}
    for file in path.rglob("*") if path.is_dir() else [path]:
        try:
            stamp = Stamp.of(file)
        except OSError:  # it went between two looks, as a rotated log does
            continue
        if not file.is_dir():
            made[file] = stamp
    return made


def _whole_rows(table: RunTable, file: Path) -> RunTable:
    """Drop the last row if the file's last line is not at its end yet: 0.0 may become 0.0123."""
    if table.clock or file.suffix.lower() not in LINES or not file.is_file():
        return table
    with file.open("rb") as opened:
        opened.seek(-1, 2)
        if opened.read(1) in b"\n\0":
            return table
    kept = {
        name: Column(at[at < table.rows - 1], values[at < table.rows - 1])
        for name, (at, values) in table.columns.items()
    }
    return replace(table, columns=kept)


def _title(path: Path, reading: Reading) -> str:
    return f"{path}: {reading.run}" if reading.run else str(path)


def _how(reading: Reading) -> str:
    """Say in one line which columns are read."""
    used = [f"{use.channel} is `{use.column}`" for use in reading.uses if use.channel]
    return "; ".join([f"step is {reading.steps}", *(used or ["no column is a channel: name them with --channel"])])


def _last(log: Log) -> float:
    """Return the [step] of the latest record of any channel."""
    return max((float(curve.steps[-1]) for curve in log.channels.values() if curve.steps.size), default=float("nan"))
