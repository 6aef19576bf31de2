"""What somebody saw in logs, as a CSV or JSON file: foreign.py says its form."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bestiary.watch import detect

COLUMNS = ("file", "finding", "from", "to")


class Bad(Exception):
    """Input that cannot be used, in one line."""


class Label(NamedTuple):
    """One row: `finding` is empty if the file is healthy, `start` and `stop` [step] are nan if they are not known."""

    file: str
    finding: str
    start: float
    stop: float


def read_labels(file: Path) -> list[Label]:
    """The rows of a CSV or JSON file.

    Raises:
        Bad: in one line, with the row.
    """
    try:
        text = file.read_text("utf-8-sig")
        rows = json.loads(text) if text.lstrip().startswith(("[", "{")) else list(csv.DictReader(text.splitlines()))
    except (OSError, ValueError) as error:
        raise Bad(f"{file}: cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise Bad(f"{file}: want rows of {', '.join(COLUMNS)}: a CSV with a line of names, or a JSON list of objects")
    labels = [_label(row, f"{file}: row {number}") for number, row in enumerate(rows, 1)]
    healthy = {label.file for label in labels if not label.finding}
    if both := [label.file for label in labels if label.finding and label.file in healthy]:
        raise Bad(f"{file}: {both[0]} has a row without a finding, that is healthy, and one with")
    return labels


def _label(row: Mapping[Any, Any], where: str) -> Label:
    if unknown := [name for name in row if name not in COLUMNS]:
        raise Bad(f"{where}: has a column {unknown[0]!r}; want {', '.join(COLUMNS)}")
    file, finding = (str(row.get(name) or "").strip() for name in COLUMNS[:2])
    finding = finding.replace(" ", "_")
    if not file:
        raise Bad(f"{where}: names no file")
    if finding and finding != detect.DIVERGED and finding not in detect.detectors():
        raise Bad(f"{where}: no detector {finding!r}; want one of {', '.join([detect.DIVERGED, *detect.detectors()])}")
    start, stop = (_number(row.get(name), f"{where}: {name}") for name in COLUMNS[2:])
    stop = start if np.isnan(stop) else stop
    if stop < start or (np.isnan(start) and not np.isnan(stop)):
        raise Bad(f"{where}: from {row.get('from')} to {row.get('to')} is no stretch")
    if not finding and not np.isnan(start):
        raise Bad(f"{where}: a healthy file has no place")
    return Label(file, finding, start, stop)


def _number(value: Any, where: str) -> float:
    if value is None or not str(value).strip():
        return float("nan")
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("inf")
    if not np.isfinite(number):
        raise Bad(f"{where} is {value!r}; want a step, or nothing")
    return number
