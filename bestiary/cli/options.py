"""What the commands share: bad input, the options that several take, the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestiary import files

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.judge.setup import Setup
    from bestiary.train.campaign import OnProgress
    from bestiary.train.store import Store


class BadInput(click.ClickException):
    """One clear line, exit status 2."""

    exit_code = 2


def entries(file: Path | None, keys: Sequence[str] = ()) -> list[Entry]:
    """The entries asked for, or all."""
    from bestiary.catalog.read import read_catalog, select  # and with it pydantic, which reading a log needs none of

    try:
        known = read_catalog(file)
        return list((select(known, keys) if keys else known).values())
    except ValueError as error:
        raise BadInput(str(error)) from error


catalog_option = click.option("--catalog", "file", type=click.Path(path_type=Path), help="Another catalog.yaml.")
cache_option = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Folder for runs and compiled programs [default: see `bestiary cache`].",
)


def start(cache: Path | None) -> Store:
    """Set JAX up and open the store."""
    from bestiary.train.cache import cache_dir
    from bestiary.train.session import open_store

    folder = cache or cache_dir()
    try:
        return open_store(folder, lambda line: click.echo(line, err=True))
    except OSError as error:
        raise BadInput(f"--cache {folder}: cannot be written ({error.strerror}); name another folder") from error
    except ValueError as error:
        raise BadInput(str(error)) from error


@contextmanager
def writing(option: str, path: Path) -> Iterator[None]:
    """Let what cannot be written be one line that names the option."""
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadInput(f"{option} {path}: cannot be written ({why}); name another place") from error


def probe(option: str, path: Path | None, folder: Path | None = None) -> None:
    """See before anything is trained that a folder, or the folder of a file, can be written."""
    if path is not None:
        with writing(option, path):
            files.probe(folder or path)


@contextmanager
def progress_bars(hide: bool = False) -> Iterator[OnProgress]:
    """Show live progress on standard error; yields what training calls with each Progress."""
    from bestiary.train.progress import bars

    with bars(hide=hide) as on_progress:
        yield on_progress


def load_setups(chosen: list[Entry], named: bool) -> list[Setup]:
    """The setups that can run here: of all entries that were named, or it is a mistake to name them."""
    from bestiary.judge.setup import NotInstalled, load

    there = []
    for entry in chosen:
        try:
            there.append(load(entry))
        except NotInstalled as error:
            if named:
                raise BadInput(str(error)) from error
            click.echo(f"left out: {error}", err=True)
        except ValueError as error:
            raise BadInput(str(error)) from error
    return there
