"""What the trainer promises, asked on this device: layouts, chunks, repetition, and a few steps of every entry."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import jax
import numpy as np

from accelerator import costs
from accelerator.kept import Kept, OutOfTime, failure, say
from bestiary.catalog.read import read_catalog
from bestiary.train import trainer

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "helpers"))
import layouts
import tiny

MANY = 64  # rows of the wide program
SEEDS = 5
RECORDS = 8
# Other widths take other kernels, which sum in another order; training lets such differences grow.
ROUNDING = 1e-4
THREADS = min(6, max(2, (os.cpu_count() or 1) // 2))  # that compile


def run(kept: Kept, quick: bool) -> None:
    """Ask all promises, then every entry, those first that are last to be checked."""
    kept.attempt("machine", of=machine)
    many = 8 if quick else MANY
    setups = {"net": (tiny.NET, tiny.NET.static)}
    if not quick:
        p = import_module("bestiary.phenomena.grokking").PHENOMENON
        setups["grokking"] = (p, layouts.short(p, RECORDS))
    for name, (p, static) in setups.items():
        promises(p, static, many, lambda claim, of, name=name: kept.attempt("promises", f"{name}: {claim}", of=of))
    order = costs.ordered(read_catalog())[::-1]
    every(kept, [costs.QUICK] if quick else order)


def machine() -> dict[str, Any]:
    """Return what the numbers belong to."""
    device, versions = jax.local_devices()[0], {}
    for name in ("jax", "jaxlib", "numpy", "optax", "flax"):
        versions[name] = importlib.metadata.version(name)
    return {
        "device": device.device_kind,
        "platform": device.platform,
        "devices": jax.local_device_count(),
        "memory": (device.memory_stats() or {}).get("bytes_limit"),
        "python": platform.python_version(),
        "versions": versions,
    }


def promises(p: Any, static: Any, many: int, claim: Callable[[str, Callable[[], Any]], Any]) -> None:
    """Hand over each promise with what asks it, which returns {kept, and what was seen}."""
    devices, knobs, seeds = jax.local_device_count(), [p.knobs] * SEEDS, list(range(SEEDS))

    def programs() -> dict[str, Any]:
        sizes = {"one": (1, 1, 1), "many": (many, max(1, many // devices), devices)}
        with ThreadPoolExecutor(2) as pool:
            asked = {
                name: pool.submit(trainer.compile_program, p, static, width=width, lanes=lanes, devices=n)
                for name, (width, lanes, n) in sizes.items()
            }
            made.update({name: future.result() for name, future in asked.items()})
        return {name: {"width": m.width, "lanes": m.lanes, "seconds": m.compile_seconds} for name, m in made.items()}

    def alone() -> dict[str, Any]:
        parts = [layouts.train(made["one"], [p.knobs], [s]) for s in seeds]
        return {c: np.concatenate([part[c] for part in parts]) for c in parts[0]}

    def widths() -> dict[str, Any]:
        wide, single = layouts.train(made["many"], knobs, seeds), alone()
        seen, learned = layouts.apart(wide, single), layouts.apart(last(wide), first(wide))
        return {"kept": seen <= ROUNDING and learned > ROUNDING, "apart": seen, "moved": learned}

    def chunks() -> dict[str, Any]:
        end = len(made["many"].schedule)
        whole = layouts.train(made["many"], knobs, seeds)
        ways = (list(range(1, end + 1)), [1, end // 2, end], [end - 1, end])
        bad = {str(w): layouts.unequal(layouts.train(made["many"], knobs, seeds, stops=w), whole) for w in ways}
        return {"kept": not any(bad.values()), "unequal": bad}

    def twice() -> dict[str, Any]:
        bad = {n: layouts.unequal(*(layouts.train(m, [p.knobs], [3]) for _ in range(2))) for n, m in made.items()}
        return {"kept": not any(bad.values()), "unequal": bad}

    def rows() -> dict[str, Any]:
        both = layouts.train(made["many"], knobs, [0, 1, 2, 3, 0])
        one, other = ({c: v[i] for c, v in both.items()} for i in (0, 4))
        return {"kept": layouts.apart(one, other) <= ROUNDING, "unequal": layouts.unequal(one, other)}

    def exchange() -> dict[str, Any]:
        found = {name: layouts.collectives(m) for name, m in made.items()}
        return {"kept": not any(found.values()), "found": found, "devices": devices}

    made: dict[str, Any] = {}
    claim("programs", programs)
    claim("a run is the same alone and beside others, within rounding", widths)
    claim("chunks change no bit", chunks)
    claim("the same seed twice is the same run, bit by bit", twice)
    claim("the same seed in two rows is the same run, within rounding", rows)
    claim("devices exchange nothing", exchange)


def first(runs: dict[str, Any]) -> dict[str, Any]:
    """Return the first record of every channel."""
    return {c: v[:, 0] for c, v in runs.items()}


def last(runs: dict[str, Any]) -> dict[str, Any]:
    """Return the last record of every channel."""
    return {c: v[:, -1] for c, v in runs.items()}


def every(kept: Kept, keys: list[str]) -> None:
    """Compile every entry with few records and run it twice, as far as the time goes."""
    for key in keys:
        kept.put("entries", key, value={"not_reached": "out of time"})

    def ended(key: str, future: Future) -> None:
        error = CancelledError() if future.cancelled() else future.exception()
        if error is None:
            kept.put("entries", key, value=future.result())
            say(f"entries {key}: {kept.data['entries'][key]}, {kept.left():.0f} s left")
        elif not isinstance(error, OutOfTime | CancelledError):
            kept.put("entries", key, value=failure(error))
            say(f"entries {key}: FAILED: {failure(error)['failed']}")

    pool, futures = ThreadPoolExecutor(THREADS), []
    for key in keys:
        futures.append(pool.submit(some_steps, kept, key))
        futures[-1].add_done_callback(partial(ended, key))
    wait(futures, timeout=max(0.0, kept.left()))
    pool.shutdown(wait=False, cancel_futures=True)


def some_steps(kept: Kept, key: str) -> dict[str, Any]:
    """Return what a few records of an entry's default setup are like."""
    if kept.left() < 0:
        raise OutOfTime
    p, devices = import_module(f"bestiary.phenomena.{key}").PHENOMENON, jax.local_device_count()
    static, started = layouts.short(p, RECORDS), time.monotonic()
    lanes = min(2, p.lanes or 2)
    program = trainer.compile_program(p, static, width=lanes * devices, lanes=lanes)
    if kept.left() < 0:
        raise OutOfTime
    compiled, n = time.monotonic(), program.width
    runs, again = (layouts.train(program, [p.knobs] * n, list(range(n))) for _ in range(2))
    return {
        "steps": int(program.schedule[-1]),
        "compile_seconds": compiled - started,
        "train_seconds": time.monotonic() - compiled,
        "not_finite": layouts.not_finite(runs),
        "unequal": layouts.unequal(runs, again),
        "collectives": layouts.collectives(program),
    }
