"""What a worker does: it says what it is, keeps setups and programs, trains cells and sends them back as netCDF.

A process trains one batch at a time, on one CPU device per thread of the worker or on all its accelerators.
"""

from __future__ import annotations

import os
import pickle
import platform
import threading
import time
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import dask.config
from distributed import get_worker

from bestiary.cache import cache_dir
from bestiary.entry import Phenomenon
from bestiary.train import batches, runs, store, trainer
from bestiary.train.executors.parcel import Parcel, unpack
from bestiary.train.jax_setup import prepare
from bestiary.train.jobs import Job
from bestiary.train.store import Cell, NoStore
from bestiary.version import __version__

MOST = 64  # setups that a worker keeps; as many programs as the trainer keeps
Machine = tuple[tuple[str, str], ...]


class Order(NamedTuple):
    """Cells of one job that a worker is to train.

    Attributes:
        entry: name of the setup.
        code: hash of the sources that decide the runs.
        packages: installed packages that these name.
        cells: what to train; their machine is what the worker must be.
        software: what the worker must run; see `software`.
    """

    entry: str
    code: str
    packages: tuple[str, ...]
    cells: tuple[Cell, ...]
    software: Machine


class Batch(NamedTuple):
    """Cells that a worker has trained.

    Attributes:
        files: the content of a netCDF file for each cell, in the order of the order.
        seconds: [s] what training took.
        compile_seconds: [s] what compiling took; 0 for a program that was there.
    """

    files: tuple[bytes, ...]
    seconds: float
    compile_seconds: float


class Refusal(NamedTuple):
    """Why a worker does not train.

    Attributes:
        worker: its address.
        why: in one line.
    """

    worker: str
    why: str


def software() -> Machine:
    """Return the versions of Python and of bestiary, which are in no cell's address."""
    return (("bestiary", __version__), ("python", ".".join(platform.python_version_tuple()[:2])))


def differences(has: Machine, wanted: Machine) -> str:
    """Say in what a worker differs from what is wanted; empty if in nothing."""
    here, there = dict(has), dict(wanted)
    names = [name for name in sorted({*here, *there}) if here.get(name, "") != there.get(name, "")]
    return ", ".join(f"{name} {here.get(name) or 'none'}, not {there.get(name) or 'none'}" for name in names)


def introduce(packages: Iterable[str]) -> tuple[str, Machine, Machine] | Refusal:
    """Return the worker's address, machine and software."""
    try:
        _prepared()
        return _address(), store.machine(packages), software()
    except ValueError as error:
        return Refusal(_address(), str(error))


def train(parcel: bytes, order: bytes) -> Batch | Refusal:
    """Train what is ordered.

    Args:
        parcel: a pickled Parcel.
        order: a pickled Order.
    """
    wanted: Order = pickle.loads(order)
    try:
        _prepared()
        has = (*store.machine(wanted.packages), *software())
        if why := differences(has, (*wanted.cells[0].machine, *wanted.software)):
            return Refusal(_address(), why)
        p, same = _setup(wanted, parcel)
    except (ValueError, ImportError, AttributeError) as error:
        return Refusal(_address(), str(error))
    if not same:
        return Refusal(_address(), f"other source of {wanted.entry or 'the setup'} or of the trainer")
    static = type(p.static)(**dict(wanted.cells[0].static))
    settings = tuple(type(p.knobs)(**dict(cell.knobs)) for cell in wanted.cells)
    seeds = tuple(len(cell.seeds) for cell in wanted.cells)
    job = Job(wanted.entry, p, static, settings, seeds, wanted.cells[0].root, wanted.code, wanted.packages)
    with _training:
        before = trainer.compiled[p]
        program = trainer.compile_program(p, static)
        compiled, started = trainer.compiled[p] > before, time.perf_counter()
        made = dict(batches.train(job, program, wanted.cells, NoStore(), lambda progress: None))
        seconds = time.perf_counter() - started
    with _encoding, dask.config.set(scheduler="synchronous"):  # else xarray connects a client to ask who computes
        files = tuple(runs.encode(runs.seal(made[cell])) for cell in wanted.cells)
    return Batch(files, seconds, program.compile_seconds if compiled else 0.0)


_starting, _unpacking, _training, _encoding = (threading.Lock() for _ in range(4))
_setups: dict[Any, tuple[Phenomenon, bool]] = {}


def _prepared() -> None:
    """Set JAX up, once for the process: as many CPU devices as the worker has threads.

    Raises:
        ValueError: a flag of JAX is on with which nothing can be trained.
    """
    with _starting:
        _prepare(int(get_worker().state.nthreads))


@cache
def _prepare(threads: int) -> None:
    os.environ.setdefault("NPROC", str(threads))  # XLA's own threads, which would meet those of other workers
    prepare(cache_dir(), threads)


def _setup(order: Order, parcel: bytes) -> tuple[Phenomenon, bool]:
    """The setup, and whether its source is that of whoever sent it; made once, since programs are of one object."""
    cell = order.cells[0]
    key = (order.code or parcel, *(tuple(name for name, _ in part) for part in (cell.knobs, cell.static)))
    with _unpacking:
        if key not in _setups:
            told: Parcel = pickle.loads(parcel)
            p, code = unpack(told)
            if len(_setups) == MOST:
                del _setups[next(iter(_setups))]
            _setups[key] = p, code == told.code
        return _setups[key]


def _address() -> str:
    return str(get_worker().address)
