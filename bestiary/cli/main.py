"""The command line. `list`, `show`, `cite` and `detect` never import JAX.

Exit status: 0 every claim holds, or nothing was found; 1 a claim fails, or something was found;
2 usage, bad input, no memory or no room on a disk; 70 a fault of bestiary; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, get_args

import click

from bestiary.catalog.seeds import RUN
from bestiary.cli import completion, exits
from bestiary.cli.cache import cache
from bestiary.cli.logs import detect, watch
from bestiary.cli.maps import map_entry, path_entry
from bestiary.cli.options import (
    BadInput,
    cache_option,
    catalog_option,
    entries,
    load_setups,
    probe,
    progress_bars,
    start,
    writing,
)
from bestiary.version import __version__

ROOTS = (1,)  # acceptance; root 0 is for tuning


@click.group(cls=exits.Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="bestiary")
def cli() -> None:
    """A catalog of training-dynamics phenomena: reproduce them, judge their claims, map them."""


@cli.command("list")
@click.option("--zone", type=click.IntRange(1, 3), help="Only entries of this zone.")
@click.option(
    "--particle",
    help="Only entries with this particle (attention, MLP, ...).",
    shell_complete=completion.particles,
)
@catalog_option
def list_entries(zone: int | None, particle: str | None, file: Path | None) -> None:
    """List the entries."""
    from bestiary.catalog.entries import Particle
    from bestiary.cli import tables as listing

    particles = get_args(Particle)
    if particle is not None and particle not in particles:
        raise BadInput(f"--particle {particle}: want one of {', '.join(particles)}")
    chosen = [e for e in entries(file) if zone in (None, e.zone) and (particle is None or particle in e.particle)]
    listing.print_list(chosen)


@cli.command()
@click.argument("entry", shell_complete=completion.entries)
@catalog_option
def show(entry: str, file: Path | None) -> None:
    """Print everything the catalog says of ENTRY."""
    from bestiary.cli import tables as listing

    (block,) = entries(file, [entry])
    listing.print_entry(block)


@cli.command()
@click.argument("keys", nargs=-1, required=True, metavar="ENTRY...", shell_complete=completion.entries)
@catalog_option
def cite(keys: Sequence[str], file: Path | None) -> None:
    """Print the BibTeX of what entries rest on; of the catalog itself, for ENTRY `bestiary`."""
    from bestiary.catalog import cite as bib

    named = [key for key in keys if key != "bestiary"]
    chosen = entries(file, named) if named else []
    parts = [bib.bibtex(dict.fromkeys(r for e in chosen for r in e.references))] if chosen else []
    click.echo("\n".join([*([bib.own()] if "bestiary" in keys else []), *parts]), nl=False)


@cli.command()
@click.argument("keys", nargs=-1, metavar="[ENTRY...]", shell_complete=completion.entries)
@click.option("--all", "everything", is_flag=True, help="Every entry; the default if none is named.")
@click.option("--seeds", type=click.IntRange(1), help="Seeds of every case [default: the catalog's].")
@click.option(
    "--root", "roots", type=click.IntRange(0, 2**32 - 1), multiple=True, help="Root seed; may be repeated [1]."
)
@click.option("--alpha", type=click.FloatRange(0, 0.5, min_open=True), help="False-alarm rate of one claim [1e-4].")
@click.option("--laws", is_flag=True, help="Judge laws, boundaries and paths too.")
@click.option("--strict", is_flag=True, help="Exit 1 also for an inconclusive claim.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option("--figures", type=click.Path(path_type=Path, file_okay=False), help="Draw one figure per entry there.")
@catalog_option
@cache_option
def check(
    keys: Sequence[str],
    everything: bool,
    seeds: int | None,
    roots: Sequence[int],
    alpha: float | None,
    laws: bool,
    strict: bool,
    as_json: bool,
    figures: Path | None,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Reproduce entries and judge their claims."""
    if keys and everything:
        raise BadInput(f"--all and {', '.join(keys)}: name entries or ask for all, not both")
    chosen = entries(file, keys)
    from bestiary.judge.verdict import ALPHA, Outcome

    probe("--figures", figures)
    level, store = alpha or ALPHA, start(cache)
    setups = load_setups(chosen, bool(keys))
    with progress_bars(hide=as_json) as on_progress:
        from bestiary.maps.judge import judge_entries

        how = {"seeds": seeds, "alpha": level, "beyond": laws, "on_progress": on_progress}
        results, mapped = judge_entries(setups, store, roots=roots or ROOTS, **how)
    from bestiary.cli import map_tables, tables, verdicts

    judged = [v for r in (*results, *mapped) for v in r.verdicts]
    if as_json:
        click.echo(verdicts.as_json(results, mapped, level))
    else:
        tables.print_verdicts(results)
        if mapped:
            map_tables.print_judged(mapped)
        click.echo(verdicts.summary(judged, level))
    if figures is not None:
        from bestiary.figures import claims as claim_figures
        from bestiary.figures import runs as drawing

        with writing("--figures", figures):
            drawn = drawing.draw_all(results, figures) + claim_figures.draw_all(mapped, figures)
        for path in drawn:
            click.echo(f"figure: {path}", err=as_json)
    outcomes = {v.outcome for v in judged}
    if Outcome.FAILS in outcomes or (strict and Outcome.INCONCLUSIVE in outcomes):
        raise SystemExit(1)


