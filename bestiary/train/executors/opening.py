"""Open an executor: by a word, or with a client of a cluster."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bestiary.train.executors.local import Local
from bestiary.train.executors.protocol import Executor, ExecutorError, Where, parse

if TYPE_CHECKING:
    from distributed import Client

Place: TypeAlias = "str | Client | Executor | None"
PATIENCE = 10.0  # [s] until a scheduler has answered
EXTRA = "needs what is not installed; pip install 'bestiary[cluster]'"


@contextmanager
def opened(
    where: Place = None, notify: Callable[[str], None] = lambda line: None, **machine: int
) -> Iterator[Executor]:
    """Open an executor; a cluster or a connection that is begun here ends with the context.

    Args:
        where: as `bestiary.train.executors.protocol.parse` reads it; a `distributed.Client`; an executor; None for this
            process.
        notify: called with one line when a worker is refused, or when there is none.
        machine: width, lanes, devices of `bestiary.train.trainer.compile_program` in this process.

    Raises:
        ValueError: no such place, or `machine` of another one than this process; in one line.
        TypeError: nothing that trains.
        ExecutorError: the extra is not installed, no address is configured, or nobody answers.
    """
    asked = parse(where) if isinstance(where, str) else None
    if where is None or (asked is not None and asked.kind == "local"):
        yield Local(**machine)
        return
    if machine:
        raise ValueError(f"{', '.join(machine)}: only for training in this process; workers choose by themselves")
    if asked is not None:
        if find_spec("distributed") is None:
            raise ExecutorError(f"{where}: {EXTRA}")
        with _connected(asked) as client:
            yield _on(client, notify)
    elif hasattr(where, "session"):
        yield where  # pyright: ignore[reportReturnType]
    else:
        if not hasattr(where, "scheduler_info"):
            raise TypeError(f"executor: want a place as a string or a distributed.Client, not {type(where).__name__}")
        if where.asynchronous:  # pyright: ignore[reportAttributeAccessIssue]
            raise TypeError("executor: want a client that waits, not Client(asynchronous=True)")
        yield _on(where, notify)  # pyright: ignore[reportArgumentType]


def _on(client: Client, notify: Callable[[str], None]) -> Executor:
    from bestiary.train.executors.dask import Dask

    return Dask(client, notify)


@contextmanager
def _connected(where: Where) -> Iterator[Client]:
    import dask.config
    from distributed import Client, LocalCluster

    if where.kind == "own":
        how = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": logging.ERROR}
        with LocalCluster(n_workers=where.workers, **how) as cluster, Client(cluster, set_as_default=False) as client:
            yield client
        return
    address = dask.config.get("scheduler-address", None) if where.kind == "configured" else where.text
    if not address:
        how = "set DASK_SCHEDULER_ADDRESS=tcp://host:port, or scheduler-address in Dask's configuration"
        raise ExecutorError(f"{where.text}: no scheduler is configured; {how}")
    if where.kind == "file":
        address = _address(Path(where.text))
    with _unlogged():
        try:
            client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise ExecutorError(f"{where.text}: nobody answers there within {PATIENCE:g} s") from error
        except ValueError as error:  # an address that `distributed` cannot read
            raise ExecutorError(f"{where.text}: {error}") from error
        with client:
            yield client


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep to ourselves what Dask logs here of a scheduler that is gone: whoever asked is told in one line."""
    known = [
        log
        for name in list(logging.root.manager.loggerDict)
        if name.partition(".")[0] == "distributed"
        for log in [logging.getLogger(name)]
    ]
    levels = [log.level for log in known]
    for log in known:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(known, levels, strict=True):
            log.setLevel(level)


def _address(file: Path) -> str:
    """Read the file that a scheduler has written."""
    try:
        return str(json.loads(file.read_text("utf-8"))["address"])
    except OSError as error:
        raise ExecutorError(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        wrote = "`dask scheduler --scheduler-file` writes one"
        raise ExecutorError(f"{file}: not the file of a scheduler; {wrote}") from error
