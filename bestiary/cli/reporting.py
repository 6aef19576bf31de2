"""What was just judged as a page: its claims with their verdicts, and its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from bestiary.catalog.words import called
from bestiary.cli.options import BadInput

if TYPE_CHECKING:
    from bestiary.judge.check import CaseResult
    from bestiary.judge.outcome import Verdict
    from bestiary.maps.judge import MapResult
    from bestiary.site.listing import Block, Row
    from bestiary.site.report import Judged

WriteReport = Callable[["Sequence[CaseResult]", "Sequence[MapResult]", str], bytes]


def of_verdicts() -> WriteReport:
    """Return what writes a page of verdicts, once it is known that all it needs is installed."""
    try:
        from bestiary.site.report import verdicts_page
    except ModuleNotFoundError as error:
        raise BadInput(f"--report needs {error.name}, which is not installed; pip install 'bestiary[site]'") from error
    return lambda results, maps, summary: verdicts_page(list(_entries(results, maps)), summary)


def _entries(results: Sequence[CaseResult], maps: Sequence[MapResult]) -> Iterator[Judged]:
    """Yield what was judged entry by entry and root by root."""
    from bestiary.figures import claims, runs
    from bestiary.figures.style import content_of
    from bestiary.site.report import Judged

    several = len({r.root for r in (*results, *maps)}) > 1
    for key, root in dict.fromkeys((r.entry.key, r.root) for r in (*results, *maps)):
        cases = [r for r in results if (r.entry.key, r.root) == (key, root)]
        beyond = [m for m in maps if (m.entry.key, m.root) == (key, root)]
        entry = (*cases, *beyond)[0].entry
        blocks = [(_case(r), b"") for r in cases] + [(_map(m), content_of(claims.draw(m))) for m in beyond]
        figure = content_of(runs.draw(entry, cases[0].setup.phenomenon, cases)) if cases else b""
        title = f"{entry.title}, root {root}" if several else entry.title
        yield Judged(title, f"{key}-{root}", entry.definition, figure, blocks)


def _case(r: CaseResult) -> Block:
    from bestiary.cli.listings import setting_of
    from bestiary.site.listing import Block

    rows = [_row("", v) for v in r.verdicts]
    title, removes = r.case.name.replace("_", " "), r.case.control or ""
    return Block("case", r.case.name, title, removes, setting_of(r.case), len(r.findings), [r.root], rows)


def _map(m: MapResult) -> Block:
    from bestiary.cli.listings import turned
    from bestiary.site.listing import Block

    rows = [_row(head, v) for head, v in m.headed()]
    title = m.block.title or m.block.name.replace("_", " ")
    return Block(m.kind, m.block.name, title, "", turned(m.block), m.block.seeds, [m.root], rows)


def _row(head: str, v: Verdict) -> Row:
    from bestiary.cli.output.tables import short
    from bestiary.site.listing import Row

    of = f"{head}: {called(v.claim.of)}" if head else called(v.claim.of)
    source = f"{v.claim.source}, {v.claim.where}" if v.claim.where else v.claim.source
    row = Row(of, v.expected, [short(v.measured)], [str(v.outcome)], source)
    if v.claim.published is None:
        return row
    apart = v.difference.words().partition(", ")[0] if v.difference else ""
    agrees = v.difference.agrees if v.difference else None
    return row._replace(
        published=v.claim.published.words(), difference=apart, agrees=agrees, cited=v.claim.published.where
    )
