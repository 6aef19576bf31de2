"""Say where runs come from."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from functools import cache
from typing import Any

from bestiary import files
from bestiary.train.jobs import Job
from bestiary.train.store import machine
from bestiary.version import __version__


def provenance(job: Job) -> dict[str, Any]:
    """Return where the runs of a job come from: entry, versions, code, device, root seed, static values, date."""
    return {
        "entry": job.entry,
        "bestiary": __version__,
        "commit": commit(),
        "code": job.code,
        "root": job.root,
        "static": job.static._asdict(),
        "steps_planned": int(job.phenomenon.schedule(job.static)[-1]),
        "machine": dict(machine(job.packages)),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@cache
def commit() -> str:
    """Return the git commit of the checkout that the package runs from; empty for an installed package.

    A virtual environment that lies in another project's checkout has nothing to do with that project's commit.
    """
    root = files.checkout()
    if root is None:
        return ""
    try:
        out = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True)
    except OSError:  # no git on this machine
        return ""
    return out.stdout.strip() if out.returncode == 0 else ""
