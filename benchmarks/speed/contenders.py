"""Processes that train, and the turns they take."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from machine import busy, cores, load
from rows import Row

BASELINES = ("torch", "functorch", "functorch_compiled", "loop", "scan", "ensemble")
TORCH = frozenset(BASELINES[:3])
WAYS = ("cores", "threads")
WORKER = Path(__file__).with_name("worker.py")


class Contender:
    """The processes of one contender."""

    def __init__(self, kind: str, way: str = "", **spec: Any) -> None:
        self.name = f"{kind} {way}".strip()
        pins = cores() if way == "cores" else [None]
        commands = [
            [sys.executable, WORKER, json.dumps({"kind": kind, "core": core, "cores": len(cores()), **spec})]
            for core in pins
        ]
        # How many devices, and which cache, is a contender's own affair.
        env = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")} | {"JAX_PLATFORMS": "cpu"}
        # torch.compile leaves nothing behind, neither files nor processes that wait for more to compile.
        env |= {"TORCHINDUCTOR_CACHE_DIR": f"{spec.get('cache', '')}/torch", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
        start = partial(subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self._processes = [start(command) for command in commands]

    def ready(self) -> dict[str, Any]:
        """Wait until it is built and warm; returns facts about it."""
        return self._answers()[0]

    def _answers(self) -> list[dict[str, Any]]:
        lines = [process.stdout.readline() for process in self._processes if process.stdout]
        if "" in lines:
            status = self._processes[lines.index("")].wait()
            raise SystemExit(f"compare.py: a process of {self.name!r} ended with status {status}; see above")
        return [json.loads(line) for line in lines]

    def turn(self, seconds: float) -> dict[str, float]:
        """{rate: [1 / s], cpu: [s] of CPU per unit, spent: [s] of CPU in all, memory: [byte]} of one turn."""
        for process in self._processes:
            assert process.stdin is not None  # a pipe, by construction
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
        told = self._answers()
        spent = sum(t["cpu"] for t in told)
        return {
            "rate": sum(t["done"] / t["wall"] for t in told),
            "cpu": spent / sum(t["done"] for t in told),
            "spent": spent,
            "memory": sum(t["memory"] for t in told),
        }

    def close(self) -> None:
        """End the processes: they leave when their input ends. Closing twice does nothing."""
        for process in self._processes:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
            process.wait()


@contextlib.contextmanager
def contenders(row: Row, steps: int | None, kinds: Sequence[str]) -> Iterator[tuple[list[Contender], dict[str, Any]]]:
    """All contenders of a row, and facts about it."""
    with tempfile.TemporaryDirectory() as cache, contextlib.ExitStack() as stack:
        spec = {"row": row.name, "steps": steps, "cache": cache}

        def start(*name: str, **more: Any) -> Contender:
            one = Contender(*name, **spec, **more)
            stack.callback(one.close)
            return one

        before = load()
        cold = start("trainer")  # alone on the machine and with an empty cache
        facts = cold.ready()
        cold.close()
        trainer = start("trainer")
        facts |= {"compile_cold": facts.pop("compile_seconds"), "compile_warm": trainer.ready()["compile_seconds"]}
        facts |= {"load_before": before, "together": {}}
        values = {"knobs": facts["knobs"], "static": facts["static"]}
        others = [start("campaign"), start("product", "cores")]
        others += [start(kind, way, **values) for kind in kinds for way in WAYS]
        for one in others:
            if together := one.ready().get("together"):
                facts["together"][one.name] = together
        everyone = [trainer, *others]
        yield everyone, facts


def measure(
    everyone: Sequence[Contender], rounds: int, seconds: float
) -> tuple[dict[str, dict[str, list[float]]], float | None]:
    """Everyone once per round, in random order.

    Returns:
        {contender: {rate, cpu, spent, memory: (rounds,)}}, and how many cores other processes kept busy meanwhile,
        None where the system does not tell.
    """
    order, dice = list(everyone), random.Random(0)
    turns: dict[str, list[dict[str, float]]] = {one.name: [] for one in everyone}
    before, started = busy(), time.perf_counter()
    for _ in range(rounds):
        dice.shuffle(order)
        for one in order:
            turns[one.name].append(one.turn(seconds))
    after, wall = busy(), time.perf_counter() - started
    ours = sum(turn["spent"] for told in turns.values() for turn in told)
    others = None if before is None or after is None else max(0.0, (after - before - ours) / wall)
    return {name: {what: [t[what] for t in told] for what in told[0]} for name, told in turns.items()}, others
