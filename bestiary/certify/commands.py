"""A target that is a command: it reads a CSV, and prints its answer as JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bestiary.certify.answers import Odd
from bestiary.certify.targets import NoTarget
from bestiary.log import Log

PLACE = "{csv}"


class Failed(Exception):
    """A command that did not answer; one line."""


class TooLong(BaseException):
    """A target that took longer than it may; no `except Exception` of the target's own catches it."""


def split(command: str) -> list[str]:
    """Return the words of a command; no shell reads them.

    Raises:
        NoTarget: a quotation mark is open, or there is no such program.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise NoTarget(f"--command {command}: {str(error).lower()}; close every quotation mark") from error
    if not words or shutil.which(words[0]) is None:
        raise NoTarget(f"--command {command}: no such program; name one, such as 'python my_rule.py {PLACE}'")
    return words


def table(log: Log) -> str:
    """Write a log as CSV: a line of names, then a row for each step; a cell that was not recorded is empty."""
    axis = np.unique(np.concatenate([curve.steps for curve in log.channels.values()] or [np.zeros(0)]))
    columns = {}
    for name, curve in log.channels.items():
        cells = np.full(axis.size, "", dtype=object)
        cells[np.searchsorted(axis, curve.steps)] = [repr(value) for value in curve.values.tolist()]
        columns[name] = cells
    return _csv(["step", *columns], zip([f"{step:.15g}" for step in axis.tolist()], *columns.values(), strict=True))


def columns(arrays: Mapping[str, np.ndarray]) -> str:
    """Write arrays of one length as CSV, a column for each."""
    return _csv(list(arrays), zip(*[map(repr, values.tolist()) for values in arrays.values()], strict=True))


def _csv(names: list[str], rows: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def asker(words: list[str], limit: float) -> Callable[[str], Any]:
    """Return csv text -> what the command prints, parsed as JSON.

    `{csv}` among the words becomes the path of a file; a command without it reads the CSV from standard input.

    Args:
        words: program and arguments.
        limit: [s] that the command may take; then it is killed with all that it has started.
    """

    def ask(text: str) -> Any:
        with tempfile.TemporaryDirectory(prefix="bestiary-") as folder:
            file = Path(folder) / "log.csv"
            file.write_text(text, "utf-8")
            argv = [word.replace(PLACE, str(file)) for word in words]
            out, err, status = _run(argv, None if argv != words else text, limit)
        if status:
            last = err.strip().splitlines()[-1] if err.strip() else "nothing on standard error"
            raise Failed(f"exit status {status} ({last[:160]})")
        try:
            return json.loads(out)
        except ValueError:
            printed = " ".join(out.split())
            raise Odd(f"printed {printed[:40]!r}; want JSON: true, false, null, a step, a list of steps") from None

    return ask


def _run(argv: list[str], given: str | None, limit: float) -> tuple[str, str, int]:
    pipe = subprocess.PIPE
    running = subprocess.Popen(
        argv,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        out, err = running.communicate(given or "", timeout=limit)
    except subprocess.TimeoutExpired:
        _kill(running)
        raise TooLong from None
    except BaseException:  # an interruption reaches us alone
        _kill(running)
        raise
    return out, err, running.returncode


def _kill(running: subprocess.Popen[str]) -> None:
    """Kill a command and all that it has started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(running.pid, signal.SIGKILL)
        else:
            running.kill()
    except ProcessLookupError:  # it has ended by itself
        running.poll()
    running.communicate()
