"""`bestiary review`: the acceptance checklist of an entry, with what can be measured filled in."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestiary import files
from bestiary.cli import completion
from bestiary.cli.contribute.since import since
from bestiary.cli.options import BadInput, cache_option, entries, fitting, json_option, load_setups, start, wide_option
from bestiary.cli.output.shown import echo_json

if TYPE_CHECKING:
    from bestiary.cli.contribute.checklist import Row
    from bestiary.judge.setup import Setup

LOOKS = {  # items that nothing measures, each with what to ask
    "Minimal": "which part could be taken away without losing the phenomenon?",
    "No flat line": "does a control keep all but the one cause, and still move?",
    "States": "does the detector say undecided, not applicable or diverged where that is the truth?",
    "Units": "would effects and onsets survive another step size, or another distance of records?",
    "Tried": "is what was tried and did not work in the log of CONTRIBUTING.md?",
}
CLONE = "a clone of the repository"
SHORT = "falls short"
SLOW = 60.0  # [s] from which on a case does not train in seconds
TIMED_ROOT = 0  # which is for tuning: no judged run is looked at


@click.command(short_help="Print the acceptance checklist of ENTRY, filled in.")
@click.argument("entry", required=False, shell_complete=completion.entries)
@click.option("--changed", "revision", metavar="REV", help="The entries that have changed since this revision of git.")
@click.option("--time", "timed", is_flag=True, help="Train a positive case anew, on root 0, to say what it costs.")
@json_option
@wide_option
@cache_option
def review(entry: str | None, revision: str | None, timed: bool, as_json: bool, wide: bool, cache: Path | None) -> None:
    """Print the acceptance checklist of CONTRIBUTING.md for ENTRY, with what can be measured filled in.

    `look` is for a person to say. Exit status: 0 nothing falls short, 1 something does.
    """
    if (entry is None) == (revision is None):
        raise BadInput("review: want ENTRY, or --changed REV for those that have changed")
    root = files.checkout()
    if root is None:
        raise BadInput(f"review: an installed package has no figures and records; run it in {CLONE}")
    chosen = fitting(entries(None, [entry]) if entry is not None else since(str(revision), err=as_json)[0])
    if chosen:
        start(cache)
    made = {setup.entry.key: checked(setup, root, timed) for setup in load_setups(chosen, named=True)}
    short = {key: [row for row in rows if row.standing == SHORT] for key, rows in made.items()}
    if as_json:
        from bestiary.cli.output import as_json as written

        told = [
            {"entry": key, "accepted": not short[key], "rows": [row._asdict() for row in rows]}
            for key, rows in made.items()
        ]
        echo_json(written.text({"accepted": not any(short.values()), "entries": told}))
    else:
        _print(made, wide)
    if any(short.values()):
        raise SystemExit(1)


def _print(made: Mapping[str, Sequence[Row]], wide: bool) -> None:
    from bestiary.cli.contribute.checklist import Standing
    from bestiary.cli.output.page import Column, Page, Styled

    style = {Standing.HOLDS: "green", Standing.SHORT: "bold red", Standing.LOOK: "yellow"}
    page, told = Page(wide), Column("what was measured", prose=30, bare=True)
    for key, rows in made.items():
        page.say(f"review of {key}", "bold")
        cells = [(row.item, Styled(str(row.standing), style[row.standing]), row.told) for row in rows]
        page.table((Column("item", bare=True), Column("standing", bare=True), told), cells)
        page.say(f"{key}: {', '.join(f'{sum(row.standing is one for row in rows)} {one}' for one in Standing)}\n")


def checked(setup: Setup, root: Path, timed: bool = False) -> list[Row]:
    """Make all rows of the checklist, in the order of CONTRIBUTING.md.

    Args:
        setup: of the entry.
        root: of the checkout.
        timed: whether a case is trained to say what it costs.
    """
    from bestiary.cli import measured
    from bestiary.cli.contribute import of_claims, of_files
    from bestiary.cli.contribute.checklist import Row, Standing

    block = setup.entry
    record = measured.read(block, root / "benchmarks" / "measured")
    code = measured.comparable_code(record, setup)
    looks = {item: Row(item, Standing.LOOK, question) for item, question in LOOKS.items()}
    seeds, controls, mechanism, sources, can_fail, points, beyond, names = of_claims.rows(block, record)
    return [
        *(
            looks["Minimal"],
            of_files.roots(record),
            seeds,
            controls,
            looks["No flat line"],
            mechanism,
            sources,
            can_fail,
        ),
        *(looks["States"], looks["Units"], _cost(setup, record, timed), points, beyond, names, looks["Tried"]),
        *(of_files.record_row(block, record, code), of_files.figures(block, root), of_files.matrix(block, root)),
        of_files.filled(block, root),
    ]


def _cost(setup: Setup, record: Mapping[str, Any] | None, timed: bool) -> Row:
    """How much there is to train; with `timed`, how long a positive case takes."""
    from bestiary.cli import budget
    from bestiary.cli.contribute.checklist import row
    from bestiary.judge import check
    from bestiary.judge.rounds import drive
    from bestiary.judge.size import first_requests, size
    from bestiary.maps.judge import tasks
    from bestiary.train.store import NoStore

    asked = (
        size(first_requests([*check.tasks(setup, TIMED_ROOT), *tasks(setup, TIMED_ROOT)])) if setup.cases else "no case"
    )
    case = next(iter(setup.entry.positives.values()), None)
    seconds = budget.seconds_of(record)
    if seconds is not None and not timed:
        told = f"{budget.words(seconds)} of CPU time on a root ({budget.scale(seconds)}); {asked}"
        return row("Cost", [], [told] if budget.scale(seconds) == budget.LARGER else [], told)
    if not timed or case is None:
        return row("Cost", [], [f"{asked} on a root; --time says how long a case takes"])
    since = time.perf_counter()
    drive([check.judge_case(setup, case, TIMED_ROOT)], NoStore())
    seconds = time.perf_counter() - since
    told = f"{case.name}: {seconds:.0f} s for {case.seeds} seeds, compiled"
    return row("Cost", [f"{told}; want seconds"] if seconds > SLOW else [], [], f"{told}; {asked} on a root")
