"""Run what is asked for and not yet on disk: look cells up, have what they lack trained, join."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import xarray as xr

from bestiary.entry import Knobs, Phenomenon, Static
from bestiary.train import runs
from bestiary.train.event import OnProgress, progress, steps_of
from bestiary.train.executors.local import Local
from bestiary.train.executors.opening import Place, opened
from bestiary.train.executors.protocol import Executor
from bestiary.train.jobs import Job
from bestiary.train.numerics import refuse
from bestiary.train.store import Cell, NoStore, Store


@dataclass
class _Open:
    """A job of which not all runs are there yet.

    Attributes:
        job: the job.
        store: where its runs are kept.
        rows: its cells, setting by setting.
        fresh: what was trained, or read to see whether it is sound.
        left: what is being trained.
    """

    job: Job
    store: Store
    rows: list[list[Cell]]
    fresh: dict[Cell, xr.Dataset] = field(default_factory=dict)
    left: set[Cell] = field(default_factory=set)

    @property
    def cells(self) -> list[Cell]:
        """All cells; one that several settings share comes once."""
        return list(dict.fromkeys(c for row in self.rows for c in row))

    def read(self) -> list[Cell]:
        """Read what is kept of the job; return the cells that must be trained all the same."""
        for cell in self.cells:
            ds = None if cell in self.fresh else self.store.get(cell)
            if ds is not None:
                self.fresh[cell] = ds
        return [c for c in self.cells if c not in self.fresh]

    def finished(self, on_progress: OnProgress, compile_seconds: float) -> xr.Dataset:
        """Join the runs."""
        on_progress(progress(self.job, steps_of(self.job, self.cells), "done", compile_seconds))
        return runs.named(runs.join([[self.fresh[c] for c in row] for row in self.rows]), self.job.phenomenon)


def execute(
    jobs: Sequence[Job],
    store: Store,
    on_progress: OnProgress = lambda p: None,
    executor: Executor | None = None,
) -> Iterator[tuple[int, xr.Dataset]]:
    """Run jobs, where an executor trains them.

    Args:
        jobs: what to run.
        store: where cells are looked up and saved; a job whose source cannot be followed is neither, and that is said.
        on_progress: called with each Progress, from this thread or a compiling one.
        executor: who trains; default: this process.

    Yields:
        (index of the job, its runs), in the order in which jobs finish.

    Raises:
        ValueError: a flag of JAX is on with which nothing can be trained.
        ExecutorError: the machines of the executor are gone, or not fit; what has come home is kept.
    """
    refuse()
    executor = executor or Local()
    with executor.session(on_progress) as session:
        waiting: dict[int, _Open] = {}

        def train(index: int, one: _Open, cells: Sequence[Cell]) -> None:
            waiting[index], one.left = one, set(cells)
            session.add(index, one.job, cells, one.store)

        for i, job in enumerate(jobs):
            one = _Open(job, _store_of(job, store), job.cells(executor.machine(job.packages)))
            lacking = [c for c in one.cells if not one.store.has(c)]
            on_progress(progress(job, steps_of(job, one.cells) - steps_of(job, lacking), "compile"))
            # One job's runs in memory at a time: a grid may be larger than that.
            if lacking := lacking or one.read():
                train(i, one, lacking)
            else:
                yield i, one.finished(on_progress, 0.0)
        for done in session:
            one = waiting[done.index]
            one.fresh[done.cell] = done.runs
            one.left.discard(done.cell)
            if one.left:
                continue
            if damaged := one.read():
                train(done.index, one, damaged)
                continue
            yield done.index, waiting.pop(done.index).finished(on_progress, done.compile_seconds)


def _store_of(job: Job, store: Store) -> Store:
    """The store, or none for runs whose address would not tell what made them."""
    if job.code:
        return store
    store.notify(f"{job.entry or 'these runs'}: not kept, since {job.unkept or 'nobody hashed what decides them'}")
    return NoStore()


def simulate(
    p: Phenomenon,
    settings: Sequence[Knobs] | None = None,
    *,
    seeds: int = 8,
    root: int = 0,
    static: Static | None = None,
    executor: Place = None,
    **machine: int,
) -> xr.Dataset:
    """Train without a store: every setting over seeds 0..seeds-1.

    Args:
        p: the setup.
        settings: (K) knobs; default: the setup's own.
        seeds: number of seeds of each setting.
        root: root seed.
        static: static part; default: the setup's own.
        executor: where to train, as `--on` of the command line, or a `distributed.Client`; default: this process.
        machine: width, lanes, devices of `trainer.compile_program` in this process.

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
    with opened(executor, warnings.warn, **machine) as where:
        ((_, ds),) = execute([job], NoStore(), executor=where)
    return ds
