"""`bestiary detect`: other people's logs, read and judged. Imports neither JAX nor xarray."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestiary.options import BadInput

if TYPE_CHECKING:
    from bestiary.detect import Read

FAIL_ON = ("info", "warning", "error", "never")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--channel", "pairs", multiple=True, metavar="NAME=COLUMN", help="Read COLUMN as this channel, or as step."
)
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
@click.option("-v", "--verbose", is_flag=True, help="List the detectors that found nothing or do not apply, too.")
def detect(
    paths: Sequence[Path], pairs: Sequence[str], fail_on: str, as_json: bool, plot: Path | None, verbose: bool
) -> None:
    """Say what happens in training logs: files, or folders of them.

    Reads CSV, TSV, JSON Lines, JSON of Hugging Face and Keras, Parquet, TensorBoard, MLflow, exports of Weights &
    Biases, Lightning's metrics.csv, and netCDF of `bestiary run`. Exit status: 0 nothing found, 1 something found, 2
    something could not be read.
    """
    asked = _asked(pairs)
    if plot is not None and plot.suffix not in (".png", ".pdf", ".svg"):
        raise BadInput(f"--plot {plot}: no figure can be saved as {plot.suffix!r}; name it .png, .pdf or .svg")
    from bestiary import detect as detecting
    from bestiary.run_table import Unreadable

    try:
        reads, failed = detecting.inspect_paths(paths, asked)
    except Unreadable as error:
        raise BadInput(str(error)) from error
    errors, rates = [" ".join(str(error).split()) for error in failed], detecting.rates()
    if as_json:
        from bestiary import detect_schema

        click.echo(detect_schema.report(reads, errors, rates).model_dump_json(indent=1))
    elif reads:
        from bestiary import detect_text

        detect_text.print_report(reads, rates, verbose)
    if plot is not None and reads:
        _plot(reads, plot, as_json)
    for line in errors:
        click.echo(line, err=True)
    worst = max((a.severity for read in reads for a in read.answers if a.severity is not None), default=None)
    if errors:
        sys.exit(2)
    if worst is not None and fail_on != "never" and worst >= detecting.Severity[fail_on.upper()]:
        sys.exit(1)


def _asked(pairs: Sequence[str]) -> dict[str, str]:
    """{channel: column}."""
    asked: dict[str, Any] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise BadInput(f"--channel {pair}: want NAME=COLUMN, such as train_loss=train/loss")
        if name in asked:
            raise BadInput(f"--channel {pair}: {name} is {asked[name]} already; name each channel once")
        asked[name] = column
    return asked


def _plot(reads: Sequence[Read], path: Path, quiet: bool) -> None:
    from bestiary import detect_figure

    try:
        detect_figure.save(detect_figure.draw(reads), path)
    except OSError as error:
        raise BadInput(f"--plot {path}: cannot be written ({error.strerror}); name another file") from error
    click.echo(f"figure: {path}", err=quiet)
