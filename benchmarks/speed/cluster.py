"""What a cluster costs and gains, on this machine: workers are processes of one thread each.

    python benchmarks/speed/cluster.py [--workers 1 --workers 2] [--rounds 3] [--cells 8]

Measured, after every worker has compiled:

    speed-up     wall time of grokking, `--cells` cells of 16 runs, against that of one worker; and of this process
    cells        cells of 16 short runs (period_doubling, 50 steps) per second, in batches as they are
    overhead     [ms] of wall time that a batch costs beside training, with one cell in each batch and one worker
    start        [s] from nothing to the first cell: the cluster, imports, compiling with a warm cache

Rounds take turns, and the fastest counts; on a machine that others use, no figure says much.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from importlib import import_module
from itertools import count

import click

from bestiary.judge.setup import jobs
from bestiary.train.campaign import execute
from bestiary.train.executors import sizing
from bestiary.train.executors.local import Local
from bestiary.train.executors.opening import opened
from bestiary.train.executors.protocol import Executor
from bestiary.train.session import open_store
from bestiary.train.store import NoStore

roots = count(1)  # of a root of its own nothing is known to anybody


def timed(key: str, cells: int, executor: Executor, **static: int) -> float:
    """Train cells of 16 runs of an entry; return the wall time [s]."""
    p = import_module(f"bestiary.phenomena.{key}").PHENOMENON
    setup = jobs.Setup.of(key, p)
    settings = tuple(p.knobs._replace(lr=p.knobs.lr * (1 + 0.001 * i)) for i in range(cells))
    how = (key, p, p.static._replace(**static), settings, (16,) * cells, next(roots), setup.code, setup.packages)
    started = time.perf_counter()
    for _ in execute([jobs.Job(*how)], NoStore(), executor=executor):
        pass
    return time.perf_counter() - started


def overhead(executor: Executor, batches: int = 200) -> float:
    """Return the wall time [s] of a batch of one short cell, one after the other on a single worker."""
    kept = sizing.SECONDS, sizing.COMPILES
    sizing.SECONDS = sizing.COMPILES = 0.0
    try:
        return timed("period_doubling", batches, executor, steps=50) / batches
    finally:
        sizing.SECONDS, sizing.COMPILES = kept


@click.command()
@click.option("--workers", multiple=True, type=click.IntRange(1), default=(1, 2), show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--cells", type=click.IntRange(1), default=8, show_default=True, help="Of grokking.")
def main(workers: Sequence[int], rounds: int, cells: int) -> None:
    """Print the table."""
    open_store()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} cores, load {load:.1f}")
    here = min(timed("grokking", cells, Local()) for _ in range(rounds + 1))
    print(f"this process       grokking {here:6.2f} s")
    first = None
    for n in workers:
        started = time.perf_counter()
        with opened(f"dask://local:{n}") as executor:
            timed("period_doubling", 2 * n, executor, steps=50)
            start = time.perf_counter() - started
            timed("grokking", 4 * n, executor)
            wall = min(timed("grokking", cells, executor) for _ in range(rounds))
            rate = max(1000 / timed("period_doubling", 1000, executor, steps=50) for _ in range(rounds))
            first = first or wall
            line = f"{n} worker{'s' if n > 1 else ' '}: start {start:4.1f} s"
            line += f", grokking {wall:6.2f} s ({first / wall:4.2f}x), {rate:4.0f} cells/s"
            if n == 1:
                cost = [overhead(executor) for _ in range(rounds)]
                line += f", {1e3 * min(cost):.1f} ms a batch (median {1e3 * statistics.median(cost):.1f})"
            print(line)


if __name__ == "__main__":
    main()
