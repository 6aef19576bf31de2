"""Runs of MLflow: the folder of one run, and the database of many."""

from __future__ import annotations

import re
import sqlite3
import time
from array import array
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import numpy as np

from bestiary.logs.extras import reason
from bestiary.logs.run_table import Column, NotALog, RunTable, Unreadable, plural

SECONDS = 60.0  # [s] that a database may take
RECORDS = 5_000_000  # [record] that are read of a database
RUNS = 100_000  # [run] of a database
LENGTH = 1_000_000  # [byte] of a text in a database
CLOCK = "MLflow's steps"


def read_mlflow(run: Path) -> list[RunTable]:
    """Read one run's folder of MLflow: metrics/NAME has a line `time value step` for each record."""
    about = (run / "meta.yaml").read_text("utf-8", "replace")
    if re.search(r"^lifecycle_stage: *deleted", about, re.MULTILINE):
        raise NotALog(f"{run}: was deleted in MLflow; restore it with `mlflow runs restore`")
    columns, rows = {}, 0
    folder = run / "metrics"
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            lines = file.read_text("utf-8").splitlines(keepends=True)
        except UnicodeDecodeError as error:
            raise Unreadable(f"{file}: not UTF-8 text; is it a metric of MLflow?") from error
        cut = bool(lines) and not lines[-1].endswith("\n") and len(lines[-1].split()) < 3
        try:
            records = [tuple(map(float, line.split())) for line in lines[: len(lines) - cut]]
            _, values, steps = zip(*records, strict=True) if records else ((), (), ())
        except ValueError as error:
            raise Unreadable(f"{file}: want lines of `time value step` ({reason(error)})") from error
        if values:
            columns[file.relative_to(folder).as_posix()] = Column(np.array(steps), np.array(values))
            rows += len(values)
    if not columns:
        raise NotALog(f"{run}: has no metric")
    named = re.search(r"^run_name: *(.+)$", about, re.MULTILINE)
    return [RunTable(named[1].strip("'\" ") if named else "", columns, rows=rows, clock=CLOCK)]


def read_mlflow_database(path: Path) -> list[RunTable]:
    """Read every run of an mlflow.db that was not deleted; MLflow keeps inf as the largest number there is.

    The file may be anyone's. It is opened to be read only, views and computed columns are refused since what they
    compute may never end, and rows, length of a text and time are bounded.

    Raises:
        Unreadable: it is no database of MLflow, or beyond a bound.
        NotALog: it has no metric.
    """
    ends, told = time.monotonic() + SECONDS, ""

    def overdue() -> bool:
        nonlocal told
        if time.monotonic() > ends:
            told = f"it takes more than {SECONDS:g} s; export the runs that you want as CSV"
        return bool(told)

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LENGTH)
            base.set_progress_handler(overdue, 10_000)
            base.text_factory = lambda text: text.decode("utf-8", "replace")
            for setting in ("query_only=1", "trusted_schema=0", "temp_store=2", "mmap_size=0"):
                base.execute(f"pragma {setting}")
            for table in ("runs", "metrics"):
                _check_table(base, table, path)
            names = _names(base, path)
            curves, bad = _curves(base, names, path)
    except sqlite3.Error as error:
        raise Unreadable(f"{path}: not a readable database of MLflow ({told or reason(error)})") from error
    if not curves:
        raise NotALog(f"{path}: has no metric")
    made = []
    for run in sorted(curves):
        columns = {key: _column(*curves[run][key]) for key in sorted(curves[run])}
        rows = sum(column.at.size for column in columns.values())
        notes = [f"{plural(bad[run], 'record')} without a number left out"] if run in bad else []
        made.append(RunTable(f"{names[run]} {run[:8]}", columns, rows=rows, clock=CLOCK, notes=notes))
    return made


def _check_table(base: sqlite3.Connection, table: str, path: Path) -> None:
    """Refuse what is no plain table of that name."""
    found = base.execute("select type, sql from sqlite_master where name = ? collate nocase", (table,)).fetchone()
    if found is None:
        raise Unreadable(f"{path}: not a database of MLflow; it has no table `{table}`")
    kind, made = found
    what = "" if kind == "table" else f"is a {kind}"
    if re.match(r"\s*create\s+virtual", str(made), re.IGNORECASE):
        what = "is a virtual table"
    elif kind == "table" and any(hidden for *_, hidden in base.execute(f"pragma table_xinfo({table})")):
        what = "has computed columns"
    if what:
        raise Unreadable(f"{path}: not a database as MLflow makes it: `{table}` {what}, and only tables are read")


def _names(base: sqlite3.Connection, path: Path) -> dict[str, str]:
    """{run: name} of the runs that were not deleted."""
    asked = base.execute(f"select run_uuid, name from runs where lifecycle_stage = 'active' limit {RUNS + 1}")
    names = {run: str(name or "run") for run, name in asked if isinstance(run, str)}
    if len(names) > RUNS:
        raise Unreadable(f"{path}: has more than {RUNS:,} runs; export those that you want as CSV")
    return names


Records = tuple[array, array, array]  # [ms] time, [step], value


def _curves(
    base: sqlite3.Connection, names: dict[str, str], path: Path
) -> tuple[dict[str, dict[str, Records]], dict[str, int]]:
    """{run: {metric: records}} in any order, and how many records of a run have no number."""
    curves: dict[str, dict[str, Records]] = defaultdict(dict)
    bad: dict[str, int] = defaultdict(int)
    asked = f"select run_uuid, key, timestamp, step, value, is_nan from metrics limit {RECORDS + 1}"
    for i, (run, key, at, step, value, not_a_number) in enumerate(base.execute(asked)):
        if i == RECORDS:
            raise Unreadable(f"{path}: has more than {RECORDS:,} records; export the runs that you want as CSV")
        if not isinstance(run, str) or run not in names:
            continue
        value = float("nan") if not_a_number else value
        if not isinstance(key, str) or not isinstance(step, int | float) or not isinstance(value, int | float):
            bad[run] += 1
            continue
        if (records := curves[run].get(key)) is None:
            records = curves[run][key] = array("d"), array("d"), array("d")
        for column, cell in zip(records, (at if isinstance(at, int | float) else 0, step, value), strict=True):
            column.append(cell)
    return curves, bad


def _column(at: array, steps: array, values: array) -> Column:
    made = np.array(values)
    made[np.abs(made) > 1.797e308] *= np.inf
    order = np.lexsort((np.array(steps), np.array(at)))
    return Column(np.array(steps)[order], made[order])
