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
import numpy as np
from judges import detectors
from rich.console import Console
from runs import lend
from scipy.stats import binomtest

from bestiary.catalog.claims import Case
from bestiary.catalog.entries import Entry
from bestiary.cli import options
from bestiary.cli.output import tables as listing
from bestiary.files import replace_with
from bestiary.judge import check
from bestiary.log import Finding, Log, State
from bestiary.train import progress, runs

COLOURS = ("#ffffff", "#0072b2")  # silent to firing; one blue, legible without colour


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


def picture(cells: list[Cell], path: Path) -> None:
    """The matrix as a figure: rows are cases, columns detectors, the number is the share of runs in per cent."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    from bestiary.figures import runs as figures

    rows = list(dict.fromkeys((c.entry, c.case, c.control) for c in cells))
    columns = list(dict.fromkeys(c.detector for c in cells))
    figure = Figure(figsize=(2.9 + 0.42 * len(columns), 1.5 + 0.135 * len(rows)), layout="constrained")
    axes = figure.subplots()
    share = np.full((len(rows), len(columns)), np.nan)
    for c in cells:
        if c.n:
            share[rows.index((c.entry, c.case, c.control)), columns.index(c.detector)] = c.fired / c.n
    axes.imshow(share, cmap=LinearSegmentedColormap.from_list("share", COLOURS), vmin=0, vmax=1, aspect="auto")
    for c in cells:
        y, x = rows.index((c.entry, c.case, c.control)), columns.index(c.detector)
        if c.n == 0:
            axes.text(x, y, "\u00b7", ha="center", va="center", fontsize=6, color="0.6")
            continue
        if c.fired:
            colour = "white" if c.fired > c.n / 2 else "black"
            axes.text(x, y, f"{100 * c.fired / c.n:.0f}", ha="center", va="center", fontsize=5.5, color=colour)
        if c.relation != "none":
            style = "-" if c.relation == "own" else ":"
            axes.add_patch(_box(x, y, style))
    axes.set_xticks(range(len(columns)), [c.replace("_", " ") for c in columns], rotation=55, ha="left", fontsize=6.5)
    labels = [f"{entry}  {case}{'  (control)' if control else ''}".replace("_", " ") for entry, case, control in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=5.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for i in range(1, len(rows)):
        if rows[i][0] != rows[i - 1][0]:
            axes.axhline(i - 0.5, color="0.6", linewidth=0.5)
    legend = "share of runs that fire [%]\nsolid box: the entry's own; dotted: declared; \u00b7 no such channel"
    axes.set_xlabel(legend, fontsize=6, loc="right")
    figures.save(figure, path)


def _box(x: float, y: float, style: str):
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.46, y - 0.44), 0.92, 0.88, fill=False, edgecolor="black", linewidth=0.6, linestyle=style)


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
        picture(cells, figure)
    alarms = [c for c in cells if c.alarm]
    for c in alarms:
        click.echo(f"undeclared: {c.detector} fires on {c.fired}/{c.n} runs of {c.entry}/{c.case}")
    sys.exit(bool(alarms))


if __name__ == "__main__":
    main()
