"""`bestiary map` and `bestiary path`: turn knobs, and go from the toy towards the real."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestiary.catalog.seeds import MAP
from bestiary.cli import completion
from bestiary.cli.asked import check_names, without
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

if TYPE_CHECKING:
    from bestiary.judge.rounds import Asking
    from bestiary.maps.judge import MapResult

MOST_AXES = 3  # two make a diagram, a third a row of diagrams
MOST_FACETS = 6


@click.command("map", short_help="Turn up to three knobs of ENTRY: rates, boundaries, laws.")
@click.argument("entry", shell_complete=completion.entries)
@click.option(
    "--over",
    "axes",
    multiple=True,
    required=True,
    metavar="KNOB=LO:HI:N[:log]",
    help="Axis; up to three.",
    shell_complete=completion.knobs,
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Fix a knob or a static value.",
    shell_complete=completion.knobs,
)
@case_option
@click.option("--seeds", type=SEEDS, default=MAP, show_default=True, help="Runs of every point.")
@click.option("--root", type=ROOT, default=0, show_default=True)
@click.option(
    "--of",
    "of",
    default="onset",
    show_default=True,
    help="Onset or effect whose law is fitted, or that may be a product over two knobs.",
)
@click.option("--boundary-of", default="found", show_default=True, help="State or phase whose boundary is sought.")
@click.option(
    "--resolution",
    type=FiniteRange(0, min_open=True),
    help="Refine the boundaries of a one-knob map to this width: a share of the knob on a log axis, else its units.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write netCDF and a figure there.")
@json_option
@wide_option
@on_option
@catalog_option
@cache_option
def map_entry(
    entry: str,
    axes: Sequence[str],
    changes: Sequence[str],
    case: str | None,
    seeds: int,
    root: int,
    of: str,
    boundary_of: str,
    resolution: float | None,
    out: Path | None,
    as_json: bool,
    wide: bool,
    place: str,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Turn one, two or three knobs of ENTRY: rates, phases, boundaries and laws."""
    from bestiary.catalog import axes as grid

    try:
        asked = [grid.parse(text) for text in axes]
    except ValueError as error:
        raise BadInput(f"--over {error}") from error
    names = [axis.name for axis in asked]
    if len(set(names)) < len(names):
        raise BadInput(f"--over {names[-1]}: an axis is there twice")
    if len(names) > MOST_AXES:
        raise BadInput(f"--over: {len(names)} axes; at most {MOST_AXES} can be drawn, fix the others with --set")
    if len(asked) == MOST_AXES and len(asked[-1].values) > MOST_FACETS:
        few = f"the third axis makes one diagram per value; want at most {MOST_FACETS}, not {len(asked[-1].values)}"
        raise BadInput(f"--over {asked[-1]}: {few}")
    if resolution is not None and len(asked) > 1:
        raise BadInput("--resolution: only the boundaries along one knob are refined; give a single --over")
    load = load_one(entry, file, case, changes, asked)
    try:
        check_names(entry, of, boundary_of)
    except ValueError as error:
        raise BadInput(str(error)) from error
    probe("--out", out)
    store = start(cache)
    from bestiary.cli.output import as_json as written
    from bestiary.cli.output import map_tables
    from bestiary.cli.output.page import Page
    from bestiary.judge import setting
    from bestiary.maps import explore
    from bestiary.train.memory import TooLarge

    setup = load()
    try:
        plan = explore.plan(setting.parse(setup, case, changes), asked, seeds, root)
        echo(explore.size(plan), err=True)
    except TooLarge as error:
        raise BadInput(str(error)) from error
    except ValueError as error:
        text = str(error)
        raise BadInput(text if text.startswith("--") else f"--over {text}") from error
    with executor(place) as where, progress_bars() as on_progress:
        how = {"of": of, "boundary_of": boundary_of, "resolution": resolution, "executor": where}
        found = explore.run(plan, store, on_progress, **how)
    if as_json:
        echo_json(written.text(written.explored(found)))
    else:
        map_tables.print_map(found, Page(wide))
    if out is not None:
        from bestiary.cli import export

        with writing("--out", out):
            paths = export.write_map(found, out)
        for path in paths:
            echo(f"wrote {path}", err=as_json)
    if why := without(entry, found):
        raise BadInput(why)


@click.command("path", short_help="Go along a path of ENTRY, rung by rung.")
@click.argument("entry", shell_complete=completion.entries_with_paths)
@click.argument("name", required=False, shell_complete=completion.paths)
@click.option("--seeds", type=SEEDS, help="Runs of every rung [default: the catalog's].")
@click.option("--root", type=ROOT, default=1, show_default=True)
@click.option("--refine", is_flag=True, help="Turn the knob between the rungs where the behaviour changes.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Draw a figure there.")
@json_option
@wide_option
@on_option
@catalog_option
@cache_option
def path_entry(
    entry: str,
    name: str | None,
    seeds: int | None,
    root: int,
    refine: bool,
    out: Path | None,
    as_json: bool,
    wide: bool,
    place: str,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Go along a path of ENTRY, rung by rung, and see where the behaviour changes."""
    from bestiary.catalog.mistakes import nearest

    (block,) = fitting(entries(file, [entry]))
    if not block.paths:
        from bestiary.catalog.read import read_catalog

        known = ", ".join(key for key, e in read_catalog(file).items() if e.paths)
        raise BadInput(f"path {entry}: the catalog has no path of it; there are paths of {known or 'no entry'}")
    if name is not None and name not in block.paths:
        raise BadInput(f"path {entry} {name}: no such path{nearest(name, block.paths)}; {', '.join(block.paths)}")
    probe("--out", out)
    store = start(cache)
    from bestiary.cli.output import as_json as written
    from bestiary.cli.output import map_tables
    from bestiary.cli.output.page import Page
    from bestiary.judge.rounds import drive
    from bestiary.judge.size import first_requests, size
    from bestiary.maps import path as paths
    from bestiary.maps.judge import judge_law

    (setup,) = load_setups([block], named=True)
    chosen = [block.paths[name]] if name is not None else list(block.paths.values())
    laws = [law for law_name, law in block.every_law.items() if law_name.partition("-")[0] in {p.name for p in chosen}]

    def asking() -> list[Asking[MapResult]]:
        along = [paths.along_path(setup, path, root, seeds) for path in chosen]
        return [*along, *(judge_law(setup, law, root) for law in laws if law.name not in block.laws)]

    echo(f"{entry}: {size(first_requests(asking()))}", err=True)
    with executor(place) as where, progress_bars() as on_progress:
        judged = drive(asking(), store, on_progress, where)
        results, of_rungs = judged[: len(chosen)], judged[len(chosen) :]
        between = [asking for result in results for asking in paths.refine(setup, result)] if refine else []
        refined = drive(between, store, on_progress, where)
    if as_json:
        made = {
            "paths": [written.path(r, of_rungs) for r in results],
            "between": [written.explored(r) for r in refined],
        }
        echo_json(written.text(made))
    else:
        page = Page(wide)
        for result in results:
            map_tables.print_path(result, page)
        if of_rungs:
            map_tables.print_maps(of_rungs, page)
        for result in refined:
            map_tables.print_map(result, page)
    if out is not None:
        from bestiary.cli import export

        for result in results:
            with writing("--out", out):
                drawn = export.write_path(result, out)
            echo(f"wrote {drawn}", err=as_json)
