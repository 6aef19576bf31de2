"""Published numbers beside what was measured, as `check` prints them below its verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bestiary.catalog.words import called
from bestiary.cli.output.page import Column, Heading, Page, Row

if TYPE_CHECKING:
    from bestiary.judge.outcome import Verdict

BESIDE = (
    Column("claim", prose=16, bare=True),
    Column("measured", prose=12),
    Column("published", prose=12),
    Column("measured - published", prose=16),
)


def print_published(told: Iterable[tuple[str, int, Sequence[tuple[str, Verdict]]]], page: Page) -> None:
    """Print published numbers beside what was measured; nothing where no claim has one.

    Args:
        told: what was judged in words, its root seed, and its verdicts, each with the name of its rung or "".
        page: where.
    """
    rows: list[Row] = []
    for what, root, verdicts in told:
        mine = [(head, v) for head, v in verdicts if v.claim.published]
        rows += [Heading(f"{what} (root {root})", "bold")] if mine else []
        for head, v in mine:
            claim = " ".join(filter(None, (head, called(v.claim.of))))
            number = f"{v.estimate.value:.4g}" if v.estimate else "nothing"
            difference = v.difference.words() if v.difference else ""
            rows.append((claim, number, v.claim.published.words() if v.claim.published else "", difference))
    if rows:
        page.say("")
        page.table(BESIDE, rows)
        page.say("published beside measured: limits at 95 %; a disagreement is a finding and no failure\n")
