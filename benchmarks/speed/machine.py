"""What the numbers of a benchmark belong to: the machine, what is installed, and what else the machine does."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import shutil
import sys
import sysconfig
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BUSY = 0.5  # [core] kept busy by others: from here on a machine counts as loaded
IDLE = (3, 4)  # columns of a line of /proc/stat: idle, waiting for a disk


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def busy(stat: Path = Path("/proc/stat")) -> float | None:
    """CPU time that all processes and other guests have spent on these cores since the machine began, [s].

    None where the system does not tell.
    """
    try:
        lines = [line.split() for line in stat.read_text().splitlines()]
    except OSError:
        return None
    own = {f"cpu{core}" for core in cores()}
    ticks = [[int(word) for word in words[1:9]] for words in lines if words and words[0] in own]
    if not ticks:
        return None
    return sum(t for row in ticks for i, t in enumerate(row) if i not in IDLE) / os.sysconf("SC_CLK_TCK")


def load() -> float | None:
    """Load average of the last minute; None where there is none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def compiler() -> str | None:
    """What torch.compile lacks here, in words; None if nothing."""
    wanted = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if shutil.which(wanted) is None:
        return f"a C++ compiler ({wanted})"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "the headers of Python (Python.h)"
    return None


def versions() -> dict[str, str]:
    """What is installed of what decides the speed."""
    found = {}
    for name in ("bestiary", "jax", "jaxlib", "numpy", "optax", "torch"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def machine() -> dict[str, Any]:
    """What the numbers belong to."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):  # not Linux
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return {
        "cpu": model,
        "cores": len(cores()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions(),
        "load": load(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
