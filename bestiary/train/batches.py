"""Train cells of a job on this machine: pack them into batches, drive each, save what is finished.

A batch lasts about BATCH seconds, if its runs are short. The host advances it in chunks of about CHUNK seconds, so that
it can show progress, save checkpoints and stop what has settled. Where chunks and batches end changes no result.
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
from bestiary.train.layout import ROWS
from bestiary.train.provenance import provenance
from bestiary.train.store import Cell, Store

BATCH = 1.0  # [s] what is finished comes out this often, and what a batch costs by itself is a few per cent of it
CHUNK = 0.5  # [s] host work between chunks stays below a per cent, a kill loses less than a breath
SAVING = 0.02  # share of the time that checkpoints may take


def train(
    job: Job, program: trainer.Program, cells: Sequence[Cell], store: Store, on_progress: OnProgress
) -> Iterator[tuple[Cell, xr.Dataset]]:
    """Yield (cell, its runs) for every cell, batch by batch; a cell never spans two batches."""
    before = steps_of(job, [c for row in job.cells() for c in row]) - steps_of(job, cells)
    left, pace = list(cells), Pace()
    while left:
        batch, room = [left.pop(0)], pace.rows(program)
        while left and sum(len(c.seeds) for c in [*batch, left[0]]) <= room:
            batch.append(left.pop(0))
        n = sum(len(c.seeds) for c in batch)

        def report(step: int, n: int = n, before: int = before) -> None:
            on_progress(progress(job, before + n * step, "train", program.compile_seconds))

        started = time.perf_counter()
        yield from _Batch(job, program, batch).drive(store, report, pace)
        pace.trained(n, time.perf_counter() - started)
        before += steps_of(job, batch)


@dataclass
class Pace:
    """How many windows fit a chunk and how many runs a batch, learned from one to the next.

    Attributes:
        windows: of the next chunk.
        runs: of the next batch; 0 before the first.
    """

    windows: int = 1
    runs: int = 0

    def advanced(self, windows: int, seconds: float) -> None:
        """Learn from a chunk."""
        self.windows = max(1, min(4 * self.windows, round(windows * CHUNK / max(seconds, 1e-6))))

    def trained(self, runs: int, seconds: float) -> None:
        """Learn from a batch; one that was resumed was short for another reason, so there is a limit to growth."""
        self.runs = max(1, min(8 * runs, round(runs * BATCH / max(seconds, 1e-6))))

    def rows(self, program: trainer.Program) -> int:
        """Return how many runs the next batch of a program has; never so few that a lane or a device is idle."""
        together = program.devices * program.lanes
        return min(program.width, max(self.runs, together, ROWS) // together * together)


class _Batch:
    """Cells of a job that are trained together.

    Args:
        job: the job.
        program: its program.
        cells: the cells; their runs fit the program.
    """

    def __init__(self, job: Job, program: trainer.Program, cells: list[Cell]) -> None:
        self.job, self.program, self.cells = job, program, cells
        self.n = sum(len(c.seeds) for c in cells)
        self.rows: tuple[trainer.Carry, dict, dict]  # of the program, as far as they have come
        self.at = program.positions(-(-self.n // program.lanes) * program.lanes)  # the rows that hold something

    def drive(self, store: Store, report: Callable[[int], None], pace: Pace) -> Iterator[tuple[Cell, xr.Dataset]]:
        """Train, from a checkpoint if there is one; yield (cell, its runs)."""
        settled, window, end = self.job.phenomenon.settled, self._begin(store), len(self.program.schedule)
        boundaries = sorted({-(-end * i // SETTLING) for i in range(1, SETTLING + 1)} if settled else {end})
        ends: dict[int, int] = {}  # {run of the batch whose own log has settled: windows at which the run ends}

        def settle(at: int) -> None:
            logs = [log for _, ds in self._datasets([at] * self.n) for log in runs.logs(ds)]
            # As long again: claims on a run's last values are of what has come to rest, not of what has just happened.
            twice = boundaries[min(2 * boundaries.index(at) + 1, len(boundaries) - 1)]
            ends.update({i: twice for i, log in enumerate(logs) if settled and i not in ends and settled(log)})

        def going(window: int) -> list[int]:
            return [i for i in range(self.n) if ends.get(i, end) > window]

        for boundary in boundaries:  # a checkpoint keeps the records, not the answers
            if boundary <= window < end:
                settle(boundary)
        saved, cost = time.perf_counter(), 0.0
        while alive := going(window):
            stop = min(window + pace.windows, next(b for b in boundaries if b > window))
            started = time.perf_counter()
            self.rows = self.program.run(self.rows, window, stop, alive)
            pace.advanced(stop - window, (now := time.perf_counter()) - started)
            window = stop
            report(int(self.program.schedule[window - 1]))
            if window in boundaries and window < end:
                settle(window)
            if going(window) and now - saved >= cost / SAVING:
                self._save(store, window)
                saved = time.perf_counter()
                cost = saved - now
        for cell, ds in self._datasets([ends.get(i, end) for i in range(self.n)]):
            yield cell, store.put(cell, ds)
        store.drop_progress(self.cells, self.program.lanes)

    def _begin(self, store: Store) -> int:
        """Place the runs; return how many windows of them a checkpoint had."""
        knobs = [type(self.job.phenomenon.knobs)(*dict(c.knobs).values()) for c in self.cells for _ in c.seeds]
        self.rows = self.program.start(knobs, [s for c in self.cells for s in c.seeds], self.job.root)
        leaves, tree = jax.tree.flatten(self.rows)
        like = [np.empty((len(self.at), *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
        resumed = store.load_progress(self.cells, self.program.lanes, like)
        if resumed is None or not 0 < resumed[0] < len(self.program.schedule):
            return 0
        filled = [np.array(leaf) for leaf in leaves]
        for whole, part in zip(filled, resumed[1], strict=True):
            whole[self.at] = part
        self.rows = self.program.place(jax.tree.unflatten(tree, filled))
        return resumed[0]

    def _save(self, store: Store, window: int) -> None:
        leaves = [np.asarray(leaf)[self.at] for leaf in jax.tree.leaves(self.rows)]
        store.save_progress(self.cells, self.program.lanes, window, leaves)

    def _datasets(self, windows: Sequence[int]) -> Iterator[tuple[Cell, xr.Dataset]]:
        """Yield (cell, dataset) of the first windows[i] records of run i; a cell is as long as its longest."""
        p, program, whence = self.job.phenomenon, self.program, provenance(self.job)
        seen, probed = ({c: np.asarray(v)[self.at] for c, v in part.items()} for part in self.rows[1:])
        first = 0
        for cell in self.cells:
            span = slice(first, first + len(cell.seeds))
            n = max(windows[span])
            m = -(-n // p.probe_every)
            cut_seen = {c: v[span, :n] for c, v in seen.items()}
            cut_probed = {c: v[span, :m] for c, v in probed.items()}
            knobs = type(p.knobs)(**dict(cell.knobs))
            attrs = whence | {"stopped": "settled" if n < len(program.schedule) else "end of schedule"}
            steps, probe_steps = program.schedule[:n], program.probe_schedule[:m]
            last = [int(steps[w - 1]) for w in windows[span]]
            yield cell, runs.dataset(p, knobs, cell.seeds, steps, cut_seen, probe_steps, cut_probed, attrs, last)
            first += len(cell.seeds)
