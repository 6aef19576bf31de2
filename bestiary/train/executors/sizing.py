"""How many runs go into one batch of a worker."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS = 2.0  # [s] that a batch should last: to send one costs some 0.03
COMPILES = 3.0  # and not less than so many times what compiling takes, since each worker that gets one compiles
BYTES = 16 * 2**20  # [byte] of curves that come home at once
FIRST = 16  # runs of a first batch, of which nobody knows how long it takes
AHEAD = 3  # batches out per worker: one that trains, one that waits for it, one that is on its way home


@dataclass
class Pace:
    """What is known of one program.

    Attributes:
        out: batches on their way.
        per_run: [s] what a run takes; 0 if nobody knows.
        bytes_per_run: [byte] of a run's curves.
        compile_seconds: [s] what compiling took on the worker that did it last.
    """

    out: int = 0
    per_run: float = 0.0
    bytes_per_run: float = 1.0
    compile_seconds: float = 0.0

    def learn(self, runs: int, seconds: float, size: int, compile_seconds: float) -> None:
        """Learn from a batch that has come home.

        Args:
            runs: in the batch.
            seconds: [s] what training took.
            size: [byte] of their curves.
            compile_seconds: [s] what compiling took; 0 if it was not needed.
        """
        self.per_run, self.bytes_per_run = max(seconds, 1e-9) / runs, max(size, 1) / runs
        self.compile_seconds = compile_seconds or self.compile_seconds

    def runs(self, left: int, workers: int) -> int:
        """Return how many runs the next batch should have.

        Args:
            left: runs of the job that are not out yet.
            workers: that train.
        """
        if not self.per_run:
            return FIRST
        lasts = max(SECONDS, COMPILES * self.compile_seconds)
        fair = -(-left // max(1, workers))
        return max(1, min(int(lasts / self.per_run), int(BYTES / self.bytes_per_run), fair))
