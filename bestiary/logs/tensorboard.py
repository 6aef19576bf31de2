"""TensorBoard's event files: which of them are one run, and its curves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bestiary.logs.channels import channel, role
from bestiary.logs.extras import library, reason
from bestiary.logs.run_table import Column, NotALog, RunTable, Unreadable, plural

EVENTS = ".tfevents."  # in the name of every event file
DEPTH = 3  # [folder] how far above an event file its run may begin
LOOKED = 100  # [event] at the start of a file, for a scalar that says who wrote it


def part(file: Path) -> tuple[str, ...]:
    """The folders between a run and an event file of it: empty if the file lies in the run's own.

    Keras writes `train` and `validation` beside each other, estimators `eval` below; add_scalars("a", {"b": ...}) of
    torch writes `a` into a folder a_b, of tensorboardX into a/b, below the run's own files.
    """
    home = file.parent.resolve()
    said = role(home.name)
    above = next((up for up in home.parents[:DEPTH] if _has_events(up)), None)
    if above is not None:
        parts = home.relative_to(above).parts
        if (said and len(parts) == 1) or any(_of_add_scalars(parts, tag) for tag in _first_tag(file)):
            return parts
    if said and any(role(other.name) not in ("", said) and _has_events(other) for other in _inside(home.parent)):
        return (home.name,)
    return ()


def _of_add_scalars(parts: Sequence[str], tag: str) -> bool:
    return "_".join(parts).startswith(tag.replace("/", "_") + "_")


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # no folder, or not ours to look into
        return []


def _has_events(folder: Path) -> bool:
    return any(EVENTS in file.name for file in _inside(folder))


def _events(path: Path) -> Iterator[Any]:
    """What is in a file.

    Raises:
        Unreadable: it is damaged, or tensorboard is not installed.
    """
    loader = library(path, "tensorboard.backend.event_processing.event_file_loader", "tensorboard")
    pb2 = library(path, "tensorboard.compat.proto.event_pb2", "tensorboard")
    try:
        for record in loader.RawEventFileLoader(str(path)).Load():
            yield pb2.Event.FromString(record)
    except Exception as error:  # the protocol buffers' errors are of the implementation at hand
        raise Unreadable(f"{path}: not a readable event file ({reason(error)}); is it damaged?") from error


def _first_tag(path: Path) -> list[str]:
    """The name of its first value, if it has one."""
    try:
        return [value.tag for event in islice(_events(path), LOOKED) for value in event.summary.value][:1]
    except Unreadable:
        return []  # told when the file itself is read


def _scalar(path: Path, value: Any) -> float | None:
    """A value's number; None if it is no scalar.

    Raises:
        ValueError, TypeError, KeyError: its tensor has another content than its type or shape says, or no known type.
    """
    if value.HasField("simple_value"):
        return value.simple_value
    if not value.HasField("tensor") or value.tensor.tensor_shape.dim:
        return None
    number = library(path, "tensorboard.util.tensor_util", "tensorboard").make_ndarray(value.tensor).item()
    return number if isinstance(number, int | float) else None


def read(paths: Sequence[Path]) -> list[RunTable]:
    """The one run of these event files, in the order in which they were begun."""
    curves: dict[tuple[tuple[str, ...], str], tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    events, parts = 0, {path.parent: part(path) for path in paths}
    notes = [f"{len(paths)} event files read as one run"] if len(paths) > 1 else []
    for path in sorted(paths, key=_begun):
        before, odd = events, list[str]()
        for event in _events(path):
            events += 1
            for value in event.summary.value:
                try:
                    number = _scalar(path, value)
                except (ValueError, TypeError, KeyError):
                    odd.append(value.tag)
                    continue
                if number is not None:
                    steps, values = curves[parts[path.parent], value.tag]
                    steps.append(event.step)
                    values.append(number)
        if odd:
            which = f"a tensor that cannot be read, the first of {odd[0]}"
            notes.append(f"{path.name}: {plural(len(odd), 'value')} left out, each {which}")
        if events == before and path.stat().st_size:
            notes.append(f"{path.name} has no readable event; left out")
    if not events:
        raise Unreadable(f"{paths[0]}: has no readable event; is it an event file of TensorBoard?")
    if not curves:
        raise NotALog(f"{paths[0]}: has {plural(events, 'event')}, but no scalar")
    columns: dict[str, Column] = {}
    for (folders, tag), (steps, values) in curves.items():
        # Keras counts batches for the one and epochs for the other; validation has the other only.
        if (
            len(parts) > 1
            and folders
            and tag.startswith("batch_")
            and (folders, tag.replace("batch", "epoch", 1)) in curves
        ):
            notes.append(f"{'/'.join(folders)}/{tag} counts batches, not epochs: left out")
            continue
        name = _column(folders, tag)
        name = "/".join([*folders, tag]) if name in columns else name
        columns[name] = Column(np.array(steps, np.float64), np.array(values, np.float64))
    return [RunTable("", columns, rows=events, clock="the events' steps", notes=notes)]


def _column(folders: tuple[str, ...], tag: str) -> str:
    """A tag's name in its run: with what its folder says, unless it says train or test itself."""
    if not folders:
        return tag
    if _of_add_scalars(folders, tag):
        key = "_".join(folders)[len(tag) + 1 :]
        return key if channel(key) and not channel(f"{tag}/{key}") else f"{tag}/{key}"
    return tag if any(role(word) for word in re.split(r"[/_ .-]", tag)) else "/".join([*folders, tag])


def _begun(path: Path) -> tuple[int, ...]:
    """[s] The time in an event file's name, then the numbers that follow it: of the process, and of its files."""
    return tuple(map(int, re.findall(r"\d+", path.name.partition(EVENTS)[2])))
