"""The records of one column of a run that goes on, in bounded memory."""

from __future__ import annotations

import math
from array import array

import numpy as np

from bestiary.watch.notice import LASTING

LEAST = 16  # [record] of a column before a detector is asked


class Buffer:
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

    def wait(self, growth: float) -> None:
        """Let the detectors look again when there are `growth` times as many records."""
        self.due = max(LEAST, math.ceil(growth * self.seen))

    def forget(self, step: float) -> None:
        """Drop the records beyond a step; the detectors look again after as many new ones as at the start."""
        kept = [i for i, at in enumerate(self.steps) if at <= step]
        self.steps = array("d", (self.steps[i] for i in kept))
        self.values = array("d", (self.values[i] for i in kept))
        self.seen = len(kept) * self.every
        self.due, self.bad, self.alarmed = self.seen + LEAST, 0, False

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return a copy: (N,) steps and (N,) values."""
        return np.array(self.steps), np.array(self.values)
