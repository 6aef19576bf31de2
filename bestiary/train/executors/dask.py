"""Train on a Dask cluster: batches of cells go out, a few per worker at a time, and come home as they finish.

Who gets which batch, what happens when a worker dies, and the dashboard are Dask's. What is decided here is how large
a batch is, who is fit, and what is believed of what comes home.
"""

from __future__ import annotations

import pickle
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import xarray as xr
from distributed import Client, Future, as_completed

from bestiary.entry import Phenomenon
from bestiary.train import runs
from bestiary.train.event import OnProgress, progress, steps_of
from bestiary.train.executors import fleet, sizing, task
from bestiary.train.executors.fleet import Fleet
from bestiary.train.executors.parcel import pack
from bestiary.train.executors.protocol import ExecutorError, Trained
from bestiary.train.executors.remote import Batch, Machine, Order, Refusal, software
from bestiary.train.executors.sizing import Pace
from bestiary.train.jobs import Job
from bestiary.train.store import Cell, Store

SMALL = 64 * 2**10  # [byte] of a setup that goes with every batch
TRIES = 3  # how often a batch may come home damaged


class Dask:
    """Train on the workers of a cluster.

    Args:
        client: of the cluster; it is not closed.
        notify: called with one line when a worker is refused, and when there is none.
    """

    def __init__(self, client: Client, notify: Callable[[str], None] = lambda line: None) -> None:
        self.client, self.fleet = client, Fleet(client, notify)
        self._setups: dict[Phenomenon, bytes | Future] = {}

    def machine(self, packages: Iterable[str]) -> Machine:
        """Return backend, device, versions and flags of the workers.

        Raises:
            ExecutorError: no worker is fit, or the scheduler is gone.
        """
        return self.fleet.machine(packages)

    @contextmanager
    def session(self, on_progress: OnProgress) -> Iterator[_Session]:
        """Begin to train; what is out when the context ends is cancelled."""
        session = _Session(self, on_progress)
        try:
            yield session
        finally:
            session.cancel()

    def setup(self, job: Job) -> bytes | Future:
        """Return the setup of a job, as it goes with every batch; a large one is what workers fetch, each once.

        Raises:
            ExecutorError: it cannot be sent.
        """
        if job.phenomenon not in self._setups:
            parcel = pack(job.entry, job.phenomenon)
            content = pickle.dumps(parcel)
            # Dask prefers the worker that has what a task needs, though others be idle: for little that is no gain.
            large = len(content) > SMALL
            key = f"bestiary-setup-{parcel.digest}"
            self._setups[job.phenomenon] = self.client.submit(task.keep, content, key=key) if large else content
        return self._setups[job.phenomenon]


@dataclass
class _Work:
    """Cells of a job that have not come home."""

    index: int
    job: Job
    store: Store
    setup: bytes | Future
    pace: Pace
    left: deque[Cell]
    done: int  # [step] over all runs of the job


@dataclass
class _Out:
    """A batch on its way, the workers that may train it, None for all, and how often it came home damaged."""

    work: _Work
    cells: tuple[Cell, ...]
    workers: list[str] | None = None
    damaged: int = 0


