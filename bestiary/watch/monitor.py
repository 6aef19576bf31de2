"""Watch a run while it trains: records go in, each finding comes out once. Imports neither JAX nor xarray."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

from bestiary.about import Severity
from bestiary.log import Log
from bestiary.logs import channels as naming
from bestiary.logs.channels import Reading
from bestiary.logs.run_table import Column, NotALog, RunTable, plural
from bestiary.logs.thinning import RECORDS
from bestiary.watch import detect
from bestiary.watch.buffer import Buffer
from bestiary.watch.detect import OWN, Answer, Thresholds
from bestiary.watch.glimpse import glimpse
from bestiary.watch.notice import Notice, Once, give, settled
from bestiary.watch.number import not_a_number, number_of
from bestiary.watch.spelling import meant
from bestiary.watch.thresholds import checked

GROWTH = 1.1  # [1] of a channel's records, from one question to the next
BUDGET = 4096  # [record] read by detectors in one call of `log`, from which on the others wait for the next
IGNORED = 4096  # [name] of columns no channel, remembered so that they cost nothing
REMARKS = 64  # [remark] on how the monitor is used, in one run
DEEPEST = 8  # mappings in mappings


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


class Monitor:
    """Ask every detector about a run while it trains.

    The detectors look at a channel when it has `growth` times the records it had at the last look, sixteen at first.
    Between two looks a record is only kept, so the detectors cost microseconds a record however long the run is. The
    third record in a row that is not finite is looked at at once. A finding is given once, even if the run takes the
    finding back later. `finish` says which findings the run took back; its answers are those of `bestiary detect` on
    the same records.

    No call of `log` takes long, at any length of the run. A look takes in some 2,048 records of a channel: of more,
    every s-th, the last, and all of the stretches that stand out (`bestiary.watch.glimpse`). The detectors
    are asked in turn, in each call of `log` until they have read 4,096 records: that takes some milliseconds, and less
    than 50 ms. Which call asks which detector depends on the records alone, never on a clock: processes that log the
    same find the same at the same step. `finish` asks all of them about all records, and may take a second.

    A channel keeps at most `records` records. When a channel is full, every second record is dropped, and from there on
    only every second, fourth, ... record is kept, as `bestiary.logs.thinning` does with a whole log. An event of a few
    records may then be lost.

    One monitor is for one run, and is meant for one thread; calls from several wait for each other. A step that was
    there before, as after a resume, overwrites what lies beyond it.

    What cannot be meant is said once, as a `UserWarning`: a name one slip away from a channel's, a value of a channel
    that is no number, a name that is no text, a step that goes back. So is a detector that raises an exception, as a
    `DetectorFailed`: the other detectors go on, and so does the run.

    Args:
        on_finding: functions of a `Notice`, called when it is given: to alert, to save, to stop. All are called with
            every notice, whatever the others raise. What one raises then goes through `log` or `finish` to the caller,
            with the notice in the traceback; what several raise, as an `ExceptionGroup`. The notice counts as given.
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
        self._reads = {name: detect.looked_at(name) for name in detect.detectors()} | {detect.DIVERGED: frozenset()}
        import_module("scipy.optimize")  # which detectors import when they first need it, in the middle of training
        self._buffers: dict[str, Buffer] = {}
        self._ignored: dict[Any, None] = {}
        self._once, self._last, self._lock = Once(), math.nan, RLock()
        self._view, self._pending = Log({}), dict[str, None]()  # what detectors are to be asked about; which
        self._remarked, self._unsaid = set[str](), list[Warning]()

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

        A value is a number, or an array of one number. Any other value is no record; for a channel that is said once,
        unless the value is None. A mapping inside is read with the names joined by `/`. Reading an array of JAX or
        PyTorch waits for the device.

        Args:
            step: [step] of all of them.
            metrics: {name: value}, for names that are no identifiers, such as `val/loss`.
            more: the same.

        Returns:
            What was found now and not before.

        Raises:
            ValueError: the step is no finite number.
            BaseException: what a function of `on_finding` raised.
        """
        at = number_of(step)
        if at is None or not math.isfinite(at):
            raise ValueError(f"Monitor.log: step is {step!r}; want a finite number")
        new: list[Notice] = []
        with self._lock:
            self._last = at
            if due := self._keep(at, {**metrics, **more} if metrics else more):
                self._guarded(self._look, due)
            if self._pending:
                new = self._guarded(self._ask) or []
        give(new, self.on_finding)
        self._say(stacklevel=3)
        return new

    def finish(self) -> Summary:
        """Ask every detector about the whole run, at once; more may be logged after it."""
        with self._lock:
            self._pending.clear()
            reading = self._reading(whole=True)
            answers = tuple(detect.answers(reading.log, self._thresholds, None, self._failed)) if reading else ()
            new = self._once.new(self._last, answers)
            summary = Summary(answers, tuple(new), self._once.withdrawn(answers), reading)
        give(new, self.on_finding)
        self._say(stacklevel=3)
        return summary

    def before(self, step: float) -> float:
        """[step] of the last record of any channel before a step; -inf if there is none."""
        with self._lock:
            steps = (at for buffer in self._buffers.values() for at in buffer.steps if at < step)
            return max(steps, default=-math.inf)

    def forget(self, step: float) -> list[Notice]:
        """Drop what lies beyond a step, as when the run has gone back to a checkpoint of that step.

        Steps may go on from where they are. What was found to begin beyond the step, or at no step that is known, is
        no longer among the notices, and may be found again.

        Args:
            step: [step] of the last record that is kept.

        Returns:
            The notices that were dropped.
        """
        with self._lock:
            self._pending.clear()
            for buffer in self._buffers.values():
                buffer.forget(step)
            return self._once.forget(step)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=RLock())

    def _keep(self, at: float, metrics: Mapping[str, Any], above: str = "", depth: int = 0) -> list[str]:
        """Keep what is a record of a channel; return the columns for which the detectors are due."""
        due = []
        for key, value in metrics.items():
            name = f"{above}{key}" if above else key
            if name in self._ignored:
                continue
            number = value if type(value) is float else number_of(value)
            if number is None and isinstance(value, Mapping):
                if depth < DEEPEST:
                    due += self._keep(at, value, f"{name}/", depth + 1)
                else:
                    self._remark("deep", f"{name.split('/')[0]} is nested too deeply; mappings below are left out")
            elif number is None:
                if value is not None and name not in self._remarked:
                    self._left_out(name, value)
            elif buffer := self._buffers.get(name) or self._opened(name):
                if buffer.steps and at < buffer.steps[-1]:
                    again = f"{name} goes from step {buffer.steps[-1]:g} back to {at:g}"
                    self._remark("back", f"{again}, as after a resume: what lies beyond is overwritten")
                if buffer.add(at, number, self.records):
                    due.append(name)
        return due

    def _opened(self, name: Any) -> Buffer | None:
        """Return the buffer of a column; None if the column is no channel, of which nothing is kept."""
        if self._is_channel(name):
            return self._buffers.setdefault(name, Buffer())
        if not isinstance(name, str):
            self._remark("key", f"a name is of type {type(name).__name__}; want text")
        if len(self._ignored) < IGNORED:
            self._ignored[name] = None
            if isinstance(name, str) and (right := meant(name)):
                self._remark(name, f"{name} is no channel, and not recorded; did you mean {right}?")
        return None

    def _left_out(self, name: Any, value: Any) -> None:
        if self._is_channel(name):
            self._remark(name, f"{name} is {not_a_number(value)}; not recorded")
        elif len(self._ignored) < IGNORED:
            self._ignored[name] = None

    def _is_channel(self, name: Any) -> bool:
        if not isinstance(name, str):
            return False
        return name in self._columns.values() or naming.channel(name, detect.own_channels()) is not None

    def _reading(self, whole: bool = False) -> Reading | None:
        """Read the columns as channels, as those of a file; None while there is no curve.

        Args:
            whole: all records, not those of a look.
        """
        kept = {name: buffer.arrays() for name, buffer in self._buffers.items() if buffer.steps}
        columns = {name: Column(*(arrays if whole else glimpse(*arrays))) for name, arrays in kept.items()}
        try:
            table = RunTable("", columns, clock="as logged")
            return naming.readings(table, self._columns, Path(), detect.own_channels())[0]
        except NotALog:
            return None

    def _look(self, due: Iterable[str]) -> None:
        """Read the run as it is now, for the detectors that read a column that is due."""
        for name in due:
            self._buffers[name].wait(self.growth)
        if (reading := self._reading()) is None:
            return
        grown = {use.channel for use in reading.uses if use.column in due}
        grown |= {"loss"} if "train_loss" in grown else set()
        self._pending |= {name: None for name, reads in self._reads.items() if grown.intersection(reads)}
        self._pending |= {detect.DIVERGED: None}  # of a channel that no detector reads, too
        wanted = grown.union(*(self._reads[name] for name in self._pending))
        self._view = Log({name: curve for name, curve in settled(reading.log).channels.items() if name in wanted})

    def _ask(self) -> list[Notice]:
        """Ask the next detectors that wait, as many as may be asked in one call."""
        asked, cost = [], 0
        for name in self._pending:
            if asked and cost >= BUDGET:
                break
            asked.append(name)
            cost += sum(self._view[channel].steps.size for channel in self._reads[name] if channel in self._view)
        for name in asked:
            del self._pending[name]
        return self._once.new(self._last, detect.answers(self._view, self._thresholds, asked, self._failed))

    def _guarded(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function of our own, whose mistakes are no business of the training loop."""
        try:
            return function(*args)
        except Exception as error:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            self._remark("look", f"the run cannot be looked at ({what}); it is recorded all the same; please report it")
            return None

    def _failed(self, detector: str, error: Exception) -> None:
        self._remark(detector, detect.failure(detector, error))

    def _remark(self, about: str, remark: str | Warning) -> None:
        """Note what is to be said once of a run."""
        if about not in self._remarked and len(self._remarked) < REMARKS:
            self._remarked.add(about)
            self._unsaid.append(remark if isinstance(remark, Warning) else UserWarning(f"Monitor.log: {remark}"))

    def _say(self, stacklevel: int) -> None:
        """Warn of what was noted; apart, since a warning may be an error, and then nothing else is to be lost."""
        while self._unsaid:
            warnings.warn(self._unsaid.pop(0), stacklevel=stacklevel)
