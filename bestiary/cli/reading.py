"""`bestiary list`, `show` and `cite`: what the catalog says. Imports no JAX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from bestiary.cli import completion
from bestiary.cli.options import BadInput, catalog_option, entries, json_option, listed, wide_option
from bestiary.cli.output.shown import echo, echo_json


@click.command("list")
@click.option("--zone", type=click.IntRange(1, 4), help="Only entries of this zone.")
@click.option(
    "--particle",
    help="Only entries with this particle (attention, MLP, ...).",
    shell_complete=completion.particles,
)
@json_option
@wide_option
@catalog_option
def list_entries(zone: int | None, particle: str | None, as_json: bool, wide: bool, file: Path | None) -> None:
    """List the entries."""
    from bestiary import files
    from bestiary.catalog.choose import unlisted
    from bestiary.catalog.words import Particle
    from bestiary.cli import budget as costs
    from bestiary.cli import measured

    particles = get_args(Particle)
    if particle is not None and particle not in particles:
        raise BadInput(f"--particle {particle}: want one of {', '.join(particles)}")
    known = listed(file)
    chosen = [e for e in known if zone in (None, e.zone) and (particle is None or particle in e.particle)]
    whole = file is None and zone is None and particle is None
    without = unlisted([e.key for e in known]) if whole else []
    seconds = {e.key: costs.seconds_of(measured.read(e, files.measured())) for e in chosen}
    if as_json:
        from bestiary.cli.output import as_json as written

        echo_json(written.text(written.listed(chosen, seconds, without)))
    else:
        from bestiary.cli.output import tables
        from bestiary.cli.output.page import Page

        tables.print_list(chosen, seconds, Page(wide), without)


@click.command()
@click.argument("entry", shell_complete=completion.entries)
@json_option
@wide_option
@catalog_option
def show(entry: str, as_json: bool, wide: bool, file: Path | None) -> None:
    """Print all that the catalog says of ENTRY."""
    from bestiary import files
    from bestiary.catalog.drafts import lacking
    from bestiary.cli import measured
    from bestiary.cli.compared import compared

    (block,) = entries(file, [entry])
    record = measured.read(block, files.measured())
    told = measured.told(record, block)
    beside = compared(block, record)
    if as_json:
        from bestiary.cli.output import as_json as written

        echo_json(written.text(written.entry(block, told, beside)))
    else:
        from bestiary.cli.output import entry_tables
        from bestiary.cli.output.page import Page

        told = f"a draft: it lacks {', '.join(lacking(block))}" if block.draft else told
        first = {id(one.claim): next(iter(one.differences().values())) for one in beside if one.measured}
        entry_tables.print_entry(block, Page(wide), told, first)


@click.command(short_help="Print the BibTeX of what entries rest on.")
@click.argument("keys", nargs=-1, required=True, metavar="ENTRY...", shell_complete=completion.entries)
@catalog_option
def cite(keys: Sequence[str], file: Path | None) -> None:
    """Print the BibTeX of what entries rest on; of the catalog itself, for ENTRY `bestiary`."""
    from bestiary.catalog import cite as bib

    named = [key for key in keys if key != "bestiary"]
    chosen = listed(file, named) if named else []
    parts = [bib.bibtex(dict.fromkeys(r for e in chosen for r in e.references))] if chosen else []
    echo("\n".join([*([bib.own()] if "bestiary" in keys else []), *parts]), nl=False)
