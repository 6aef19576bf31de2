"""How much memory runs take, known from their shapes before anything is trained."""

from __future__ import annotations

import math
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax

from bestiary.entry import Phenomenon, Static, linear_schedule
from bestiary.train import layout, one_run

SHARE = 0.8  # of the memory, for runs: the programs and the rest of the machine need some
TOLD = (  # by Linux: what is free on the machine, and how much a container may have
    (Path("/proc/meminfo"), r"MemAvailable: +"),
    (Path("/sys/fs/cgroup/memory.max"), ""),
)
LONG = 10**7  # records; a longer list of recorded steps is not made to be counted
AT_ONCE = 3  # of a step's largest intermediate: a value, what its gradient keeps of it, and the gradient


class TooLarge(ValueError):
    """Runs need more memory than there is; the message says how much, in one line."""


def check_memory(p: Phenomenon, static: Static, limit: float | None = None) -> None:
    """Check that the runs which are trained together fit into memory. A setup's own static part is taken to fit.

    Args:
        p: the setup.
        static: its static part.
        limit: [byte] memory for runs; default: what the machine, or its accelerator, has.

    Raises:
        TooLarge: they do not fit.
    """
    if static == p.static and limit is None:
        return
    limit = available() if limit is None else limit
    try:
        with warnings.catch_warnings():  # of sizes beyond int32: they are refused below
            warnings.simplefilter("ignore")
            need = needed(p, static)
    except (MemoryError, OverflowError):
        need = None
    if need is not None and need.together <= limit:
        return
    differ = [f"{k}={v}" for k, v in static._asdict().items() if v != getattr(p.static, k, None)]
    amount = "more memory than can be counted"
    if need is not None:
        amount = f"about {in_words(need.one)} a run"
        amount += f", {in_words(need.together)} for the {need.rows} runs of a batch" if need.rows > 1 else ""
    raise TooLarge(f"{' '.join(differ) or 'a run'}: needs {amount}; there are {in_words(limit)} for runs")


class Need(NamedTuple):
    """Memory that runs take.

    Attributes:
        one: [byte] of one run.
        together: [byte] of the runs that a program holds.
        rows: how many these are.
    """

    one: float
    together: float
    rows: int


def needed(p: Phenomenon, static: Static) -> Need:
    """Estimate the memory that runs take.

    A run keeps its data, parameters, optimiser and curves; while it takes a step, also the step's intermediates.

    Args:
        p: the setup.
        static: its static part.
    """
    carry = one_run.outline(p, static)
    evenly = static.steps // static.log_every + 1
    records = evenly if p.schedule is linear_schedule or evenly > LONG else len(p.schedule(static))
    curves = 4 * (_channels(p.observe, carry, static) * records)
    curves += 4 * (_channels(p.probe, carry, static) * -(-records // p.probe_every)) if p.probe else 0
    kept = sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(carry)) + curves
    step = AT_ONCE * layout.working_set(p, static)
    # The devices of a CPU share its memory.
    devices = jax.local_device_count() if jax.default_backend() == "cpu" else 1
    lanes = layout.default_lanes(p, static)
    rows = layout.default_width(kept, lanes, devices)
    return Need(kept + step, rows * kept + devices * lanes * step, rows)


def _channels(record: Callable[..., Any], carry: one_run.Carry, static: Static) -> int:
    return len(jax.eval_shape(lambda c: record(c.state, c.data, c.knobs, static), carry))


def available() -> float:
    """Return the memory for runs [byte]: of the accelerator, else of the machine; infinite where that is not told."""
    stats = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" in stats:
        return SHARE * stats["bytes_limit"]
    names = getattr(os, "sysconf_names", {})
    known = "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if known else math.inf
    return SHARE * min(machine, *(_read(file, name) for file, name in TOLD))


def _read(file: Path, name: str) -> float:
    """The number after a name in a file of the system [byte]; infinite if there is none."""
    try:
        found = re.search(rf"^{name}(\d+)( kB)?$", file.read_text("ascii"), re.MULTILINE)
    except OSError:
        return math.inf
    return int(found[1]) * (1024 if found[2] else 1) if found else math.inf


def in_words(size: float) -> str:
    """Write a size as a person does, in B, kB, MB, GB or TB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} TB"
