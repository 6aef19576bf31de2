"""One contender of compare.py, in a process of its own: python worker.py SPEC, SPEC in JSON.

It builds what SPEC names, warms up, answers with a line of facts, and then, for every line of its
standard input, a number of seconds, trains about as long and answers with what it did.

SPEC: kind; core to be pinned to, or null; cores in all; row; steps (null: the row's own); cache (folder of compiled
programs). For all but `trainer`, `campaign` and `product`: knobs and static values in full, from the trainer's facts.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

TRIAL = 0.3  # [s] that a width is tried for


def build(spec: dict[str, Any]) -> tuple[Iterator[int], dict[str, Any]]:
    """A contender: an iterator that trains a little and yields seeds x steps, for ever; and facts about it."""
    if spec["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {spec["core"]})
    if spec["kind"] in ("torch", "functorch", "functorch_compiled"):
        import torch_contenders

        return torch_contenders.build(spec)
    import jax_contenders

    return jax_contenders.build(spec)


def fastest(make: Callable[[int], Iterator[int]], widths: Sequence[int]) -> tuple[int, Iterator[int]]:
    """Which number of seeds trains most seed-steps per second, by a short trial of each; and its iterator."""
    rates = {}
    for width in widths:
        run = make(width)
        while not next(run):  # what comes first compiles
            pass
        started, done = time.perf_counter(), 0
        while not done or time.perf_counter() - started < TRIAL:
            done += next(run)
        rates[width] = done / (time.perf_counter() - started), run
    best = max(rates, key=lambda width: rates[width][0])
    return best, rates[best][1]


def work(spec: dict[str, Any]) -> None:
    """A worker's life: build, warm up, then train for as many seconds as each line of stdin says."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    run, facts = build(spec)
    while not next(run):  # what comes first compiles
        pass

    def tell(**words: Any) -> None:
        print(json.dumps(words), file=answers, flush=True)

    tell(**facts)
    for line in sys.stdin:
        before, started, done, wall = time.process_time(), time.perf_counter(), 0, 0.0
        while wall < float(line) or not done:  # what begins a run is no step yet
            done += next(run)
            wall = time.perf_counter() - started
        unit = 1 if sys.platform == "darwin" else 1024  # [byte] of ru_maxrss
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        tell(done=done, wall=wall, cpu=time.process_time() - before, memory=peak)


if __name__ == "__main__":
    work(json.loads(sys.argv[1]))
