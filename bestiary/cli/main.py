"""The command line. `list`, `show`, `cite`, `detect` and `why` never import JAX, `certify` only for runs.

Exit status: 0 every claim holds, or nothing was found; 1 a claim fails, or something was found;
2 usage, bad input, no memory or no room on a disk; 70 a fault of bestiary; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from bestiary import files
from bestiary.catalog.seeds import RUN
from bestiary.cli import completion, exits, reporting
from bestiary.cli.affordable import affordable, budget_option
from bestiary.cli.cache import cache
from bestiary.cli.certify import certify
from bestiary.cli.contribute.new import new
from bestiary.cli.contribute.review import review
from bestiary.cli.contribute.since import as_json as as_json_of
from bestiary.cli.contribute.since import since
from bestiary.cli.data import data
from bestiary.cli.interact import interact
from bestiary.cli.logs import detect, watch
from bestiary.cli.maps import map_entry, path_entry
from bestiary.cli.measuring import measure
from bestiary.cli.options import (
    ROOT,
    SEEDS,
    BadInput,
    FiniteRange,
    cache_option,
    case_option,
    catalog_option,
    entries,
    executor,
    finished,
    fitting,
    json_option,
    load_one,
    load_setups,
    on_option,
    probe,
    progress_bars,
    start,
    wide_option,
    writing,
)
from bestiary.cli.output.shown import echo, echo_json
from bestiary.cli.reading import cite, list_entries, show
from bestiary.cli.report import report
from bestiary.cli.site import site
from bestiary.cli.why import why
from bestiary.version import __version__

ROOTS = (1,)  # acceptance; root 0 is for tuning


@click.group(cls=exits.Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="bestiary")
def cli() -> None:
    """A catalog of training-dynamics phenomena: reproduce them, judge their claims, map them."""


@cli.command()
@click.argument("keys", nargs=-1, metavar="[ENTRY...]", shell_complete=completion.entries)
@click.option("--all", "everything", is_flag=True, help="Every entry; the default if none is named.")
@click.option(
    "--changed", "revision", metavar="REV", help="The entries that have changed since this revision of git, and why."
)
@click.option("--seeds", type=SEEDS, help="Seeds of every case [default: the catalog's].")
@click.option("--root", "roots", type=ROOT, multiple=True, help="Root seed; may be repeated [1].")
@click.option("--alpha", type=FiniteRange(0, 0.5, min_open=True), help="False-alarm rate of one claim [1e-4].")
@click.option("--laws", is_flag=True, help="Judge laws, boundaries, paths and interactions too.")
@click.option("--strict", is_flag=True, help="Exit 1 also for an inconclusive claim.")
@budget_option
@json_option
@wide_option
@click.option("--figures", type=click.Path(path_type=Path, file_okay=False), help="Draw one figure per entry there.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write verdicts and figures as one page."
)
@on_option
@catalog_option
@cache_option
def check(
    keys: Sequence[str],
    everything: bool,
    revision: str | None,
    seeds: int | None,
    roots: Sequence[int],
    alpha: float | None,
    laws: bool,
    strict: bool,
    budget: float | None,
    as_json: bool,
    wide: bool,
    figures: Path | None,
    report: Path | None,
    place: str,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Reproduce entries and judge their claims."""
    asked = [*(["--all"] if everything else []), *([f"--changed {revision}"] if revision else []), ", ".join(keys)]
    if len(named := [text for text in asked if text]) > 1:
        raise BadInput(f"{' and '.join(named)}: name entries, ask for all, or for those that changed, not both")
    chosen, seen = since(revision, file, err=as_json) if revision else (entries(file, keys), None)
    chosen = fitting(finished(chosen, bool(keys or seen), "check"))
    from bestiary.judge.outcome import ALPHA, Outcome

    if seen and not chosen:
        from bestiary.cli.output import verdicts

        nothing = f"nothing to judge: no entry has changed since {revision}"
        echo_json(verdicts.as_json([], [], alpha or ALPHA, {"changed": as_json_of(seen)})) if as_json else echo(nothing)
        return
    probe("--figures", figures)
    probe("--report", report, report and report.parent)
    write_report = reporting.of_verdicts() if report else None
    level, store = alpha or ALPHA, start(cache)
    setups = load_setups(chosen, bool(keys or seen))
    from bestiary.judge import check as cases
    from bestiary.judge.size import first_requests, size
    from bestiary.maps.judge import judge_entries, tasks

    roots = roots or ROOTS
    setups, further, takes = affordable(setups, laws, len(roots), budget)
    asking = [task for setup in setups for root in roots for task in cases.tasks(setup, root, seeds)]
    asking += [task for setup in further for root in roots for task in tasks(setup, root)]
    echo(f"check: {size(first_requests(asking))}{'; boundaries ask for more' if further else ''}{takes}", err=True)
    with executor(place) as where, progress_bars() as on_progress:
        how = {"seeds": seeds, "alpha": level, "beyond": further, "on_progress": on_progress, "executor": where}
        results, mapped = judge_entries(setups, store, roots=roots, **how)
    from bestiary.cli.output import map_tables, tables, verdicts
    from bestiary.cli.output.page import Page

    judged = [v for r in (*results, *mapped) for v in r.verdicts]
    if as_json:
        echo_json(verdicts.as_json(results, mapped, level, {"changed": as_json_of(seen)} if seen else {}))
    else:
        page = Page(wide)
        tables.print_verdicts(results, page)
        if mapped:
            map_tables.print_maps(mapped, page)
        page.say(verdicts.summary(judged, level))
    if figures is not None:
        from bestiary.figures import claims as claim_figures
        from bestiary.figures import runs as drawing

        with writing("--figures", figures):
            drawn = drawing.draw_all(results, figures) + claim_figures.draw_all(mapped, figures)
        for path in drawn:
            echo(f"figure: {path}", err=as_json)
    if report is not None and write_report is not None:
        with writing("--report", report):
            files.replace_with(report, write_report(results, mapped, verdicts.summary(judged, level)))
        echo(f"wrote {report}", err=as_json)
    outcomes = {v.outcome for v in judged}
    if Outcome.FAILS in outcomes or (strict and Outcome.INCONCLUSIVE in outcomes):
        raise SystemExit(1)


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
@case_option
@click.option("--seeds", type=SEEDS, default=RUN, show_default=True)
@click.option("--root", type=ROOT, default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write netCDF and a figure there.")
@json_option
@wide_option
@on_option
@catalog_option
@cache_option
def run(
    entry: str,
    changes: Sequence[str],
    case: str | None,
    seeds: int,
    root: int,
    out: Path | None,
    as_json: bool,
    wide: bool,
    place: str,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Train ENTRY over seeds and say what its detector finds."""
    load = load_one(entry, file, case, changes)
    probe("--out", out)
    store = start(cache)
    from bestiary.cli.output import as_json as written
    from bestiary.cli.output import tables
    from bestiary.cli.output.page import Page
    from bestiary.judge import setting
    from bestiary.train.memory import TooLarge

    setup = load()
    try:
        asked = setting.parse(setup, case, changes)
    except ValueError as error:
        raise BadInput(str(error)) from error
    try:
        with executor(place) as where, progress_bars() as on_progress:
            ds, findings = setting.run(asked, seeds, root, store, on_progress, where)
    except TooLarge as error:
        raise BadInput(str(error)) from error
    if as_json:
        echo_json(written.text(written.runs(asked, findings, root)))
    else:
        tables.print_findings(entry, findings, asked.static.steps, Page(wide))
    if out is not None:
        from bestiary.cli import export

        with writing("--out", out):
            paths = export.write_setting(asked, ds, findings, out)
        for path in paths:
            echo(f"wrote {path}", err=as_json)


cli.add_command(cache)
cli.add_command(certify)
cli.add_command(cite)
cli.add_command(data)
cli.add_command(detect)
cli.add_command(interact)
cli.add_command(list_entries)
cli.add_command(map_entry)
cli.add_command(measure)
cli.add_command(new)
cli.add_command(path_entry)
cli.add_command(report)
cli.add_command(review)
cli.add_command(show)
cli.add_command(site)
cli.add_command(watch)
cli.add_command(why)


def main(argv: Sequence[str] | None = None) -> Any:
    """Run a command: every mistake of the user is one line and exit status 2, every fault of ours one line and 70."""
    if isinstance(sys.stdout, TextIOWrapper):  # a column may be named in letters that a Windows pipe does not have
        sys.stdout.reconfigure(errors="backslashreplace")
    # The catalog's models have no plugins, and pydantic would look for some in every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    exits.interruptible()
    exits.open_streams()
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
        exits.interrupted()
    except Exception as error:
        sys.exit(exits.unexpected(error))
    sys.exit(status if isinstance(status, int) else 0)