@cli.command()
@click.argument("keys", nargs=-1, metavar="[ENTRY...]", shell_complete=completion.entries)
@click.option("--root", "roots", type=click.IntRange(0, 2**32 - 1), multiple=True, help="Root seeds [1 and 2].")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Folder [benchmarks/measured].")
@catalog_option
@cache_option
def measure(keys: Sequence[str], roots: Sequence[int], to: Path | None, file: Path | None, cache: Path | None) -> None:
    """Measure entries anew and rewrite benchmarks/measured/ENTRY.json."""
    chosen = entries(file, keys)
    from bestiary.cli import measured
    from bestiary.judge.verdict import ALPHA

    folder = to or measured.folder()
    if folder is None:
        raise BadInput("measure: an installed package has no benchmarks/measured; say where with --to FOLDER")
    probe("--to", folder)
    store = start(cache)
    setups = load_setups(chosen, bool(keys))
    with progress_bars() as on_progress:
        from bestiary.maps.judge import judge_entries

        results, mapped = judge_entries(setups, store, roots=roots or (1, 2), on_progress=on_progress)
    for setup in setups:
        own, beyond = [r for r in results if r.setup is setup], [m for m in mapped if m.setup is setup]
        with writing("--to", folder):
            path = measured.write(measured.record(setup, own, ALPHA, beyond), folder)
        click.echo(f"wrote {path}")


@cli.command()
@click.argument("entry", shell_complete=completion.entries)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a knob or a static value.",
    shell_complete=completion.knobs,
)
@click.option(
    "--case",
    help="Start from this case of the catalog [default: the setup's own values].",
    shell_complete=completion.cases,
)
@click.option("--seeds", type=click.IntRange(1), default=RUN, show_default=True)
@click.option("--root", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write netCDF and a figure there.")
@catalog_option
@cache_option
def run(
    entry: str,
    changes: Sequence[str],
    case: str | None,
    seeds: int,
    root: int,
    out: Path | None,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Train ENTRY over seeds and say what its detector finds."""
    (block,) = entries(file, [entry])
    probe("--out", out)
    store = start(cache)
    from bestiary.cli import tables
    from bestiary.judge import setting

    (setup,) = load_setups([block], named=True)
    try:
        asked = setting.parse(setup, case, changes)
    except ValueError as error:
        raise BadInput(str(error)) from error
    with progress_bars() as on_progress:
        ds, findings = setting.run(asked, seeds, root, store, on_progress)
    tables.print_findings(entry, findings, asked.static.steps)
    if out is not None:
        from bestiary.cli import export

        with writing("--out", out):
            written = export.write_setting(asked, ds, findings, out)
        for path in written:
            click.echo(f"wrote {path}")


cli.add_command(cache)
cli.add_command(detect)
cli.add_command(map_entry)
cli.add_command(path_entry)
cli.add_command(watch)


def main(argv: Sequence[str] | None = None) -> Any:
    """Run a command: every mistake of the user is one line and exit status 2, every fault of ours one line and 70."""
    if isinstance(sys.stdout, TextIOWrapper):  # a column may be named in letters that a Windows pipe does not have
        sys.stdout.reconfigure(errors="backslashreplace")
    exits.interruptible()
    try:
        status = cli.main(argv, standalone_mode=False, prog_name="bestiary")
    except click.UsageError as error:
        where = f" (see '{error.ctx.command_path} --help')" if error.ctx else ""
        exits.say(f"bestiary: {error.format_message()}{where}")
        sys.exit(exits.BAD)
    except click.ClickException as error:
        exits.say(error.format_message())
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        exits.say(exits.KEPT)
        sys.exit(exits.INTERRUPTED)
    except Exception as error:
        sys.exit(exits.unexpected(error))
    sys.exit(status if isinstance(status, int) else 0)
