"""`python -m bestiary.cli.recordings`: record anew the thinned runs of which the site's curves are drawn.

Runs are those of the first root on which an entry was measured. Where `bestiary measure` has kept them, thinning is all
that is left to do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestiary import files
from bestiary.cli import completion, measured
from bestiary.cli.options import (
    ROOT,
    BadInput,
    cache_option,
    entries,
    fitting,
    load_setups,
    probe,
    progress_bars,
    start,
    writing,
)
from bestiary.cli.output.shown import echo
from bestiary.files import replace_with
from bestiary.site import recordings

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry
    from bestiary.judge.check import CaseResult
    from bestiary.judge.setup import Setup


@click.command("recordings")
@click.argument("keys", nargs=-1, metavar="[ENTRY...]", shell_complete=completion.entries)
@click.option("--root", type=ROOT, help="Root seed [default: the first of the entry's record].")
@click.option("--stale", is_flag=True, help="Only entries that have no recording, or one of another version or code.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Folder [docs/recordings].")
@cache_option
def main(keys: Sequence[str], root: int | None, stale: bool, to: Path | None, cache: Path | None) -> None:
    """Record the runs of the entries, or of all, for the site."""
    checkout = files.checkout()
    if checkout is None:
        raise BadInput("recordings: an installed package has no docs/recordings; run it in a checkout")
    folder = to or checkout / "docs" / "recordings"
    chosen = [entry for entry in fitting(entries(None, keys)) if not entry.draft]
    chosen = [entry for entry in chosen if not stale or is_stale(recordings.read(folder, entry.key), entry)]
    probe("--to", folder)
    store = start(cache)
    from bestiary.train import provenance

    commit = provenance.commit()  # kept: what is trained below comes from this commit
    for setup in load_setups(chosen, bool(keys)):
        of = root if root is not None else next(iter(measured.roots_of(_record(setup.entry, checkout))), 1)
        echo(f"{setup.entry.key}: root {of}", err=True)
        from bestiary.judge import check
        from bestiary.judge.rounds import drive
        from bestiary.site import record

        with progress_bars() as on_progress:
            turned = record.sweeps(setup)
            asking = [*check.tasks(setup, of), *(record.sweep(setup, block, of) for block in turned)]
            results: Sequence[Any] = drive(asking, store, on_progress)
        cases: Sequence[CaseResult] = results[: len(results) - len(turned)]
        made = record.text(record.recording(cases, results[len(cases) :], _origin(setup, cases[0], commit)))
        with writing("--to", folder):
            folder.mkdir(parents=True, exist_ok=True)
            replace_with(folder / f"{setup.entry.key}.json", made)
        echo(f"wrote {folder / setup.entry.key}.json ({len(made) // 1000} kB)")


def _record(entry: Entry, checkout: Path) -> dict[str, Any] | None:
    return measured.read(entry, checkout / "benchmarks" / "measured")


def _origin(setup: Setup, result: CaseResult, commit: str) -> dict[str, Any]:
    """Say where the runs come from."""
    attrs = result.runs.attrs
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "bestiary": attrs["bestiary"],
        "commit": commit,
        "machine": json.loads(attrs["machine"]),
        "python": measured.python(),
        "text": measured.text_of(setup.entry),
    }


def is_stale(made: dict[str, Any] | None, entry: Entry) -> bool:
    """Return whether an entry has no recording, or one of another version or, as far as can be told, of other code."""
    if made is None or made["version"] != entry.version:
        return True
    return made["python"] == measured.python() and made["text"] != measured.text_of(entry)


if __name__ == "__main__":
    main()
