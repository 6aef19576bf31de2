"""One contender of compare.py, in a process of its own: python worker.py SPEC, SPEC in JSON.

It builds what SPEC names, warms up, answers with a line of facts, and then, for every line of its
standard input, a number of seconds, trains about as long and answers with what it did.

SPEC: kind; core to be pinned to, or null; cores in all; and, but for `product`, the entry. For
`trainer` and `campaign`: case, steps (null: the case's own), cache (folder of compiled programs).
For the others: knobs and static values in full, from the trainer's facts.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PRODUCT = 512  # rows and columns: 3 MB in all, near the peak of a core


def build(spec: dict[str, Any]) -> tuple[Iterator[int], dict[str, Any]]:
    """A contender: an iterator that trains a little and yields seeds x steps, for ever; and facts about it."""
    if spec["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {spec["core"]})
    if spec["kind"] == "torch":
        return _torch(spec), {}
    if spec["kind"] == "product":
        return _product(), {}
    if spec["kind"] in ("scan", "loop"):
        return _one_by_one(spec), {}
    return _together(spec)


def _together(spec: dict[str, Any]) -> tuple[Iterator[int], dict[str, Any]]:
    """The trainer, alone or inside a campaign, over as many seeds as its program is wide."""
    from bestiary.train.jax_setup import prepare

    prepare(Path(spec["cache"]))
    import jax

    from bestiary.catalog.read import read_catalog
    from bestiary.judge.setup import load
    from bestiary.train import campaign, trainer

    entry = read_catalog()[spec["entry"]]
    block, p = entry.cases[spec["case"]], load(entry).phenomenon
    knobs, static = p.knobs._replace(**block.knobs), p.static._replace(**block.static)
    static = static._replace(steps=spec["steps"] or static.steps)
    if spec["kind"] != "campaign":
        p = dataclasses.replace(p, probe=None, settled=None)
    program = trainer.compile_program(p, static)
    facts = {"knobs": knobs._asdict(), "static": static._asdict(), "lanes": program.lanes, "seeds": program.width}
    facts["compile_seconds"] = program.compile_seconds
    facts["flops"] = flops(p, knobs, static)

    def train() -> Iterator[int]:
        while True:
            rows = program.start([knobs] * program.width, list(range(program.width)), 0)
            jax.device_get(program.run(rows, 0, len(program.schedule))[1])
            yield program.width * static.steps

    def simulate() -> Iterator[int]:
        while True:
            campaign.simulate(p, [knobs], seeds=program.width, static=static)
            yield program.width * static.steps

    return {"trainer": train, "campaign": simulate}[spec["kind"]](), facts


def flops(p: Any, knobs: Any, static: Any) -> float:
    """Of one step of one seed: XLA's cost analysis of the step as lowered, before any optimisation."""
    import jax
    import numpy as np

    from bestiary.train import trainer

    knobs = type(knobs)(*map(np.float32, knobs))
    carry = jax.eval_shape(partial(trainer.begin_run, p, static), knobs, np.uint32(0), np.uint32(0))
    with jax.default_device(jax.local_devices(backend="cpu")[0]):  # not every device's compiler counts
        cost = jax.jit(partial(trainer.step_run, p, static)).lower(carry).cost_analysis()
    if cost is None:
        raise RuntimeError("this version of JAX has no cost analysis")
    return cost["flops"]


def _one_by_one(spec: dict[str, Any]) -> Iterator[int]:
    """The trainer's own beginning and step, seed after seed."""
    import jax
    import numpy as np

    from bestiary.train import trainer

    p = import_module(f"bestiary.phenomena.{spec['entry']}").PHENOMENON
    knobs, static = type(p.knobs)(**spec["knobs"]), type(p.static)(**spec["static"])
    windows = static.steps // static.log_every
    root, seeds = np.uint32(0), iter(range(spec["core"] or 0, 2**32, spec["cores"]))
    knobs = type(knobs)(*map(np.float32, knobs))  # arguments, as in the trainer, not constants
    begin = jax.jit(partial(trainer.begin_run, p, static))
    step = jax.jit(partial(trainer.step_run, p, static))
    observe = jax.jit(lambda carry: p.observe(carry.state, carry.data, carry.knobs, static))

    @jax.jit
    def scan(carry):
        def window(carry, _):
            seen = observe(carry)
            one = lambda carry, _: (carry._replace(state=step(carry)), None)  # noqa: E731
            return jax.lax.scan(one, carry, length=static.log_every)[0], seen

        carry, seen = jax.lax.scan(window, carry, length=windows)
        return carry.state, seen, observe(carry)

    def scanned() -> Iterator[int]:
        for seed in seeds:
            jax.device_get(scan(begin(knobs, np.uint32(seed), root))[1:])
            yield static.steps

    def looped() -> Iterator[int]:
        for seed in seeds:
            carry, seen = begin(knobs, np.uint32(seed), root), []
            for _ in range(windows):
                seen.append(observe(carry))
                for _ in range(static.log_every):
                    carry = carry._replace(state=step(carry))
                yield static.log_every
            jax.device_get([*seen, observe(carry)])
            yield 0

    return {"scan": scanned, "loop": looped}[spec["kind"]]()


def _torch(spec: dict[str, Any]) -> Iterator[int]:
    import torch
    import torch_setups

    if spec["core"] is not None:
        torch.set_num_threads(1)
    setup, generator = torch_setups.SETUPS[spec["entry"]], torch.Generator().manual_seed(spec["core"] or 0)
    knobs, static = SimpleNamespace(**spec["knobs"]), SimpleNamespace(**spec["static"])

    def train() -> Iterator[int]:
        while True:
            seen = []
            for row in setup.train(knobs, static, *setup.begin(knobs, static, generator)):
                yield static.log_every if seen else 0
                seen.append(row)

    return train()


def _product() -> Iterator[int]:
    """Counts FLOPs in place of steps."""
    import jax

    a = jax.random.normal(jax.random.key(0), (PRODUCT, PRODUCT)) / PRODUCT**0.5
    repeat = jax.jit(lambda a: jax.lax.fori_loop(0, 20, lambda _, b: a @ b, a))

    while True:
        repeat(a).block_until_ready()
        yield 20 * 2 * PRODUCT**3


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
        while wall < float(line):
            done += next(run)
            wall = time.perf_counter() - started
        unit = 1 if sys.platform == "darwin" else 1024  # [byte] of ru_maxrss
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        tell(done=done, wall=wall, cpu=time.process_time() - before, memory=peak)


if __name__ == "__main__":
    work(json.loads(sys.argv[1]))
