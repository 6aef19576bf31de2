"""From a path to the runs in it: which files are logs, and which reader reads them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bestiary.logs import mlflow, netcdf, parquet
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


def _compressed(path: Path) -> list[RunTable]:
    raise Unreadable(f"{path}: is compressed; unpack it first")


MAGIC: dict[bytes, Reader] = {
    **dict.fromkeys((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"), _compressed),
    b"PAR1": parquet.read_parquet,
    b"CDF": netcdf.read_netcdf,
    b"SQLite format 3\0": mlflow.read_mlflow_database,
    wandb_file.MAGIC: wandb_file.read_wandb,
}
STREAM = 2**28  # [byte] of standard input or a pipe
STATE = "trainer_state.json"
CHECKPOINT = re.compile(r"checkpoint-(\d+)")
OTHER_JSON = re.compile(r"history|log|metrics|result", re.IGNORECASE)  # which .json of a folder may be a log
KNOWN = "CSV, TSV, JSON Lines, JSON, Parquet, TensorBoard event files, MLflow folders, .wandb files, netCDF of bestiary"


def reader(file: Path) -> Reader:
    """By the name's ending; by the first bytes where that says nothing."""
    if event_files.EVENTS in file.name:
        return lambda path: event_files.read([path])
    if found := READERS.get(file.suffix.lower()):
        return found
    with file.open("rb") as opened:
        head = opened.read(64)
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


def logs(folder: Path) -> Iterator[tuple[Path, Callable[[], list[RunTable]]]]:
    """The logs in a folder and below it, by path, each with what reads it.

    Event files of one run are read together (`event_files.part`), and of checkpoints of one run the last is read.
    """
    found: dict[Path, Callable[[], list[RunTable]]] = {}
    events: dict[Path, list[Path]] = {}
    states: dict[Path, tuple[float, Path]] = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and not _hidden(p.relative_to(folder))):
        home, name = file.parent, file.name
        metrics = next(
            (up for up in file.parents if up.name == "metrics" and (up.parent / "meta.yaml").is_file()), None
        )
        if metrics is not None:
            found[metrics.parent] = _later(mlflow.read_mlflow, metrics.parent)
        elif event_files.EVENTS in name:
            parts = home.relative_to(folder).parts
            depth = len(event_files.part(file))
            events.setdefault(folder.joinpath(*parts[: max(len(parts) - depth, 0)]), []).append(file)
        elif name == STATE:
            number = CHECKPOINT.fullmatch(home.name)
            key = home.parent if number else home
            states[key] = max(states.get(key, (-1.0, file)), (float(number[1]) if number else float("inf"), file))
        elif name == "mlflow.db" or (file.suffix.lower() in READERS and file.suffix.lower() not in (".json", ".db")):
            found[file] = _later(read, file)
        elif file.suffix.lower() == ".json" and OTHER_JSON.search(file.stem):
            found[file] = _later(read, file)
    for home, files in events.items():
        found[home] = _later(event_files.read, files)
    for _, file in states.values():
        found[file] = _later(read, file)
    yield from sorted(found.items())


def _later(function: Callable, argument: Path | Sequence[Path]) -> Callable[[], list[RunTable]]:
    return lambda: function(argument)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def walk(path: Path) -> Iterator[tuple[Path, list[RunTable] | Unreadable]]:
    """Every log at a path, a file or a folder, with its runs or why it cannot be read.

    In a folder, what is readable but no log is passed over, unless there is nothing else.
    """
    if not path.is_dir():
        yield named(path), attempt(named(path), read, path)
        return
    seen, passed = 0, None
    for file, reading in logs(path):
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
