"""`bestiary measure`: judge entries and keep what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestiary.cli import completion
from bestiary.cli.options import (
    ROOT,
    BadInput,
    cache_option,
    catalog_option,
    entries,
    executor,
    finished,
    fitting,
    load_setups,
    on_option,
    probe,
    progress_bars,
    start,
    writing,
)
from bestiary.cli.output.shown import echo

if TYPE_CHECKING:
    from bestiary.judge.setup import Setup

ROOTS = (1, 2)  # of an entry that was never measured


@click.command()
@click.argument("keys", nargs=-1, metavar="[ENTRY...]", shell_complete=completion.entries)
@click.option(
    "--root",
    "roots",
    type=ROOT,
    multiple=True,
    help="Root seed; may be repeated [default: those of the last measurement, else 1 and 2].",
)
@click.option("--stale", is_flag=True, help="Only entries that were never measured, or with other code or claims.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Folder [benchmarks/measured].")
@on_option
@catalog_option
@cache_option
def measure(
    keys: Sequence[str],
    roots: Sequence[int],
    stale: bool,
    to: Path | None,
    place: str,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Measure entries anew and rewrite benchmarks/measured/ENTRY.json."""
    chosen = fitting(finished(entries(file, keys), bool(keys), "measure"))
    from bestiary.cli import measured
    from bestiary.judge.outcome import ALPHA

    folder = to or measured.folder()
    if folder is None:
        raise BadInput("measure: an installed package has no benchmarks/measured; say where with --to FOLDER")
    probe("--to", folder)
    store = start(cache)
    from bestiary.judge.check import check
    from bestiary.judge.costs import costs
    from bestiary.judge.rounds import drive
    from bestiary.maps.judge import tasks
    from bestiary.train.spent import Spent

    with executor(place) as where:
        for setup, own_roots in _due(load_setups(chosen, bool(keys)), folder, roots, stale):
            echo(f"{setup.entry.key}: roots {', '.join(map(str, own_roots))}", err=True)
            with progress_bars() as on_progress:
                on_cases = Spent(on_progress)
                results = check([setup], store, roots=own_roots, on_progress=on_cases, executor=where)
                beyond = Spent(on_progress)
                mapped = drive([task for root in own_roots for task in tasks(setup, root)], store, beyond, where)
            spent = costs(results, on_cases, beyond, len(own_roots)) if place == "local" else None
            with writing("--to", folder):
                record = measured.record(setup, results, ALPHA, mapped)
                record = measured.with_cost(record, spent, measured.read(setup.entry, folder))
                path = measured.write(record, folder)
            echo(f"wrote {path}")


def _due(
    setups: Sequence[Setup], folder: Path, roots: Sequence[int], stale: bool
) -> Iterator[tuple[Setup, Sequence[int]]]:
    """Yield the setups to be measured, each with its roots."""
    from bestiary.cli import measured

    for setup in setups:
        record = measured.read(setup.entry, folder)
        if not stale or measured.is_stale(record, setup.entry, measured.comparable_code(record, setup)):
            yield setup, roots or measured.roots_of(record) or ROOTS
