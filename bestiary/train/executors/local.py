"""Train in this process: programs compile in the background while others train."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from bestiary.train import batches, store, trainer
from bestiary.train.event import OnProgress
from bestiary.train.executors.protocol import Trained
from bestiary.train.jobs import Job
from bestiary.train.store import Cell, Store


class Local:
    """Train in this process, on all its devices.

    Args:
        machine: width, lanes, devices of `bestiary.train.trainer.compile_program`.
    """

    def __init__(self, **machine: int) -> None:
        self._machine = machine

    def machine(self, packages: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return backend, device, versions and flags of this process."""
        return store.machine(packages)

    @contextmanager
    def session(self, on_progress: OnProgress) -> Iterator[_Session]:
        """Begin to train; checkpoints of what is not finished stay in the store."""
        # A compile is an XLA call that releases the interpreter lock; two at a time leave a core of two to train on.
        with ThreadPoolExecutor(max_workers=max(2, (os.cpu_count() or 1) // 2)) as pool:
            session = _Session(pool, self._machine, on_progress)
            try:
                yield session
            finally:
                session.give_up()


class _Waiting(NamedTuple):
    job: Job
    cells: Sequence[Cell]
    store: Store
    program: Future[trainer.Program]


class _Session:
    def __init__(self, pool: ThreadPoolExecutor, machine: dict[str, int], on_progress: OnProgress) -> None:
        self._pool, self._machine, self._on_progress = pool, machine, on_progress
        self._waiting: dict[int, _Waiting] = {}

    def add(self, index: int, job: Job, cells: Sequence[Cell], store: Store) -> None:
        program = self._pool.submit(trainer.compile_program, job.phenomenon, job.static, **self._machine)
        self._waiting[index] = _Waiting(job, cells, store, program)

    def __iter__(self) -> Iterator[Trained]:
        while self._waiting:
            ready = (index for index, one in self._waiting.items() if one.program.done())
            index = next(ready, next(iter(self._waiting)))
            job, cells, store, compiling = self._waiting.pop(index)
            program = compiling.result()
            for cell, ds in batches.train(job, program, cells, store, self._on_progress):
                yield Trained(index, cell, ds, program.compile_seconds)

    def give_up(self) -> None:
        for one in self._waiting.values():
            one.program.cancel()
