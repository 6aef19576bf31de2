"""What a run was started with: the files that training tools leave beside their logs.

They are anyone's: what is read is bounded, nothing in them is executed, and what cannot be read is told and left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bestiary.catalog.mistakes import CatalogError
from bestiary.logs.run_table import Unreadable
from bestiary.one_line import shortened
from bestiary.special_files import kind

NAMES = (  # of Lightning, Weights & Biases, Hugging Face and Ultralytics, and of scripts
    *("hparams.yaml", "config.yaml", "config.json", "args.yaml", "args.json", "params.json", "hparams.json"),
    *("files/config.yaml", ".hydra/config.yaml", "training_args.json"),
)
SIZE = 2**20  # [byte] of a file that is read
MOST, DEPTH, LONGEST = 2_000, 8, 200  # [value] of a file, [level] of nesting, [character] of a word

Value = float | int | str


class Config(NamedTuple):
    """What a run was started with.

    Attributes:
        values: {name, nested ones joined by a dot: value}.
        files: where they come from.
        notes: what could not be read.
    """

    values: dict[str, Value]
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def beside(log: Path) -> Config:
    """Read what lies beside a log, or in the folder of a run.

    Args:
        log: a file, or a folder of MLflow.
    """
    folder, values, files, notes = log if log.is_dir() else log.parent, dict[str, Value](), list[Path](), list[str]()
    for name in NAMES:
        file = folder / name
        if not file.is_file() or kind(file):
            continue
        try:
            read = dict(_flat(_parsed(file)))
        except ValueError as error:
            notes.append(shortened(f"{file}: left out ({' '.join(str(error).split())})"))
            continue
        values |= {key: value for key, value in read.items() if key not in values}
        files.append(file)
    params = folder / "params"
    if (folder / "meta.yaml").is_file() and params.is_dir():
        named = {
            file.name: _word(file) for file in sorted(params.iterdir())[:MOST] if file.is_file() and not kind(file)
        }
        values |= {key: value for key, value in named.items() if value is not None}
        files.append(params)
    return Config(values, tuple(files), tuple(notes))


def own(file: Path) -> tuple[str, dict[str, Value]] | None:
    """Read entry and values of runs that bestiary wrote; None of another file, or of several settings.

    Args:
        file: netCDF, readable as a log.
    """
    if file.suffix.lower() != ".nc":
        return None
    from bestiary.train import runs

    try:
        ds = runs.read(file)
    except (ValueError, OSError) as error:
        raise Unreadable(f"{file}: {error}") from error
    entry = ds.attrs.get("entry")
    if not isinstance(entry, str) or ds.sizes.get("setting") != 1:
        return None
    static = json.loads(str(ds.attrs.get("static", "{}")))
    knobs = {str(name): float(c.values[0]) for name, c in ds.coords.items() if c.dims == ("setting",)}
    return entry, {**static, **knobs}


def _parsed(file: Path) -> Mapping[str, Any]:
    """The mapping in a file of JSON or YAML.

    Raises:
        ValueError: it is too large, or none.
    """
    with file.open("rb") as opened:
        raw = opened.read(SIZE + 1)
    if len(raw) > SIZE:
        raise ValueError(f"larger than {SIZE >> 20} MiB")
    if file.suffix == ".json":
        try:
            data = json.loads(raw)
        except RecursionError:
            raise ValueError("nested too deeply") from None
    else:
        from bestiary.catalog.yaml_source import parse  # which bounds what aliases unfold into

        try:
            data = parse(raw, file.name)[0]
        except CatalogError as error:
            raise ValueError(str(error).splitlines()[0]) from None
    if not isinstance(data, dict):
        raise ValueError("no mapping")
    return data


def _flat(data: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Value]]:
    """Numbers and short words with their names; Weights & Biases keeps {value: x} under a name."""
    for i, (name, value) in enumerate(data.items()):
        if i >= MOST or str(name).startswith("_wandb"):
            continue
        key = prefix if name == "value" and prefix else f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, dict) and depth < DEPTH:
            yield from _flat(value, key, depth + 1)
        elif isinstance(value, int | float) or (isinstance(value, str) and len(value) <= LONGEST):
            yield key, read(value) if isinstance(value, str) else value


def _word(file: Path) -> Value | None:
    """The content of a file of one value; None if it is none."""
    with file.open("rb") as opened:
        text = opened.read(LONGEST + 1).decode("utf-8", "replace").strip()
    return read(text) if len(text) <= LONGEST else None


def read(text: str) -> Value:
    """Read a number that is written as text; any other text is a word."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
