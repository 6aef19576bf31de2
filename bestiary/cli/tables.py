"""What the command line prints: lists, one entry's claims, verdict tables, findings."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from bestiary.catalog.knobs import knobs_of

if TYPE_CHECKING:
    from bestiary.catalog.claims import Claim
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.map_claims import MapClaim
    from bestiary.judge.check import CaseResult
    from bestiary.judge.verdict import Verdict
    from bestiary.log import Finding

STYLE = {"holds": "green", "fails": "bold red", "inconclusive": "yellow"}
UNFINISHED = ("memorisation",)  # phases out of which runs come if they go on
WIDE = 150  # [column] where there is no terminal to fit into


def console() -> Console:
    """Open standard output; wide and plain where it is no terminal."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE
    return Console(width=max(80, width), highlight=False)


def table(*columns: str, title: str | None = None) -> Table:
    """Begin a table without vertical rules; numbers and words are printed as they are."""
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def print_list(entries: Iterable[Entry]) -> None:
    """Print one line per entry."""
    made = table("entry", "zone", "kind", "particle", "status", "title")
    for e in entries:
        made.add_row(e.key, str(e.zone), e.kind, ", ".join(e.particle), e.status, e.title)
    console().print(made)


def interval(claim: Claim | MapClaim) -> str:
    """Write the claim in words: `median 180 to 480 step`."""
    lo, hi = claim.interval
    between = f"{lo:g} to {hi:g}" if lo < hi else f"{lo:g}"
    return f"{claim.statistic} {between}{'' if claim.unit in (None, '1') else f' {claim.unit}'}"


def _source(claim: Claim | MapClaim) -> str:
    return f"{claim.source}: {claim.where}" if claim.where else claim.source


def name(claim: Claim | MapClaim) -> str:
    """Return what the claim is of."""
    return claim.of if isinstance(claim.of, str) else " ~ ".join(claim.of)


def print_entry(e: Entry) -> None:
    """Print everything the catalog says of one entry."""
    out = console()
    out.print(f"[bold]{e.key}[/bold]  {e.title}\n{e.definition}\n")
    out.print(
        f"zone {e.zone}, {e.kind}, {', '.join(e.particle)}; {e.status}; version {e.version}; detector {e.detector}"
    )
    out.print(f"references {', '.join(e.references)}; added by {e.added.by}, {e.added.date}")
    for detector, why in e.also_fires.items():
        out.print(f"also fires {detector}: {why}")
    if e.notes:
        out.print(f"\n{e.notes.strip()}")
    _print_knobs(e, out)
    made = table("case", "removes", "seeds", "changes", "claim", "interval", "source")
    for case in e.cases.values():
        changes = ", ".join(
            f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in {**case.knobs, **case.static}.items()
        )
        first = (case.name, case.control or "", str(case.seeds), changes)
        for i, claim in enumerate(case.claims):
            made.add_row(*(first if i == 0 else ("", "", "", "")), name(claim), interval(claim), _source(claim))
    out.print(made)
    _print_maps(e, out)


def _print_knobs(e: Entry, out: Console) -> None:
    """Print knobs and static values: what `--set` and `--over` take."""
    made = table("knob", "default", "unit", "meaning", "a change")
    for knob in knobs_of(e.key):
        default = f"{knob.default:g}" if isinstance(knob.default, float) else str(knob.default)
        made.add_row(knob.name, default, knob.unit, knob.meaning, "" if knob.traced else "compiles again")
    out.print(made)


def _print_maps(e: Entry, out: Console) -> None:
    """Print the laws, boundaries and paths of an entry."""
    made = table("law or boundary", "over", "of", "claim", "interval", "source", "title")
    for block in (*e.laws.values(), *e.boundaries.values()):
        for i, claim in enumerate(block.claims):
            first = (block.name, block.over, block.of) if i == 0 else ("", "", "")
            made.add_row(*first, claim.of, interval(claim), _source(claim), block.title or "" if i == 0 else "")
    if made.row_count:
        out.print(made)
    for path in e.paths.values():
        made = table("rung", "side", "changes", "claim", "interval", "source")
        for rung in path.rungs:
            changes = ", ".join(f"{k}={v}" for k, v in (rung.knobs | rung.static).items())
            for i, claim in enumerate(rung.claims):
                first = (rung.name, rung.side or "", changes) if i == 0 else ("", "", "")
                made.add_row(*first, name(claim), interval(claim), _source(claim))
        out.print(f"path {path.name}: {path.title}")
        out.print(made)


def print_verdicts(results: Sequence[CaseResult]) -> None:
    """Print one line per claim: what was measured, what is claimed, the verdict."""
    made = table("case", "claim", "measured", "claimed", "source", "verdict")
    last = None
    for r in results:
        if (head := (r.entry.key, r.root)) != last:
            made.add_row(f"[bold]{r.entry.key}[/bold] (root {r.root})", end_section=False)
            last = head
        for i, v in enumerate(r.verdicts):
            word = str(v.outcome) + (f", {v.needs} seeds would decide" if v.needs else "")
            case = f"  {r.case.name}" if i == 0 else ""
            row = (case, name(v.claim), v.measured, v.expected, v.claim.source)
            made.add_row(*row, f"[{STYLE[v.outcome]}]{word}[/]")
    console().print(made)
    print_reasons((f"{r.entry.key}/{r.case.name}", r.root, r.verdicts) for r in results)


def print_reasons(judged: Iterable[tuple[str, int, Sequence[Verdict]]]) -> None:
    """Print why claims do not hold, a line each.

    Args:
        judged: what was judged in words, its root seed, and its verdicts.
    """
    out = console()
    for what, root, verdicts in judged:
        for v in verdicts:
            if v.outcome != "holds":
                out.print(f"{v.outcome}: {what} {name(v.claim)} (root {root}): {v.reason}")


def print_findings(key: str, findings: Sequence[Finding], steps: int) -> None:
    """Print how many runs are in which state, the spread of onset and effects, one reason, and what to try next.

    Args:
        key: name of the setup.
        findings: one per seed.
        steps: [step] planned length of the runs.
    """
    from collections import Counter

    import numpy as np  # half the start-up of `list`, which needs none of it

    from bestiary.log import State

    out = console()
    counts = Counter((str(f.state), f.phase) for f in findings)
    words = [f"{n} {state}{f' ({phase})' if phase else ''}" for (state, phase), n in counts.most_common()]
    out.print(f"{key}: {', '.join(words)}")
    made = table("effect", "runs", "median", "5 %", "95 %", "unit")
    columns: dict[tuple[str, str], list[float]] = {("onset", "step"): [f.onset for f in findings if f.found]}
    for f in findings:
        for effect, (value, unit) in f.effects.items():
            columns.setdefault((effect, unit), []).append(value)
    for (effect, unit), values in columns.items():
        if values:
            mid, low, high = np.percentile(values, [50, 5, 95])
            made.add_row(effect, str(len(values)), f"{mid:.4g}", f"{low:.4g}", f"{high:.4g}", unit)
    out.print(made)
    out.print(f"seed 0: {findings[0].reason}")
    early = sum(f.state is State.UNDECIDED or f.phase in UNFINISHED for f in findings)
    if early:
        out.print(f"{early} of {len(findings)} runs may have ended too early to tell: try --set steps={2 * steps}")
