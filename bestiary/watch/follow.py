"""Follow a log that grows: it is read anew whenever it changed, and each finding is reported once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from bestiary.log import Log
from bestiary.logs import formats
from bestiary.logs.channels import Reading, readings
from bestiary.logs.run_table import Column, NotALog, RunTable, Unreadable
from bestiary.watch import detect
from bestiary.watch import report_schema as detect_schema
from bestiary.watch.detect import Read, Thresholds
from bestiary.watch.notice import Notice, Once, settled

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
        return detect_schema.report([self.read], [], detect.rates()).model_dump_json()


@dataclass
class Follower:
    """A file or folder that is read whenever it changed.

    Attributes:
        path: need not exist yet.
        columns: {channel: column} that the user named.
        thresholds: {detector: {threshold: value}}, checked by `bestiary.watch.thresholds`.
    """

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=dict)
    _stamp: dict[Path, tuple[int, int]] | None = None  # [byte], [ns] of each file at the last poll
    _sizes: dict[Path, int] = field(default_factory=dict)  # [byte] of each log when it was last read
    _given: dict[Path, dict[int, Once]] = field(default_factory=dict)  # of each log, by the number of the run
    _said: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        detect.check_channels(self.columns)

    def poll(self) -> Iterator[Remark | News]:
        """Yield remarks that the last poll did not make, and what was found now and never before."""
        stamp = _stamp(self.path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        if stamp:
            made = list(self._read())
        else:
            made = [Remark(f"{self.path}: is not there yet", failed=True)]
            self._given.clear()
        said, self._said = self._said, frozenset(event.text for event in made)
        yield from (event for event in made if event.text not in said)

    def _read(self) -> Iterator[Remark | News]:
        present: set[str] = set()
        passed, some = [], False
        for file, tables in formats.walk(self.path):
            if isinstance(tables, Unreadable):
                yield Remark(str(tables), failed=True)
                continue
            found: list[Reading] = []
            for table in tables:
                present |= set(table.columns)
                made = formats.attempt(file, self._readings, table, file)
                if isinstance(made, NotALog):
                    passed.append(str(made))
                elif isinstance(made, Unreadable):
                    yield Remark(str(made), failed=True)
                else:
                    found += made
            if found:
                some = True
                yield from self._found(file, found)
        yield from (Remark(text, failed=not some) for text in dict.fromkeys(passed))
        gone = [f"{channel}={column}" for channel, column in self.columns.items() if column not in present]
        if gone and present:
            there = ", ".join(sorted(present))
            yield Remark(f"--channel {gone[0]}: no such column yet; there are {there}", failed=True)

    def _readings(self, table: RunTable, file: Path) -> list[Reading]:
        return readings(_whole_rows(table, file), self.columns, file, detect.own_channels())

    def _found(self, file: Path, found: Sequence[Reading]) -> Iterator[Remark | News]:
        key = file
        if file.name == formats.STATE and formats.CHECKPOINT.fullmatch(file.parent.name):
            key = file.parent.parent  # the next checkpoint's file goes on with the same run
        size, _ = (self._stamp or {}).get(file, (0, 0))
        if file == key and size < self._sizes.get(key, 0):
            self._given.pop(key, None)
            yield Remark(f"{file}: is shorter than it was, {size} bytes of {self._sizes[key]}; read as another log")
        self._sizes[key] = size
        for i, reading in enumerate(found):
            yield Remark(f"{_title(file, reading)}: {_how(reading)}")
            log = settled(reading.log)
            once = self._given.setdefault(key, {}).setdefault(i, Once())
            for notice in once.new(_last(log), detect.answers(log, self.thresholds)):
                yield News(Read(file, reading, (notice.answer,)), notice)


def run(command: Sequence[str], news: News) -> str:
    """Run a command with the report of one finding on its standard input; return what went wrong, else nothing."""
    try:
        status = subprocess.run(command, input=news.report() + "\n", text=True, check=False).returncode
    except OSError as error:
        return f"--exec {command[0]}: cannot be run ({error.strerror})"
    return f"--exec {command[0]}: exit status {status}" if status else ""


def _stamp(path: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of each file at a path; nothing if the path is not there."""
    made = {}
    for file in path.rglob("*") if path.is_dir() else [path]:
        try:
            stat = file.stat()
        except OSError:  # it went between two looks, as a rotated log does
            continue
        if not file.is_dir():
            made[file] = stat.st_size, stat.st_mtime_ns
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
