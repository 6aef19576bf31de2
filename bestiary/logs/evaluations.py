"""Rows of evaluations among those of training: a column says which they are, or a counter of their own does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bestiary.logs.names import phrase, role, roles
from bestiary.logs.run_table import Column, RunTable, plural

SAYS = ("mode", "split", "phase", "stage", "set", "subset", "dataset", "partition")  # a column that says train or val
MOST = 0.8  # [1] share of the rows beside the main ones that have to be out of line


def told_apart(table: RunTable, is_step: Callable[[str], bool]) -> RunTable:
    """Give the columns of rows that say they are of evaluation a name that says so.

    Args:
        table: of any number of runs.
        is_step: whether a column may be the step; those keep their names.
    """
    name = next((c for c, text in table.words.items() if phrase(c) in SAYS and _are_roles(text.words)), None)
    if name is None:
        return table
    text = table.words[name]
    test = np.zeros(table.rows, bool)
    test[text.at] = np.array([role(word) == "test" for word in text.words])[text.codes]
    if not test.any():
        return table
    columns: dict[str, Column] = {}
    for column, (at, values) in table.columns.items():
        here = test[at]
        if is_step(column) or roles(column) or not here.any():
            columns[column] = Column(at, values)
            continue
        if not here.all():
            columns[column] = Column(at[~here], values[~here])
        columns.setdefault(f"val/{column}", Column(at[here], values[here]))
    notes = [*table.notes, f"`{name}` says which rows are of evaluation"]
    return replace(table, columns=columns, notes=notes)


def _are_roles(words: tuple[str, ...]) -> bool:
    return bool(words) and all(map(role, words))


def in_line(steps: np.ndarray, main: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the step from rows that count for themselves, as a validation's batches among training steps.

    Args:
        steps: (rows,) as written, nan where blank.
        main: rows of the fullest column.

    Returns:
        (rows,) the steps, nan in rows that count for themselves, and these rows.
    """
    rows = np.arange(steps.size)
    beside = np.isfinite(steps)
    beside[main] = False
    known = main[np.isfinite(steps[main])]
    if not beside.any() or known.size < 2:
        return steps, rows[:0]
    beside = rows[beside]
    after = np.searchsorted(known, beside)
    between = beside[(after > 0) & (after < known.size)]
    if between.size < 2:
        return steps, rows[:0]
    after = np.searchsorted(known, between)
    low, high = steps[known[after - 1]], steps[known[after]]
    out = (steps[between] < low) | ((steps[between] > high) & (high >= low))
    if out.sum() < max(2, MOST * between.size):
        return steps, rows[:0]
    made = steps.copy()
    made[beside] = np.nan
    return made, beside


def named(table: RunTable, own: np.ndarray) -> RunTable:
    """Name columns that are in rows with a counter of their own alone, and do not say what they are, as of evaluation.

    Args:
        table: of one run.
        own: those rows.
    """
    if not own.size:
        return table
    columns = {}
    for name, column in table.columns.items():
        alone = column.at.size and np.isin(column.at, own).all() and not roles(name)
        columns[f"val/{name}" if alone and f"val/{name}" not in table.columns else name] = column
    told = f"{plural(own.size, 'row')} with a counter of their own, as of evaluations, are read at the step before them"
    return replace(table, columns=columns, notes=[*table.notes, told])
