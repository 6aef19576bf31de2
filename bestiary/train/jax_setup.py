"""Set JAX up for this machine, before its first use."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import warnings
from pathlib import Path

from bestiary.train import programs
from bestiary.train.numerics import refuse


def prepare(cache: Path, devices: int | None = None) -> None:
    """One CPU device per core, and compiled programs kept on disk.

    Forced host devices with shard_map use every core (1.7 to 1.95 times one core on two), which
    XLA's own threading does not for small networks. No flag that depends on a version is set.

    Args:
        cache: folder for compiled programs; one below it per JAX version and kind of processor.
        devices: number of CPU devices; default: one per core.

    Raises:
        ValueError: a flag of JAX is on with which nothing can be trained.
    """
    import jax

    refuse()
    if devices is None:
        devices = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(RuntimeError):  # JAX has been used before in this process: it keeps the devices it has
        jax.config.update("jax_num_cpu_devices", devices)
    folder = cache / f"xla-{jax.__version__}-{processor()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a folder that may only be read, without programs for this machine
        return
    programs.sweep(cache, folder)
    # Programs that cannot be read are compiled, and those that cannot be written are compiled next time; what JAX has
    # to say of them is a path in its own source.
    for verb in ("reading", "writing"):
        warnings.filterwarnings("ignore", f"Error {verb} persistent compilation cache entry", UserWarning)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def processor() -> str:
    """Name the kind of processor: programs for one may use instructions that another lacks, on a shared home."""
    features = platform.processor()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        line = next(line for line in lines if line.lower().startswith(("flags", "features")))
        features = " ".join(sorted(set(line.partition(":")[2].split())))
    return f"{platform.machine().lower() or 'unknown'}-{hashlib.sha256(features.encode()).hexdigest()[:8]}"
