"""What the commands share: bad input, the options that several take, the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestiary import files
from bestiary.catalog.seeds import MOST
from bestiary.cli import completion
from bestiary.cli.output.shown import echo, shown

if TYPE_CHECKING:
    from bestiary.catalog.axes import Axis
    from bestiary.catalog.entries import Entry
    from bestiary.catalog.listed import Listed
    from bestiary.judge.setup import Setup
    from bestiary.train import jobs
    from bestiary.train.event import OnProgress
    from bestiary.train.executors.protocol import Executor
    from bestiary.train.store import Store


class BadInput(click.ClickException):
    """One clear line, exit status 2."""

    exit_code = 2

    def format_message(self) -> str:
        """Return the line, as it is shown."""
        return shown(self.message)


class FiniteRange(click.FloatRange):
    """A finite number in a range: nan is neither below nor above any limit, so that a range alone lets it pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is not a finite number.", param, ctx)
        return number


def entries(file: Path | None, keys: Sequence[str] = ()) -> list[Entry]:
    """The entries asked for, or all."""
    from bestiary.catalog.read import read_catalog  # and with it pydantic, which reading a log needs none of

    try:
        return list(read_catalog(file, tuple(keys)).values())
    except ValueError as error:
        raise BadInput(str(error)) from error


def listed(file: Path | None, keys: Sequence[str] = ()) -> list[Listed]:
    """What a list says of the entries asked for, or of all; no models are imported once the catalog was found right."""
    from bestiary.catalog import listed
    from bestiary.catalog.choose import select

    try:
        return list(select(listed.listed(file), keys).values())
    except ValueError as error:
        raise BadInput(str(error)) from error


def _place(ctx: click.Context, param: click.Parameter, value: str) -> str:
    from bestiary.train.executors.protocol import parse

    try:
        return parse(value).text
    except ValueError as error:
        raise BadInput(f"--on {error}") from error


SEEDS = click.IntRange(1, MOST)
ROOT = click.IntRange(0, 2**32 - 1)

case_option = click.option(
    "--case",
    help="Start from this case of the catalog [default: the setup's own values].",
    shell_complete=completion.cases,
)
catalog_option = click.option("--catalog", "file", type=click.Path(path_type=Path), help="Another catalog.yaml.")
cache_option = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Folder for runs and compiled programs [default: see `bestiary cache`].",
)


on_option = click.option(
    "--on",
    "place",
    default="local",
    show_default=True,
    metavar="WHERE",
    callback=_place,
    help="Where to train: local, dask (as configured), dask://local:WORKERS, tcp://HOST:PORT, or a scheduler file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on standard output.")
wide_option = click.option("--wide", is_flag=True, help="One line for each row of a table, however long.")


def start(cache: Path | None) -> Store:
    """Set JAX up and open the store."""
    from bestiary.cache import cache_dir
    from bestiary.train.session import open_store

    folder = cache or cache_dir()
    try:
        return open_store(folder, lambda line: echo(line, err=True))
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
def executor(place: str) -> Iterator[Executor]:
    """Open the place that `--on` names; what goes wrong there is one line."""
    from bestiary.train.executors.opening import opened
    from bestiary.train.executors.protocol import ExecutorError

    try:
        with opened(place, lambda line: echo(line, err=True)) as where:
            yield where
    except ExecutorError as error:
        raise BadInput(f"--on {error}") from error


@contextmanager
def progress_bars(hide: bool = False) -> Iterator[OnProgress]:
    """Show live progress on standard error; yields what training calls with each Progress."""
    from bestiary.cli.output.console import Console
    from bestiary.train.progress import bars

    with bars(hide=hide, console=Console(stderr=True)) as on_progress:
        yield on_progress


def finished(chosen: Sequence[Entry], named: bool, command: str) -> list[Entry]:
    """The entries that are no drafts: it is a mistake to name one that lacks what the command needs.

    Args:
        chosen: what was asked for.
        named: whether by name.
        command: `check`, which judges the claims that a draft has; or `measure`, which refuses drafts.
    """
    from bestiary.catalog.drafts import has_claims, lacking

    there = []
    for entry in chosen:
        if not entry.draft:
            there.append(entry)
            continue
        told = f"a draft; it lacks {', '.join(lacking(entry))}"
        if named and (command == "measure" or not has_claims(entry)):
            raise BadInput(f"{command} {entry.key}: {told}")
        echo(f"{entry.key}: {told}" if named else f"left out: {entry.key}: {told}", err=True)
        if named:
            there.append(entry)
    return there


def fitting(chosen: list[Entry]) -> list[Entry]:
    """The entries, once the text of their setups has shown that these take what the catalog says."""
    from bestiary.catalog.read import check_text

    try:
        check_text(chosen)
    except ValueError as error:
        raise BadInput(str(error)) from error
    return chosen


def load_one(
    key: str, file: Path | None, case: str | None, changes: Sequence[str], axes: Sequence[Axis] = ()
) -> Callable[[], jobs.Setup]:
    """Find the entry of that key and check what is asked of it; return what loads its setup, once the store is open.

    A file in phenomena/ that has no block in the catalog yet can be run too.
    """
    from bestiary.catalog.choose import unlisted
    from bestiary.cli.asked import check_setting

    known = {entry.key: entry for entry in entries(file)}
    new = key in unlisted(known)
    blocks = [] if new else fitting([known[key]] if key in known else entries(file, [key]))
    try:
        check_setting(key, blocks[0].cases if blocks else {}, case, changes, axes)
    except ValueError as error:
        raise BadInput(str(error)) from error
    if not new:
        return lambda: load_setups(blocks, named=True)[0]
    echo(f"{key}: no block in the catalog yet; add one, with `status: draft` for the time being", err=True)
    return lambda: _without_block(key)


def _without_block(key: str) -> jobs.Setup:
    from importlib import import_module

    from bestiary.judge.setup import check_channels
    from bestiary.train import jobs

    try:
        phenomenon = import_module(f"bestiary.phenomena.{key}").PHENOMENON
    except Exception as error:  # a file under work may fail in any way
        raise BadInput(f"phenomena/{key}.py: {type(error).__name__}: {error}") from error
    try:
        check_channels(key, phenomenon)
    except ValueError as error:
        raise BadInput(f"phenomena/{error}") from error
    return jobs.Setup.of(key, phenomenon)


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
            echo(f"left out: {error}", err=True)
        except ValueError as error:
            raise BadInput(str(error)) from error
    return there
