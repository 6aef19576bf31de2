"""Watch a run while it trains: records go in, each finding comes out once. Imports neither JAX nor xarray."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bestiary.log import Log, Series, Severity
from bestiary.logs import channels as naming
from bestiary.logs.channels import Reading
from bestiary.logs.run_table import Column, NotALog, RunTable, plural
from bestiary.logs.thinning import RECORDS
from bestiary.watch import detect
from bestiary.watch.detect import OWN, Answer, Thresholds
from bestiary.watch.thresholds import checked

LEAST = 16  # [record] of a channel before a detector is asked
GROWTH = 1.15  # [1] of a channel's records, from one question to the next
LASTING = 3  # [record] in a row that are not finite, from which on a run that goes on counts as diverged
IGNORED = 4096  # [name] of columns no channel, remembered so that they cost nothing


class Notice(NamedTuple):
    """Something found, and the step of the latest record when it was; `str` of it is one line."""

    at: float
    answer: Answer

    @property
    def detector(self) -> str:
        """What was found, by the detector's name."""
        return self.answer.detector

    @property
    def severity(self) -> Severity:
        """How much it should worry."""
        return self.answer.severity or Severity.INFO

    def __str__(self) -> str:
        where = ""
        if self.answer.where is not None:
            lo, hi = self.answer.where
            where = f" from step {lo:g} to {hi:g}" if hi > lo else f" at step {lo:g}"
        return (
            f"step {self.at:g}: {self.severity}: {self.detector.replace('_', ' ')}{where}: {self.answer.finding.reason}"
        )


class Summary(NamedTuple):
    """What the whole run shows.

    Attributes:
        answers: of every detector, as `bestiary detect` gives them.
        new: notices that were not given before.
        withdrawn: notices that were, and that the whole run does not bear out.
        reading: which columns were read as which channels; None if none has two records.
    """

    answers: tuple[Answer, ...]
    new: tuple[Notice, ...]
    withdrawn: tuple[Notice, ...]
    reading: Reading | None


class Once:
    """Keeps the notices that were given, so that none is given twice."""

    def __init__(self) -> None:
        self.notices: dict[str, Notice] = {}

    def new(self, at: float, answers: Iterable[Answer]) -> list[Notice]:
        """Return notices of what these answers found for the first time, at [step] the latest record."""
        found = [a for a in answers if a.severity is not None and a.detector not in self.notices]
        new = [Notice(at, answer) for answer in found]
        self.notices |= {notice.detector: notice for notice in new}
        return new

    def withdrawn(self, answers: Iterable[Answer]) -> tuple[Notice, ...]:
        """Return the notices that these answers deny; a detector that gives no answer denies nothing."""
        states = {answer.detector: answer.severity for answer in answers}
        denied = {name for name, severity in states.items() if severity is None}
        if detect.DIVERGED not in states:
            denied.add(detect.DIVERGED)
        return tuple(notice for name, notice in self.notices.items() if name in denied)


def settled(log: Log) -> Log:
    """Cut fewer than three records that are not finite off the end of each curve: while a run goes on they may pass."""
    cut = {}
    for name, (steps, values) in log.channels.items():
        finite = np.isfinite(values[::-1][:LASTING])
        tail = int(np.argmax(finite)) if finite.any() else finite.size % LASTING
        cut[name] = Series(steps[: steps.size - tail], values[: values.size - tail])
    return Log(cut)


class _Buffer:
    """The records of one column, at most so many; when they are full, every second goes."""

    __slots__ = ("alarmed", "bad", "due", "every", "seen", "steps", "values")

    def __init__(self) -> None:
        self.steps, self.values = array("d"), array("d")
        self.seen, self.every = 0, 1
        self.due, self.bad, self.alarmed = LEAST, 0, False

    def add(self, step: float, value: float, most: int) -> bool:
        """Keep a record, and say whether the detectors should look."""
        if self.seen % self.every == 0 and len(self.steps) == most:
            self.steps, self.values = self.steps[::2], self.values[::2]
            self.every *= 2
        if self.seen % self.every == 0:
            self.steps.append(step)
            self.values.append(value)
        self.seen += 1
        if math.isfinite(value):
            self.bad = 0
            return self.seen >= self.due
        self.bad += 1
        if self.bad == LASTING * self.every and not self.alarmed:
            self.alarmed = True
            self.due = self.seen
        return self.seen >= self.due


