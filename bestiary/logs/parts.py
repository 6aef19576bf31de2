"""A table cut into runs, in one pass over its columns however many runs there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bestiary.logs.run_table import Column, RunTable, Unreadable, Words

RUNS = 1000  # [run] of one table


def check_runs(many: int, why: str) -> None:
    """Refuse a table of more than `RUNS` runs.

    Raises:
        Unreadable: it has more, by what tells them apart.
    """
    if many > RUNS:
        raise Unreadable(
            f"has {many:,} runs, {why}, and {RUNS:,} is the most of one table: split it, or drop the column"
        )


def parts(
    table: RunTable, which: np.ndarray, names: Sequence[str], notes: Sequence[str], *, anew: bool = False
) -> list[RunTable]:
    """Return a table's runs.

    Args:
        table: of all of them.
        which: (rows,) number of the run of each row; -1 for a row of none.
        names: of the runs, by number.
        notes: that all runs have, after the table's own.
        anew: whether rows are counted anew in each run.
    """
    size = np.bincount(which[which >= 0], minlength=len(names))
    rows, made = np.arange(table.rows), []
    for name, own in zip(names, size.tolist(), strict=True):
        told = [*table.notes, *notes]
        made.append(replace(table, name=name, columns={}, words={}, rows=own if anew else table.rows, notes=told))
    if anew:
        for _, kept in of_each(which):
            rows[kept] = np.arange(kept.size)
    for column, (at, values) in table.columns.items():
        for run, kept in of_each(which[at]):
            made[run].columns[column] = Column(rows[at[kept]], values[kept])
    for column, (at, codes, known) in table.words.items():
        for run, kept in of_each(which[at]):
            made[run].words[column] = Words(rows[at[kept]], codes[kept], known)
    return made


def of_each(which: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each number from 0 on that is in (N,) `which`, and (M,) where it is, in order."""
    order = np.argsort(which, kind="stable")
    runs, first = np.unique(which[order], return_index=True)
    for run, kept in zip(runs.tolist(), np.split(order, first[1:]), strict=bool(runs.size)):
        if run >= 0:
            yield run, kept
