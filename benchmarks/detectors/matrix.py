"""Who fires on what: every detector on the recorded runs of every case of every entry.

    python benchmarks/detectors/matrix.py [--root 1] [--json FILE] [--figure FILE] [ENTRY ...]

Each detector runs as a stranger would call it, with its default thresholds and channels, wherever
its channels exist (a log without `loss` but with `train_loss` lends that one). A detector that
fires on an entry that is not its own is a declared relation (`also_fires` in catalog.yaml) or a
false alarm; the exit status is 1 if there is one. Runs come from the cache or are trained.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from judges import detectors
from matrix_figure import draw
from rich.console import Console
from runs import lend
from scipy.stats import binomtest

from bestiary.catalog.claims import Case
from bestiary.catalog.entries import Entry
from bestiary.cli import options
from bestiary.cli.output import tables as listing
from bestiary.figures.style import save
from bestiary.files import replace_with
from bestiary.judge import check
from bestiary.log import Finding, Log, State
from bestiary.train import progress, runs


@dataclass(frozen=True)
class Cell:
    """One detector on one case: `fired` of `n` runs; n is 0 where a channel is missing."""

    entry: str
    case: str
    control: bool
    detector: str
    fired: int
    n: int
    relation: str  # "own", "declared" or "none"

    @property
    def alarm(self) -> bool:
        """Whether it fires where nobody has said that it should."""
        return self.relation == "none" and self.fired > 0


def row(entry: Entry, case: Case, logs: list[Log], own: list[Finding], clock: str) -> list[Cell]:
    """What each detector says of one case; the entry's own says it as the entry configures it.

    A sweep whose axis is not time (`clock` is not step) is no training log: only its own detector reads it.
    """
    cells = []
    for name, detector in detectors().items():
        relation = "own" if name == entry.detector else "declared" if name in entry.also_fires else "none"
        if relation == "own":
            findings = own
        elif clock != "step":
            findings = []
        else:
            findings = [detector.function(lend(log)) for log in logs]
        read = [f for f in findings if f.state is not State.NOT_APPLICABLE]
        fired = sum(f.found for f in read)
        cells.append(Cell(entry.key, case.name, case.control is not None, name, fired, len(read), relation))
    return cells


@click.command()
@click.argument("keys", nargs=-1, metavar="[ENTRY ...]")
@click.option("--root", type=int, default=1, show_default=True, help="Root seed of the runs.")
@click.option("--seeds", type=click.IntRange(1), help="Runs of every case [default: the case's own].")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder for runs [default: that of `bestiary cache`].")
@click.option("--json", "to", type=click.Path(path_type=Path), help="Write the matrix there.")
@click.option("--figure", type=click.Path(path_type=Path), help="Draw the matrix there.")
def main(
    keys: tuple[str, ...], root: int, seeds: int | None, cache: Path | None, to: Path | None, figure: Path | None
) -> None:
    """Print the matrix of the entries, or of all, and every undeclared firing."""
    entries = options.entries(None, keys)
    store = options.start(cache)
    cells: list[Cell] = []
    setups = options.load_setups(entries, named=False)
    with progress.bars() as on_progress:
        results = check.check(setups, store, roots=[root], seeds=seeds, on_progress=on_progress)
    for r in results:
        cells += row(r.entry, r.case, list(runs.logs(r.runs)), r.findings, r.runs["step"].attrs["units"])
    names = list(detectors())
    table = listing.table("case", *(name.replace("_", " ") for name in names))
    for r in results:
        own = [c for c in cells if (c.entry, c.case) == (r.entry.key, r.case.name)]
        mark = {"own": "*", "declared": "+", "none": ""}
        table.add_row(
            f"{r.entry.key}/{r.case.name}", *(f"{c.fired}/{c.n}{mark[c.relation]}" if c.n else "" for c in own)
        )
    Console(width=48 + 14 * len(names), highlight=False).print(table)
    for name in names:
        quiet = [c for c in cells if c.detector == name and c.relation == "none" and c.n]
        fired, n = sum(c.fired for c in quiet), sum(c.n for c in quiet)
        limit = f"; at most {binomtest(fired, n).proportion_ci(0.90).high:.2%} at 95 %" if n else ""
        click.echo(f"{name}: {fired} false alarms in {n} runs of entries that are not its own{limit}")
    if to is not None:
        replace_with(to, (json.dumps({"root": root, "cells": [vars(c) for c in cells]}, indent=1) + "\n").encode())
    if figure is not None:
        save(draw([vars(c) for c in cells]), figure)
    alarms = [c for c in cells if c.alarm]
    for c in alarms:
        click.echo(f"undeclared: {c.detector} fires on {c.fired}/{c.n} runs of {c.entry}/{c.case}")
    sys.exit(bool(alarms))


if __name__ == "__main__":
    main()
