"""The axis of steps of a run: of the columns that may be the step, one that loses next to no record."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bestiary.logs.evaluations import in_line
from bestiary.logs.names import phrase
from bestiary.logs.parts import check_runs, parts
from bestiary.logs.records import LOST, lost, too_many
from bestiary.logs.run_table import Column, NotALog, RunTable, plural
from bestiary.logs.set_back import counted_on
from bestiary.logs.steps import EPOCHS, step_rank

LOOKED = 32  # [column] whose records are counted
RARE, FEW = 0.1, 20  # [1] of the records of the fullest column, [record] with which a column counts
TURNS = 0.95  # [1] share of the places where a batch starts anew at which the epoch changes
RESUMED = 0.5  # [1] share of records beyond which going back is no resume
NONE = np.zeros(0, np.int64)


class Axis(NamedTuple):
    """How steps were found.

    Attributes:
        told: in words.
        used: the columns.
        steps: (rows,) the step of each row, nan where unknown.
        main: rows of the fullest column.
        own: rows that count for themselves, and are read at the step before them.
        notes: what was done about it.
    """

    told: str
    used: tuple[str, ...]
    steps: np.ndarray
    main: np.ndarray
    own: np.ndarray = NONE
    notes: tuple[str, ...] = ()

    @property
    def epochs(self) -> bool:
        """Whether the steps are epochs."""
        return len(self.used) == 1 and phrase(self.used[0]) in EPOCHS

    def of(self, column: Column) -> np.ndarray:
        """(N,) the steps of a column's records; no copy for one without a blank."""
        return self.steps if column.at.size == self.steps.size else self.steps[column.at]


def axis(table: RunTable, asked: str | None = None, wanted: Collection[str] = ()) -> Axis:
    """The step of each row.

    Of the columns that may be one, that which is there and increases in most rows of the fullest other column, to a
    tenth, comes first; then the best by name. The first by which no column loses more than 5 % of its records is
    taken. A batch that starts anew with each epoch is counted through, and so is a counter that is set back while the
    run goes on. If every column loses more, rows are counted, unless the best goes back as a resumed run does.

    Args:
        table: of one run.
        asked: name of the column, if the user says so.
        wanted: columns that are channels, whose records are counted; empty for all.

    Raises:
        NotALog: there is no column of numbers but steps, or the table lists runs.
    """
    names = {name: rank for name in table.columns if (rank := step_rank(name)) is not None}
    if not names and {"name", "state"} <= {phrase(name) for name in table.words}:
        raise NotALog("is a table of runs, one row each; export the history of a run, which has a row for each step")
    there = [name for name in wanted if name in table.columns and name not in names]
    wanted = [name for name in there if table.columns[name].at.size > 1]
    main = table.columns[_fullest(table, names, wanted)].at
    if asked is not None:
        return Axis(f"`{asked}`, as asked", (asked,), _filled(_cells(table, asked)), main)
    rows = np.arange(table.rows, dtype=np.float64)
    if not names:
        return Axis("rows counted, no column is a step", (), rows, main)
    looked = _looked(table, names, wanted)
    order = sorted(names, key=lambda name: (-_order(table, name, main), names[name]))
    tried: list[tuple[Axis, int, int]] = []
    for name in order:
        for found in _candidates(table, name, names, wanted):
            gone, of = _lost(table, found, looked)
            if not too_many(gone, of) and not (found.epochs and gone > 1):  # an epoch is rounded, a counter is not
                return found
            if name == order[0]:
                tried.append((found, gone, of))
    found, gone, of = tried[-1]
    again = float(np.mean(np.diff(found.steps[main]) == 0))
    if again <= (0 if found.epochs else LOST) and gone <= RESUMED * of:
        return found
    why = "repeats itself" if again > LOST or found.epochs else f"would lose {gone} of {plural(of, 'record')}"
    return Axis(f"rows counted, `{found.used[0]}` {why}", (), rows, main)


def _fullest(table: RunTable, besides: Container[str], among: Collection[str]) -> str:
    """The column that has most rows, of some that are preferred if there are any; the first of several.

    Raises:
        NotALog: no column is left.
    """
    others = [name for name in among or table.columns if name not in besides]
    if not others:
        raise NotALog("has no column of numbers beside the steps; want one such as loss")
    return max(others, key=lambda name: table.columns[name].at.size)


def _looked(table: RunTable, names: Container[str], wanted: Collection[str]) -> list[Column]:
    """The columns whose records are counted: not the rare ones, and of those with the same rows the first."""
    unlike: dict[tuple[int, ...], Column] = {}
    for name in wanted or table.columns:
        if name not in names:
            column = table.columns[name]
            unlike.setdefault((column.at.size, *column.at[:1].tolist(), *column.at[-1:].tolist()), column)
    most = max((column.at.size for column in unlike.values()), default=0)
    often = [column for column in unlike.values() if column.at.size >= min(RARE * most, FEW)]
    return sorted(often, key=lambda column: -column.at.size)[:LOOKED]


