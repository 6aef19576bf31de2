"""What is said of a run that goes on: each finding once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bestiary.about import Severity
from bestiary.log import Log, Series
from bestiary.watch import detect, sentences
from bestiary.watch.detect import Answer

GONE = (detect.DIVERGED, "")  # key of the finding that is no detector's
LASTING = 3  # [record] in a row that are not finite, from which on a run that goes on counts as diverged


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
        told = f"step {self.at:g}: {self.severity}: {sentences.name(self.answer)}{where}: {self.answer.finding.reason}"
        return f"{told}; what people do: {self.answer.about.do}" if self.answer.about.do else told


class Once:
    """Keeps the notices that were given, so that none is given twice."""

    def __init__(self) -> None:
        self.notices: dict[tuple[str, str], Notice] = {}

    def new(self, at: float, answers: Iterable[Answer]) -> list[Notice]:
        """Return notices of what these answers found for the first time, at [step] the latest record."""
        before = [notice.answer for notice in self.notices.values()]
        seen = sentences.told([*before, *(a for a in answers if a.severity is not None)])
        found = [a for a in seen if a.key not in self.notices]
        new = [Notice(at, answer) for answer in found]
        self.notices |= {notice.answer.key: notice for notice in new}
        return new

    def forget(self, step: float) -> list[Notice]:
        """Drop the notices of what began beyond a step, or at none that is known; return them."""
        places = {key: notice.answer.where for key, notice in self.notices.items()}
        gone = [key for key, where in places.items() if where is None or where[0] > step]
        return [self.notices.pop(key) for key in gone]

    def withdrawn(self, answers: Iterable[Answer]) -> tuple[Notice, ...]:
        """Return the notices that these answers deny; a detector that gives no answer denies nothing."""
        states = {answer.key: answer.severity for answer in answers}
        denied = {key for key, severity in states.items() if severity is None}
        if GONE not in states:
            denied.add(GONE)
        return tuple(notice for key, notice in self.notices.items() if key in denied)


def give(notices: Iterable[Notice], functions: Sequence[Callable[[Notice], object]]) -> None:
    """Call every function with every notice, whatever the others raise.

    Raises:
        BaseException: what a function raised, after all were called, with the notice beside it. Of several, the first
            that is no `Exception`, such as an exit or an interruption; else all in an `ExceptionGroup`.
    """
    raised: list[BaseException] = []
    for notice in notices:
        for function in functions:
            try:
                function(notice)
            except BaseException as error:  # it is raised below, when all were called
                error.add_note(f"raised by a function of on_finding, which was given: {notice}")
                raised.append(error)
    if not raised:
        return
    errors = [error for error in raised if isinstance(error, Exception)]
    if len(errors) == len(raised) > 1:
        raise ExceptionGroup("functions of on_finding", errors)
    raise next((error for error in raised if not isinstance(error, Exception)), raised[0])


def settled(log: Log) -> Log:
    """Cut fewer than three records that are not finite off the end of each curve: while a run goes on they may pass."""
    cut = {}
    for name, (steps, values) in log.channels.items():
        finite = np.isfinite(values[::-1][:LASTING])
        tail = int(np.argmax(finite)) if finite.any() else finite.size % LASTING
        cut[name] = Series(steps[: steps.size - tail], values[: values.size - tail])
    return Log(cut)
