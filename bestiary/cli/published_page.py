"""docs/published.md: every published number beside ours. `make readme` writes it; a test fails where it is stale."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from bestiary.catalog.entries import Entry
from bestiary.catalog.published import Difference, Estimate
from bestiary.cli import measured
from bestiary.cli.compared import Compared, compared

HEAD = """# Published numbers beside ours

Every number of a paper, or of a formula of a paper, that a claim of the catalog is compared with. `make readme` writes
this page from `catalog.yaml` and `benchmarks/measured/`.

Measured is the median, rate, law's parameter or boundary with its limits at 95 %, on each of the roots of the record.
The difference is measured minus published, on the first of them. The two *agree* if on every root the published number
lies in the limits or differs by no more than a thousandth; of a hundred numbers that are right, about ten are called a
disagreement on one of two roots by chance. A number with narrow limits may disagree by little: look at the size. A
disagreement is a finding and fails no check; the entry's notes say what is known of its cause.
"""
COLUMNS = ("claim", "published", "measured", "measured - published", "relative", "agree", "where")


def counts(beside: Iterable[Compared]) -> str:
    """Say how many published numbers agree: `5 of 7 agree`; nothing where there is none."""
    agree, numbers = agreement(beside)
    return f"{agree} of {numbers} agree" if numbers else ""


def agreement(beside: Iterable[Compared]) -> tuple[int, int]:
    """Return how many published numbers agree, and how many there are."""
    told = Counter(one.agrees for one in beside)
    return told[True], told.total()


def page(entries: Iterable[Entry], source: Path) -> str:
    """Markdown, a table for each entry that has a published number."""
    tables, every = [], list[Compared]()
    for entry in entries:
        beside = compared(entry, measured.read(entry, source))
        if beside:
            every += beside
            tables.append(f"## `{entry.key}`\n\n{_table(beside)}")
    kinds = Counter(one.agrees for one in every)
    words = {True: "agree", False: "disagree", None: "cannot be compared"}
    told = ", ".join(f"{kinds[kind]} {word}" for kind, word in words.items() if kinds[kind])
    return "\n\n".join([f"{HEAD}\n{len(every)} numbers: {told}.", *tables]) + "\n"


def _table(beside: Sequence[Compared]) -> str:
    rows = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for one in beside:
        assert one.claim.published is not None
        first = next(iter(one.differences().values()), None)
        cells = (
            one.place,
            one.claim.published.words(),
            ";<br>".join(number(m) for m in one.measured.values()) or "not measured",
            limits(first) if first else "",
            "" if first is None or math.isnan(first.relative) else f"{100 * first.relative:+.2g} %",
            {True: "yes", False: "**no**", None: "no limits"}[one.agrees],
            one.claim.published.where,
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def number(m: Estimate) -> str:
    """Write a number with its limits: `0.926 (0.92 to 0.932)`."""
    known = math.isfinite(m.low) and math.isfinite(m.high)
    return f"{m.value:.4g} ({m.low:.4g} to {m.high:.4g})" if known else f"{m.value:.4g}"


def limits(d: Difference) -> str:
    """Write a difference with its limits."""
    return f"{d.value:+.3g}" if d.agrees is None else f"{d.value:+.3g} ({d.low:+.3g} to {d.high:+.3g})"