def _candidates(table: RunTable, name: str, names: Collection[str], wanted: Collection[str]) -> Iterator[Axis]:
    """The axes that a column may be: within an epoch, counted on, as it is."""
    main, values = table.columns[_fullest(table, names, wanted)]
    steps, own = in_line(_cells(table, name), main)
    steps = _filled(steps)
    back = np.flatnonzero(np.diff(steps[main]) < 0) + 1
    epoch = next((other for other in names if phrase(other) in EPOCHS and other != name), None)
    if epoch is not None and back.size:
        epochs = _filled(_cells(table, epoch))
        if np.mean(np.diff(epochs[main])[back - 1] != 0) >= TURNS:
            through = epochs * (np.nanmax(steps) + 1) + steps
            yield Axis(f"`{name}` within `{epoch}`, counted through", (name, epoch), through, main, own)
    if back.size:
        on, places = counted_on(steps, main, values)
        if places:
            (was, now), more = places[0], f" and {plural(len(places) - 1, 'further time')}" if len(places) > 1 else ""
            told = f"`{name}` is set back from {was:g} to {now:g}{more} and the run goes on: counted on from there"
            yield Axis(f"`{name}`, counted on where it is set back", (name,), on, main, own, (told,))
    yield Axis(f"`{name}`", (name,), steps, main, own)


def _order(table: RunTable, name: str, rows: np.ndarray) -> float:
    """Share of these rows in which a column is there and above the row before, to a tenth."""
    values = _cells(table, name)
    if rows.size < 2:
        return float(np.isfinite(values[rows]).all())
    return round(float(np.mean(np.diff(values[rows]) > 0)), 1)


def _lost(table: RunTable, found: Axis, looked: Collection[Column]) -> tuple[int, int]:
    """Records that the worst of the columns loses by an axis, and how many it has."""
    steps, which = _runs(found)
    worst = (0, 1)
    for at, values in looked:
        if steps is not found.steps:
            at, values = table.rows - 1 - at[::-1], values[::-1]
        gone = 0
        for run in np.unique(which[at]):
            own = which[at] == run
            gone += lost(steps[at[own]], values[own], found.epochs)
        if at.size and (too_many(gone, at.size), gone / at.size) > (too_many(*worst), worst[0] / worst[1]):
            worst = (gone, at.size)
    return worst


def _cells(table: RunTable, name: str) -> np.ndarray:
    """(rows,) a column, nan where it is blank."""
    values = np.full(table.rows, np.nan)
    values[table.columns[name].at] = table.columns[name].values
    return values


def _filled(values: np.ndarray) -> np.ndarray:
    """(rows,) the same, with the last finite value where there is none."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(values.size), -1))
    return np.where(last >= 0, values[last], np.nan)


def _runs(found: Axis) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) the steps, turned round if the newest are first, and (rows,) the number of the run of each row."""
    full = found.main[np.isfinite(found.steps[found.main])]
    steps = found.steps[full]
    rows = np.arange(found.steps.size)
    if steps.size > 2 and np.mean(np.diff(steps) < 0) > 0.9:  # the newest first
        return found.steps[::-1], np.zeros_like(rows)
    again = np.flatnonzero((np.diff(steps) < 0) & (steps[1:] <= steps[:1])) + 1
    check_runs(again.size + 1, "told apart by steps that start anew")
    # A run begins with the first row that goes back, which may be another column's.
    begins = [next(r for r in range(full[i - 1] + 1, full[i] + 1) if found.steps[r] < steps[i - 1]) for i in again]
    return found.steps, np.searchsorted(begins, rows, "right")


def restarts(table: RunTable, found: Axis) -> list[tuple[RunTable, Axis]]:
    """One table for each time that the steps return to where they began; a row or less of a run is left out."""
    steps, which = _runs(found)
    table = replace(table, notes=[*table.notes, *found.notes])
    if steps is not found.steps:
        columns = {c: Column(table.rows - 1 - at[::-1], v[::-1]) for c, (at, v) in table.columns.items()}
        table.notes.append("the rows run backwards, and are read so")
        return [(replace(table, columns=columns), found._replace(steps=steps))]
    if not which[-1:].any():
        return [(table, found)]
    many, first = int(which[-1]), int(np.argmax(which > 0))
    size = np.bincount(which[found.main[np.isfinite(found.steps[found.main])]], minlength=many + 1)
    kept = np.flatnonzero(size > 1).tolist()
    notes = [f"the steps start anew {plural(many, 'time')}, at row {first + 1} first: read as separate runs"]
    if len(kept) <= many:
        notes.append(f"{plural(many + 1 - len(kept), 'stretch')} of a single record left out")
    number = np.full(size.size, -1)
    number[kept] = np.arange(len(kept))
    names = [table.name]
    if len(kept) > 1:
        names = [f"{table.name}, part {i + 1}".removeprefix(", ") for i in range(len(kept))]
    return [(part, found) for part in parts(table, number[which], names[: len(kept)], notes)]
