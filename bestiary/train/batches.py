"""Train cells of a job on this machine: pack them into batches, drive each, save what is finished.

The host advances a batch in chunks that last about CHUNK seconds, so that it can show
progress, save checkpoints and stop what has settled. Where chunks end changes no result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import numpy as np
import xarray as xr

from bestiary.train import runs, trainer
from bestiary.train.event import OnProgress, progress, steps_of
from bestiary.train.jobs import SETTLING, Job
from bestiary.train.provenance import provenance
from bestiary.train.store import Cell, Store

CHUNK = 0.5  # [s] host work between chunks stays below a per cent, a kill loses less than a breath


def train(
    job: Job, program: trainer.Program, cells: Sequence[Cell], store: Store, on_progress: OnProgress
) -> Iterator[tuple[Cell, xr.Dataset]]:
    """Yield (cell, its runs) for every cell, batch by batch; a cell never spans two batches."""
    before = steps_of(job, [c for row in job.cells() for c in row]) - steps_of(job, cells)
    left, pace = list(cells), _Pace()
    while left:
        batch = [left.pop(0)]
        while left and sum(len(c.seeds) for c in batch) + len(left[0].seeds) <= program.width:
            batch.append(left.pop(0))
        per_step = sum(len(c.seeds) for c in batch)

        def report(step: int, per_step: int = per_step, before: int = before) -> None:
            on_progress(progress(job, before + per_step * step, "train", program.compile_seconds))

        yield from _drive(job, program, batch, store, report, pace)
        before += steps_of(job, batch)


@dataclass
class _Pace:
    """How many windows fit a chunk, learned from one chunk and batch to the next."""

    windows: int = 1

    def learn(self, windows: int, seconds: float) -> None:
        self.windows = max(1, min(4 * self.windows, round(windows * CHUNK / max(seconds, 1e-6))))


def _drive(
    job: Job,
    program: trainer.Program,
    batch: list[Cell],
    store: Store,
    report: Callable[[int], None],
    pace: _Pace,
):
    knobs = [type(job.phenomenon.knobs)(*dict(c.knobs).values()) for c in batch for _ in c.seeds]
    rows = program.start(knobs, [s for c in batch for s in c.seeds], job.root)
    leaves, tree = jax.tree.flatten(rows)
    window, end = 0, len(program.schedule)
    resumed = store.load_progress(batch, program.width, leaves)
    if resumed is not None and 0 < resumed[0] < end:
        window, rows = resumed[0], program.place(jax.tree.unflatten(tree, resumed[1]))
    settled, n_runs = job.phenomenon.settled, len(knobs)
    boundaries = sorted({-(-end * i // SETTLING) for i in range(1, SETTLING + 1)} if settled else {end})
    ends: dict[int, int] = {}  # {run of the batch whose own log has settled: windows at which the run ends}

    def settle(at: int) -> None:
        logs = [log for _, ds in _cut(job, program, batch, rows, [at] * n_runs) for log in runs.logs(ds)]
        # As long again: claims on a run's last values are of what has come to rest, not of what has just happened.
        twice = boundaries[min(2 * boundaries.index(at) + 1, len(boundaries) - 1)]
        ends.update({i: twice for i, log in enumerate(logs) if settled is not None and i not in ends and settled(log)})

    def goal() -> int:
        return end if len(ends) < n_runs else max(ends.values())

    for boundary in boundaries:  # a checkpoint keeps the records, not the answers
        if boundary <= window < end:
            settle(boundary)
    while window < goal():
        stop = min(window + pace.windows, next(b for b in boundaries if b > window))
        started = time.perf_counter()
        rows = program.run(rows, window, stop)
        pace.learn(stop - window, time.perf_counter() - started)
        window = stop
        report(int(program.schedule[window - 1]))
        if window in boundaries and window < end:
            settle(window)
        if window < end:
            store.save_progress(batch, program.width, window, [np.asarray(x) for x in jax.tree.leaves(rows)])
    for cell, ds in _cut(job, program, batch, rows, [ends.get(i, end) for i in range(n_runs)]):
        yield cell, store.put(cell, ds)
    store.drop_progress(batch, program.width)


def _cut(job: Job, program: trainer.Program, batch: list[Cell], rows, windows: Sequence[int]):
    """Yield (cell, dataset) of the first windows[i] records of run i of the batch; a cell is as long as its longest."""
    p = job.phenomenon
    seen, probed = ({c: np.asarray(v) for c, v in part.items()} for part in rows[1:])
    first = 0
    for cell in batch:
        span = slice(first, first + len(cell.seeds))
        n = max(windows[span])
        m = -(-n // p.probe_every)
        cut_seen = {c: v[span, :n] for c, v in seen.items()}
        cut_probed = {c: v[span, :m] for c, v in probed.items()}
        knobs = type(p.knobs)(**dict(cell.knobs))
        attrs = provenance(job) | {"stopped": "settled" if n < len(program.schedule) else "end of schedule"}
        steps, probe_steps = program.schedule[:n], program.probe_schedule[:m]
        last = [int(steps[w - 1]) for w in windows[span]]
        yield cell, runs.dataset(p, knobs, cell.seeds, steps, cut_seen, probe_steps, cut_probed, attrs, last)
        first += len(cell.seeds)
