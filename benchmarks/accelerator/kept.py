"""What a part has found so far, on disk after every change: a kill loses nothing."""

from __future__ import annotations

import json
import math
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bestiary.files import replace_with


class OutOfTime(Exception):
    """A part's time is over."""


class Kept:
    """A part's findings, and the time it has left.

    Args:
        path: of the JSON file.
        seconds: [s] time for the part, from now.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self.path, self.data = path, {}
        self._end, self._lock = time.monotonic() + seconds, threading.RLock()

    def left(self) -> float:
        """Return the time that is left [s]."""
        return self._end - time.monotonic()

    def put(self, *keys: str, value: Any) -> Any:
        """Set a value below nested keys, save, and return the value."""
        with self._lock:
            place = self.data
            for key in keys[:-1]:
                place = place.setdefault(key, {})
            place[keys[-1]] = value
            replace_with(self.path, (json.dumps(plain(self.data), indent=1) + "\n").encode())
        return value

    def attempt(self, *keys: str, of: Callable[[], Any]) -> Any:
        """Put what a function returns below nested keys; of one that raises, why in one line and its traceback.

        Returns:
            What the function returned, or None.
        """
        started, name = time.monotonic(), " ".join(keys)
        try:
            value = of()
        except OutOfTime:
            self.put(*keys, value={"not_reached": "out of time"})
            say(f"{name}: out of time")
        except Exception as error:  # whatever it is, the rest goes on
            self.put(*keys, value=failure(error))
            say(f"{name}: FAILED: {failure(error)['failed']}")
        else:
            say(f"{name}: {time.monotonic() - started:.1f} s, {self.left():.0f} s left")
            return self.put(*keys, value=value)
        return None


def failure(error: BaseException) -> dict[str, str]:
    """Return why something failed: a line, and the traceback."""
    lines = str(error).strip().splitlines() or [""]
    told = "".join(traceback.format_exception(error))
    return {"failed": f"{type(error).__name__}: {lines[0][:300]}", "traceback": told[-6000:]}


def plain(value: Any) -> Any:
    """Return what JSON can hold: a number that is not finite is null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str | None) else str(value)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)
