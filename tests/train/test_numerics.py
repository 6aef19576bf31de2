"""Flags of JAX that change numbers are part of a run's address, or refused."""

import dataclasses

import jax
import numpy as np
import pytest
from cells import LONG

from bestiary.train import campaign, store
from bestiary.train.store import NoStore


@pytest.mark.parametrize(
    "flag, value",
    [
        ("jax_threefry_partitionable", False),
        ("jax_default_matmul_precision", "bfloat16"),
        ("jax_default_prng_impl", "rbg"),
        ("jax_numpy_dtype_promotion", "strict"),
        ("jax_random_seed_offset", 3),
    ],
)
def test_a_flag_that_changes_numbers_changes_the_address(flag, value, monkeypatch):
    usual, before = store.machine(), jax.config.values[flag]
    assert flag not in dict(usual)
    jax.config.update(flag, value)
    try:
        assert dict(store.machine())[flag] == str(value)
    finally:
        jax.config.update(flag, before)
    assert store.machine() == usual


def test_flags_of_xla_change_the_address_but_for_the_harmless(monkeypatch):
    usual = store.machine()
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4 --xla_dump_to=/nowhere")
    assert store.machine() == usual
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4 --xla_cpu_enable_fast_math=true")
    assert dict(store.machine())["XLA_FLAGS"] == "--xla_cpu_enable_fast_math=true"


def test_runs_of_another_random_stream_are_not_served(cabinet):
    """Neither from the store nor from a program that this process has compiled before; and back again."""
    job = dataclasses.replace(LONG, settings=LONG.settings[:1], seeds=(2,))

    def ran():
        ((_, ds),) = campaign.execute([job], cabinet)
        return ds["w"].values

    first = ran()
    jax.config.update("jax_threefry_partitionable", False)
    try:
        other = ran()
    finally:
        jax.config.update("jax_threefry_partitionable", True)
    assert not np.array_equal(first, other)
    assert np.array_equal(ran(), first)
    with jax.threefry_partitionable(False):  # holds in this thread, and programs are compiled in others
        assert np.array_equal(ran(), first)


@pytest.mark.parametrize("flag", ["jax_enable_x64", "jax_debug_nans", "jax_disable_jit"])
def test_a_flag_with_which_nothing_trains_is_refused_by_name(flag):
    jax.config.update(flag, True)
    try:
        with pytest.raises(ValueError, match=rf"{flag.upper()} is on: .*; unset it") as refused:
            list(campaign.execute([LONG], NoStore()))
    finally:
        jax.config.update(flag, False)
    assert "\n" not in str(refused.value)
