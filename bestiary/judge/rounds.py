"""Answer requests for runs in rounds: whoever asks is a generator, and all that ask share compiling and training.

A generator yields the requests it has, is sent what became of them, asks again or ends with its result. So the cases,
laws, boundaries, paths and interactions of a whole catalog are trained together, and only what must be refined goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import xarray as xr
from scipy.stats import binomtest

from bestiary.judge.records import Resolution, resolution_of, waiting_times
from bestiary.log import Finding, Log
from bestiary.train import runs
from bestiary.train.campaign import execute
from bestiary.train.event import OnProgress
from bestiary.train.executors.protocol import Executor
from bestiary.train.jobs import Request, jobs_of
from bestiary.train.store import Store


@dataclass(frozen=True)
class Judged:
    """What became of the runs of a request.

    Attributes:
        findings: (S) what the detector says of each seed's run.
        last: (S) [step] how far each run was taken.
        resolution: (S) between which steps the true onset and effects of each run lie.
        curves: dims (setting: 1, seed, step), if the request wanted them.
    """

    findings: tuple[Finding, ...]
    last: tuple[float, ...]
    resolution: tuple[Resolution, ...]
    curves: xr.Dataset | None = None

    def rate(self, name: str = "found") -> int:
        """Count the runs in the state or phase of that name."""
        return sum(name in (f.state, f.phase) for f in self.findings)

    def limits(self, name: str = "found", confidence: float = 0.95) -> tuple[float, float]:
        """Return the Clopper-Pearson limits of the share of runs in that state or phase."""
        interval = binomtest(self.rate(name), len(self.findings)).proportion_ci(confidence)
        return interval.low, interval.high


def told(detect: Callable[[Log], Finding], log: Log) -> Finding:
    """Ask a detector about one run.

    Raises:
        TypeError: what it answers is no Finding.
    """
    finding = detect(log)
    if not isinstance(finding, Finding):
        name = getattr(detect, "__name__", type(detect).__name__)
        raise TypeError(f"{name}: a detector answers with a Finding, not with {finding!r}")
    return finding


T = TypeVar("T")
Asking = Generator[list[Request], list[Judged], T]  # asks for runs, is sent what became of them, ends with a result


def answer(
    requests: Sequence[Request],
    store: Store,
    on_progress: OnProgress = lambda p: None,
    executor: Executor | None = None,
) -> dict[Request, Judged]:
    """Run what is not in the store yet, and ask each setup's detector about every run.

    Curves are read job by job and let go, but for those that a request wants; a grid may be larger than memory.

    Args:
        requests: what is wanted; repetitions cost nothing.
        store: where runs are kept.
        on_progress: called with each Progress.
        executor: who trains; default: this process.
    """
    planned = list(jobs_of(requests))
    answers: dict[Request, Judged] = {}
    for i, ds in execute([job for job, _ in planned], store, on_progress, executor):
        job, asked = planned[i]
        waits = waiting_times(asked[0][0].setup.detector)
        for k, same in enumerate(asked):
            n = same[0].seeds
            logs = list(runs.logs(ds, k, n))
            findings = tuple(told(job.phenomenon.detect, log) for log in logs)
            steps = tuple(resolution_of(finding, log, waits) for finding, log in zip(findings, logs, strict=True))
            last = tuple(float(v) for v in ds.variables["last_step"].values[k, :n])
            for request in same:
                curves = ds.isel(setting=[k], seed=slice(0, n)) if request.curves else None
                answers[request] = Judged(findings, last, steps, curves)
    return answers


def drive(
    asking: Sequence[Asking[T]],
    store: Store,
    on_progress: OnProgress = lambda p: None,
    executor: Executor | None = None,
) -> list[T]:
    """Run generators side by side, round by round; return the result of each, in their order.

    Args:
        asking: the generators.
        store: where runs are kept.
        on_progress: called with each Progress.
        executor: who trains; default: this process.
    """
    results: dict[int, T] = {}
    waiting = {i: (one, next(one)) for i, one in enumerate(asking)}
    while waiting:
        requests = [request for _, wanted in waiting.values() for request in wanted]
        known = answer(requests, store, on_progress, executor)
        still = {}
        for i, (one, wanted) in waiting.items():
            try:
                still[i] = (one, one.send([known[request] for request in wanted]))
            except StopIteration as end:
                results[i] = end.value
        waiting = still
    return [results[i] for i in range(len(asking))]
