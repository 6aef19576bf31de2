"""Libraries that only some formats need: imported when such a file is met."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from bestiary.logs.run_table import Unreadable
from bestiary.one_line import shortened

SAID = 140  # [character] of what a library says of an error


def library(path: Path, module: str, package: str) -> Any:
    """Import a library that is an extra.

    Raises:
        Unreadable: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise Unreadable(f"{path}: needs {package}, which is not installed: pip install 'bestiary[logs]'") from error


def reason(error: Exception) -> str:
    """Return the first line of what an error says."""
    return shortened((str(error) or type(error).__name__).splitlines()[0], SAID)
