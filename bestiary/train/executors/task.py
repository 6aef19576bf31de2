"""What the scheduler is shown of a task: standard library alone, so that it imports neither JAX nor the trainer."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def keep(content: bytes) -> bytes:
    """Return the content: a result that workers fetch from each other, and that is made again where it was lost."""
    return content


def call(name: str, *arguments: Any) -> Any:
    """Call a function of `bestiary.train.executors.remote` on the worker."""
    return getattr(import_module("bestiary.train.executors.remote"), name)(*arguments)
