"""What the cases of an entry, and its laws, boundaries and paths, cost when nothing is kept from before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from bestiary.judge.check import CaseResult
from bestiary.train.spent import Spent

MOSTLY = (
    0.1  # [1] of the steps may have been kept, such as a law's that is a case too; then what the rest took is the cost
)


def costs(results: Sequence[CaseResult], cases: Spent, beyond: Spent, roots: int) -> dict[str, Any] | None:
    """Take together what was spent on an entry.

    Args:
        results: its cases, on all roots.
        cases: what was spent on them.
        beyond: what was spent on its laws, boundaries and paths, after that.
        roots: number of roots.

    Returns:
        Of one root: CPU time [s] of every case and of all beyond them, bytes of the cases' curves, and the number of
        cores that were there; None if more than a tenth of the cases' steps was there before.
    """
    if cases.kept > MOSTLY:
        return None
    each: dict[str, float] = {}
    for r in results:
        each[r.case.name] = each.get(r.case.name, 0.0) + _share(r, cases) / roots
    made: dict[str, Any] = {"cores": os.cpu_count(), "cases": {name: _short(s) for name, s in each.items()}}
    if beyond.seconds:
        made["beyond"] = _short(beyond.total / roots)
    return made | {"bytes": round(sum(r.runs.nbytes for r in results) / roots)}


def _share(r: CaseResult, spent: Spent) -> float:
    """Return a case's part of the time of the job that it was trained in: as its runs are of the job's."""
    p = r.setup.phenomenon
    knobs, static = p.knobs._replace(**r.case.knobs), p.static._replace(**r.case.static)
    jobs = [j for j in spent.seconds if j.root == r.root and j.static == static and knobs in j.settings]
    return sum(spent.seconds[job] * len(r.findings) / sum(job.seeds) for job in jobs[:1])


def _short(seconds: float) -> float:
    return float(f"{seconds:.3g}")
