"""Which files of a folder are logs, and which of them are one run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bestiary.logs import metric_files, mlflow
from bestiary.logs import tensorboard as event_files
from bestiary.logs.packed import ENDINGS as PACKED
from bestiary.logs.run_table import NotALog, RunTable, Unreadable

Reading = Callable[[], list[RunTable]]

LOGS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".nc", ".wandb"})  # endings of what is a log
TEXTS = frozenset({".log", ".txt", ".out"})  # of what may be one, or anything else
STATE = "trainer_state.json"
CHECKPOINT = re.compile(r"checkpoint-(\d+)")
OTHER_JSON = re.compile(r"history|log|metrics|result|scalars", re.IGNORECASE)  # which .json of a folder may be a log


def logs(folder: Path, read: Callable[[Path], list[RunTable]]) -> Iterator[tuple[Path, Reading]]:
    """The logs in a folder and below it, by path, each with what reads it.

    Event files of one run are read together (`event_files.part`), and so are files of one metric each
    (`metric_files.home`). Of checkpoints of one run the last is read.

    Args:
        folder: to look into.
        read: reads one file.
    """
    found: dict[Path, Reading] = {}
    events: dict[Path, list[Path]] = {}
    states: dict[Path, tuple[float, Path]] = {}
    metrics: dict[Path, list[Path]] = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and not _hidden(p.relative_to(folder))):
        home, name, ending = file.parent, file.name, _ending(file)
        run = next(
            (up.parent for up in file.parents if up.name == "metrics" and (up.parent / "meta.yaml").is_file()), None
        )
        if run is not None:
            found[run] = _later(mlflow.read_mlflow, run)
        elif event_files.EVENTS in name:
            parts = home.relative_to(folder).parts
            depth = len(event_files.part(file))
            events.setdefault(folder.joinpath(*parts[: max(len(parts) - depth, 0)]), []).append(file)
        elif name == STATE:
            number = CHECKPOINT.fullmatch(home.name)
            key = home.parent if number else home
            states[key] = max(states.get(key, (-1.0, file)), (float(number[1]) if number else float("inf"), file))
        elif (root := metric_files.home(file)) is not None:
            metrics.setdefault(root, []).append(file)
        elif name == "mlflow.db" or ending in LOGS or (ending == ".json" and OTHER_JSON.search(file.stem)):
            found[file] = _later(read, file)
        elif ending in TEXTS:
            found[file] = _later(_perhaps(read), file)
    for home, files in events.items():
        found[home] = _later(event_files.read, files)
    for root, files in metrics.items():
        found[root] = _later(metric_files.read, files)
    for _, file in states.values():
        found[file] = _later(read, file)
    yield from sorted(found.items())


def _ending(file: Path) -> str:
    """`.csv` of `x.csv` and of `x.csv.gz`."""
    suffixes = [suffix.lower() for suffix in file.suffixes]
    return next((s for s in reversed(suffixes) if s not in PACKED), "")


def _perhaps(read: Callable[[Path], list[RunTable]]) -> Callable[[Path], list[RunTable]]:
    """Read what may be anything: what cannot be read is no log."""

    def reading(file: Path) -> list[RunTable]:
        try:
            return read(file)
        except Unreadable as error:
            raise NotALog(str(error)) from error

    return reading


def _later(function: Callable, argument: Path | Sequence[Path]) -> Reading:
    return lambda: function(argument)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
