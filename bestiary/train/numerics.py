"""Flags of JAX and XLA that change the numbers of a run: part of its address, or refused."""

from __future__ import annotations

import os
from threading import Thread
from typing import Any

import jax

# {flag: the value that needs no mention}. What a version of JAX has for default does not matter: it is in the address.
USUAL = {
    "eager_constant_folding": "False",
    "jax_allow_f16_reductions": "True",
    "jax_default_matmul_precision": "None",
    "jax_default_prng_impl": "threefry2x32",
    "jax_disable_most_optimizations": "False",
    "jax_exec_time_optimization_effort": "0.0",
    "jax_high_dynamic_range_gumbel": "False",
    "jax_memory_fitting_effort": "0.0",
    "jax_memory_fitting_level": "O2",
    "jax_numpy_dtype_promotion": "standard",
    "jax_optimization_level": "UNKNOWN",
    "jax_random_seed_offset": "0",
    "jax_remat3": "False",
    "jax_scan3": "False",
    "jax_softmax_custom_jvp": "False",
    "jax_threefry_gpu_kernel_lowering": "False",
    "jax_threefry_partitionable": "True",
    "jax_use_direct_linearize": "True",
    "jax_xla_profile_version": "0",
}
VARIABLES = ("LIBTPU_INIT_ARGS", "NVIDIA_TF32_OVERRIDE", "XLA_FLAGS")
HARMLESS = ("--xla_dump", "--xla_force_host_platform_device_count", "--xla_gpu_cuda_data_dir", "--xla_hlo_profile")
REFUSED = {  # {flag: why}
    "jax_enable_x64": "runs are trained in float32",
    "jax_debug_nans": "a run that diverges is a result, and would end all others",
    "jax_debug_infs": "a run that diverges is a result, and would end all others",
    "jax_disable_jit": "runs are compiled",
}


def numerics() -> dict[str, str]:
    """Return the flags and variables that change numbers and are not at their usual value.

    They are read as programs see them, which are compiled in threads of their own: a context manager of JAX holds in
    the thread that entered it, and changes no run.
    """
    found: dict[str, str] = {}
    reader = Thread(target=lambda: found.update(here()))
    reader.start()
    reader.join()
    return found


def here() -> dict[str, str]:
    """Return the same as the calling thread sees it."""
    seen = {name: _word(value) for name, value in jax.config.values.items() if name in USUAL}
    flags = {name: word for name, word in seen.items() if word != USUAL[name]}
    for name in VARIABLES:
        if words := [word for word in os.environ.get(name, "").split() if not word.startswith(HARMLESS)]:
            flags[name] = " ".join(words)
    return dict(sorted(flags.items()))


def refuse() -> None:
    """See that no flag is on with which nothing can be trained.

    Raises:
        ValueError: one is; the message names its variable.
    """
    for name, why in REFUSED.items():
        if jax.config.values.get(name):
            raise ValueError(f"{name.upper()} is on: {why}; unset it, or jax.config.update({name!r}, False)")


def _word(value: Any) -> str:
    return str(getattr(value, "value", value))  # of an enumeration its word
