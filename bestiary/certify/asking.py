"""Ask a target about cases: whatever it raises, prints or returns, there is a row for each, and no traceback."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from bestiary.certify import commands, targets
from bestiary.certify.answers import Answer, Odd, detected, estimated
from bestiary.certify.cases import Case
from bestiary.certify.commands import TooLong
from bestiary.certify.kinds import Judge, Kind
from bestiary.certify.problems import EstimatorKind, Problem
from bestiary.log import Finding, Log, State
from bestiary.watch import detect

LIMIT = 10.0  # [s] that a target may take for a case
ENOUGH = 5  # time limits reached, after which the rest is not asked
OnCase = Callable[[int, int], object]  # done, of how many


class Row(NamedTuple):
    """What was asked, and what was answered."""

    case: Case | Problem
    answer: Answer

    @property
    def right(self) -> bool:
        """Whether the answer is the truth: of an event also in its place, if one is told; of a number within bounds."""
        if self.answer.failure:
            return False
        if isinstance(self.case, Problem):
            return bool(abs(self.error) <= self.case.tolerance)
        if self.answer.found is not self.case.positive:
            return False
        off = self.case.off(self.answer.onset)
        return bool(np.isnan(off) or abs(off) <= self.case.slack)

    @property
    def error(self) -> float:
        """Return how far an onset is off [record], or an estimate [1]; nan if there is neither."""
        if isinstance(self.case, Problem):
            return self.case.error(self.answer.value)
        return self.case.off(self.answer.onset) / self.case.record if self.answer.found else float("nan")


class Asker(NamedTuple):
    """Somebody who can be asked: a name, and case -> Answer, which raises whatever it likes."""

    name: str
    ask: Callable[[Any], Answer]
    together: int = 1  # cases that are asked at once


def function(target: Callable[..., Any], kind: Kind | EstimatorKind, name: str = "") -> Asker:
    """Return who asks a function.

    Raises:
        NoTarget: its parameters are not what the kind has.
    """
    name = name or targets.name_of(target)
    if isinstance(kind, EstimatorKind):
        fill = targets.filler(target, kind.fields, kind.name)
        return Asker(name, lambda problem: estimated(fill(problem.given)))
    read = targets.reader(target, kind.channels)
    return Asker(name, lambda case: detected(read(case.log), case.log))


def command(text: str, kind: Kind | EstimatorKind, limit: float = LIMIT) -> Asker:
    """Return who asks a command.

    Raises:
        NoTarget: there is no such program, or what the kind asks about is no table.
    """
    ask = commands.asker(commands.split(text), limit)
    many = os.cpu_count() or 1
    if isinstance(kind, EstimatorKind):
        if not kind.table:
            raise targets.NoTarget(f"--command: an estimator of {kind.name} is given functions; name a Python function")
        return Asker(text, lambda problem: estimated(ask(commands.columns(problem.columns()))), many)
    return Asker(text, lambda case: detected(ask(commands.table(case.log)), case.log), many)


def ours(kind: Kind) -> Asker:
    """Return who asks the detectors of `bestiary detect` that answer the question: any of them will do."""

    def ask(case: Case) -> Answer:
        told = [a for a in detect.answers(case.log, only=set(kind.ours)) if a.detector in kind.ours]
        told = [(a.where or (float("nan"),))[0] for a in told if a.severity is not None]
        return Answer(bool(told), min(told, default=float("nan")))

    return Asker("bestiary detect", ask)


def rule(name: str, judge: Judge) -> Asker:
    """Return who asks a rule in public use, with its published threshold."""
    return Asker(name, lambda case: _read(judge, case.log))


def _read(judge: Judge, log: Log) -> Answer:
    finding: Finding = judge(log)
    return Answer(finding.state is State.FOUND, finding.onset)


def rows(
    asker: Asker, cases: Sequence[Case] | Sequence[Problem], limit: float = LIMIT, on_case: OnCase | None = None
) -> list[Row]:
    """Ask about every case. After five time limits the rest is not asked, and counted as such.

    Args:
        asker: whom.
        cases: about what.
        limit: [s] for one case; of a function only in the main thread of a Unix process.
        on_case: called after each case.
    """
    made: list[Row] = []
    slow = 0

    def one(case: Case | Problem) -> Answer:
        if slow >= ENOUGH:
            return Answer(failure=f"not asked, after {ENOUGH} cases that took more than {limit:g} s")
        return _answer(asker, case, limit)

    pool = ThreadPoolExecutor(asker.together) if asker.together > 1 else None
    try:
        answers: Iterator[Answer] = pool.map(one, cases) if pool else map(one, cases)
        for case, answer in zip(cases, answers, strict=True):
            slow += answer.failure == _late(limit)
            made.append(Row(case, answer))
            if on_case:
                on_case(len(made), len(cases))
    finally:
        if pool:
            pool.shutdown(cancel_futures=True)  # of an interruption: what has begun ends, nothing else begins
    return made


def _late(limit: float) -> str:
    return f"more than {limit:g} s"


def _answer(asker: Asker, case: Case | Problem, limit: float) -> Answer:
    """Ask about one case."""
    try:
        with _alarm(limit if asker.together == 1 else 0.0), _silent(asker.together == 1), np.errstate(all="ignore"):
            return asker.ask(case)
    except TooLong:
        return Answer(failure=_late(limit))
    except (Odd, commands.Failed) as error:
        return Answer(failure=str(error))
    except BaseException as error:  # a stranger's code may end in any way, SystemExit among them
        if isinstance(error, KeyboardInterrupt | MemoryError):
            raise
        return Answer(failure=targets.said(error))


@contextlib.contextmanager
def _silent(whether: bool) -> Iterator[None]:
    """Let what a function prints, and what it warns of, go nowhere: standard output is the report's."""
    if not whether:
        yield
        return
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _alarm(limit: float) -> Iterator[None]:
    """Raise TooLong in the block after so many seconds, where the system can interrupt a function."""
    able = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not able or limit <= 0:
        yield
        return

    def ring(number: int, where: Any) -> None:
        raise TooLong

    before, since = signal.signal(signal.SIGALRM, ring), time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's alarm, such as that of a test
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - since), 1e-3))
