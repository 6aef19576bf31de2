"""`python -m bestiary.cli.figures`: draw docs/figures anew from a clean commit, and docs/maps.md with it.

Runs are those of the first root on which an entry was measured. Where `bestiary measure` has kept them, drawing is all
that is left to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestiary import files
from bestiary.cli import completion, figure_list, gallery, measured
from bestiary.cli.figure_list import Wanted
from bestiary.cli.options import BadInput, cache_option, entries, fitting, load_setups, progress_bars, start
from bestiary.cli.output.shown import echo
from bestiary.maps.interactions.summary import cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bestiary.catalog.entries import Entry
    from bestiary.judge.setup import Setup
    from bestiary.train.event import OnProgress
    from bestiary.train.store import Store

TABLE = "interactions.png"


@click.command("figures")
@click.argument("keys", nargs=-1, metavar="[ENTRY...]", shell_complete=completion.entries)
@click.option("--stale", is_flag=True, help="Only figures that are missing, or of another entry than today's.")
@cache_option
def main(keys: Sequence[str], stale: bool, cache: Path | None) -> None:
    """Draw the figures of the entries, or of all, and list where each comes from."""
    root = files.checkout()
    if root is None:
        raise BadInput("figures: an installed package has no docs/figures; run it in a checkout")
    folder, every = root / "docs" / "figures", entries(None)
    chosen = [entry for entry in fitting(entries(None, keys)) if not entry.draft]
    try:
        commit = figure_list.clean_commit(root)
    except ValueError as error:
        raise BadInput(f"figures: {error}") from error
    asked = figure_list.recipe(folder)
    due = [one for one in figure_list.wanted(chosen, asked) if not stale or figure_list.stale(folder, one)]
    store, waiting = start(cache), dict.fromkeys(one.entry.key for one in due)
    from bestiary.train import provenance

    provenance.commit()  # kept: what is trained below comes from this commit, whatever has been drawn by then
    for setup in load_setups([entry for entry in chosen if entry.key in waiting], bool(keys)):
        _draw(setup, [one for one in due if one.entry.key == setup.entry.key], folder, commit, asked, store)
    _table(every, root, commit)
    listed = figure_list.read(folder)
    known = {one.file for one in figure_list.wanted(every, asked)}
    for file in [file for file, source in listed.items() if "data" not in source and file not in known]:
        del listed[file]
        (folder / file).unlink(missing_ok=True)
    figure_list.write(folder, listed)
    gallery.rewrite(root / "docs" / "maps.md", every, asked)


def _table(every: Sequence[Entry], root: Path, commit: str) -> None:
    """Draw the table of interactions, of what docs/interactions.md tells, unless it is there already."""
    from bestiary.figures import interaction_table, style

    page, folder = "docs/interactions.md", root / "docs" / "figures"
    source = root / "benchmarks" / "measured"
    records = {e.key: measured.read(e, source) or {} for e in every if e.interactions}
    made = cells([e for e in every if not e.draft], records)
    digest, listed = figure_list.digest(root / page), figure_list.read(folder)
    if made and (listed.get(TABLE, {}).get("sha256") != digest or not (folder / TABLE).is_file()):
        style.save(interaction_table.draw(made), folder / TABLE)
        figure_list.write(folder, listed | {TABLE: {"data": page, "sha256": digest, "commit": commit}})
        echo(f"wrote docs/figures/{TABLE}")


def _draw(
    setup: Setup, due: Sequence[Wanted], folder: Path, commit: str, asked: Mapping[str, Any], store: Store
) -> None:
    """Draw what is due of one entry, each with its line in the list."""
    entry, record = setup.entry, measured.read(setup.entry, folder.parents[1] / "benchmarks" / "measured")
    root = next(iter(measured.roots_of(record)), 1)
    echo(f"{entry.key}: root {root}", err=True)
    source = {"commit": commit, "root": root, "text": measured.text_of(entry), "code": measured.code_of(setup)}
    from bestiary.figures import style

    with progress_bars() as on_progress:
        for one, figure in _figures(setup, due, root, asked, store, on_progress):
            style.save(figure, folder / one.file)
            told = {"entry": entry.key, "what": one.what, "claims": one.claims, **source, "python": measured.python()}
            figure_list.write(folder, figure_list.read(folder) | {one.file: told})
            echo(f"wrote docs/figures/{one.file}")


def _figures(
    setup: Setup, due: Sequence[Wanted], root: int, asked: Mapping[str, Any], store: Store, on_progress: OnProgress
) -> Iterator[tuple[Wanted, Figure]]:
    """Run what is due of an entry in one round of compiling and training, and draw it."""
    from bestiary.catalog import axes
    from bestiary.figures import claims, maps, runs
    from bestiary.judge import check, setting
    from bestiary.judge.rounds import drive
    from bestiary.maps import explore, judge

    needed = {one.what: one for one in due}
    cases = check.tasks(setup, root) if "runs" in needed else []
    beyond = judge.tasks(setup, root) if any(what.split()[0] not in ("runs", "map") for what in needed) else []
    results = drive([*cases, *beyond], store, on_progress)
    if cases:
        seen = [r for r in results if isinstance(r, check.CaseResult)]
        yield needed["runs"], runs.draw(setup.entry, setup.phenomenon, seen)
    for result in results:
        if isinstance(result, judge.MapResult) and (one := needed.get(f"{result.kind} {result.block.name}")):
            yield one, claims.draw(result)
    for what, one in needed.items():
        if what.startswith("map "):
            of = asked["maps"][what.removeprefix("map ")]
            fixed = setting.parse(setup, of.get("case"), of.get("set", ()))
            plan = explore.plan(fixed, [axes.parse(text) for text in of["over"]], of["seeds"], root)
            found = explore.run(plan, store, on_progress, boundary_of=of.get("boundary_of", "found"))
            yield one, maps.draw(found)


if __name__ == "__main__":
    main()
