"""Seed-steps per second and bytes per run against the number of runs that are trained together.

    trainer  Program.run over the first records, channels included
    scan     jit(vmap(scan)) of the same runs from the same states, its numbers of steps fixed when it is compiled
    peak     a float32 product of two large matrices at full precision, on this device

All is compiled first, several programs at a time; then one program after another has the device to itself, in order
of the memory that its compiler says it takes. So each raises the peak that the device reports, or is told to have none.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from accelerator.kept import Kept, failure, say
from bestiary.catalog.read import read_catalog
from bestiary.train import layout, trainer

sys.path.append(str(Path(__file__).resolve().parents[1] / "speed"))
from flops import flops

CASES = {
    "grokking": ("grokking", "grokking"),
    "attention": ("sparse_attention_emergence", "emergence"),
    "pair": ("adam_loss_spikes", "spikes"),
    "mlp": ("adam_loss_spikes", "mlp"),
    "transformer": ("grokking_transformer", "grokking"),
}
WIDTHS = (256, 4096, 1024, 64, 16384)  # by worth
SCANS = (256, 4096)
STEPS = 200  # that are timed, about
GAIN = 1.1  # four times as many runs that are no faster than this each are the last
ROOM = 0.85  # of the device's memory
THREADS = min(12, max(2, 3 * (os.cpu_count() or 1) // 4))  # that compile
TURN, TURNS = 0.4, 30  # [s] and times that a program is run
LONG = 2.0  # [s] after which it is not run again


@dataclass
class Timed:
    """A program to be timed: the trainer's, and, if it was asked for, the scan beside it."""

    case: str
    width: int
    windows: int
    steps: int
    program: trainer.Program
    scan: Any = None

    @property
    def bytes(self) -> int:
        """What the compiler says that it takes on a device [byte]."""
        return size_of(self.program.advance)


