"""`bestiary report`: what is found in logs, as a page. Imports neither JAX nor xarray."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bestiary import files
from bestiary.cli import exits
from bestiary.cli.logs import channel_option, columns_of, cut, failures, set_option, thresholds_of
from bestiary.cli.options import BadInput, probe, writing
from bestiary.cli.output.shown import echo, line


@click.command(short_help="Write what happens in training logs as one HTML file.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@channel_option
@set_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="Page.",
)
def report(paths: Sequence[Path], pairs: Sequence[str], settings: Sequence[str], out: Path) -> None:
    """Write what happens in training logs as one HTML file, with the curves.

    Reads what `bestiary detect` reads. Exit status: 0 written, 2 something could not be read, 70 a detector is broken.
    """
    columns = columns_of(pairs)
    probe("--out", out, out.parent)
    from bestiary.logs.run_table import Unreadable
    from bestiary.watch import detect as detecting

    try:
        from bestiary.site.report import page
    except ModuleNotFoundError as error:
        raise BadInput(f"report: needs {error.name}, which is not installed; pip install 'bestiary[site]'") from error
    try:
        with failures() as broken:
            reads, failed = detecting.inspect_paths(paths, columns, thresholds_of(settings))
    except Unreadable as error:
        raise BadInput(str(error)) from error
    errors = [" ".join(str(error).split()) for error in failed]
    if reads:
        with writing("--out", out):
            files.replace_with(out, page(reads, errors))
        echo(f"wrote {line(str(out))}")
    for text in (*errors, *broken):
        echo(cut(text), err=True)
    if broken:
        sys.exit(exits.FAULT)
    if errors:
        sys.exit(exits.BAD)
