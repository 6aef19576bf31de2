"""What the command line prints: lists, one entry's claims, verdict tables, findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from bestiary.catalog.words import called
from bestiary.cli.budget import words
from bestiary.cli.output.beside import print_published
from bestiary.cli.output.console import Console
from bestiary.cli.output.page import Column, Heading, Page, Row, Styled, width

if TYPE_CHECKING:
    from rich.table import Table

    from bestiary.catalog.listed import Listed
    from bestiary.judge.check import CaseResult
    from bestiary.judge.outcome import Verdict
    from bestiary.log import Finding

STYLE = {"holds": "green", "fails": "bold red", "inconclusive": "yellow"}
UNFINISHED = ("memorisation",)  # phases out of which runs come if they go on
JUDGED = (
    Column("verdict", bare=True),
    Column("claim", bare=True),
    Column("measured", prose=16, bare=True),
    Column("claimed", prose=16),
    Column("source", eager=True),
)


def console() -> Console:
    """Open standard output as wide as a page is."""
    return Console(width=width(), highlight=False)


def table(*columns: str, title: str | None = None) -> Table:
    """Begin a table without vertical rules; numbers and words are printed as they are."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def print_list(
    entries: Iterable[Listed], seconds: Mapping[str, float | None], page: Page, unlisted: Iterable[str] = ()
) -> None:
    """Print one line per entry.

    Args:
        entries: of the catalog.
        seconds: [s] of CPU time that one root of each entry cost, or None.
        page: where.
        unlisted: names of files in phenomena/ that have no block in the catalog.
    """
    columns = (
        Column("entry", bare=True),
        Column("zone", drop=1),
        Column("kind", drop=2),
        Column("particle", drop=4),
        Column("status", drop=3),
        Column("CPU", drop=5),
        Column("title", prose=30, bare=True),
    )
    rows = [
        # A draft says so where its title stands: the column of the status may be left out.
        (*_grades(e), words(cost) if (cost := seconds[e.key]) else "", f"(draft) {e.title}" if e.draft else e.title)
        for e in entries
    ]
    rows += [(key, "", "", "", "draft", "", "(draft) no block in catalog.yaml") for key in unlisted]
    page.table(columns, rows)


def _grades(e: Listed) -> tuple[str, ...]:
    return e.key, str(e.zone), e.kind, ", ".join(e.particle), e.status


def print_verdicts(results: Sequence[CaseResult], page: Page) -> None:
    """Print one line per claim: the verdict, what was measured, what is claimed."""
    rows: list[Row] = []
    last = None
    for r in results:
        if (head := (r.entry.key, r.root)) != last:
            rows.append(Heading(f"{r.entry.key} (root {r.root})", "bold"))
            last = head
        rows.append(Heading(f"{r.case.name}, without {r.case.control}" if r.case.control else r.case.name, indent=2))
        rows += [judged(v) for v in r.verdicts]
    print_judged(rows, page)
    print_published(((f"{r.entry.key}/{r.case.name}", r.root, [("", v) for v in r.verdicts]) for r in results), page)
    print_reasons(((f"{r.entry.key}/{r.case.name}", r.root, r.verdicts) for r in results), page)


def judged(v: Verdict, head: str = "") -> Row:
    """Make the row of a verdict.

    Args:
        v: the verdict.
        head: what the claim is of beside its name, such as the rung of a path.
    """
    claim = " ".join(filter(None, (head, called(v.claim.of))))
    return Styled(str(v.outcome), STYLE[v.outcome]), claim, short(v.measured), v.expected, v.claim.source


def print_judged(rows: Sequence[Row], page: Page) -> None:
    """Print rows of verdicts, and once what their limits are."""
    page.table(JUDGED, rows)
    page.say("measured: limits at 95 % (runs)\n")


def short(measured: str) -> str:
    """Shorten what was measured to what differs from row to row.

    Examples:
        >>> short("302 step, 260 to 354 at 95 % (16 of 16 runs)")
        '302 step, 260 to 354 (16/16)'
        >>> short("48.9 % to 95.1 %, each at 95 % (13/16)")
        '48.9 % to 95.1 % (13/16)'
        >>> short("0.97, 0.94 to 1 at 95 % (31 of 32 runs, 1 cut off and left out)")
        '0.97, 0.94 to 1 (31/32, 1 left out)'
    """
    alike = re.sub(r"(, each)? at 95 %|(?<=\d) cut off and(?= left out)", "", measured)
    return re.sub(r"\((\d+) of (\d+) runs", r"(\1/\2", alike)


def print_reasons(told: Iterable[tuple[str, int, Sequence[Verdict]]], page: Page) -> None:
    """Print why claims do not hold, a line each.

    Args:
        told: what was judged in words, its root seed, and its verdicts.
        page: where.
    """
    for what, root, verdicts in told:
        for v in verdicts:
            if v.outcome != "holds":
                page.say(f"{v.outcome}: {what} {called(v.claim.of)} (root {root}): {v.reason}", hang=2)


def print_findings(key: str, findings: Sequence[Finding], steps: int, page: Page) -> None:
    """Print how many runs are in which state, the spread of onset and effects, one reason, and what to try next.

    Args:
        key: name of the setup.
        findings: one per seed.
        steps: [step] planned length of the runs.
        page: where.
    """
    from collections import Counter

    from bestiary.cli.output.summaries import spreads
    from bestiary.log import State

    counts = Counter((str(f.state), f.phase) for f in findings)
    words = [f"{n} {state}{f' ({phase})' if phase else ''}" for (state, phase), n in counts.most_common()]
    page.say(f"{key}: {', '.join(words)}")
    columns = [Column("effect", bare=True), *map(Column, ("runs", "median", "5 %", "95 %", "unit"))]
    page.table(
        columns,
        [
            (s.effect, str(s.runs), f"{s.median:.4g}", f"{s.low:.4g}", f"{s.high:.4g}", s.unit)
            for s in spreads(findings)
        ],
    )
    page.say(f"seed 0: {findings[0].reason}")
    early = sum(f.state is State.UNDECIDED or f.phase in UNFINISHED for f in findings)
    if early:
        page.say(f"{early} of {len(findings)} runs may have ended too early to tell: try --set steps={2 * steps}")
