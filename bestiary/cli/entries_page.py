"""docs/entries.md: every entry in a row; and the README's short table, which leads there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bestiary.catalog.entries import Entry
from bestiary.cli import budget, measured, published_page
from bestiary.cli.compared import compared

HEAD = """# The entries

Every entry of the catalog; `make readme` writes this page. `bestiary show ENTRY` says all of one. Zone 1 is a toy, zone
2 a complex network on simple data, 3 a simple network on complex data, 4 both. A control removes one cause.
`N/N hold` counts claims times root seeds. The time is that of one root in CPU seconds, laws included; a published
number agrees if it lies within the limits of ours.
"""
COLUMNS = ("entry", "what is seen", "zone", "particle", "controls remove", "claims", "published numbers", "CPU time")


def page(entries: Iterable[Entry], source: Path) -> str:
    """Markdown, a table for each kind of phenomenon."""
    parts = [HEAD]
    for kind, some in _kinds(entries).items():
        rows = [_row(e, measured.read(e, source)) for e in some]
        parts.append(f"## {kind}\n\n" + _table(COLUMNS, rows))
    return "\n".join(parts)


def short(entries: Iterable[Entry], source: Path) -> str:
    """Markdown: a row for each kind, its entries being links; and what came of all claims."""
    known = list(entries)
    rows = [
        (kind, ", ".join(f"[`{e.key}`](docs/entries.md#{e.key})" for e in some)) for kind, some in _kinds(known).items()
    ]
    return _table(("kind", "entries"), rows) + "\n" + _total(known, source)


def _kinds(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The entries by kind, the kind with most of them first."""
    kinds: dict[str, list[Entry]] = {}
    for e in entries:
        kinds.setdefault(e.kind, []).append(e)
    return dict(sorted(kinds.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def _row(e: Entry, record: dict[str, Any] | None) -> tuple[str, ...]:
    removed = "; ".join(dict.fromkeys(case.control or "" for case in e.controls.values()))
    claims = measured.verdict(record, e, _code(e, record))
    seconds = budget.seconds_of(record)
    beside = published_page.counts(compared(e, record))
    cost = "" if seconds is None else budget.words(seconds)
    name = f'<a id="{e.key}"></a>`{e.key}`'
    return name, e.title, str(e.zone), ", ".join(e.particle), removed, claims, beside, cost


def _total(entries: Sequence[Entry], source: Path) -> str:
    """Say in a sentence what came of all claims on the roots of the records, and of the published numbers."""
    outcomes: Counter[str] = Counter()
    agree = numbers = 0
    for e in entries:
        record = measured.read(e, source)
        if record is None:
            continue
        for part in (*record["cases"].values(), *record.get("maps", {}).values()):
            outcomes.update(claim["outcome"] for root in part.values() for claim in root["claims"])
        told = published_page.agreement(compared(e, record))
        agree, numbers = agree + told[0], numbers + told[1]
    total = f"{len(entries)} entries, {outcomes.total():,} verdicts: {outcomes['holds']:,} hold, "
    total += f"{outcomes['inconclusive']} are inconclusive, {outcomes['fails']} fail."
    return f"{total} Of {numbers} published numbers {agree} agree with ours.\n"


def _code(entry: Entry, record: dict[str, Any] | None) -> dict[str, str] | None:
    """The hashes of an entry's code today that can be compared; None where its setup cannot be loaded."""
    from bestiary.judge.setup import NotInstalled, load  # and with it JAX

    try:
        return measured.comparable_code(record, load(entry))
    except NotInstalled:
        return None


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
