"""From a path to the runs in it: which files are logs, and which reader reads them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bestiary.logs import folders, mlflow, netcdf, packed, parquet
from bestiary.logs import tensorboard as event_files
from bestiary.logs import text as text_logs
from bestiary.logs import wandb as wandb_file
from bestiary.logs.extras import reason
from bestiary.logs.plain import read_plain
from bestiary.logs.run_table import NotALog, RunTable, Unreadable
from bestiary.special_files import STANDARD_INPUT, is_stream, kind, read_stream

Reader = Callable[[Path], list[RunTable]]
T = TypeVar("T")

READERS: dict[str, Reader] = {
    ".csv": text_logs.read_csv,
    ".tsv": text_logs.read_csv,
    ".jsonl": text_logs.read_jsonl,
    ".ndjson": text_logs.read_jsonl,
    ".json": text_logs.read_json,
    ".parquet": parquet.read_parquet,
    ".nc": netcdf.read_netcdf,
    ".db": mlflow.read_mlflow_database,
    ".wandb": wandb_file.read_wandb,
}


def _archive(path: Path) -> list[RunTable]:
    raise Unreadable(f"{path}: is an archive, which may hold many files; unpack it first")


def _by_content(path: Path) -> list[RunTable]:
    with path.open("rb") as file:
        if packed.packing(file.read(8)):
            raise Unreadable(f"{path}: is compressed twice; unpack it first")
    return reader(path)(path)


MAGIC: dict[bytes, Reader] = {
    **dict.fromkeys(packed.MAGIC, lambda path: packed.read_packed(path, _by_content)),
    b"PK\x03\x04": _archive,
    b"PAR1": parquet.read_parquet,
    b"CDF": netcdf.read_netcdf,
    b"SQLite format 3\0": mlflow.read_mlflow_database,
    wandb_file.MAGIC: wandb_file.read_wandb,
}
STREAM = 2**28  # [byte] of standard input or a pipe
KNOWN = "CSV, TSV, JSON Lines, JSON, text logs, Parquet, TensorBoard event files, MLflow folders, .wandb files, netCDF"


def reader(file: Path) -> Reader:
    """By the name's ending; by the first bytes where that says nothing."""
    if event_files.EVENTS in file.name:
        return lambda path: event_files.read([path])
    with file.open("rb") as opened:
        head = opened.read(64)
    if packed.packing(head):
        return MAGIC[next(magic for magic in packed.MAGIC if head.startswith(magic))]
    if found := READERS.get(file.suffix.lower()):
        return found
    if found := next((r for magic, r in MAGIC.items() if head.startswith(magic)), None):
        return found
    return read_plain


def read(file: Path) -> list[RunTable]:
    """The runs in one file, on standard input (`-`), or in a pipe that a shell made for `<(...)`.

    Raises:
        Unreadable: one line that says where and why.
    """
    try:
        if is_stream(file):
            return _read_stream(file)
        if what := kind(file):
            raise Unreadable(f"{file}: is {what}, no file; pipe what comes out of it into `bestiary detect -`")
        file.stat()  # readers of Parquet and of databases say it in words of their own
        return reader(file)(file)
    except FileNotFoundError as error:
        raise Unreadable(f"{file}: no such file or folder") from error
    except OSError as error:
        raise Unreadable(f"{named(file)}: cannot be read ({error.strerror or error})") from error


def named(path: Path) -> Path:
    """A path as it is told."""
    return Path("standard input") if path == STANDARD_INPUT else path


def _read_stream(stream: Path) -> list[RunTable]:
    """The runs in a stream, by way of a file, since most readers go back in what they read."""
    name, content = named(stream), read_stream(stream, STREAM + 1)
    if len(content) > STREAM:
        raise Unreadable(f"{name}: is longer than {STREAM >> 20} MiB; write it to a file")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log"
        file.write_bytes(content)
        try:
            return reader(file)(file)
        except Unreadable as error:
            raise type(error)(str(error).replace(str(file), str(name))) from error


def walk(path: Path) -> Iterator[tuple[Path, list[RunTable] | Unreadable]]:
    """Every log at a path, a file or a folder, with its runs or why it cannot be read.

    In a folder, what is readable but no log is passed over, unless there is nothing else.
    """
    if not path.is_dir():
        yield named(path), attempt(named(path), read, path)
        return
    seen, passed = 0, None
    for file, reading in folders.logs(path, read):
        runs = attempt(file, reading)
        if isinstance(runs, NotALog):
            passed = runs
            continue
        seen += 1
        yield file, runs
    if not seen:
        yield path, passed or NotALog(f"{path}: has no log; want {KNOWN}")


def attempt(file: Path, reading: Callable[..., T], *arguments: Any) -> T | Unreadable:
    """What a function makes of one file, or the one line that says why not.

    Whatever it raises is of this file alone: its neighbours are read all the same. Nothing else catches every
    exception; NumPy's warnings of a stranger's numbers are of no use to who reads the report.
    """
    try:
        with np.errstate(all="ignore"):
            return reading(*arguments)
    except Unreadable as error:
        return error if str(error).startswith(str(file)) else type(error)(f"{file}: {error}")
    except Exception as error:
        why = f"{type(error).__name__}: {reason(error)}" if str(error) else type(error).__name__
        return Unreadable(f"{file}: cannot be read ({why}); please report this, with the file")
