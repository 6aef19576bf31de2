"""What an entry under work lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bestiary.catalog.entries import Entry
from bestiary.catalog.mistakes import Path_, dotted

TODO = "TODO"  # what text begins with that is still to be written


def unfilled(block: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Yield where in a block text stands that is still to be written.

    Args:
        block: of the catalog, as plain data.
        path: where the block stands.
    """
    inner = block.items() if isinstance(block, dict) else enumerate(block) if isinstance(block, list | tuple) else ()
    for name, value in inner:
        if isinstance(value, str) and value.startswith(TODO):
            yield (*path, name)
        else:
            yield from unfilled(value, (*path, name))


def lacking(entry: Entry) -> list[str]:
    """List in words what a draft must have before its status can be another; nothing for other entries.

    Args:
        entry: the catalog's block.
    """
    if not entry.draft:
        return []
    parts = [dotted(path) for path in unfilled(entry.model_dump(mode="json"))]
    parts += [] if entry.references else ["references"]
    if not entry.positives:
        parts.append("a positive case")
    if not entry.controls:
        parts.append("a control")
    for name, case in entry.cases.items():
        if not case.claims:
            parts.append(f"claims of {name}")
        elif all(claim.of != "found" for claim in case.claims):
            parts.append(f"the rate of found in {name}")
    return [*parts, "another status"]


def has_claims(entry: Entry) -> bool:
    """Return whether there is anything to judge."""
    cases = any(case.claims for case in entry.cases.values())
    return cases or bool(entry.laws or entry.boundaries or entry.paths or entry.interactions)