class Monitor:
    """Ask every detector about a run while it trains.

    The detectors look at a channel when it has `growth` times the records it had at the last look, sixteen at first.
    Between two looks a record is only kept, so the detectors cost microseconds a record however long the run is. The
    third record in a row that is not finite is looked at at once. A finding is given once, even if the run takes the
    finding back later. `finish` says which findings the run took back; its answers are those of `bestiary detect` on
    the same records.

    A channel keeps at most `records` records. When a channel is full, every second record is dropped, and from there on
    only every second, fourth, ... record is kept, as `bestiary.logs.thinning` does with a whole log. An event of a few
    records may then be lost.

    One monitor is for one run and one thread. A step that was there before, as after a resume, overwrites what lies
    beyond it.

    Args:
        on_finding: functions of a `Notice`, called when it is given: to alert, to save, to stop. What one raises goes
            through `log` to its caller.
        channels: {channel: column} for columns that the table of aliases does not know.
        thresholds: {detector: {threshold: value}} that are not to be the detector's own.
        growth: [1] above 1; smaller is sooner and dearer.
        records: [record] that a channel keeps, at least 64.

    Raises:
        ValueError: no detector reads such a channel or has such a threshold, or a number is out of range.

    Examples:
        >>> monitor = Monitor()
        >>> for step in range(300):
        ...     _ = monitor.log(step, train_loss=0.99**step * (50 if step in (120, 121, 122) else 1))
        >>> monitor.finish().reading.log["train_loss"].steps.size
        300
    """

    def __init__(
        self,
        on_finding: Callable[[Notice], object] | Iterable[Callable[[Notice], object]] = (),
        channels: Mapping[str, str] | None = None,
        *,
        thresholds: Thresholds = OWN,
        growth: float = GROWTH,
        records: int = RECORDS,
    ) -> None:
        if not growth > 1:
            raise ValueError(f"Monitor: growth is {growth:g}; want a number above 1, such as {GROWTH:g}")
        if records < 64:
            raise ValueError(f"Monitor: records is {records}; detectors need some, so want 64 or more")
        self.on_finding = (on_finding,) if callable(on_finding) else tuple(on_finding)
        self.growth, self.records = growth, records
        self._thresholds = checked(thresholds)
        self._columns = dict(channels or {})
        if "step" in self._columns:
            raise ValueError(f"Monitor: step={self._columns['step']} names no channel; log takes the step by itself")
        detect.check_channels(self._columns)
        self._detectors = detect.detectors()
        self._buffers: dict[str, _Buffer] = {}
        self._ignored: dict[str, None] = {}
        self._once, self._last = Once(), math.nan

    def __repr__(self) -> str:
        records = sum(buffer.seen for buffer in self._buffers.values())
        counts = (len(self._buffers), "channel"), (records, "record"), (len(self.notices), "notice")
        return f"Monitor({', '.join(plural(number, word) for number, word in counts)})"

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Every notice so far, in order."""
        return tuple(self._once.notices.values())

    @property
    def worst(self) -> Severity | None:
        """The greatest severity so far; None if nothing was found."""
        return max((notice.severity for notice in self.notices), default=None)

    def log(self, step: float, metrics: Mapping[str, Any] | None = None, /, **more: Any) -> list[Notice]:
        """Keep the records of one step.

        A value is a number, or an array of one number. Any other value, None included, is no record. A mapping inside
        is read with the names joined by `/`. Reading an array of JAX or PyTorch waits for the device.

        Args:
            step: [step] of all of them.
            metrics: {name: value}, for names that are no identifiers, such as `val/loss`.
            more: the same.

        Returns:
            What was found now and not before.

        Raises:
            ValueError: the step is no finite number.
        """
        at = _number(step)
        if at is None or not math.isfinite(at):
            raise ValueError(f"Monitor.log: step is {step!r}; want a finite number")
        self._last, due = at, []
        for name, value in ({**metrics, **more} if metrics else more).items():
            if name in self._ignored:
                continue
            number = value if type(value) is float else _number(value)
            if number is None:
                if isinstance(value, Mapping):
                    due += self._nested(at, name, value)
            elif (buffer := self._buffers.get(name) or self._opened(name)) and buffer.add(at, number, self.records):
                due.append(name)
        return self._look(due) if due else []

    def finish(self) -> Summary:
        """Ask every detector about the whole run; more may be logged after it."""
        reading = self._reading()
        answers = tuple(detect.answers(reading.log, self._thresholds)) if reading else ()
        return Summary(answers, tuple(self._notify(answers)), self._once.withdrawn(answers), reading)

    def _nested(self, at: float, name: str, value: Mapping[str, Any]) -> list[str]:
        due = []
        for key, inner in value.items():
            path, number = f"{name}/{key}", _number(inner)
            if isinstance(inner, Mapping):
                due += self._nested(at, path, inner)
            elif number is not None and (buffer := self._opened(path)) and buffer.add(at, number, self.records):
                due.append(path)
        return due

    def _opened(self, name: str) -> _Buffer | None:
        """Return the buffer of a column; None if the column is no channel, of which nothing is kept."""
        if name in self._buffers:
            return self._buffers[name]
        if naming.channel(name, detect.own_channels()) is None and name not in self._columns.values():
            if len(self._ignored) < IGNORED:
                self._ignored[name] = None
            return None
        return self._buffers.setdefault(name, _Buffer())

    def _reading(self) -> Reading | None:
        """Read the columns as channels, as those of a file; None while there is no curve."""
        columns = {name: Column(np.array(b.steps), np.array(b.values)) for name, b in self._buffers.items()}
        try:
            table = RunTable("", columns, clock="as logged")
            return naming.readings(table, self._columns, Path(), detect.own_channels())[0]
        except NotALog:
            return None

    def _look(self, due: Collection[str]) -> list[Notice]:
        """Ask the detectors that read a column that is due."""
        for name in due:
            buffer = self._buffers[name]
            buffer.due = max(LEAST, math.ceil(self.growth * buffer.seen))
        if (reading := self._reading()) is None:
            return []
        grown = {use.channel for use in reading.uses if use.column in due}
        grown |= {"loss"} if "train_loss" in grown else set()
        wanted = grown.union(*(reads for _, reads in self._detectors.values() if grown.intersection(reads)))
        part = Log({name: curve for name, curve in settled(reading.log).channels.items() if name in wanted})
        return self._notify(tuple(detect.answers(part, self._thresholds)))

    def _notify(self, answers: Iterable[Answer]) -> list[Notice]:
        """Call `on_finding` for everything found for the first time."""
        new = self._once.new(self._last, answers)
        for notice in new:
            for call in self.on_finding:
                call(notice)
        return new


def _number(value: Any) -> float | None:
    """Return a number, or an array of one number, as a float; None if it is neither."""
    if value is None or isinstance(value, bool | str | bytes | list | tuple | Mapping):
        return None
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # PyTorch's is a RuntimeError
        return None
