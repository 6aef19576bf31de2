"""Run what is asked for and not yet on disk: pack cells into batches, drive them, save them.

The host advances a batch in chunks that last about CHUNK seconds, so that it can show
progress, save checkpoints and stop what has settled. Where chunks end changes no result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import jax
import numpy as np
import xarray as xr

from bestiary.entry import Knobs, Phenomenon, Static
from bestiary.train import runs, trainer
from bestiary.train.jobs import SETTLING, Job
from bestiary.train.numerics import refuse
from bestiary.train.provenance import provenance
from bestiary.train.store import Cell, NoStore, Store

CHUNK = 0.5  # [s] host work between chunks stays below a per cent, a kill loses less than a breath


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


def execute(
    jobs: Sequence[Job], store: Store, on_progress: OnProgress = lambda p: None, **machine: int
) -> Iterator[tuple[int, xr.Dataset]]:
    """Run jobs; programs compile in the background while others train.

    Args:
        jobs: what to run.
        store: where cells are looked up and saved; a job whose source cannot be followed is neither, and that is said.
        on_progress: called with each Progress, from this thread or a compiling one.
        machine: width, lanes, devices of `trainer.compile_program`.

    Yields:
        (index of the job, its runs), in the order in which jobs finish.

    Raises:
        ValueError: a flag of JAX is on with which nothing can be trained.
    """
    refuse()
    # Every compile is an XLA call that releases the interpreter lock; two at a time leave a core to train on.
    with ThreadPoolExecutor(max_workers=2) as pool:
        waiting, damaged = {}, set()
        try:
            for i, job in enumerate(jobs):
                cells, kept = [c for row in job.cells() for c in row], _store_of(job, store)
                there = [c for c in cells if kept.has(c)]
                on_progress(_progress(job, there, "compile"))
                if len(there) == len(cells):  # one job's runs in memory at a time: a grid may be larger than that
                    known = {c: kept.get(c) for c in cells}
                    damaged |= {c for c, ds in known.items() if ds is None}
                    if not damaged.intersection(cells):
                        yield i, _finish(job, known, on_progress, 0.0)
                        continue
                waiting[i] = pool.submit(trainer.compile_program, job.phenomenon, job.static, **machine)
            while waiting:
                i = next((i for i, f in waiting.items() if f.done()), next(iter(waiting)))
                program, job = waiting.pop(i).result(), jobs[i]
                kept = _store_of(job, store)
                known = {c: None if c in damaged else kept.get(c) for row in job.cells() for c in row}
                for cell, ds in _train(job, program, [c for c, d in known.items() if d is None], kept, on_progress):
                    known[cell] = ds
                yield i, _finish(job, known, on_progress, program.compile_seconds)
        finally:
            for future in waiting.values():
                future.cancel()


def _store_of(job: Job, store: Store) -> Store:
    """The store, or none for runs whose address would not tell what made them."""
    if job.code:
        return store
    store.notify(f"{job.entry or 'these runs'}: not kept, since {job.unkept or 'nobody hashed what decides them'}")
    return NoStore()


def _steps(job: Job, cells: Sequence[Cell]) -> int:
    return sum(len(c.seeds) for c in cells) * int(job.phenomenon.schedule(job.static)[-1])


def _progress(job: Job, done: Sequence[Cell], phase: str, compile_seconds: float = 0.0) -> Progress:
    total = _steps(job, [c for row in job.cells() for c in row])
    return Progress(job.entry, job.root, job, phase, _steps(job, done), total, sum(job.seeds), compile_seconds)


def _finish(job: Job, known: dict, on_progress: OnProgress, compile_seconds: float) -> xr.Dataset:
    on_progress(_progress(job, list(known), "done", compile_seconds))
    return runs.named(runs.join([[known[c] for c in row] for row in job.cells()]), job.phenomenon)


def _train(job: Job, program: trainer.Program, cells: list[Cell], store: Store, on_progress: OnProgress):
    """Yield (cell, its runs) for every cell, batch by batch; a cell never spans two batches."""
    total = _steps(job, [c for row in job.cells() for c in row])
    before, pace = total - _steps(job, cells), _Pace()
    left = list(cells)
    while left:
        batch = [left.pop(0)]
        while left and sum(len(c.seeds) for c in batch) + len(left[0].seeds) <= program.width:
            batch.append(left.pop(0))
        per_step = sum(len(c.seeds) for c in batch)

        def report(step, per_step=per_step, before=before):
            done = before + per_step * step
            phase = Progress(job.entry, job.root, job, "train", done, total, sum(job.seeds), program.compile_seconds)
            on_progress(phase)

        yield from _drive(job, program, batch, store, report, pace)
        before += _steps(job, batch)


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


def simulate(
    p: Phenomenon,
    settings: Sequence[Knobs] | None = None,
    *,
    seeds: int = 8,
    root: int = 0,
    static: Static | None = None,
    **machine: int,
) -> xr.Dataset:
    """Train without a store: every setting over seeds 0..seeds-1.

    Args:
        p: the setup.
        settings: (K) knobs; default: the setup's own.
        seeds: number of seeds of each setting.
        root: root seed.
        static: static part; default: the setup's own.
        machine: width, lanes, devices of `trainer.compile_program`.

    Returns:
        dims (setting, seed, step); see `bestiary.train.runs`.

    Examples:
        >>> from bestiary.phenomena.period_doubling import PHENOMENON as p
        >>> settings = [p.knobs._replace(lr=lr) for lr in (0.9, 1.2)]
        >>> ds = simulate(p, settings, seeds=2, static=p.static._replace(steps=50))
        >>> dict(ds.sizes)["setting"], ds["weight"].dims
        (2, ('setting', 'seed', 'step'))
    """
    settings = tuple(settings or (p.knobs,))
    job = Job("", p, static or p.static, settings, (seeds,) * len(settings), root, "")
    ((_, ds),) = execute([job], NoStore(), lambda progress: None, **machine)
    return ds
