"""How fast the trainer is, beside the usual ways to write the same training.

    python benchmarks/speed.py
    python benchmarks/speed.py --entries grokking --rounds 9 --json speed.json

Measured are seeds x steps per second of whole runs: drawing data and weights, every step, and the
entry's channels every `log_every` steps. The contenders:

    trainer    bestiary.trainer: one device per core, its own choice of lanes
    campaign   campaign.simulate, as `bestiary check` runs it: with the costly channels (the Hessian's
               eigenvalue), which nobody else here records; runs that have settled end early and
               count with all their steps; chunks; an xarray.Dataset at the end
    scan       jit(scan) over a run's steps, one seed after another
    loop       jitted steps in a Python loop, one seed after another
    torch      an ordinary PyTorch loop, fused optimiser, one seed after another: torch_setups.py
    product    the machine's peak: float32 matrix products 512 x 512, by XLA, one process per core

All may use every core. scan, loop and torch do so in two ways, and count with the better one:
`cores`, one process of one thread pinned to each core, each with seeds of its own; `threads`, one
process with the library's own threads.

Every contender is a process (or one per core) that lives through the whole case. They take turns,
one at a time, in a new random order in every round; a ratio is the median of the ratios within
rounds, so that whatever else the machine does hits both sides. Ratios of CPU time, user and system
over all threads, are given beside those of wall time: other people's load is not in them.

FLOPs of a step are XLA's cost analysis of the lowered, not yet optimised step of one seed, channels
left out. Compile times are those of both programs, beginning and advance, with an empty and with a
filled cache folder. Memory is the largest resident set of a contender's processes, added up.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CASES = (
    ("grokking", "grokking"),
    ("sparse_attention_emergence", "emergence"),
    ("adam_loss_spikes", "spikes"),
    ("adam_loss_spikes", "mlp"),
)
BASELINES = ("scan", "loop", "torch")
PRODUCT = 512  # rows and columns: 3 MB in all, near the peak of every core we know


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


# What a worker does. Nothing of JAX or PyTorch is imported before the core is pinned.


def build(spec: dict[str, Any]) -> tuple[Callable[[], int], dict[str, Any]]:
    """A contender: a function that trains a little and returns seeds x steps, and facts about it."""
    if spec["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {spec["core"]})
    if spec["kind"] == "torch":
        return _torch(spec), {}
    import jax

    if spec["kind"] in ("trainer", "campaign"):
        from bestiary.machine import prepare

        prepare(Path(spec["cache"]))
    if spec["kind"] == "product":
        return _product(), {}
    return _setup(spec, jax)


def _setup(spec: dict[str, Any], jax: Any) -> tuple[Callable[[], int], dict[str, Any]]:
    import dataclasses

    from bestiary import campaign, catalog, check, trainer

    entry = catalog.read()[spec["entry"]]
    block, p = entry.cases[spec["case"]], check.load(entry)
    knobs, shape = p.knobs._replace(**block.knobs), p.shape._replace(**block.shape)
    shape = shape._replace(steps=spec["steps"] or shape.steps)
    if spec["kind"] != "campaign":
        p = dataclasses.replace(p, probe=None, settled=None)
    if spec["kind"] in BASELINES:
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
    root, seeds = np.uint32(0), iter(range(spec["core"] or 0, 2**32, len(cores())))
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
    import jax.numpy as jnp

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


# What the main process does: it starts workers, gives them turns, and counts.


class Contender:
    """The processes of one contender."""

    def __init__(self, kind: str, way: str = "", **spec: Any) -> None:
        self.name = f"{kind} {way}".strip()
        pins = cores() if way == "cores" else [None]
        commands = [
            [sys.executable, __file__, "--worker", json.dumps({"kind": kind, "core": core, **spec})] for core in pins
        ]
        self._processes = [
            subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for c in commands
        ]
        self.facts = self._answers()[0]

    def _answers(self) -> list[dict[str, Any]]:
        lines = [process.stdout.readline() for process in self._processes if process.stdout]
        if "" in lines:
            raise SystemExit(f"speed.py: a process of {self.name!r} ended; its own message stands above")
        return [json.loads(line) for line in lines]

    def turn(self, seconds: float) -> dict[str, float]:
        """{rate: [1 / s], cpu: [s] of CPU per unit, memory: [byte]} of one turn."""
        for process in self._processes:
            assert process.stdin is not None  # a pipe, by construction
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
        told = self._answers()
        rate = sum(t["done"] / t["wall"] for t in told)
        cpu = sum(t["cpu"] for t in told) / sum(t["done"] for t in told)
        return {"rate": rate, "cpu": cpu, "memory": sum(t["memory"] for t in told)}

    def close(self) -> None:
        """End the processes: they leave when their input ends."""
        for process in self._processes:
            process.communicate()


@contextlib.contextmanager
def contenders(entry: str, case: str, steps: int | None, torch: bool) -> Iterator[tuple[list[Contender], dict]]:
    """All contenders of a case, and facts about it."""
    with tempfile.TemporaryDirectory() as cache, contextlib.ExitStack() as stack:
        spec = {"entry": entry, "case": case, "steps": steps, "cache": cache}

        def start(*name: str, **more: Any) -> Contender:
            one = Contender(*name, **spec, **more)
            stack.callback(one.close)
            return one

        cold = Contender("trainer", **spec)  # alone on the machine and with an empty cache
        cold.close()
        trainer = start("trainer")
        facts = trainer.facts | {"compile_cold": cold.facts["compile_seconds"]}
        facts["compile_warm"] = facts.pop("compile_seconds")
        everyone = [trainer, start("campaign"), start("product", "cores")]
        for kind in BASELINES if torch else BASELINES[:-1]:
            everyone += [start(kind, way, knobs=facts["knobs"], shape=facts["shape"]) for way in ("cores", "threads")]
        yield everyone, facts


def measure(everyone: Sequence[Contender], rounds: int, seconds: float) -> dict[str, dict[str, list[float]]]:
    """{contender: {rate, cpu, memory: (rounds,)}}, everyone once per round, in random order."""
    order, dice = list(everyone), random.Random(0)
    turns: dict[str, list[dict[str, float]]] = {one.name: [] for one in everyone}
    for _ in range(rounds):
        dice.shuffle(order)
        for one in order:
            turns[one.name].append(one.turn(seconds))
    return {name: {what: [t[what] for t in told] for what in told[0]} for name, told in turns.items()}


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """Median over rounds of the ratio within a round."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def summarise(turns: dict[str, dict[str, list[float]]], facts: dict[str, Any]) -> dict[str, Any]:
    """How many times faster the trainer is than each contender and than the better way of each baseline."""
    trainer = turns["trainer"]
    others = [name for name in turns if name not in ("trainer", "product cores")]
    wall = {name: ratio(trainer["rate"], turns[name]["rate"]) for name in others}
    cpu = {name: ratio(turns[name]["cpu"], trainer["cpu"]) for name in others}
    kinds = {name.split()[0] for name in others}
    least = {
        kind: {w: min(r[n] for n in others if n.split()[0] == kind) for w, r in (("wall", wall), ("cpu", cpu))}
        for kind in kinds
    }
    peak = turns["product cores"]["rate"]
    return {
        "steps_per_second": {name: statistics.median(t["rate"]) for name, t in turns.items()},
        "cpu_seconds_per_step": {name: statistics.median(t["cpu"]) for name, t in turns.items()},
        "memory": {name: max(t["memory"]) for name, t in turns.items()},
        "faster": {name: {"wall": wall[name], "cpu": cpu[name]} for name in others},
        "faster_than_better_way": least,
        "peak_flops": statistics.median(peak),
        "share_of_peak": facts["flops"] * ratio(trainer["rate"], peak),
    }
