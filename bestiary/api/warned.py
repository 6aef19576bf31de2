"""Warnings that point at whoever called the package."""

from __future__ import annotations

import sys
import warnings


def warned(line: str) -> None:
    """Tell whoever called the package of something, in one line."""
    warnings.warn(line, stacklevel=_outside())


def _outside() -> int:
    """The stack level, for a warning of the function that asks, of whoever called the package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "bestiary":
        level, frame = level + 1, frame.f_back
    return level
