"""How late runs of the catalog generalise, for whoever thinks of stopping one."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

from bestiary import files
from bestiary.log import Finding
from bestiary.watch.answer import about

DELAYED = "delayed_generalization"


def patient(finding: Finding) -> Finding:
    """Add how late runs of the catalog generalise, so that nobody stops this run for overfitting."""
    if not (late := delays().values()):
        return finding
    low, high = min(first for first, _ in late), max(last for _, last in late)
    reason = f"{finding.reason}; too early to call it overfitting: runs that generalise late do so {low:.0f} to"
    return replace(finding, reason=f"{reason} {high:.0f} times as late as they memorise")


def delays() -> dict[str, tuple[float, float]]:
    """Return {entry: range of delay_ratio}, from the least 5 % to the greatest 95 % quantile of cases that have it."""
    return _delays(files.measured())


@cache  # a monitor asks at every look
def _delays(folder: Path) -> dict[str, tuple[float, float]]:
    made: dict[str, tuple[float, float]] = {}
    effect = about(DELAYED).effect
    for file in sorted(folder.glob("*.json")):
        text = file.read_text("utf-8")
        if f'"{effect}"' not in text:  # a record of another detector
            continue
        record = json.loads(text)
        found = [
            root["effects"][effect]["quantiles"]
            for case in record.get("cases", {}).values()
            for root in case.values()
            if root["states"].get("found") and effect in root["effects"]
        ]
        if found:
            made[record["entry"]] = min(q[0] for q in found), max(q[-1] for q in found)
    return made
