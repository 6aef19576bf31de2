"""`bestiary detect` and `bestiary watch`: other people's logs, read and judged. Imports neither JAX nor xarray."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestiary.cli import completion, exits
from bestiary.cli.options import BadInput, FiniteRange, probe, wide_option, writing
from bestiary.cli.output.shown import echo, echo_json, line

if TYPE_CHECKING:
    from bestiary.about import Severity
    from bestiary.watch.detect import Read
    from bestiary.watch.follow import Follower

FAIL_ON = ("info", "warning", "error", "never")
LONGEST = 400  # [character] of a line on what could not be read
DAY = 86_400.0  # [s] longest wait that is meant; the clock of the machine takes no number of any size
PAUSE = 10.0  # [duration of a look] least pause after it: watching takes a tenth of a core at most

channel_option = click.option(
    "--channel", "pairs", multiple=True, metavar="NAME=COLUMN", help="Read COLUMN as this channel, or as step."
)
set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="DETECTOR.THRESHOLD=VALUE",
    help="Ask a detector with this threshold.",
    shell_complete=completion.thresholds,
)


@click.command(short_help="Say what happens in training logs.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@channel_option
@set_option
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    default="warning",
    show_default=True,
    help="Least severity of a finding that makes the exit status 1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON; its schema is detect.schema.json.")
@click.option(
    "--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw the curves there (.png, .pdf, .svg)."
)
@wide_option
@click.option("-v", "--verbose", is_flag=True, help="List the detectors that found nothing or do not apply, too.")
def detect(
    paths: Sequence[Path],
    pairs: Sequence[str],
    settings: Sequence[str],
    fail_on: str,
    as_json: bool,
    plot: Path | None,
    wide: bool,
    verbose: bool,
) -> None:
    """Say what happens in training logs: files, folders of them, or - for standard input.

    Reads CSV, TSV, JSON Lines, JSON of Hugging Face and Keras, Parquet, TensorBoard, MLflow, files and exports of
    Weights & Biases, Lightning's metrics.csv, and netCDF of `bestiary run`. Exit status: 0 nothing found, 1 something
    found, 2 something could not be read, 70 a detector is broken.
    """
    columns = columns_of(pairs)
    if plot is not None and plot.suffix not in (".png", ".pdf", ".svg"):
        raise BadInput(f"--plot {plot}: no figure can be saved as {plot.suffix!r}; name it .png, .pdf or .svg")
    probe("--plot", plot, plot and plot.parent)
    from bestiary.about import Severity
    from bestiary.logs.run_table import Unreadable
    from bestiary.watch import detect as detecting
    from bestiary.watch import sentences

    try:
        with failures() as broken:
            reads, failed = detecting.inspect_paths(paths, columns, thresholds_of(settings))
    except Unreadable as error:
        raise BadInput(str(error)) from error
    errors, rates = [" ".join(str(error).split()) for error in failed], detecting.rates()
    if as_json:
        from bestiary.watch import report_schema

        echo_json(report_schema.written(report_schema.report(reads, errors, rates), indent=1))
    elif reads:
        from bestiary.cli.output import log_tables as detect_text

        detect_text.print_report(reads, rates, verbose, wide=wide)
    if plot is not None and reads:
        _plot(reads, plot, as_json)
    for text in (*errors, *broken):
        echo(cut(text), err=True)
    told = [answer.severity for read in reads for answer in sentences.told(read.answers)]
    worst = max((severity for severity in told if severity is not None), default=None)
    if broken:
        sys.exit(exits.FAULT)
    if errors:
        sys.exit(exits.BAD)
    if worst is not None and fail_on != "never" and worst >= Severity[fail_on.upper()]:
        sys.exit(1)


@contextmanager
def failures() -> Iterator[list[str]]:
    """Collect what detectors raise, a line for each kind; every other warning goes its way."""
    from bestiary.watch.detect import DetectorFailed

    lines: list[str] = []
    with warnings.catch_warnings():
        as_usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, DetectorFailed):
                as_usual(message, category, *where, **more)
            elif str(message) not in lines:
                lines.append(str(message))

        warnings.showwarning = show
        warnings.simplefilter("always", DetectorFailed)
        yield lines


def cut(text: str) -> str:
    """Cut what is too long for a line: a log may hold anything."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


