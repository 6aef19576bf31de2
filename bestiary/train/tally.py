"""Add up what jobs report: run-steps done, speed, time left."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bestiary.train.event import Progress

Clock = Callable[[], float]

WINDOW = 30.0  # [s] over which speed is averaged


class Tally:
    """What is known of all jobs together: run-steps done, speed, time left."""

    def __init__(self, clock: Clock) -> None:
        self.jobs: dict[tuple, Progress] = {}
        self._clock, self._speed = clock, 0.0
        self._seen: deque[tuple[float, int]] = deque()  # (when, run-steps trained by then)

    def add(self, p: Progress) -> bool:
        """Take note of a report; return whether its job has entered a new phase."""
        before, now = self.jobs.get(key(p)), self._clock()
        self.jobs[key(p)] = p
        if p.phase == "train":
            from_here = before.done if before is not None and before.phase == "train" else p.done
            trained = self._seen[-1][1] if self._seen else 0
            self._seen.append((now, trained + p.done - from_here))
            while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW:
                self._seen.popleft()
            (since, first), (until, last) = self._seen[0], self._seen[-1]
            if last > first and until > since:
                self._speed = (last - first) / (until - since)
        return before is None or before.phase != p.phase

    @property
    def done(self) -> int:
        """Return the run-steps done."""
        return sum(p.done for p in self.jobs.values())

    @property
    def total(self) -> int:
        """Return the run-steps of all jobs."""
        return sum(p.total for p in self.jobs.values())

    @property
    def runs(self) -> int:
        """Return the runs of all jobs."""
        return sum(p.seeds for p in self.jobs.values())

    @property
    def phase(self) -> str:
        """Return train if a job trains, else compile if one is not done, else done."""
        phases = {p.phase for p in self.jobs.values()}
        return next((phase for phase in ("train", "compile") if phase in phases), "done")

    def outlook(self, left: int) -> list[str]:
        """Say how fast training goes and how long it takes for so many more run-steps; nothing if that is unknown."""
        if not self._speed:
            return []
        return [f"{self._speed:,.0f} steps/s", f"{timedelta(seconds=round(left / self._speed))} left"]


def key(p: Progress) -> tuple:
    """Return what tells one job from another."""
    return p.entry, p.root, p.job


def name(p: Progress) -> str:
    """Name a job in a few words."""
    return p.entry if p.root == 1 else f"{p.entry} (root {p.root})"


def share(done: int, total: int) -> float:
    """Return the share that is done; of nothing all is done."""
    return done / total if total else 1.0
