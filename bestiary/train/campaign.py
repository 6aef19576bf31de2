"""Run what is asked for and not yet on disk: look cells up, compile what they need, train, join."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import xarray as xr

from bestiary.entry import Knobs, Phenomenon, Static
from bestiary.train import batches, runs, trainer
from bestiary.train.event import OnProgress, progress, steps_of
from bestiary.train.jobs import Job
from bestiary.train.numerics import refuse
from bestiary.train.store import NoStore, Store


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
    # Every compile is an XLA call that releases the interpreter lock; two at a time leave a core of two to train on.
    with ThreadPoolExecutor(max_workers=max(2, (os.cpu_count() or 1) // 2)) as pool:
        waiting, damaged = {}, set()
        try:
            for i, job in enumerate(jobs):
                cells, kept = [c for row in job.cells() for c in row], _store_of(job, store)
                there = [c for c in cells if kept.has(c)]
                on_progress(progress(job, steps_of(job, there), "compile"))
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
                for cell, ds in batches.train(
                    job, program, [c for c, d in known.items() if d is None], kept, on_progress
                ):
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


def _finish(job: Job, known: dict, on_progress: OnProgress, compile_seconds: float) -> xr.Dataset:
    on_progress(progress(job, steps_of(job, list(known)), "done", compile_seconds))
    return runs.named(runs.join([[known[c] for c in row] for row in job.cells()]), job.phenomenon)


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
