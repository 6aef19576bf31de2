"""`check --budget`: which parts of a check fit a time, and how long a check will take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from bestiary import files
from bestiary.cli import budget as costs
from bestiary.cli import measured
from bestiary.cli.options import BadInput
from bestiary.cli.output.shown import echo

if TYPE_CHECKING:
    from bestiary.judge.setup import Setup


def _time(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else costs.parse(value)
    except ValueError as error:
        raise BadInput(f"--budget {error}") from error


budget_option = click.option(
    "--budget", callback=_time, metavar="TIME", help="Judge what fits, the cheapest first, as in 90s or 10m."
)


def affordable(
    setups: Sequence[Setup], laws: bool, roots: int, budget: float | None
) -> tuple[Sequence[Setup], Sequence[Setup], str]:
    """The setups whose cases are judged, those whose laws are, and how long that takes; what is left out is said."""
    of = {setup.entry.key: setup for setup in setups}
    parts = costs.parts_of(of, laws, lambda key: measured.read(of[key].entry, files.measured()))
    if budget is not None:
        parts, left_out = costs.within(parts, roots, budget)
        if not parts:
            raise BadInput(f"--budget {costs.words(budget)}: nothing that was measured is as cheap as that")
        if left_out:
            echo(f"left out: {', '.join(map(str, left_out))}", err=True)
    takes = costs.expected(parts, roots)
    cases, beyond = ([of[part.key] for part in parts if part.beyond is kind] for kind in (False, True))
    return cases, beyond, f"; {takes}" if takes else ""
