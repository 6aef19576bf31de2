"""What training costs: the CPU time of this process, job by job, as progress tells it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from bestiary.train.event import OnProgress, Progress
from bestiary.train.jobs import Job


class Spent:
    """Listen to progress, and add up the CPU time of this process between one event and the next.

    The time before an event counts for the job that the event is of. What compiles beside a job that trains counts for
    that one, so the sum over jobs is exact and a job's share is not.

    Args:
        on_progress: who is told as well.
        clock: a time [s] that does not go back; default: user and system time of all threads of this process.

    Attributes:
        seconds: {job: [s]}.
    """

    def __init__(self, on_progress: OnProgress, clock: Callable[[], float] = time.process_time) -> None:
        self.seconds: dict[Job, float] = {}
        self._on_progress, self._clock, self._lock = on_progress, clock, Lock()
        self._kept = self._total = 0
        self._last = clock()

    def __call__(self, p: Progress) -> None:
        """Take note of an event, and pass it on."""
        with self._lock:  # a compiling thread tells of itself
            if p.job not in self.seconds:  # the first event says what was there before
                self._kept, self._total = self._kept + p.done, self._total + p.total
            now = self._clock()
            self.seconds[p.job] = self.seconds.get(p.job, 0.0) + now - self._last
            self._last = now
        self._on_progress(p)

    @property
    def total(self) -> float:
        """Return the time of all jobs [s]."""
        return sum(self.seconds.values())

    @property
    def kept(self) -> float:
        """Return the share of the steps that were there already, and cost nothing; 0 if there are no jobs."""
        return self._kept / self._total if self._total else 0.0
