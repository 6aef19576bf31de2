"""What `bestiary detect` prints, as objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bestiary.about import Severity
from bestiary.log import Log
from bestiary.logs.channels import Reading, readings
from bestiary.logs.run_table import Column, RunTable, plural
from bestiary.watch import detect as watching
from bestiary.watch import sentences
from bestiary.watch.detect import Answer, Read
from bestiary.watch.thresholds import checked

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Report:
    """Every run of some logs, and what every detector says of it.

    Attributes:
        runs: path, reading and answers of each run.
        unread: one line for each file that could not be read.
    """

    def __init__(self, runs: Sequence[Read], unread: Sequence[str] = ()) -> None:
        self.runs, self.unread = tuple(runs), tuple(unread)

    def __iter__(self) -> Iterator[Read]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def found(self) -> list[tuple[Read, Answer]]:
        """What was found, with the run it was found in."""
        told = [(run, answer) for run in self.runs for answer in sentences.told(run.answers)]
        return [(run, answer) for run, answer in told if answer.severity is not None]

    @property
    def worst(self) -> Severity | None:
        """The greatest severity of what was found; None if nothing was."""
        return max((answer.severity for _, answer in self.found if answer.severity is not None), default=None)

    def to_frame(self, everything: bool = False) -> pd.DataFrame:
        """Return a row per finding: run, detector, state, severity, from and to [step], headline effect, reason.

        Args:
            everything: with the detectors that found nothing or do not apply.
        """
        rows = []
        for run in self.runs:
            for a in run.answers if everything else sentences.told(run.answers):
                first, last = a.where or (np.nan, np.nan)
                effect, value, unit = a.strength or ("", np.nan, "")
                rows.append(
                    {
                        "run": _name(run),
                        "detector": a.detector,
                        "state": str(a.finding.state),
                        "severity": "" if a.severity is None else str(a.severity),
                        "from": first,
                        "to": last,
                        "effect": effect,
                        "value": value,
                        "unit": unit,
                        "reason": a.finding.reason,
                    }
                )
        return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["run", "detector", "state", "severity", "reason"])

    def plot(self) -> Figure:
        """Draw the first runs with what was found in them, as `bestiary detect --plot` does."""
        from bestiary.api.drawn import drawn
        from bestiary.figures.logs import draw

        return drawn(draw(self.runs))

    def __repr__(self) -> str:
        from bestiary.cli.output.console import Console
        from bestiary.cli.output.log_tables import print_report

        out = StringIO()
        if self.runs:
            console = Console(file=out, width=110, highlight=False, force_terminal=False, force_jupyter=False)
            print_report(self.runs, watching.rates(), False, console)
        return "\n".join([out.getvalue().rstrip(), *self.unread]).strip() or "no runs"

    def _repr_html_(self) -> str:
        from html import escape

        counts = f"<p>{plural(len(self), 'run')}: {len(self.found)} found</p>"
        unread = "".join(f"<p>{escape(line)}</p>" for line in self.unread)
        return counts + self.to_frame().to_html(index=False, float_format="{:.4g}".format) + unread


def detect(
    source: Any,
    *,
    channels: Mapping[str, str] | None = None,
    thresholds: Mapping[str, Mapping[str, float]] | None = None,
) -> Report:
    """Ask every detector about training logs.

    Args:
        source: a file or a folder, or several; or runs in memory: a `bestiary.Log` or several, the xarray.Dataset of an
            entry's runs, a pandas DataFrame with a column of steps, or a mapping {name: values}, whose steps are its
            `step` or the number of the record.
        channels: {channel: column}, for columns whose names say nothing; `step` is one of the channels.
        thresholds: {detector: {threshold: value}} in place of the detectors' own.

    Returns:
        The runs, as read, and every detector's answers; it prints as `bestiary detect` does.

    Raises:
        ValueError: nothing could be read, or there is no such channel, column, detector or threshold; in one line.

    Examples:
        >>> import numpy as np, bestiary
        >>> report = bestiary.detect({"loss": np.exp(-np.arange(400) / 50)})
        >>> len(report), report.worst is None
        (1, True)
    """
    asked, set_ = dict(channels or {}), checked(thresholds or {})
    if (logs := _logs(source)) is not None:
        made = [Reading(name, log, "as given", (), ()) for name, log in logs]
        return Report([Read(Path(), one, tuple(watching.answers(one.log, set_))) for one in made])
    if isinstance(source, str | Path):
        source = [source]
    if isinstance(source, Mapping) or hasattr(source, "columns"):
        watching.check_channels(asked)
        found = readings(_table(source), asked, Path(), watching.own_channels())
        return Report([Read(Path(), one, tuple(watching.answers(one.log, set_))) for one in found])
    paths = [Path(path) for path in source]
    if missing := [path for path in paths if not path.exists()]:
        raise ValueError(f"{missing[0]}: no such file or folder")
    runs, failed = watching.inspect_paths(paths, asked, set_)
    unread = [" ".join(str(error).split()) for error in failed]
    if not runs and unread:
        raise ValueError(unread[0])
    return Report(runs, unread)


def _logs(source: Any) -> list[tuple[str, Log]] | None:
    """Runs that are logs already, each with a name; None if they must be read first."""
    if isinstance(source, Log):
        return [("", source)]
    if hasattr(source, "data_vars"):
        from bestiary.api.accessor import Runs

        index = Runs(source).index
        names = [
            ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in at.items()) for at in index
        ]
        return list(zip(names, Runs(source).logs(), strict=True))
    if isinstance(source, list | tuple) and source and all(isinstance(one, Log) for one in source):
        return [(f"run {i}", log) for i, log in enumerate(source)]
    return None


def _table(source: Any) -> RunTable:
    """A run in memory as a file's would be."""
    columns = {}
    for name in source.columns if hasattr(source, "columns") else source:
        values = np.asarray(source[name])
        if values.dtype.kind in "iufb" and values.ndim == 1:
            columns[str(name)] = values.astype(np.float64)
    if not columns:
        raise ValueError("detect: no column of numbers; want {name: values}, one of them the steps")
    size = {values.size for values in columns.values()}
    if len(size) > 1:
        raise ValueError(f"detect: columns of different length, {', '.join(map(str, sorted(size)))}; want one length")
    rows = np.arange(size.pop())
    return RunTable("", {name: Column(rows, values) for name, values in columns.items()}, rows=rows.size)


def _name(run: Read) -> str:
    path = "" if run.path == Path() else str(run.path)
    return f"{path}: {run.reading.run}" if path and run.reading.run else path or run.reading.run
