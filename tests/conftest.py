"""Sets JAX up for every test and for the processes that tests start; nothing here imports it.

Two CPU devices, so that every run goes through shard_map; compiled programs are kept in the
checkout, so that a second run of the tests compiles nothing.
"""

import os
from pathlib import Path

DEVICES = 2

os.environ |= {
    "JAX_PLATFORMS": "cpu",
    "JAX_NUM_CPU_DEVICES": str(DEVICES),
    "JAX_COMPILATION_CACHE_DIR": str(Path(__file__).resolve().parents[1] / ".cache" / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


def pytest_configure(config):
    # JAX writes a cache entry in place, so a worker can meet one that another is still writing; it
    # then says so and compiles.
    for verb in ("reading", "writing"):
        config.addinivalue_line("filterwarnings", f"ignore:Error {verb} persistent compilation cache entry")
