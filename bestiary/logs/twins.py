"""One run in two files of a folder, as by two loggers at once: the same values at the same steps, up to rounding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from bestiary.log import Log, Series
from bestiary.logs.channels import Reading
from bestiary.logs.packed import ENDINGS as PACKED

CHANNELS = ("train_loss", "test_loss", "train_acc", "test_acc")  # that runs are known by
RELATIVE, ABSOLUTE = 1e-3, 6e-5  # [1] by which what was rounded differs; four decimals are the fewest that tools write
MOVES = 20  # [rounding] by which a curve has to move to be told from others
FEWEST, COMMON = 3, 0.9  # [record] and [1] of the shorter curve that have to be at the same steps


def once(found: Sequence[tuple[Path, Reading]], first: Collection[Path] = ()) -> dict[int, str]:
    """Which of some runs to count, and what to say of each: of twins, the one with most channels and then records.

    Args:
        found: file and run, in any order; runs of one format are never twins, as copies are meant to be two.
        first: files to count rather than others.
    """
    kept = {i: "" for i in range(len(found))}
    for name in CHANNELS:
        tops = sorted((_top(reading.log[name]), i) for i, (_, reading) in enumerate(found) if name in reading.log)
        for place, (top, i) in enumerate(tops):
            for other, j in tops[place + 1 :]:
                if other > top + RELATIVE * abs(top) + ABSOLUTE:
                    break
                unlike = i in kept and j in kept and _format(found[i][0]) != _format(found[j][0])
                if unlike and same(found[i][1].log, found[j][1].log):
                    less, more = sorted((i, j), key=lambda n: (found[n][0] in first, *_size(found[n][1]), -n))
                    del kept[less]
                    said = f"the same run is in {found[less][0].name}, which is not counted again"
                    kept[more] = f"{kept[more]}; {said}".removeprefix("; ")
    return kept


def _format(path: Path) -> str:
    """What tells the format of a file or of the folder of a run."""
    if path.is_dir():
        return "mlflow" if (path / "meta.yaml").is_file() else "folder"
    return next((s.lower() for s in reversed(path.suffixes) if s.lower() not in PACKED), "")


def _size(reading: Reading) -> tuple[int, int]:
    return len(reading.log.channels), sum(curve.steps.size for curve in reading.log.channels.values())


def _top(curve: Series) -> float:
    """What is the same of twins: the last finite value of what both have may not be, so the first."""
    values = curve.values[np.isfinite(curve.values)]
    return float(values[0]) if values.size else float("inf")


def same(one: Log, other: Log) -> bool:
    """Whether two logs are of one run: a channel that moves has the same values, and none has others."""
    shared = [name for name in one.channels if name in other.channels]
    alike = [_alike(one[name], other[name]) for name in shared]
    return bool(alike) and None not in alike and any(alike)


def _alike(one: Series, other: Series) -> bool | None:
    """Whether two curves are the same; false if they hardly move, none if they are not."""
    _, i, j = np.intersect1d(one.steps, other.steps, return_indices=True)
    fewer = min(one.steps.size, other.steps.size)
    if i.size >= max(FEWEST, COMMON * fewer):
        a, b = one.values[i], other.values[j]
    elif one.steps.size == other.steps.size >= FEWEST:  # steps of one, epochs or rows of the other
        a, b = one.values, other.values
    else:
        return None if fewer >= FEWEST else False
    near = np.isclose(a, b, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    if not near.all():
        return None
    finite = a[np.isfinite(a)]
    return bool(finite.size >= FEWEST and np.ptp(finite) > MOVES * (RELATIVE * np.abs(finite).max() + ABSOLUTE))
