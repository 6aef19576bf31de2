"""What a training loop logs, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHOWN = 20  # [character] of a text that is no number


def number_of(value: Any) -> float | None:
    """Return a number, or an array of one number, as a float; None if the value is neither."""
    if value is None or isinstance(value, bool | str | bytes | list | tuple | Mapping):
        return None
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except Exception:  # PyTorch raises RuntimeError, others what they like; a value that cannot be read is no record
        return None


def not_a_number(value: Any) -> str:
    """Say in a few words what a value is; asks the value nothing that may raise."""
    if isinstance(value, str):
        return f"text, {str(value)[:SHOWN]!r}"
    return f"no single number but {type(value).__name__}"
