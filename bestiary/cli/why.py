"""`bestiary why`: on which side of measured boundaries a setting, or somebody's run, lies. Imports no JAX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestiary import files
from bestiary.cli import completion
from bestiary.cli.options import BadInput, case_option, catalog_option, entries, fitting, json_option, wide_option
from bestiary.cli.output.shown import echo, echo_json

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.why.of_log import OfRun

RUNS = 20  # of a log that are told of


@click.command(short_help="Say on which side of measured boundaries a setting or a log is.")
@click.argument("what", metavar="ENTRY|LOG", shell_complete=completion.entries_or_files)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value of the setting; of a LOG, one that its configuration lacks.",
    shell_complete=completion.knobs,
)
@case_option
@json_option
@wide_option
@catalog_option
def why(what: str, changes: Sequence[str], case: str | None, as_json: bool, wide: bool, file: Path | None) -> None:
    """Say why a phenomenon is or is not there, by boundaries that were measured.

    Of an ENTRY: each boundary, on which side of it the setting lies, how far outside what was measured, and the nearest
    case. Of a LOG: what is found in it, which entries that is, which of their boundaries could speak given what lies
    beside the log (hparams.yaml, config.yaml and others), and what would have to be known. A file or folder with the
    name of an entry is ./NAME.
    """
    known = entries(file)
    entry = next((one for one in known if one.key == what), None)
    if entry is None and Path(what).exists():
        if case is not None:
            raise BadInput(f"--case {case}: a log has no cases; leave it out, or name an entry")
        _of_log(Path(what), changes, known, as_json, wide)
        return
    if entry is None:
        from bestiary.catalog.mistakes import nearest

        raise BadInput(f"why {what}: no entry and no log of that name{nearest(what, [one.key for one in known])}")
    _of_entry(entry, changes, case, as_json, wide)


def _of_entry(entry: Entry, changes: Sequence[str], case: str | None, as_json: bool, wide: bool) -> None:
    from bestiary.catalog import values
    from bestiary.catalog.setups.knobs import knobs_of
    from bestiary.cli import measured
    from bestiary.cli.asked import check_setting
    from bestiary.why.boundaries import preconditions
    from bestiary.why.cases import laws, nearest
    from bestiary.why.together import together

    fitting([entry])
    knobs = knobs_of(entry.key)
    try:
        check_setting(entry.key, entry.cases, case, changes)
        setting = values.setting(entry.key, knobs, entry.cases, case, changes)
    except ValueError as error:
        raise BadInput(str(error)) from error
    record = measured.read(entry, files.measured())
    found = preconditions(entry, knobs, record, setting)
    cases, along = nearest(entry, knobs, record, setting), laws(entry, knobs, record, setting)
    both = together(entry, knobs, record, setting)
    if as_json:
        from bestiary.cli.output import as_json as written
        from bestiary.cli.output import why_json

        echo_json(written.text(why_json.of_entry(entry, setting, found, cases, along, both)))
        return
    from bestiary.cli.output import why_page
    from bestiary.cli.output.page import Page

    label = " ".join([*([case] if case else []), *changes]) or "the setup's own values"
    why_page.of_entry(entry, label, found, cases, along, both, measured.told(record, entry), Page(wide))


def _of_log(path: Path, changes: Sequence[str], known: Sequence[Entry], as_json: bool, wide: bool) -> None:
    from bestiary.logs.run_table import Unreadable

    try:
        runs, notes = _runs(path, _given(changes), known)
    except Unreadable as error:
        raise BadInput(str(error)) from error
    for note in notes:
        echo(note, err=True)
    if as_json:
        from bestiary.cli.output import as_json as written
        from bestiary.cli.output import why_json

        echo_json(written.text({"log": str(path), "runs": [why_json.of_run(run) for run in runs]}))
        return
    from bestiary.cli.output import why_page
    from bestiary.cli.output.page import Page

    page = Page(wide)
    for run in runs:
        why_page.of_run(run, page)


def _given(changes: Sequence[str]) -> dict[str, Any]:
    """What `--set` adds to the configuration of a log."""
    from bestiary.why.config import read

    given: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals or not name.strip() or name.strip() in given:
            raise BadInput(f"--set {change}: want NAME=VALUE, each name once")
        given[name.strip()] = read(text.strip())
    return given


def _runs(path: Path, given: dict[str, Any], known: Sequence[Entry]) -> tuple[list[OfRun], list[str]]:
    """What is found in each run of a log, and what could not be read."""
    from bestiary.cli import measured
    from bestiary.watch import detect, sentences
    from bestiary.why import config
    from bestiary.why.of_log import OfRun, Told, candidate, candidates

    reads, failed = detect.inspect_paths([path], {})
    if not reads and failed:
        raise failed[0]
    records = {entry.key: record for entry in known if (record := measured.read(entry, files.measured()))}
    notes = [" ".join(str(error).split()) for error in failed]
    notes += [f"{len(reads)} runs: told of the first {RUNS}"] if len(reads) > RUNS else []
    runs = []
    for read in reads[:RUNS]:
        told, mine = sentences.told(read.answers), config.own(read.path)
        of = next((entry for entry in known if mine is not None and entry.key == mine[0]), None)
        if mine is None or of is None:
            there = config.beside(read.path)
            there = there._replace(values=_logged(read.reading.log) | there.values | given)
            found = tuple(Told(answer, candidates(answer, known, records, there.values)) for answer in told)
            runs.append(OfRun(read.path, read.reading.run, there, found))
        else:  # runs of our own say which entry they are of, and all its values
            there = config.Config(mine[1], (read.path,), ())
            found, own = tuple(Told(answer, ()) for answer in told), candidate(of, records.get(of.key), mine[1])
            runs.append(OfRun(read.path, read.reading.run, there, found, own))
        notes += there.notes
    return runs, list(dict.fromkeys(notes))


def _logged(log: Any) -> dict[str, Any]:
    """What the log itself says of the configuration: the largest step size."""
    if "lr" not in log:
        return {}
    values = log["lr"].finite().values
    return {"lr": float(values.max())} if values.size else {}
