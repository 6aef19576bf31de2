"""How fast the trainer is, beside the usual ways to write the same training.

    python benchmarks/speed/compare.py
    python benchmarks/speed/compare.py --entries grokking --rounds 9 --json speed.json

Measured are seeds x steps per second of whole runs: drawing data and weights, every step, and the
entry's channels every `log_every` steps. The contenders:

    trainer    bestiary.train.trainer: one device per core, its own choice of lanes
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
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

CASES = (
    ("grokking", "grokking"),
    ("sparse_attention_emergence", "emergence"),
    ("adam_loss_spikes", "spikes"),
    ("adam_loss_spikes", "mlp"),
)
BASELINES = ("scan", "loop", "torch")
WORKER = Path(__file__).with_name("worker.py")


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


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
        start = partial(subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self._processes = [start(command) for command in commands]

    def ready(self) -> dict[str, Any]:
        """Wait until it is built and warm; returns facts about it."""
        return self._answers()[0]

    def _answers(self) -> list[dict[str, Any]]:
        lines = [process.stdout.readline() for process in self._processes if process.stdout]
        if "" in lines:
            raise SystemExit(f"compare.py: a process of {self.name!r} ended; its own message stands above")
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
        """End the processes: they leave when their input ends. Closing twice does nothing."""
        for process in self._processes:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
            process.wait()


@contextlib.contextmanager
def contenders(entry: str, case: str, steps: int | None, torch: bool) -> Iterator[tuple[list[Contender], dict]]:
    """All contenders of a case, and facts about it."""
    with tempfile.TemporaryDirectory() as cache, contextlib.ExitStack() as stack:
        spec = {"entry": entry, "case": case, "steps": steps, "cache": cache}

        def start(*name: str, **more: Any) -> Contender:
            one = Contender(*name, **spec, **more)
            stack.callback(one.close)
            return one

        cold = start("trainer")  # alone on the machine and with an empty cache
        facts = cold.ready()
        cold.close()
        if facts["static"]["steps"] % facts["static"]["log_every"]:
            raise SystemExit(f"compare.py: --steps: {entry} wants a multiple of {facts['static']['log_every']}")
        trainer = start("trainer")
        facts |= {"compile_cold": facts.pop("compile_seconds"), "compile_warm": trainer.ready()["compile_seconds"]}
        others = [start("campaign"), start("product", "cores")]
        for kind in [b for b in BASELINES if torch or b != "torch"]:
            others += [start(kind, way, knobs=facts["knobs"], static=facts["static"]) for way in ("cores", "threads")]
        for one in others:
            one.ready()
        everyone = [trainer, *others]
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
        "share_of_peak": {
            "wall": facts["flops"] * ratio(trainer["rate"], peak),
            "cpu": facts["flops"] * ratio(turns["product cores"]["cpu"], trainer["cpu"]),
        },
    }


def versions() -> dict[str, str]:
    """What is installed of what decides the speed."""
    found = {}
    for name in ("bestiary", "jax", "jaxlib", "numpy", "optax", "torch"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def machine() -> dict[str, Any]:
    """What the numbers belong to."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):  # not Linux
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return {
        "cpu": model,
        "cores": len(cores()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions(),
        "load": os.getloadavg()[0],
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def report(name: str, result: dict[str, Any]) -> str:
    """All about a case, as lines of text."""
    lines = [f"{name}: {result['seeds']} seeds at once, lanes {result['lanes']}"]
    lines += [f"{'':14}{'wall us':>10}{'CPU us':>10}{'trainer is faster: wall':>25}{'CPU':>8}{'MB':>7}"]
    for one, rate in result["steps_per_second"].items():
        if one == "product cores":
            continue
        faster = result["faster"].get(one, {"wall": 1.0, "cpu": 1.0})
        lines += [
            f"{one:14}{1e6 / rate:10.2f}{1e6 * result['cpu_seconds_per_step'][one]:10.2f}"
            f"{faster['wall']:25.2f}{faster['cpu']:8.2f}{result['memory'][one] / 1e6:7.0f}"
        ]
    share = result["share_of_peak"]
    lines += [
        f"{result['flops'] / 1e6:.4g} MFLOP per step; {share['wall']:.1%} of the peak of "
        f"{result['peak_flops'] / 1e9:.0f} GFLOP/s in wall time, {share['cpu']:.1%} in CPU time",
        f"compile {result['compile_cold']:.1f} s cold, {result['compile_warm']:.2f} s with a filled cache",
    ]
    return "\n".join(lines) + "\n"


def table(results: dict[str, dict[str, Any]]) -> str:
    """The summary, in Markdown: times faster than the better way of each baseline."""
    kinds = [kind for kind in reversed(BASELINES) if all(kind in r["faster_than_better_way"] for r in results.values())]
    titles = {"torch": "PyTorch loop", "loop": "jitted step", "scan": "jit(scan)"}
    names = ["", "seed-steps / s", *(f"x {titles[kind]}" for kind in kinds), "of peak", "compile cold / warm", "memory"]
    rows = [names, ["---", *["---:"] * (len(names) - 1)]]
    for name, r in results.items():
        faster = [r["faster_than_better_way"][kind] for kind in kinds]
        rows.append(
            [
                name,
                f"{r['steps_per_second']['trainer']:,.0f}",
                *(f"{f['wall']:.3g} ({f['cpu']:.3g})" for f in faster),
                f"{r['share_of_peak']['wall']:.0%}",
                f"{r['compile_cold']:.1f} s / {r['compile_warm']:.1f} s",
                f"{r['memory']['trainer'] / 1e6:.0f} MB",
            ]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def positive(kind: type) -> Callable[[str], Any]:
    """A converter for argparse that refuses what is not above zero."""

    def convert(text: str) -> Any:
        if (value := kind(text)) > 0:
            return value
        raise argparse.ArgumentTypeError(f"want a number above 0, not {text}")

    convert.__name__ = kind.__name__  # argparse names it in its message
    return convert


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for and print it."""
    entries = list(dict.fromkeys(entry for entry, _ in CASES))
    parser = argparse.ArgumentParser(description="Speed of the trainer beside the usual ways to write the same.")
    parser.add_argument("--entries", nargs="+", choices=entries, default=entries, metavar="ENTRY", help=f"of {entries}")
    parser.add_argument("--rounds", type=positive(int), default=5, help="turns of every contender (%(default)s)")
    parser.add_argument("--seconds", type=positive(float), default=1.0, help="least length of a turn (%(default)s)")
    parser.add_argument("--steps", type=positive(int), help="of a run, in place of the case's own number")
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    parser.add_argument("--sweep", action="store_true", help="sweeps over a knob too: sweep.py")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    asked = parser.parse_args(arguments)
    torch = not asked.no_torch
    if torch and importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed and left out; to have it: pip install 'bestiary[torch]'", file=sys.stderr)
        torch = False
    here, results = machine(), {}
    print(json.dumps(here))
    for entry, case in CASES:
        if entry in asked.entries:
            with contenders(entry, case, asked.steps, torch) as (everyone, facts):
                turns = measure(everyone, asked.rounds, asked.seconds)
            name = entry if entry == case else f"{entry}, {case}"
            results[name] = facts | summarise(turns, facts) | {"turns": turns}
            print("\n" + report(name, results[name]), flush=True)
    print(table(results))
    if asked.sweep:
        subprocess.run([sys.executable, WORKER.with_name("sweep.py"), "--rounds", str(asked.rounds)], check=True)
    if asked.json:
        asked.json.write_text(json.dumps({"machine": here, "asked": vars(asked), "cases": results}, default=str))


if __name__ == "__main__":
    main()
