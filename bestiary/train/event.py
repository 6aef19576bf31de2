"""What the host sees of a job while it is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bestiary.train.jobs import Job
from bestiary.train.store import Cell


@dataclass(frozen=True)
class Progress:
    """One thing the host saw: `done` of `total` run-steps of a job, in a phase of its life."""

    entry: str
    root: int
    job: Job
    phase: str  # "compile", "train" or "done"
    done: int
    total: int
    seeds: int
    compile_seconds: float = 0.0


OnProgress = Callable[[Progress], None]


def steps_of(job: Job, cells: Sequence[Cell]) -> int:
    """Return the run-steps of cells, none of which ends early."""
    return sum(len(c.seeds) for c in cells) * int(job.phenomenon.schedule(job.static)[-1])


def progress(job: Job, done: int, phase: str, compile_seconds: float = 0.0) -> Progress:
    """Return the event that so many run-steps of a job are done."""
    n = sum(job.seeds)
    total = n * int(job.phenomenon.schedule(job.static)[-1])
    return Progress(job.entry, job.root, job, phase, done, total, n, compile_seconds)
