"""`bestiary site`: the catalog as pages that any browser shows, without a server. Imports no JAX."""

from __future__ import annotations

from pathlib import Path

import click

from bestiary import files
from bestiary.cli.options import BadInput, entries, fitting, probe, writing
from bestiary.cli.output.shown import echo

COLUMNS = 96  # of the help texts on the page of commands


@click.command(short_help="Write the catalog, its figures and docs as a static site.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("site"), show_default=True, help="Folder."
)
@click.pass_context
def site(ctx: click.Context, out: Path) -> None:
    """Write the catalog, its measurements, figures and docs as a static site."""
    root = files.checkout()
    if root is None:
        raise BadInput("site: an installed package has no docs and no figures; run it in a checkout")
    try:
        from bestiary.cli import listings
        from bestiary.site import build
    except ModuleNotFoundError as error:
        raise BadInput(f"site: needs {error.name}, which is not installed; pip install 'bestiary[site]'") from error
    chosen = [entry for entry in fitting(entries(None)) if not entry.draft]
    probe("--out", out)
    from bestiary.watch.detect import rates

    known, history = rates(), listings.editions((root / "CHANGELOG.md").read_text("utf-8"))
    every = [listings.listing(entry, root, known, history) for entry in chosen]
    try:
        pages = build.pages(every, root, listings.doors(files.PACKAGE / "__init__.py"), helps(ctx.find_root().command))
    except FileNotFoundError as error:
        raise BadInput(f"site: {error.filename}: a page shows it, and it is not there; run `make figures`") from error
    with writing("--out", out):
        for path, content in pages.items():
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            files.replace_with(out / path, content)
    echo(f"wrote {len(pages)} files; open {out / 'index.html'}")


def helps(group: click.Command) -> dict[str, str]:
    """What every command says with --help, by its name."""
    made = {}
    for name, command in sorted(group.commands.items() if isinstance(group, click.Group) else ()):
        of = click.Context(command, info_name=f"bestiary {name}", terminal_width=COLUMNS, max_content_width=COLUMNS)
        with of as ctx:
            made[name] = command.get_help(ctx)
    return made
