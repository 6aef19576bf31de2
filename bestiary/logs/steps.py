"""From the rows of a table to runs on an axis of steps: whose row it is, and of which step."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bestiary.logs.parts import check_runs, of_each, parts
from bestiary.logs.run_table import Column, NotALog, RunTable, plural

# Which column is the step, best first; written in words, and `_step` as it is. Documented in docs/detect.md.
STEPS = (
    *("step", "steps", "global step", "trainer global step", "train step", "train steps", "training step"),
    *("iteration", "iterations", "iter", "iters", "update", "updates", "num updates", "_step", "batch", "batches"),
    *("tokens", "num tokens", "tokens seen", "samples", "num samples", "examples", "epoch", "epochs", "train epoch"),
)
EPOCHS = ("epoch", "epochs", "train epoch")
RUNS = ("run", "run id", "run name", "run uuid", "experiment", "experiment name", "seed", "trial", "trial id")
METRICS = ("metric", "metrics", "tag", "key", "variable", "name")  # columns of a table in long format
CHART = re.compile(r"(.+) - (.+?)(__MIN|__MAX)?")  # a column of a chart of Weights & Biases
MOST = 0.5  # [1] share of repeated steps from which on a column of steps is none


@lru_cache(2**14)  # asked several times for each column of each run
def words(name: str) -> tuple[str, ...]:
    """`trainLoss`, `train/loss` and `train_loss` are `train loss`."""
    return tuple(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()))


def _phrase(name: str) -> str:
    return name if name == "_step" else " ".join(words(name))


def split(table: RunTable) -> list[RunTable]:
    """Return the runs of a table: charts of several runs, long format, a column that names the run.

    Raises:
        Unreadable: there are too many.
    """
    return [run for chart in _charts(table) for run in _named(_long(chart))]


def _charts(table: RunTable) -> list[RunTable]:
    """Weights & Biases' export of a chart has a column `RUN - METRIC`, its band beside it, for every run."""
    found = {name: match for name in table.columns if (match := CHART.fullmatch(name))}
    if not any(match[3] for match in found.values()):
        return [table]
    runs: dict[str, dict[str, Column]] = defaultdict(dict)
    for name, match in found.items():
        if not match[3]:
            runs[match[1]][match[2]] = table.columns[name]
    check_runs(len(runs), "a chart's column each")
    shared = {name: column for name, column in table.columns.items() if name not in found}
    return [replace(table, name=run, columns=shared | own, notes=[*table.notes]) for run, own in runs.items()]


def _long(table: RunTable) -> RunTable:
    """A column of names and one of values, a row for each record, as one column for each name."""
    value = next((c for c in table.columns if _phrase(c) == "value"), None)
    key = next((c for c in table.words if _phrase(c) in METRICS and table.words[c].at.size), None)
    if value is None or key is None:
        return table
    which = np.full(table.rows, -1)
    which[table.words[key].at] = table.words[key].codes
    at, values = table.columns[value]
    columns = {c: column for c, column in table.columns.items() if c != value}
    names = table.words[key].words
    for code, own in of_each(which[at]):
        columns[names[code]] = Column(at[own], values[own])
    rest = {c: text for c, text in table.words.items() if c != key}
    return replace(table, columns=columns, words=rest, notes=[*table.notes, f"`{key}` names what `{value}` is of"])


def _named(table: RunTable) -> list[RunTable]:
    """One table for each value of the columns that name a run."""
    labels = np.full(table.rows, "", dtype=object)
    used = []
    for name in (*table.columns, *table.words):
        if _phrase(name) not in RUNS:
            continue
        if name in table.words:
            at, codes, known = table.words[name]
            texts = [known[code] for code in codes.tolist()]
        else:
            at, values = table.columns[name]
            texts = [f"{name} {value:g}" for value in values.tolist()]
        if at.size == table.rows and 1 < len(set(texts)) <= table.rows / 2:
            labels = np.array([f"{a}, {b}" if a else b for a, b in zip(labels, texts, strict=True)], dtype=object)
            used.append(name)
    if not used:
        return [table]
    told = f"told apart by {', '.join(used)}"
    numbers = {label: i for i, label in enumerate(dict.fromkeys(labels.tolist()))}
    check_runs(len(numbers), told)
    which = np.array([numbers[label] for label in labels.tolist()])
    rest = replace(table, columns={c: column for c, column in table.columns.items() if c not in used})
    return parts(rest, which, list(numbers), [f"runs are {told}"], anew=True)


class Axis(NamedTuple):
    """How steps were found: in words, the columns used, and (rows,) the step of each row, nan where unknown."""

    told: str
    used: tuple[str, ...]
    steps: np.ndarray

    def of(self, column: Column) -> np.ndarray:
        """(N,) the steps of a column's records; no copy for one without a blank."""
        return self.steps if column.at.size == self.steps.size else self.steps[column.at]


