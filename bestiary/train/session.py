"""Set JAX up and open the store of runs, once for whoever trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bestiary.cache import cache_dir, sweep_catalogs
from bestiary.train.jax_setup import prepare
from bestiary.train.store import Store


def open_store(cache: Path | None = None, notify: Callable[[str], None] = lambda line: None) -> Store:
    """Set JAX up for this machine and open the store of runs.

    Args:
        cache: folder for runs and compiled programs; default: see `bestiary.cache.cache_dir`.
        notify: called with one line when a file had to be rejected, or when runs cannot be kept.

    Raises:
        OSError: the folder cannot be made.
        ValueError: a flag of JAX is on with which nothing can be trained.
    """
    folder = cache or cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder)
    sweep_catalogs(folder)
    return Store(folder / "runs", notify)
