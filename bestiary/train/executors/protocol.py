"""What an executor is, and how one says which.

Standard library alone: the command line reads `--on` before it imports JAX.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import xarray as xr

    from bestiary.train.event import OnProgress
    from bestiary.train.jobs import Job
    from bestiary.train.store import Cell, Store

WANTED = "want local, dask, dask://local:4, tcp://host:port, or the path of a scheduler file that ends in .json"
NETWORK = re.compile(r"(tcp|tls|ws|wss|ucx|ucxx)://[^\s/]+:(\d+)")  # what `distributed` listens on
OWN = re.compile(r"dask://local:(\d+)")


class ExecutorError(RuntimeError):
    """Runs cannot be trained where they were to be: nobody answers there, or nobody who does is fit; in one line."""


@dataclass(frozen=True)
class Trained:
    """A cell that has been trained.

    Attributes:
        index: of its job.
        cell: what was trained.
        runs: dims (setting: 1, seed, step); as the store gives them back.
        compile_seconds: [s] how long the program took to compile.
    """

    index: int
    cell: Cell
    runs: xr.Dataset
    compile_seconds: float


class Session(Protocol):
    """Cells on their way through an executor: they are added, and come back trained, in any order."""

    def add(self, index: int, job: Job, cells: Sequence[Cell], store: Store) -> None:
        """Take cells of a job to be trained and put into a store; more may be added while others come back."""
        ...

    def __iter__(self) -> Iterator[Trained]:
        """Yield every cell once it is trained and put into its store.

        Raises:
            ExecutorError: the machines are gone, or none of them is fit.
        """
        ...


class Executor(Protocol):
    """Whoever trains cells."""

    def machine(self, packages: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return backend, device, versions and flags of whoever trains; see `bestiary.train.store.machine`.

        Raises:
            ExecutorError: nobody is there who could train.
        """
        ...

    def session(self, on_progress: OnProgress) -> AbstractContextManager[Session]:
        """Begin to train; what has not come back when the context ends is given up."""
        ...


class Where(NamedTuple):
    """A place to train at.

    Attributes:
        text: as it was written.
        kind: `local`, `configured`, `own`, `address` or `file`.
        workers: of a cluster of our own on this machine.
    """

    text: str
    kind: str
    workers: int = 0


def parse(text: str) -> Where:
    """Read where to train.

    Args:
        text: `local` for this process; `dask` for the scheduler that Dask's own configuration names; `dask://local:4`
            for four worker processes on this machine; `tcp://host:port` for a scheduler; a path that ends in `.json`
            for the file that a scheduler has written.

    Raises:
        ValueError: none of these; in one line.

    Examples:
        >>> parse("dask://local:4").workers
        4
    """
    if text in ("local", "dask"):
        return Where(text, "local" if text == "local" else "configured")
    if own := OWN.fullmatch(text):
        if not 1 <= int(own[1]) <= 1024:
            raise ValueError(f"{text}: want 1 to 1024 workers")
        return Where(text, "own", int(own[1]))
    if network := NETWORK.fullmatch(text):
        if not 0 < int(network[2]) < 2**16:
            raise ValueError(f"{text}: {network[2]} is no port; want 1 to 65535")
        return Where(text, "address")
    if text.endswith(".json") and "://" not in text:
        return Where(text, "file")
    raise ValueError(f"{text}: {WANTED}")