def axis(table: RunTable, asked: str | None = None) -> Axis:
    """The step of each row.

    Of the columns that may be one, that which is there and increases in most rows of the fullest other column, to a
    tenth; then the best by name. A batch that starts anew with each epoch is counted through. Without such a column,
    or where it repeats itself, rows are counted.

    Args:
        table: of one run.
        asked: name of the column, if the user says so.

    Raises:
        NotALog: there is no column of numbers but steps, or the table lists runs.
    """
    names = {name: STEPS.index(_phrase(name)) for name in table.columns if _phrase(name) in STEPS}
    full = fullest(table, names)
    if not names and {"name", "state"} <= {_phrase(name) for name in table.words}:
        raise NotALog("is a table of runs, one row each; export the history of a run, which has a row for each step")
    rows = np.arange(table.rows)
    if asked is not None:
        return Axis(f"`{asked}`, as asked", (asked,), _filled(table.columns[asked], table.rows))
    best = max(names, key=lambda name: (_order(table, name, full), -names[name]), default=None)
    if best is None:
        return Axis("rows counted, no column is a step", (), rows.astype(np.float64))
    steps = _filled(table.columns[best], table.rows)
    back = np.flatnonzero(np.diff(steps[full]) < 0) + 1
    epoch = next((name for name in names if _phrase(name) in EPOCHS and name != best), None)
    if epoch is not None and back.size:
        epochs = _filled(table.columns[epoch], table.rows)
        turns = np.diff(epochs[full]) > 0
        if turns[back - 1].all() and (np.diff(epochs[full]) >= 0).all():
            steps = epochs * (np.nanmax(steps) + 1) + steps
            return Axis(f"`{best}` within `{epoch}`, counted through", (best, epoch), steps)
    if np.unique(steps[full]).size < MOST * full.size:
        return Axis(f"rows counted, `{best}` repeats itself", (), rows.astype(np.float64))
    return Axis(f"`{best}`", (best,), steps)


def fullest(table: RunTable, besides: Container[str] = ()) -> np.ndarray:
    """Rows of the column that has most.

    Raises:
        NotALog: no column is left.
    """
    others = [column.at for name, column in table.columns.items() if name not in besides]
    if not others:
        raise NotALog("has no column of numbers beside the steps; want one such as loss")
    return max(others, key=len)


def _order(table: RunTable, name: str, rows: np.ndarray) -> float:
    """Share of these rows in which a column is there and above the row before, to a tenth."""
    values = np.full(table.rows, np.nan)
    values[table.columns[name].at] = table.columns[name].values
    if rows.size < 2:
        return float(np.isfinite(values[rows]).all())
    return round(float(np.mean(np.diff(values[rows]) > 0)), 1)


def _filled(column: Column, rows: int) -> np.ndarray:
    """(rows,) the column, with the last finite value where it has none."""
    values = np.full(rows, np.nan)
    values[column.at] = column.values
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(rows), -1))
    return np.where(last >= 0, values[last], np.nan)


def restarts(table: RunTable, found: Axis) -> list[tuple[RunTable, Axis]]:
    """One table for each time that the steps return to where they began; a row or less of a run is left out."""
    full = fullest(table, found.used)
    steps = found.steps[full]
    full, steps = full[np.isfinite(steps)], steps[np.isfinite(steps)]
    if steps.size > 2 and np.mean(np.diff(steps) < 0) > 0.9:  # the newest first
        columns = {c: Column(table.rows - 1 - at[::-1], v[::-1]) for c, (at, v) in table.columns.items()}
        turned = replace(table, columns=columns, notes=[*table.notes, "the rows run backwards, and are read so"])
        return [(turned, found._replace(steps=found.steps[::-1]))]
    again = np.flatnonzero((np.diff(steps) < 0) & (steps[1:] <= steps[:1])) + 1
    if not again.size:
        return [(table, found)]
    check_runs(again.size + 1, "told apart by steps that start anew")
    # A run begins with the first row that goes back, which may be another column's.
    begins = [next(r for r in range(full[i - 1] + 1, full[i] + 1) if found.steps[r] < steps[i - 1]) for i in again]
    which = np.searchsorted(begins, np.arange(table.rows), "right")
    size = np.bincount(which[full], minlength=len(begins) + 1)
    kept = np.flatnonzero(size > 1).tolist()
    notes = [f"the steps start anew {plural(len(begins), 'time')}, at row {begins[0] + 1} first: read as separate runs"]
    if len(kept) <= len(begins):
        notes.append(f"{plural(len(begins) + 1 - len(kept), 'stretch')} of a single record left out")
    number = np.full(size.size, -1)
    number[kept] = np.arange(len(kept))
    names = [table.name]
    if len(kept) > 1:
        names = [f"{table.name}, part {i + 1}".removeprefix(", ") for i in range(len(kept))]
    return [(part, found) for part in parts(table, number[which], names[: len(kept)], notes)]


def counted(steps: np.ndarray) -> np.ndarray:
    """(N,) the steps of a curve's records; 0, 1, ... if they are all the same, as of a tool that was told none."""
    return np.arange(steps.size) if steps.size > 1 and (steps == steps[0]).all() else steps


def increasing(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Strictly increasing steps: of records at a step, and beyond one that the run goes back to, the later wins.

    Returns:
        (T,) steps, (T,) values, and what was overwritten, in words.
    """
    told = ""
    if not (known := np.isfinite(steps)).all():
        told = f"{plural(int((~known).sum()), 'record')} before the first step left out"
        steps, values = steps[known], values[known]
    change = np.diff(steps)
    if (change > 0).all():
        return steps, values, told
    back, same = np.flatnonzero(change < 0), int((change == 0).sum())
    later = np.minimum.accumulate(steps[::-1])[::-1]
    keep = np.r_[steps[:-1] < later[1:], True]
    parts = [told] if told else []
    if same:
        parts.append(f"{plural(same, 'repeated step')}, the later is read")
    if back.size:
        lost = int((~keep).sum()) - same
        again = f"from step {steps[back[0]]:g} back to {steps[back[0] + 1]:g}"
        more = f" and {plural(back.size - 1, 'further time')}" if back.size > 1 else ""
        parts.append(f"goes {again}{more}: {plural(max(lost, 0), 'record')} overwritten by the later")
    return steps[keep], values[keep], "; ".join(parts)
