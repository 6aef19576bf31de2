"""Verdicts for people and machines: in the order of the catalog, in one sentence, as JSON."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bestiary.catalog.published import Difference, Estimate
from bestiary.judge.outcome import Outcome, Verdict

if TYPE_CHECKING:
    from bestiary.judge.check import CaseResult
    from bestiary.maps.judge import MapResult


def summary(verdicts: Sequence[Verdict], alpha: float) -> str:
    """Say in one sentence how many claims hold, fail and are inconclusive, and the family-wise false-alarm rate.

    The sum of the claims' levels bounds that rate, however claims on the same runs depend on each other.
    """
    counts, total = Counter(v.outcome for v in verdicts), len(verdicts)
    parts = [f"{counts[o]} {word}" for o, word in zip(Outcome, ("hold", "fail", "are inconclusive"), strict=True)]
    return (
        f"{total} claims: {', '.join(parts)}. Each is tested at {alpha:g}: "
        f"were all of them true, this check would fail with probability {min(1.0, total * alpha):.2g} at most."
    )


def as_json(
    results: Sequence[CaseResult], maps: Sequence[MapResult], alpha: float, more: Mapping[str, Any] | None = None
) -> str:
    """Write the results for machines; `more` comes last."""
    cases = [
        {
            "entry": r.entry.key,
            "case": r.case.name,
            "control": r.case.control,
            "root": r.root,
            "seeds": len(r.findings),
            "states": dict(Counter(str(f.state) for f in r.findings)),
            "phases": dict(Counter(f.phase for f in r.findings if f.phase)),
            "verdicts": [verdict(v) for v in r.verdicts],
        }
        for r in results
    ]
    beyond = [
        {
            "entry": m.entry.key,
            m.kind: m.block.name,
            "root": m.root,
            "verdicts": [({"rung": head} if head else {}) | verdict(v) for head, v in m.headed()],
        }
        for m in maps
    ]
    every = [v for r in (*results, *maps) for v in r.verdicts]
    holds = not any(v.outcome is Outcome.FAILS for v in every)
    made = {"holds": holds, "alpha": alpha, "summary": summary(every, alpha), "cases": cases}
    return json.dumps(made | ({"maps": beyond} if maps else {}) | dict(more or {}), indent=1)


def verdict(v: Verdict) -> dict[str, Any]:
    """Write one verdict for machines, its claim as the catalog has it; limits that there are not are null."""
    return {
        "claim": v.claim.model_dump(mode="json", exclude_none=True),
        "outcome": v.outcome,
        "measured": v.measured,
        "expected": v.expected,
        "reason": v.reason,
        "n": v.n,
        "needs": v.needs,
        "estimate": _numbers(v.estimate),
        "difference": _numbers(v.difference),
    }


def _numbers(fields: Estimate | Difference | None) -> dict[str, Any] | None:
    """Write named numbers; null for one that is not finite."""
    if fields is None:
        return None
    return {k: x if not isinstance(x, float) or math.isfinite(x) else None for k, x in fields._asdict().items()}
