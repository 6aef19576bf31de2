"""docs/laws.md: every law and boundary as measured. `make readme` writes it; a test fails where it is stale."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bestiary.catalog.entries import Entry
from bestiary.cli import measured
from bestiary.cli.compared import Compared, compared

HEAD = """# Laws and boundaries

Every law and boundary that the catalog claims, with limits at 95 % as measured on the first of the roots of the record.
`make readme` writes this page. `bestiary check ENTRY --laws` judges them, [maps.md](maps.md) has their figures and
[published.md](published.md) all published numbers. In a law of form *theory*, `ratio` is measured over predicted in the
middle of the axis, and `exponent` is 1 where the formula has the right shape.
"""


def page(entries: Iterable[Entry], source: Path) -> str:
    """Markdown, one table of all entries."""
    return f"{HEAD}\n{_table(entries, source)}\n"


def _table(entries: Iterable[Entry], source: Path) -> str:
    """One row for each claim of a law or a boundary, as measured on the first of the roots."""
    columns = ("entry", "law or boundary", "measured", "claimed", "source", "published", "measured - published")
    rows = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for e in entries:
        record = measured.read(e, source) or {}
        beside = {id(one.claim): one for one in compared(e, record)}
        for kind, blocks in (("law", e.every_law), ("boundary", e.boundaries)):
            for name, block in blocks.items():
                seen = next(iter(record.get("maps", {}).get(f"{kind} {name}", {}).values()), {"claims": []})
                for claim, was in zip(block.claims, seen["claims"], strict=False):
                    what = f"{block.title or name}: {claim.of} along `{block.over.partition('=')[0]}`"
                    value = was["measured"].partition(" at 95 %")[0]
                    lo, hi = claim.within
                    published, apart = _beside(beside.get(id(claim)))
                    cells = (f"`{e.key}`", what, value, f"{lo:g} to {hi:g}", claim.source, published, apart)
                    rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _beside(one: Compared | None) -> tuple[str, str]:
    """The published number and how far ours is from it on the first of the roots; nothing where none is published."""
    if one is None or one.claim.published is None:
        return "", ""
    return one.claim.published.words(), next((d.words() for d in one.differences().values()), "")
