"""The rows of compare.py: which setups are measured, and how long their runs are.

Runs are as long as in the catalog where that takes a fraction of a second, and cut where it takes more: what a step
costs does not change along a run.
"""

from __future__ import annotations

import dataclasses
from importlib import import_module, util
from pathlib import Path
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One measured setup.

    Attributes:
        name: as printed.
        key: of an entry of the catalog, or the name of a module beside this file; also of its file in torch_setups/.
        case: of the entry, whose knobs and static values are taken; "" for a module beside this file.
        steps: of a run, a multiple of its `log_every`.
        compiled: number of seeds that torch.compile takes together: of 8 and 32 the faster on two cores of an AMD EPYC.
        products: whether matrix products are most of its work, so that a share of the machine's peak can be asked for.
        needs: a module without which the row is left out, and the extra that brings it.
    """

    name: str
    key: str
    case: str
    steps: int
    compiled: int
    products: bool = False
    needs: tuple[str, str] | None = None

    @property
    def module(self) -> str:
        """The module that has its PHENOMENON."""
        beside = Path(__file__).with_name(f"{self.key}.py").exists()
        return self.key if beside else f"bestiary.phenomena.{self.key}"


ROWS = (
    Row("grokking", "grokking", "grokking", 600, 8, products=True),
    Row("grokking_transformer", "grokking_transformer", "grokking", 100, 8),
    Row("grokking_digits", "grokking_digits", "large_start", 100, 8, products=True, needs=("sklearn", "digits")),
    Row("small_gpt", "small_gpt", "", 10, 8, products=True),
    Row("sparse_attention_emergence", "sparse_attention_emergence", "emergence", 800, 32),
    Row("adam_loss_spikes, two parameters", "adam_loss_spikes", "spikes", 5000, 32),
    Row("adam_loss_spikes, mlp", "adam_loss_spikes", "mlp", 2000, 32),
)


def wanted(keys: list[str]) -> tuple[list[Row], list[str]]:
    """The rows of entries that can be measured here, and a line for each that cannot."""
    asked = [row for row in ROWS if row.key in keys]
    lacking = [row for row in asked if row.needs and util.find_spec(row.needs[0]) is None]
    lines = [
        f"{row.name} is left out: {row.needs[0]} is not installed; to have it: pip install 'bestiary[{row.needs[1]}]'"
        for row in lacking
        if row.needs
    ]
    return [row for row in asked if row not in lacking], lines


def setup(row: Row, steps: int | None = None) -> tuple[Any, Any, Any]:
    """(phenomenon, knobs, static) of a row: without costly channels and without an early end, which only we have.

    Raises:
        SystemExit: the steps are no multiple of the row's `log_every`.
    """
    p = import_module(row.module).PHENOMENON
    knobs, static = p.knobs, p.static
    if row.case:
        from bestiary.catalog.read import read_catalog

        block = read_catalog()[row.key].cases[row.case]
        knobs, static = knobs._replace(**block.knobs), static._replace(**block.static)
    static = static._replace(steps=steps or row.steps)
    if static.steps % static.log_every:
        raise SystemExit(f"compare.py: --steps: {row.name} wants a multiple of {static.log_every}")
    return plain(p), knobs, static


def plain(p: Any) -> Any:
    """The phenomenon with the channels of `observe` alone, all runs to their end."""
    return dataclasses.replace(p, probe=None, settled=None, figure=())
