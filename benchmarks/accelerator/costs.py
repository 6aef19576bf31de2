"""In which order entries are checked: by an estimate of what a check costs on an accelerator, the least first.

    cost = sum over static parts of COMPILE + STEP x steps x batches

Kernel launches bound a step of a network as small as these, so the size of what it computes is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any

COMPILE = 15.0  # [s] both programs of a static part
STEP = 2e-4  # [s] of a batch, whatever its width
WIDTH = 256  # rows of a batch
QUICK = "period_doubling"  # the entry that a trial of the script takes: one number a run


def cost(entry: Any) -> float:
    """Return the estimated time of a check of an entry [s]."""
    static, rows = import_module(f"bestiary.phenomena.{entry.key}").PHENOMENON.static, {}
    for case in entry.cases.values():
        own = static._replace(**case.static)
        rows[own] = rows.get(own, 0) + case.seeds
    return sum(COMPILE + STEP * own.steps * math.ceil(n / WIDTH) for own, n in rows.items())


def ordered(catalog: Mapping[str, Any]) -> list[str]:
    """Return the entries that can be imported here, the cheapest to check first."""
    costs = {}
    for key, entry in catalog.items():
        try:
            costs[key] = cost(entry)
        except ImportError:  # needs an extra: its own attempt says which
            costs[key] = math.inf
    return sorted(costs, key=costs.__getitem__)
