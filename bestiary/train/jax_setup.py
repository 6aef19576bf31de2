"""Set JAX up for this machine, before its first use."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def prepare(cache: Path) -> None:
    """One CPU device per core, and compiled programs kept on disk.

    Forced host devices with shard_map use every core (1.7 to 1.95 times one core on two), which
    XLA's own threading does not for small networks. No flag that depends on a version is set.

    Args:
        cache: folder for compiled programs; one below it per JAX version.
    """
    import jax

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(RuntimeError):  # JAX has been used before in this process: it keeps the devices it has
        jax.config.update("jax_num_cpu_devices", cores)
    jax.config.update("jax_compilation_cache_dir", str(cache / f"xla-{jax.__version__}"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
