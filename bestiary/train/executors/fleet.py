"""Which workers of a cluster are fit to train."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from typing import Any

from distributed import Client, KilledWorker

from bestiary.train import store
from bestiary.train.executors import task
from bestiary.train.executors.protocol import ExecutorError
from bestiary.train.executors.remote import Machine, Refusal, differences, software

PAUSE = 0.02  # [s] between two looks at what has come home
LOOK = 1.0  # [s] between two looks at who is there
SILENCE = 10.0  # [s] without a worker until that is said
KEPT = "what has come home is kept, and the same command goes on from there"


class Fleet:
    """The workers of a cluster. The first that is fit says on what machine runs are trained; all others must equal it.

    Args:
        client: of the cluster.
        notify: called with one line when a worker is refused, and when there is none.

    Attributes:
        name: address of the scheduler.
        there: addresses of the workers that were there at the last look.
    """

    def __init__(self, client: Client, notify: Callable[[str], None]) -> None:
        self.client, self._notify = client, notify
        self.name = str(client.scheduler.address if client.scheduler is not None else "dask")
        self.there: tuple[str, ...] = ()
        self._refused: dict[str, str] = {}
        self._known: set[str] = set()
        self._machines: dict[tuple[str, ...], Machine] = {}
        self._looked, self._seen = float("-inf"), time.monotonic()

    def machine(self, packages: Iterable[str]) -> Machine:
        """Return what runs are trained on, with the versions of these packages.

        Raises:
            ExecutorError: no worker is fit, or the scheduler is gone.
        """
        key = tuple(sorted(packages))
        while key not in self._machines:
            told = self._asked(key)
            if isinstance(told, Refusal):
                self.refuse(told)
            elif why := self._unfit(key, told[1], told[2]):
                self.refuse(Refusal(told[0], why))
            else:
                self._machines[key] = told[1]
        return self._machines[key]

    def _asked(self, packages: tuple[str, ...]) -> Any:
        """Ask one of the workers what it is; wait until there is one."""
        while True:
            self.look()
            fit = self.fit()
            if fit == []:
                time.sleep(PAUSE)
                continue
            asked = self.client.submit(task.call, "introduce", packages, workers=fit, pure=False)
            while not asked.done() and not self.lacks(fit):
                time.sleep(PAUSE)
                self.look()
            if asked.done():
                break
        try:
            return asked.result()
        except Exception as error:  # whatever a worker stumbles on
            raise self.told(error) from error

    def lacks(self, workers: list[str] | None) -> bool:
        """Return whether none of some workers is there any more; None stands for whoever comes."""
        return workers is not None and not {*workers} & {*self.there}

    def _unfit(self, packages: tuple[str, ...], machine: Machine, runs: Machine) -> str:
        """Say in what a worker differs from the first one, or in its versions from here; empty if in nothing."""
        first, here = dict(next(iter(self._machines.values()), machine)), dict(store.machine(packages))
        versions = {*store.COMPUTING, *packages}
        wanted = {name: here.get(name, "") if name in versions else first.get(name, "") for name in {*first, *here}}
        return differences((*machine, *runs), (*wanted.items(), *software()))

    def fit(self) -> list[str] | None:
        """Return the workers that may train, of those that are there; None for all, whoever comes."""
        return [worker for worker in self.there if worker not in self._refused] if self._refused else None

    def refuse(self, refusal: Refusal) -> None:
        """Give a worker nothing more; that is said once.

        Raises:
            ExecutorError: no worker is left, and none is gone that might come back.
        """
        if refusal.worker in self._refused:
            return
        self._refused[refusal.worker] = refusal.why
        self._looked = float("-inf")
        self.look()
        if not self._known - set(self._refused):
            raise ExecutorError(f"{self.name}: no worker is fit; {'; '.join(map(': '.join, self._refused.items()))}")
        self._notify(f"worker {refusal.worker} trains nothing: {refusal.why}")

    def look(self) -> bool:
        """Look who is there, if the last look was a while ago; return whether it was.

        Raises:
            ExecutorError: the scheduler is gone.
        """
        now = time.monotonic()
        if self.client.status != "running":
            raise ExecutorError(f"{self.name}: the scheduler is gone; {KEPT}")
        if now - self._looked < LOOK:
            return False
        try:
            self.there = tuple(self.client.nthreads())  # pyright: ignore[reportArgumentType]
        except (OSError, TimeoutError, CancelledError) as error:
            raise ExecutorError(f"{self.name}: the scheduler is gone; {KEPT}") from error
        self._looked = now
        self._known.update(self.there)
        if set(self.there) - set(self._refused):
            self._seen = now
        elif now - self._seen > SILENCE:
            self._notify(f"{self.name}: no worker {'that is fit ' if self.there else ''}is there; waiting for one")
            self._seen = float("inf")
        return True

    def told(self, error: BaseException) -> BaseException:
        """Return the error to raise for what became of a task: one line for a fault of the cluster, else the error."""
        if isinstance(error, CancelledError):
            lost = getattr(error, "reason", "") == "scheduler-connection-lost" or self.client.status != "running"
            what = "the scheduler is gone" if lost else "the runs were cancelled"
            return ExecutorError(f"{self.name}: {what}; {KEPT}")
        if isinstance(error, KilledWorker):
            died = f"{error.allowed_failures + 1} workers died of one batch, the last of them"
            why = "its log says more, and memory is a likely reason"
            return ExecutorError(f"{self.name}: {died} {error.last_worker.address}; {why}; {KEPT}")
        lacks = error if isinstance(error, ModuleNotFoundError) else error.__cause__
        if isinstance(lacks, ModuleNotFoundError) and str(lacks.name).startswith(("bestiary", "jax", "distributed")):
            return ExecutorError(f"{self.name}: {lacks} there; pip install 'bestiary[cluster]' where its workers run")
        return error
