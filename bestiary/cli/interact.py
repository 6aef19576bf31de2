"""`bestiary interact`: switch something on beside an entry, and compare with the sum of parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from bestiary.catalog.seeds import INTERACT, MOST
from bestiary.cli import completion
from bestiary.cli.options import (
    ROOT,
    BadInput,
    cache_option,
    case_option,
    catalog_option,
    entries,
    executor,
    json_option,
    load_one,
    on_option,
    probe,
    progress_bars,
    start,
    wide_option,
    writing,
)
from bestiary.cli.output.shown import echo, echo_json

if TYPE_CHECKING:
    from bestiary.catalog.interaction_claims import Pair

LEAST = 6  # pairs; fewer have no limits at 95 %
RULES = ("independent", "factor", "shift", "rates", "first", "clock")
OPTIONS = {"over": "--with", "without_a": "--without", "with_b": "--also", "of_b": "--of-b"}  # others: as the field


@click.command(short_help="Switch something on beside ENTRY: the sum of parts, or more.")
@click.argument("entry", shell_complete=completion.entries)
@click.option(
    "--with",
    "turned",
    required=True,
    metavar="KNOB=A,B,C",
    help="Knob that turns B on, and its values.",
    shell_complete=completion.knobs,
)
@click.option("--off", help="Value of that knob with B off [default: what it is by itself].")
@click.option(
    "--without",
    multiple=True,
    metavar="NAME=VALUE",
    help="What takes A away [default: what the first control that leaves the knob alone changes].",
    shell_complete=completion.knobs,
)
@click.option(
    "--also",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change this too where B is on.",
    shell_complete=completion.knobs,
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a knob or a static value everywhere.",
    shell_complete=completion.knobs,
)
@case_option
@click.option("--of", "of", default="onset", show_default=True, help="Onset or effect; with --along a state or phase.")
@click.option(
    "--along",
    metavar="KNOB=LO:HI:N[:log]",
    help="Compare thresholds: of this knob, where a run is first found, or what --of says.",
    shell_complete=completion.knobs,
)
@click.option("--present", default="found", show_default=True, help="State or phase by which A is there.")
@click.option("--rule", type=click.Choice(RULES), default="independent", show_default=True, help="How parts compose.")
@click.option("--formula", help="Of knobs and static values: f of factor, shift and clock; Q of B of rates and first.")
@click.option("--of-b", metavar="NAME", help="Q of B of rates and first: onset or effect of the runs with B alone.")
@click.option("--unit", help="Unit of a formula for Q of B.")
@click.option("--stronger", type=click.Choice(["larger", "smaller"]), help="Which Q is more of A.")
@click.option(
    "--seeds", type=click.IntRange(LEAST, MOST), default=INTERACT, show_default=True, help="Runs of every cell."
)
@click.option("--root", type=ROOT, default=0, show_default=True)
@click.option("--figure", type=click.Path(path_type=Path, dir_okay=False), help="Draw to this file.")
@json_option
@wide_option
@on_option
@catalog_option
@cache_option
def interact(
    entry: str,
    turned: str,
    off: str | None,
    without: Sequence[str],
    also: Sequence[str],
    changes: Sequence[str],
    case: str | None,
    of: str,
    along: str | None,
    present: str,
    rule: str,
    formula: str | None,
    of_b: str | None,
    unit: str | None,
    stronger: str | None,
    seeds: int,
    root: int,
    figure: Path | None,
    as_json: bool,
    wide: bool,
    place: str,
    file: Path | None,
    cache: Path | None,
) -> None:
    """Switch something on beside ENTRY: neither, A, B and both, by pairs of runs with the same draws.

    ENTRY is A, and a knob turns B on. The rule says what the parts predict of a quantity of A with B on, and kappa is
    the logarithm of what is measured over that.
    """
    load = load_one(entry, file, case, changes)
    told = {"name": rule, "formula": formula, "of": of_b, "unit": unit}
    told |= {"source": "measured"} if rule != "independent" else {}
    asked = {"of": of, "along": along, "present": present, "stronger": stronger, "seeds": seeds}
    asked |= {"rule": {k: v for k, v in told.items() if v is not None}}
    try:
        pair = _pair(entry, file, case, turned, off, changes, without, also, asked)
    except ValueError as error:
        field, _, why = str(error).partition(": ")
        for name, option in OPTIONS.items():
            why = re.sub(rf"\b{name}\b", option, why)
        raise BadInput(f"{OPTIONS.get(field, field if field.startswith('--') else f'--{field}')}: {why}") from error
    if figure is not None:
        from bestiary.figures.style import FORMATS

        if figure.suffix not in FORMATS:
            raise BadInput(f"--figure {figure}: name it {', '.join(FORMATS)}")
    probe("--figure", figure, figure and figure.parent)
    store = start(cache)
    from bestiary.cli.output import as_json as written
    from bestiary.cli.output import interaction_tables
    from bestiary.cli.output.page import Page
    from bestiary.judge.rounds import drive
    from bestiary.judge.size import first_requests, size
    from bestiary.maps.interactions import cells
    from bestiary.train.memory import TooLarge, check_memory

    design = cells.designed(load(), pair, root)
    try:
        for point in {p.static: p for p in (design.a, *design.both)}.values():
            check_memory(design.setup.phenomenon, point.static)
    except TooLarge as error:
        raise BadInput(str(error)) from error
    echo(f"{entry}: {size(first_requests([cells.seen(design)]))}", err=True)
    with executor(place) as where, progress_bars() as on_progress:
        (table,) = drive([cells.seen(design)], store, on_progress, where)
    if as_json:
        echo_json(written.text(interaction_tables.as_json(table)))
    else:
        interaction_tables.print_interaction(table, Page(wide))
    if figure is not None:
        from bestiary.figures import interactions, style

        with writing("--figure", figure):
            style.save(interactions.draw(table), figure)
        echo(f"wrote {figure}", err=as_json)
    if table.trouble:
        raise BadInput(table.trouble)


def _pair(
    key: str,
    file: Path | None,
    case: str | None,
    turned: str,
    off: str | None,
    changes: Sequence[str],
    without: Sequence[str],
    also: Sequence[str],
    fields: dict[str, Any],
) -> Pair:
    """What is asked for, checked against the text of the entry's file.

    Raises:
        ValueError: `option or field: why`, in one line.
    """
    from bestiary.catalog import axes, values
    from bestiary.catalog.asked_pair import asked_pair
    from bestiary.catalog.interaction_claims import LEAST_SEEDS, RuleName
    from bestiary.catalog.setups.knobs import knobs_of
    from bestiary.catalog.setups.outcomes import outcomes_of

    assert (get_args(RuleName), LEAST_SEEDS) == (RULES, LEAST)  # they stand here too, so that help needs no models
    knobs = knobs_of(key)
    cases = {entry.key: entry.cases for entry in entries(file)}.get(key, {})
    try:
        axis = axes.typed(axes.parse(turned), knobs)
    except ValueError as error:
        raise ValueError(f"--with {error}") from None
    told = {}
    for option, texts in (("--set", changes), ("--without", without), ("--also", also)):
        told[option], _ = values.read_changes(key, knobs, texts, option)
    try:
        start = None if off is None else values.typed(values.find(key, knobs, axis.name), off)
    except ValueError as error:
        raise ValueError(f"--off: {error}") from None
    return asked_pair(
        key,
        knobs,
        cases,
        axis,
        case=case,
        changes=told["--set"],
        off=start,
        without=told["--without"] if without else None,
        also=told["--also"],
        known=outcomes_of(key),
        **fields,
    )
