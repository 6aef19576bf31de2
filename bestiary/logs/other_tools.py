"""Logs in formats of other tools: MLflow, Parquet, and netCDF of our own.

The library that Parquet needs is an extra, imported when such a file is met.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bestiary.logs.run_table import Column, Gather, NotALog, RunTable, Unreadable

BLOCK = 20_000  # [row]


def library(path: Path, module: str, package: str) -> Any:
    """A library that is an extra.

    Raises:
        Unreadable: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise Unreadable(f"{path}: needs {package}, which is not installed: pip install 'bestiary[logs]'") from error


def reason(error: Exception) -> str:
    """The first line of what an error says."""
    return (str(error) or type(error).__name__).splitlines()[0]


def read_parquet(path: Path) -> list[RunTable]:
    """One table; a null is a blank cell."""
    parquet = library(path, "pyarrow.parquet", "pyarrow")
    gather = Gather()
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(BLOCK):
                columns: dict[str, tuple[np.ndarray, list]] = {}
                for name, cells in _flat(batch):
                    keep = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False))
                    columns[name] = keep, cells.drop_null().to_pylist()
                gather.block(columns, batch.num_rows)
    except Exception as error:  # pyarrow raises whatever its parser stumbles on
        raise Unreadable(f"{path}: not a readable Parquet file ({reason(error)}); is it cut off?") from error
    if not gather.rows:
        raise NotALog(f"{path}: has no row; want one for each step")
    return [gather.table()]


def _flat(batch: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Columns of numbers and words; those of a nested column are named with `/`."""
    types = import_module("pyarrow").types
    for name, cells in zip(batch.schema.names, batch.columns, strict=True):
        kind = cells.type
        if types.is_struct(kind):
            inner = zip([field.name for field in kind], cells.flatten(), strict=True)
            yield from ((f"{prefix}{name}/{field}", part) for field, part in inner if _plain(part.type))
        elif _plain(kind):
            yield f"{prefix}{name}", cells


def _plain(kind: Any) -> bool:
    types = import_module("pyarrow").types
    tests = (types.is_integer, types.is_floating, types.is_decimal, types.is_string, types.is_large_string)
    return any(test(kind) for test in tests)


def read_mlflow(run: Path) -> list[RunTable]:
    """One run's folder of MLflow: metrics/NAME has a line `time value step` for each record."""
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
    return [RunTable(named[1].strip("'\" ") if named else "", columns, rows=rows, clock="MLflow's steps")]


def read_mlflow_database(path: Path) -> list[RunTable]:
    """Every run of an mlflow.db that was not deleted; it keeps inf as the largest number there is."""
    asked = (
        "select run_uuid, r.name, key, step, case when is_nan then 'nan' when value > 1.797e308 then 'inf' "
        "when value < -1.797e308 then '-inf' else value end from metrics join runs r using (run_uuid) "
        "where lifecycle_stage = 'active' order by run_uuid, key, timestamp, step"
    )
    found: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            for run, name, key, step, value in base.execute(asked):
                found[f"{name or 'run'} {run[:8]}"][key].append((float(step), float(value)))
    except (sqlite3.Error, ValueError) as error:
        raise Unreadable(f"{path}: not a readable database of MLflow ({reason(error)})") from error
    if not found:
        raise NotALog(f"{path}: has no metric")
    made = []
    for name, curves in found.items():
        columns = {key: Column(*np.array(records).T) for key, records in curves.items()}
        made.append(RunTable(name, columns, rows=sum(map(len, curves.values())), clock="MLflow's steps"))
    return made


def read_netcdf(path: Path) -> list[RunTable]:
    """Every run of a file that `bestiary run --out` wrote; its channels have their names already."""
    from bestiary.train import runs  # xarray is half a second

    try:
        ds = runs.read(path)
        logs = [(k, s, log) for k in range(ds.sizes["setting"]) for s, log in enumerate(runs.logs(ds, k))]
        unit, seeds = ds["step"].attrs.get("units", "step"), ds["seed"].values
    except (ValueError, KeyError) as error:
        told = reason(error).removeprefix(f"{path}: ")
        raise Unreadable(f"{path}: {told}; want netCDF that `bestiary run --out` wrote") from error
    if unit != "step":
        raise NotALog(f"{path}: its axis counts {unit}, not steps; a sweep is no training log")
    many, made = ds.sizes["setting"] > 1, []
    for k, s, log in logs:
        name = f"setting {k}, seed {seeds[s]}" if many else f"seed {seeds[s]}"
        columns = {name: Column(curve.steps, curve.values) for name, curve in log.channels.items()}
        rows = max((curve.steps.size for curve in log.channels.values()), default=0)
        made.append(RunTable(name, columns, rows=rows, clock="the axis of each channel", standard=True))
    return made