@click.command(short_help="Follow a log that grows, and report each finding once.")
@click.argument("path", type=click.Path(path_type=Path))
@channel_option
@set_option
@click.option("--interval", type=FiniteRange(0.01, DAY), default=2.0, show_default=True, help="Seconds between looks.")
@click.option("--once", is_flag=True, help="Look once, and do not wait.")
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    help="Stop with exit status 1 at a finding this severe  [default: never; with --once, warning]",
)
@click.option(
    "--exec",
    "command",
    metavar="COMMAND",
    help="Run COMMAND for each finding, with its report as JSON on standard input. COMMAND is one argument, split at "
    "spaces outside quotes; no shell reads it: for a pipe say --exec 'sh -c \"jq .runs | mail me\"'.",
)
@click.option(
    "--exec-timeout",
    "limit",
    type=FiniteRange(0, DAY, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds that COMMAND may take; then it is killed, and watching goes on.",
)
def watch(
    path: Path,
    pairs: Sequence[str],
    settings: Sequence[str],
    interval: float,
    once: bool,
    fail_on: str | None,
    command: str | None,
    limit: float,
) -> None:
    """Follow a log that grows, a file or a folder, and report each finding once.

    PATH need not exist yet. Formats are those of `bestiary detect`. It goes on until it is interrupted. Exit status: 1
    something found (see --fail-on), 2 bad usage, or with --once something that could not be read, 130 interrupted.
    """
    columns, argv = columns_of(pairs), _split(command)
    from bestiary.about import Severity
    from bestiary.logs.run_table import Unreadable
    from bestiary.special_files import is_stream
    from bestiary.watch.follow import Follower

    if is_stream(path):
        raise BadInput(f"{path}: what is piped in can be read once, not followed; give it to `bestiary detect -`")
    try:
        follower = Follower(path, columns, thresholds_of(settings))
    except Unreadable as error:
        raise BadInput(str(error)) from error
    fail_on = fail_on or ("warning" if once else "never")
    bar = None if fail_on == "never" else Severity[fail_on.upper()]
    found = 0
    try:
        while True:
            since = time.perf_counter()
            severities, failed = _look(follower, argv, limit)
            found += len(severities)
            if once and failed:
                sys.exit(2)
            if bar is not None and max(severities, default=-1) >= bar:
                sys.exit(1)
            if once:
                return
            time.sleep(max(interval, PAUSE * (time.perf_counter() - since)))
    except KeyboardInterrupt:
        echo(f"{path}: no longer watched; {found} found", err=True)
        sys.exit(130)


def _look(follower: Follower, argv: Sequence[str], limit: float) -> tuple[list[Severity], bool]:
    """Print what is new; the severities of what was found, and whether something could not be read."""
    from bestiary.watch.command import run
    from bestiary.watch.follow import News

    severities, failed = [], False
    for event in follower.poll():
        told = " ".join(event.text.split())
        if isinstance(event, News):
            echo(told)
            severities.append(event.notice.severity)
            if argv and (wrong := run(argv, event.report(), limit)):
                echo(wrong, err=True)
        else:
            echo(cut(told), err=True)
            failed |= event.failed
    return severities, failed


def _split(command: str | None) -> list[str]:
    """The words of --exec."""
    if command is None:
        return []
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadInput(f"--exec {command}: {str(error).lower()}; close every quotation mark") from error
    if not words or shutil.which(words[0]) is None:
        raise BadInput(f"--exec {command}: no such command; name a program, or quote it whole: --exec 'sh -c \"...\"'")
    return words


def columns_of(pairs: Sequence[str]) -> dict[str, str]:
    """Read what `--channel` says: {channel: column}."""
    columns: dict[str, Any] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise BadInput(f"--channel {pair}: want NAME=COLUMN, such as train_loss=train/loss")
        if name in columns:
            raise BadInput(f"--channel {pair}: {name} is {columns[name]} already; name each channel once")
        columns[name] = column
    return columns


def thresholds_of(settings: Sequence[str]) -> dict[str, dict[str, float]]:
    """Read what `--set` says: {detector: {threshold: value}}."""
    from bestiary.watch import thresholds

    try:
        return thresholds.parsed(settings)
    except ValueError as error:
        raise BadInput(f"--set {error}") from error


def _plot(reads: Sequence[Read], path: Path, quiet: bool) -> None:
    from bestiary.figures import logs as detect_figure
    from bestiary.figures import style as figure_style

    with writing("--plot", path):
        figure_style.save(detect_figure.draw(reads), path)
    echo(f"figure: {line(str(path))}", err=quiet)