class _Session:
    def __init__(self, dask: Dask, on_progress: OnProgress) -> None:
        self._dask, self._fleet, self._on_progress = dask, dask.fleet, on_progress
        self._works: dict[int, _Work] = {}
        self._paces: dict[Any, Pace] = {}
        self._out: dict[Future, _Out] = {}
        self._again: deque[_Out] = deque()
        self._home = as_completed(loop=dask.client.loop, with_results=True, raise_errors=False)

    def add(self, index: int, job: Job, cells: Sequence[Cell], store: Store) -> None:
        pace = self._paces.setdefault((job.phenomenon, job.static), Pace())
        done = steps_of(job, [c for row in job.cells(cells[0].machine) for c in row]) - steps_of(job, cells)
        self._works[index] = _Work(index, job, store, self._dask.setup(job), pace, deque(cells), done)

    def __iter__(self) -> Iterator[Trained]:
        while self._works or self._out or self._again:
            if self._fleet.look():
                self._free_the_stuck()
            self._fill()
            landed = self._home.next_batch(block=False)
            for future, result in landed:
                if out := self._back(future):
                    yield from self._received(out, result)
            if not landed:
                time.sleep(fleet.PAUSE)

    def cancel(self) -> None:
        """Take back what is out."""
        futures = list(self._out)
        self._out.clear()
        if futures and self._dask.client.status == "running":
            self._dask.client.cancel(futures)

    def _fill(self) -> None:
        """Send a few batches per worker."""
        fit = self._fleet.fit()
        if fit == []:
            return
        workers = max(1, len(self._fleet.there if fit is None else fit))
        while len(self._out) < sizing.AHEAD * workers:
            if self._again:
                self._send(self._again.popleft(), fit)
            elif work := self._next(workers):
                self._send(_Out(work, self._taken(work, workers)), fit)
            else:
                return

    def _taken(self, work: _Work, workers: int) -> tuple[Cell, ...]:
        """Take the cells of the next batch."""
        room = work.pace.runs(sum(len(cell.seeds) for cell in work.left), workers)
        cells = [work.left.popleft()]
        while work.left and sum(len(c.seeds) for c in (*cells, work.left[0])) <= room:
            cells.append(work.left.popleft())
        if not work.left:
            del self._works[work.index]
        return tuple(cells)

    def _next(self, workers: int) -> _Work | None:
        """The work to send a batch of; of a program whose pace nobody knows one at a time, unless workers idle."""
        for work in self._works.values():
            if work.pace.per_run or not work.pace.out:
                return work
        return next(iter(self._works.values()), None) if len(self._out) < workers else None

    def _send(self, out: _Out, workers: list[str] | None) -> None:
        job, out.workers = out.work.job, workers
        order = pickle.dumps(Order(job.entry, job.code, job.packages, out.cells, software()))
        key = f"bestiary-{job.entry or 'runs'}-{uuid.uuid4()}"
        future = self._dask.client.submit(task.call, "train", out.work.setup, order, key=key, workers=workers)
        self._out[future] = out
        out.work.pace.out += 1
        self._home.add(future)

    def _back(self, future: Future) -> _Out | None:
        """What was out as this future; None if it was sent again since."""
        out = self._out.pop(future, None)
        future.release()
        if out is not None:
            out.work.pace.out -= 1
        return out

    def _received(self, out: _Out, result: Any) -> Iterator[Trained]:
        """Believe what has come home, or send it out again."""
        if isinstance(result, Refusal):
            self._again.append(out)
            self._fleet.refuse(result)
            return
        if not isinstance(result, Batch):
            error = result[1] if isinstance(result, tuple) else result  # (type, exception, traceback)
            raise self._fleet.told(error)
        try:
            made = _opened(out, result)
        except ValueError as error:
            out.damaged += 1
            if out.damaged == TRIES:
                broken = f"{error}, {TRIES} times; the network or a worker is broken"
                raise ExecutorError(f"{self._fleet.name}: {broken}") from error
            out.work.store.notify(f"{error}; running it again")
            self._again.append(out)
            return
        work, size = out.work, sum(map(len, result.files))
        work.pace.learn(sum(len(c.seeds) for c in out.cells), result.seconds, size, result.compile_seconds)
        work.done += steps_of(work.job, out.cells)
        self._on_progress(progress(work.job, work.done, "train", work.pace.compile_seconds))
        for cell, ds in made:
            yield Trained(work.index, cell, work.store.put(cell, ds), work.pace.compile_seconds)

    def _free_the_stuck(self) -> None:
        """Take back what only workers could train that are gone; it is sent again."""
        for future, out in list(self._out.items()):
            if self._fleet.lacks(out.workers) and not future.done():
                self._dask.client.cancel([future])
                self._back(future)
                self._again.append(out)


def _opened(out: _Out, batch: Batch) -> list[tuple[Cell, xr.Dataset]]:
    """Read what a worker has sent.

    Raises:
        ValueError: it is damaged, or not what was ordered.
    """
    made = []
    for cell, content in zip(out.cells, batch.files, strict=True):
        name = f"{cell.entry or 'runs'} {cell.address}"
        ds = runs.decode(content, name)
        if ds.attrs.get("fingerprint") != cell.fingerprint:
            raise ValueError(f"{name}: a worker has sent other runs than were ordered")
        made.append((cell, ds))
    return made
