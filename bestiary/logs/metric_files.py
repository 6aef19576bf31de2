"""Files of one metric each, as DVCLive writes: `train/loss.tsv` and `eval/loss.tsv` are columns of one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bestiary.logs.names import phrase, role
from bestiary.logs.run_table import Column, RunTable
from bestiary.logs.steps import is_step
from bestiary.logs.text import cells, read_csv

ENDINGS = (".tsv", ".csv")
HEAD = 500  # [character] of the line of names
TIMES = ("timestamp", "time", "wall time")
DEPTH = 4  # [folder] how far above a metric its run may be


def home(file: Path) -> Path | None:
    """The folder of the run that a file of one metric is of; None if the file is anything else.

    Such a file has the metric's name, and under it a step and the metric. Its run is the folder `metrics` in `plots`,
    where DVCLive writes, or the first folder above that is not named `train`, `eval` or the like.
    """
    if file.suffix.lower() not in ENDINGS or not _is_one_metric(file):
        return None
    for above in list(file.parents)[:DEPTH]:
        if above.name == "metrics" and above.parent.name == "plots":
            return above
    above = file.parent
    if not role(above.name):
        return None
    while role(above.name) and above != above.parent:
        above = above.parent
    return above


def _is_one_metric(file: Path) -> bool:
    try:
        with file.open(encoding="utf-8-sig") as opened:
            names = [name for name in cells(opened.readline(HEAD)) if phrase(name) not in TIMES]
    except (OSError, UnicodeError):
        return False
    return len(names) == 2 and is_step(names[0]) and names[1] == file.stem


def read(files: Sequence[Path]) -> list[RunTable]:
    """One run of these files; a metric is named by its path."""
    root = home(files[0])
    assert root is not None
    columns: dict[str, Column] = {}
    rows, notes = 0, [f"{len(files)} files of one metric each read as one run"] if len(files) > 1 else []
    step = "step"
    for file in files:
        (table,) = read_csv(file)
        step = next((name for name in table.columns if is_step(name)), step)
        name = file.relative_to(root).with_suffix("").as_posix()
        if file.stem not in table.columns or step not in table.columns:
            continue
        at, values = table.columns[file.stem]
        steps = np.full(table.rows, np.nan)
        steps[table.columns[step].at] = table.columns[step].values
        known = np.isfinite(steps[at])
        columns[name] = Column(steps[at][known], values[known])
        rows += values.size
        notes += [f"{name}: {note}" for note in table.notes]
    return [replace(RunTable("", columns), rows=rows, clock=f"`{step}` of each file", notes=notes)]
