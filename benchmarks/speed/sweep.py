"""How fast a sweep over a knob is, beside Python loops over its settings.

    python benchmarks/speed/sweep.py [--settings 64] [--seeds 8] [--rounds 3]

Measured are runs per second of whole runs, from settings to findings, in one process on all cores:

    map         judge.rounds.answer, as `bestiary map` does it: one program for the grid, every curve judged
    loop        for each setting, one call of a jitted program that scans over the steps and is vmapped over
                the seeds, the knobs being arguments: it compiles once; every curve judged
    recompiled  the same with the knobs closed over, as in scripts that take them from a configuration: it
                compiles for every setting

The contenders take turns, and a ratio is the median over rounds, with the least and the most. Compilation counts, for
`map` and `loop` once, spread over all settings; none is cached. The goal is 1.5 times `loop` or better.
"""

from __future__ import annotations

import statistics
import time
from functools import partial
from importlib import import_module
from typing import Any

import click
import numpy as np
from machine import BUSY, busy, cores
from rows import plain
from summary import ratio

CASES = (("catapult", "lr", 1.0, 5.0), ("grokking", "weight_decay", 0.1, 10.0), ("adam_loss_spikes", "lr", 0.02, 0.2))


def loop(p: Any, settings: list[Any], seeds: int, closed_over: bool) -> list[Any]:
    """Train and judge setting after setting; the findings, seed by seed."""
    import jax

    from bestiary.log import Log
    from bestiary.train import trainer

    static, marks = p.static, np.asarray(p.schedule(p.static))
    if len(np.unique(np.diff(marks)[:-1])) > 1:
        raise ValueError("want records at equal intervals")
    root, every = np.uint32(0), int(marks[1] - marks[0])

    def run(knobs, seed):
        carry = trainer.begin_run(p, static, knobs, seed, root)

        def one(carry, _):
            return carry._replace(state=trainer.step_run(p, static, carry)), None

        def window(carry, _):
            seen = p.observe(carry.state, carry.data, carry.knobs, static)
            return jax.lax.scan(one, carry, length=every)[0], seen

        carry, seen = jax.lax.scan(window, carry, length=len(marks) - 1)
        return seen, p.observe(carry.state, carry.data, carry.knobs, static)

    shared, findings = jax.jit(jax.vmap(run, (None, 0))), []
    for knobs in settings:
        traced = type(knobs)(*map(np.float32, knobs))
        seen, last = (
            jax.jit(jax.vmap(partial(run, traced)))(np.arange(seeds, dtype=np.uint32))
            if closed_over
            else shared(traced, np.arange(seeds, dtype=np.uint32))
        )
        curves = {c: np.concatenate([np.asarray(v), np.asarray(last[c])[:, None]], 1) for c, v in seen.items()}
        findings += [p.detect(Log.of(marks, **{c: v[s] for c, v in curves.items()})) for s in range(seeds)]
    return findings


def rates(
    entry: str, knob: str, lo: float, hi: float, settings: int, seeds: int, rounds: int
) -> dict[str, list[float]]:
    """Runs per second of each contender, (rounds,); `recompiled` makes a sixteenth of the settings."""
    import dataclasses

    from bestiary.judge.rounds import answer
    from bestiary.train import trainer
    from bestiary.train.jobs import Request, Setup
    from bestiary.train.store import NoStore

    p = plain(import_module(f"bestiary.phenomena.{entry}").PHENOMENON)
    there = [p.knobs._replace(**{knob: float(v)}) for v in np.geomspace(lo, hi, settings)]

    def mapped() -> int:
        fresh = Setup(entry, dataclasses.replace(p), "")  # another object is another program
        answer([Request(fresh, knobs, p.static, seeds, 0) for knobs in there], NoStore())
        return settings * seeds

    def looped(share: int, closed_over: bool) -> int:
        loop(p, there[::share], seeds, closed_over)
        return len(there[::share]) * seeds

    contenders = {"map": mapped, "loop": partial(looped, 1, False), "recompiled": partial(looped, 16, True)}
    seen: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, turn in contenders.items():
            trainer.forget()
            started = time.perf_counter()
            runs = turn()
            seen[name].append(runs / (time.perf_counter() - started))
    return seen


@click.command()
@click.option("--settings", type=click.IntRange(16), default=64, show_default=True, help="Values of the knob.")
@click.option("--seeds", type=click.IntRange(1), default=8, show_default=True, help="Runs of every value.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--entry", "only", type=click.Choice([case[0] for case in CASES]), help="This one alone.")
def main(settings: int, seeds: int, rounds: int, only: str | None) -> None:
    """Print a Markdown table: runs per second, and how many times faster a map is."""
    import jax

    jax.config.update("jax_num_cpu_devices", len(cores()))
    print(f"{settings} settings x {seeds} seeds, from nothing compiled to findings, on {len(cores())} cores\n")
    print("| sweep | runs / s | x loop over settings | x loop that compiles each |\n|---|---:|---:|---:|")
    for entry, knob, lo, hi in (case for case in CASES if only in (None, case[0])):
        before, own, started = busy(), time.process_time(), time.perf_counter()
        seen = rates(entry, knob, lo, hi, settings, seeds, rounds)
        after, own, wall = busy(), time.process_time() - own, time.perf_counter() - started
        others = 0.0 if before is None or after is None else (after - before - own) / wall
        mark = f" (loaded: others kept {others:.1f} cores busy)" if others > BUSY else ""
        looped, compiled = (ratio(seen["map"], seen[name]) for name in ("loop", "recompiled"))
        fast = statistics.median(seen["map"])
        print(f"| `{entry}` over `{knob}`{mark} | {fast:.0f} | {looped} | {compiled} |", flush=True)


if __name__ == "__main__":
    main()
