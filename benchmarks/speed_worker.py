"""One contender of speed.py, in a process of its own: python speed_worker.py SPEC, SPEC in JSON.

It builds what SPEC names, warms up, answers with a line of facts, and then, for every line of its
standard input, a number of seconds, trains about as long and answers with what it did.

SPEC: kind; core to be pinned to, or null; cores in all; and, but for `product`, entry, case, steps
(null: the case's own), cache (folder of compiled programs); for `torch` also knobs and shape.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PRODUCT = 512  # rows and columns: 3 MB in all, near the peak of a core


def build(spec: dict[str, Any]) -> tuple[Callable[[], int], dict[str, Any]]:
    """A contender: a function that trains a little and returns seeds x steps, and facts about it."""
    if spec["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {spec["core"]})
    if spec["kind"] == "torch":
        return _torch(spec), {}
    if spec["kind"] in ("trainer", "campaign"):
        from bestiary.machine import prepare

        prepare(Path(spec["cache"]))
    if spec["kind"] == "product":
        return _product(), {}
    return _setup(spec)


def _setup(spec: dict[str, Any]) -> tuple[Callable[[], int], dict[str, Any]]:
    import jax

    from bestiary import campaign, catalog, check, trainer

    entry = catalog.read()[spec["entry"]]
    block, p = entry.cases[spec["case"]], check.load(entry)
    knobs, shape = p.knobs._replace(**block.knobs), p.shape._replace(**block.shape)
    shape = shape._replace(steps=spec["steps"] or shape.steps)
    if spec["kind"] != "campaign":
        p = dataclasses.replace(p, probe=None, settled=None)
    if spec["kind"] in ("scan", "loop"):
        return _one_by_one(spec, p, knobs, shape), {}
    program = trainer.compile_program(p, shape)
    facts = {"knobs": knobs._asdict(), "shape": shape._asdict(), "lanes": program.lanes, "seeds": program.width}
    facts["compile_seconds"] = program.compile_seconds
    carry = jax.eval_shape(partial(trainer.begin_run, p, shape), *trainer._row(p))
    facts["flops"] = jax.jit(partial(trainer.step_run, p, shape)).lower(carry).cost_analysis()["flops"]

    def train() -> int:
        rows = program.start([knobs] * program.width, list(range(program.width)), 0)
        jax.device_get(program.run(rows, 0, len(program.schedule))[1])
        return program.width * shape.steps

    def simulate() -> int:
        campaign.simulate(p, [knobs], seeds=program.width, shape=shape)
        return program.width * shape.steps

    return {"trainer": train, "campaign": simulate}[spec["kind"]], facts


def _one_by_one(spec: dict[str, Any], p: Any, knobs: Any, shape: Any) -> Callable[[], int]:
    """One whole run per call, of the trainer's own beginning and step, seed after seed."""
    import jax
    import numpy as np

    from bestiary import trainer

    windows, rest = divmod(shape.steps, shape.log_every)
    if rest:
        raise ValueError(f"{shape.steps} steps are no multiple of the interval of {shape.log_every} between records")
    root, seeds = np.uint32(0), iter(range(spec["core"] or 0, 2**32, spec["cores"]))
    knobs = type(knobs)(*map(np.float32, knobs))  # arguments, as in the trainer, not constants
    begin = jax.jit(partial(trainer.begin_run, p, shape))
    step = jax.jit(partial(trainer.step_run, p, shape))
    observe = jax.jit(lambda carry: p.observe(carry.state, carry.data, carry.knobs, shape))

    @jax.jit
    def scan(carry):
        def window(carry, _):
            seen = observe(carry)
            one = lambda carry, _: (carry._replace(state=step(carry)), None)  # noqa: E731
            return jax.lax.scan(one, carry, length=shape.log_every)[0], seen

        carry, seen = jax.lax.scan(window, carry, length=windows)
        return carry.state, seen, observe(carry)

    def scanned() -> int:
        jax.device_get(scan(begin(knobs, np.uint32(next(seeds)), root))[1:])
        return shape.steps

    def looped() -> int:
        carry, seen = begin(knobs, np.uint32(next(seeds)), root), []
        for _ in range(windows):
            seen.append(observe(carry))
            for _ in range(shape.log_every):
                carry = carry._replace(state=step(carry))
        jax.device_get([*seen, observe(carry)])
        return shape.steps

    return {"scan": scanned, "loop": looped}[spec["kind"]]


def _torch(spec: dict[str, Any]) -> Callable[[], int]:
    import torch
    import torch_setups

    if spec["core"] is not None:
        torch.set_num_threads(1)
    setup, generator = torch_setups.SETUPS[spec["entry"]], torch.Generator().manual_seed(spec["core"] or 0)
    knobs, shape = SimpleNamespace(**spec["knobs"]), SimpleNamespace(**spec["shape"])

    def train() -> int:
        for channel in setup.train(knobs, shape, *setup.begin(knobs, shape, generator)).values():
            channel.numpy()
        return shape.steps

    return train


def _product() -> Callable[[], int]:
    """Counts FLOPs in place of steps."""
    import jax

    a = jax.random.normal(jax.random.key(0), (PRODUCT, PRODUCT)) / PRODUCT**0.5
    repeat = jax.jit(lambda a: jax.lax.fori_loop(0, 20, lambda _, b: a @ b, a))

    def multiply() -> int:
        repeat(a).block_until_ready()
        return 20 * 2 * PRODUCT**3

    return multiply


def work(spec: dict[str, Any]) -> None:
    """A worker's life: build, warm up, then train for as many seconds as each line of stdin says."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    run, facts = build(spec)
    run()

    def tell(**words: Any) -> None:
        print(json.dumps(words), file=answers, flush=True)

    tell(**facts)
    for line in sys.stdin:
        before, started, done, wall = time.process_time(), time.perf_counter(), 0, 0.0
        while wall < float(line):
            done += run()
            wall = time.perf_counter() - started
        unit = 1 if sys.platform == "darwin" else 1024  # [byte] of ru_maxrss
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        tell(done=done, wall=wall, cpu=time.process_time() - before, memory=peak)


if __name__ == "__main__":
    work(json.loads(sys.argv[1]))