def run(kept: Kept, quick: bool) -> None:
    """Measure the device, compile everything, then time everything."""
    kept.attempt("machine", of=machine)
    kept.attempt("peak", of=partial(peak, 256 if quick else 1024 if jax.default_backend() == "cpu" else 8192))
    setups = {name: setup(name) for name in (["pair"] if quick else CASES)}
    devices = jax.local_device_count()
    widths, scans = (
        list(dict.fromkeys(-(-width // devices) * devices for width in some))
        for some in (((16, 4), (16,)) if quick else (WIDTHS, SCANS))
    )
    ready = compiled(kept, setups, widths, scans, 0.55 * kept.left())
    for name, parts in setups.items():
        kept.attempt("cases", name, "setup", of=partial(facts, *parts))
    peaks: list[int] = []
    for timed in sorted(ready, key=lambda timed: timed.bytes):
        place, whole = ("cases", timed.case, "widths", str(timed.width)), kept.data.get("machine", {}).get("memory")
        if kept.left() < 0:
            kept.put(*place, value={"not_reached": "out of time"})
        elif whole and timed.bytes > ROOM * whole:
            kept.put(*place, value={"not_reached": f"its program wants {timed.bytes / 1e9:.3g} GB"})
        elif saturated(kept.data["cases"][timed.case]["widths"], timed.width):
            kept.put(*place, value={"not_reached": "fewer runs were as fast"})
        else:
            kept.attempt(*place, of=lambda timed=timed: measured(timed, setups[timed.case], peaks))
            gc.collect()


def machine() -> dict[str, Any]:
    """Return what the numbers belong to."""
    device = jax.local_devices()[0]
    stats = device.memory_stats() or {}
    return {"device": device.device_kind, "devices": jax.local_device_count(), "memory": stats.get("bytes_limit")}


def peak(n: int) -> dict[str, float]:
    """Return the rate of a matrix product [FLOP / s] and of a copy [byte / s], in float32, on one device."""
    with jax.default_matmul_precision("float32"):
        a = jax.random.normal(jax.random.key(0), (n, n)) / n**0.5
        product = jax.jit(lambda a: jax.lax.fori_loop(0, 4, lambda _, b: a @ b, a))
        seconds = statistics.median(turns(lambda: product(a).block_until_ready())) / 4
        long = jnp.zeros(4 * n * n) + a[0, 0]
        copy = jax.jit(lambda x: x + 1)
        moved = statistics.median(turns(lambda: copy(long).block_until_ready()))
    return {"n": n, "flops": 2 * n**3 / seconds, "bytes": 2 * long.nbytes / moved}


def turns(once: Callable[[], Any]) -> list[float]:
    """Return how long each of several turns takes [s], the first left out; of long ones there are fewer than three."""
    once()
    taken: list[float] = []
    while not taken or (sum(taken) < LONG and len(taken) < 3) or (sum(taken) < TURN and len(taken) < TURNS):
        started = time.perf_counter()
        once()
        taken.append(time.perf_counter() - started)
    return taken


def setup(name: str) -> tuple[Any, Any, Any]:
    """Return the setup of a case, its knobs and static part; costly channels and early ends are left out."""
    key, case = CASES[name]
    p, block = import_module(f"bestiary.phenomena.{key}").PHENOMENON, read_catalog()[key].cases[case]
    p = replace(p, probe=None, settled=None, figure=())
    return p, p.knobs._replace(**block.knobs), p.static._replace(**block.static)


def facts(p: Any, knobs: Any, static: Any) -> dict[str, Any]:
    """Return what a step of a run costs."""
    return {"flops": flops(p, knobs, static), "static": static._asdict(), "working_set": layout.working_set(p, static)}


def compiled(kept: Kept, setups: dict[str, Any], widths: Any, scans: Any, seconds: float) -> list[Timed]:
    """Compile the trainer's programs by worth, then the scans; return what is ready in time."""
    devices, until = jax.local_device_count(), time.monotonic() + seconds
    pool, asked = ThreadPoolExecutor(THREADS), {}

    def trained(name: str, width: int) -> Timed:
        p, _, static = setups[name]
        program = trainer.compile_program(p, static, width=width, lanes=width // devices, devices=devices)
        marks = program.schedule
        windows = min(max(1, int(np.searchsorted(marks, STEPS))), len(marks) - 1)
        return Timed(name, program.width, windows, int(marks[windows]), program)

    for width in widths:
        for name in setups:
            asked[name, width, "trainer"] = pool.submit(trained, name, width)
    for width in scans:
        for name in setups:
            timed = asked[name, width, "trainer"]
            asked[name, width, "scan"] = pool.submit(lambda n=name, t=timed: scanned(*setups[n], t.result()))
    wait(asked.values(), timeout=max(0.0, until - time.monotonic()))
    pool.shutdown(wait=False, cancel_futures=True)
    # What has begun is ended: a program that compiles beside tries kernels on the device, and times would be others.
    wait(asked.values(), timeout=0.6 * kept.left())
    ready: list[Timed] = []
    for (name, width, kind), future in asked.items():
        place = ("cases", name, "widths", str(width))
        if (why := unready(future)) is not None:
            kept.put(*place, *([] if kind == "trainer" else ["scan"]), value=why)
        elif kind == "trainer":
            ready.append(future.result())
            kept.put(*place, value={"not_reached": "compiled, and not timed in time"})
        else:
            for timed in ready:
                if (timed.case, timed.width) == (name, width):
                    timed.scan = future.result()
    say(f"compiled {len(ready)} of {len(widths) * len(setups)} programs, {kept.left():.0f} s left")
    return ready


def unready(future: Future) -> dict[str, str] | None:
    """Return why a program is not there; None if it is."""
    error = CancelledError() if future.cancelled() or not future.done() else future.exception()
    if isinstance(error, CancelledError):
        return {"not_reached": "not compiled in time"}
    return None if error is None else failure(error)


def scanned(p: Any, knobs: Any, static: Any, timed: Timed) -> Any:
    """Compile the plain way to train as many runs as long: jit(vmap(scan)) over the state that the trainer begins."""
    marks = timed.program.schedule[: timed.windows + 1]
    every = int(marks[1] - marks[0])
    if (np.diff(marks) != every).any():
        raise ValueError("want records at equal intervals")

    def one(carry, _):
        return carry._replace(state=trainer.step_run(p, static, carry)), None

    def window(carry, _):
        seen = p.observe(carry.state, carry.data, carry.knobs, static)
        return jax.lax.scan(one, carry, length=every)[0], seen

    def run(carry):
        return jax.lax.scan(window, carry, length=timed.windows)

    single = jax.eval_shape(
        partial(trainer.begin_run, p, static), type(knobs)(*map(np.float32, knobs)), *[np.uint32(0)] * 2
    )
    sharding = timed.program.sharding
    rows = jax.tree.map(lambda s: jax.ShapeDtypeStruct((timed.width, *s.shape), s.dtype, sharding=sharding), single)
    with jax.default_matmul_precision("float32"):
        return jax.jit(jax.vmap(run), donate_argnums=0).lower(rows).compile()


def measured(timed: Timed, parts: tuple[Any, Any, Any], peaks: list[int]) -> dict[str, Any]:
    """Time a program and the scan beside it; rates are of seed-steps per second."""
    program, (_, knobs, _) = timed.program, parts
    rows = program.start([knobs] * timed.width, list(range(timed.width)), 0)
    before = peak_bytes()

    def once() -> None:
        nonlocal rows
        rows = program.run(rows, 0, timed.windows)

    taken = turns(once)
    after, work, here = peak_bytes(), timed.width * timed.steps, timed.width / jax.local_device_count()
    made = {"seconds_per_step": statistics.median(taken) / timed.steps, "rate": work / statistics.median(taken)}
    made |= {"turns": len(taken), "fastest": work / min(taken), "compile_seconds": program.compile_seconds}
    made["program_bytes_per_run"] = timed.bytes / here
    risen = after is not None and after > max([before or 0, *peaks])
    made["peak_bytes_per_run"] = after / here if risen and after else None
    peaks += [after] if after else []
    if timed.scan is not None:
        carry = rows[0]

        def again() -> None:
            nonlocal carry
            carry = jax.block_until_ready(timed.scan(carry))[0]

        made["scan"] = {"rate": work / statistics.median(turns(again))}
        made["over_scan"] = made["rate"] / made["scan"]["rate"]
    return made


def saturated(widths: dict[str, Any], width: int) -> bool:
    """Return whether of the two widths below this one the larger brought next to nothing."""
    below = sorted((int(w), known["rate"]) for w, known in widths.items() if "rate" in known and int(w) < width)
    return len(below) >= 2 and below[-1][1] < GAIN * below[-2][1]


def size_of(program: Any) -> int:
    """Return what the compiler says that a program takes on a device [byte]; 0 if it does not say."""
    told = program.memory_analysis()
    if told is None:
        return 0
    parts = (told.temp_size_in_bytes, told.argument_size_in_bytes, told.output_size_in_bytes, -told.alias_size_in_bytes)
    return sum(parts)


def peak_bytes() -> int | None:
    """Return the most memory that was ever in use on the first device [byte]; None if it does not say."""
    return (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
