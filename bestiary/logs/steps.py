"""From a table to its runs: charts of several, long format, columns that name the run; and what a step is called."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

import numpy as np

from bestiary.logs.evaluations import told_apart
from bestiary.logs.names import phrase, roles
from bestiary.logs.parts import check_runs, of_each, parts
from bestiary.logs.run_table import Column, RunTable

# Which column is the step, best first; written in words, and `_step` as it is. Documented in docs/detect.md.
STEPS = (
    *("step", "steps", "global step", "trainer global step", "train step", "train steps", "training step"),
    *("training steps", "optimizer step", "current steps", "current step", "global step max steps"),
    *("iteration", "iterations", "iter", "iters", "iter num", "training iteration", "learning iteration"),
    *("update", "updates", "num updates", "train num updates", "total timesteps", "time total timesteps"),
    *("num timesteps", "timesteps", "timestep", "timesteps total", "num env steps", "env steps", "time iterations"),
    *("total env steps", "total env interacts", "environment steps"),
    *("n updates", "_step", "batch", "batches", "progress", "tokens", "num tokens", "tokens seen"),
    *("consumed tokens", "samples", "num samples", "consumed samples", "examples", "kimg", "episode", "episodes"),
    *("time episodes", "epoch", "epochs", "train epoch"),
)
EPOCHS = ("epoch", "epochs", "train epoch")
RUNS = ("run", "run id", "run name", "run uuid", "experiment", "experiment name", "seed", "trial", "trial id")
METRICS = ("metric", "metrics", "tag", "key", "variable", "name")  # columns of a table in long format
CHART = re.compile(r"(.+) - (.+?)(__MIN|__MAX)?")  # a column of a chart of Weights & Biases


def step_rank(name: str) -> int | None:
    """How far down the table a name of a step stands; None if it is none.

    Where the whole name is none, what stands behind its last `/` may be: `misc/total_timesteps`.
    """
    last = name.removesuffix("/mean").rpartition("/")[2]
    for part, later in ((name, 0), (last, len(STEPS))):
        if (words := phrase(part)) in STEPS and not (later and roles(name) == {"test"}):
            return STEPS.index(words) + later
    return None


def is_step(name: str) -> bool:
    """Whether a name is one of a step."""
    return step_rank(name) is not None


def split(table: RunTable) -> list[RunTable]:
    """Return the runs of a table: charts of several runs, long format, a column that names the run.

    Raises:
        Unreadable: there are too many.
    """
    return [run for chart in _charts(table) for run in _named(told_apart(_long(chart), is_step))]


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
    value = next((c for c in table.columns if phrase(c) == "value"), None)
    key = next((c for c in table.words if phrase(c) in METRICS and table.words[c].at.size), None)
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
        if phrase(name) not in RUNS:
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
