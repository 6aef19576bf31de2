"""The words of a column's name, and which of them say train or test."""

from __future__ import annotations

import re
from functools import lru_cache

# A name is split into words at / _ . - @ spaces and capitals. Documented in docs/detect.md.
ROLES: dict[str, tuple[str, ...]] = {
    "train": ("train", "training", "tr"),
    "test": ("val", "valid", "validation", "eval", "evaluation", "dev", "heldout", "test", "testing", "validate"),
}


@lru_cache(2**14)  # asked several times for each column of each run
def words(name: str) -> tuple[str, ...]:
    """`trainLoss`, `train/loss` and `train_loss` are `train loss`."""
    return tuple(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()))


def phrase(name: str) -> str:
    """The words of a name with a space between; `_step` is as it is."""
    return name if name == "_step" else " ".join(words(name))


def role(name: str) -> str:
    """`train` or `test` if a name says that and nothing else, as that of a folder; else empty."""
    said = {next((r for r, known in ROLES.items() if word in known), "") for word in words(name)}
    return said.pop() if len(said) == 1 else ""


def roles(name: str) -> set[str]:
    """Which of `train` and `test` are among the words of a name."""
    return {r for r, known in ROLES.items() for word in words(name) if word in known}
