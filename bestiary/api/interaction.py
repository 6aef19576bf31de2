"""Two things on together, from Python: what becomes of a setup's phenomenon when a knob turns something else on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from bestiary.api import values as written
from bestiary.api.values import plain, whole
from bestiary.api.warned import warned
from bestiary.catalog.asked_pair import asked_pair
from bestiary.catalog.axes import typed
from bestiary.catalog.interaction_claims import LEAST_SEEDS
from bestiary.catalog.seeds import INTERACT, MOST
from bestiary.catalog.values import declared
from bestiary.cli.output import interaction_tables
from bestiary.judge.rounds import drive
from bestiary.maps.interactions import cells
from bestiary.train.executors.opening import Place, opened
from bestiary.train.progress import bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bestiary.catalog.setups.outcomes import Outcomes
    from bestiary.train.jobs import Setup
    from bestiary.train.store import Store


class Interaction:
    """What was seen of two things on together: neither, A, B and both, by pairs of runs with the same draws.

    Args:
        table: what was trained and judged.
    """

    def __init__(self, table: cells.Table) -> None:
        self.table = table

    def to_frame(self) -> pd.DataFrame:
        """Return a row per value of B's knob: rates, quantity alone, predicted and measured, kappa, limits, outcome."""
        rows = []
        for one in self.table.points:
            told = interaction_tables.point(self.table, one)
            low, high = told["limits"]
            rates = {f"rate_{cell}": k / one.rates.n for cell, k in told["found"].items() if cell != "n"}
            numbers = {name: told[name] for name in ("alone", "predicted", "measured", "kappa")}
            rows.append({self.table.design.knob.name: one.x, **rates, **numbers, "low": low, "high": high})
            rows[-1] |= {"outcome": told["outcome"], "why": told["why"]}
        return pd.DataFrame(rows)

    def pairs(self) -> pd.DataFrame:
        """Return kappa of every pair of runs: a row per seed, a column per value of B's knob."""
        made = pd.DataFrame({one.x: one.kappa.value for one in self.table.points})
        return made.rename_axis("seed").rename_axis(self.table.design.knob.name, axis=1)

    def plot(self) -> Figure:
        """Draw the curves of the four cells, and kappa along B's knob."""
        from bestiary.api.drawn import drawn
        from bestiary.figures.interactions import draw

        return drawn(draw(self.table))

    def __repr__(self) -> str:
        frame = self.to_frame().drop(columns="why").to_string(index=False, float_format="{:.4g}".format)
        return f"{frame}\n{interaction_tables.ending(self.table)}"

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False, float_format="{:.4g}".format)


class Interacting(ABC):
    """What every setup can do with two things at once."""

    @abstractmethod
    def _renewed(self) -> Setup:
        """The setup as its functions are now."""

    @abstractmethod
    def _store(self) -> Store: ...

    def _known(self) -> Outcomes | None:
        """What findings can hold; None of a detector of one's own."""
        return None

    def interact(
        self,
        *,
        of: str = "onset",
        without: Mapping[str, Any] | None = None,
        also: Mapping[str, Any] | None = None,
        off: float | int | str | None = None,
        rule: str = "independent",
        formula: str | None = None,
        of_b: str | None = None,
        unit: str | None = None,
        along: Mapping[str, Any] | None = None,
        present: str = "found",
        stronger: str | None = None,
        case: str | None = None,
        seeds: int = INTERACT,
        root: int = 0,
        progress: bool = True,
        executor: Place = None,
        **values: Any,
    ) -> Interaction:
        """Switch something on beside the setup's phenomenon, and compare with the sum of parts.

        The setup is A, and one knob turns B on. Neither, A, B and both are run with the same draws. A rule predicts the
        quantity of A with B on: `independent` Q, `factor` Q f(on) / f(off), `shift` Q + f(on) - f(off), `rates`
        1 / (1/Q + 1/Q_B), `first` min(Q, Q_B), `clock` the t at which f(t, on) = f(Q, off). kappa is the logarithm of
        what is measured over that.

        Args:
            of: onset or effect, the quantity; with `along` a state or phase.
            without: {knob: value} that take A away; default: what the first control of the catalog that leaves B's knob
                alone changes.
            also: {knob: value} that are changed too where B is on.
            off: value of B's knob with B off; default: what it is by itself.
            rule: how the parts compose.
            formula: f of factor, shift and clock; Q of B of rates and first.
            of_b: Q of B of rates and first: an onset or effect of the runs with B alone.
            unit: unit of a formula for Q of B.
            along: {knob: values}: the quantity is a threshold, the value at which a run is first in the state `of`.
            present: state or phase by which A is there.
            stronger: `larger` or `smaller`, which quantity is more of A; default: smaller for waiting times.
            case: start from the values of this case of the catalog.
            seeds: pairs of runs.
            root: root seed.
            progress: whether a progress bar is shown.
            executor: where to train, as `--on` of the command line, or a `distributed.Client`; default: here.
            values: the knob that turns B on with a list of its values, as for `map`; a single value fixes a knob.

        Raises:
            ValueError: no such knob, rule or effect; B is on already; quantities without a common unit; in one line.
        """
        lists = written.turned(values)
        if len(lists) != 1:
            raise ValueError(f"interact: {len(lists)} knobs with lists; want one, such as momentum=[0.3, 0.9]")
        (name,) = lists
        setup = self._renewed()
        knobs = declared(setup.phenomenon.knobs, setup.phenomenon.static)
        parts = {"name": rule, "formula": formula, "of": of_b, "unit": unit}
        parts |= {"source": "measured"} if rule != "independent" else {}
        if along is not None and len(along) != 1:
            raise ValueError(f"along: {len(along)} knobs; want one")
        ladder = next((str(written.axis(k, v)) for k, v in (along or {}).items()), None)
        pair = asked_pair(
            setup.name,
            knobs,
            setup.cases,
            typed(written.axis(name, values[name]), knobs),
            case=case,
            changes={k: plain(v) for k, v in values.items() if k != name},
            off=plain(off),
            without=None if without is None else {k: plain(v) for k, v in without.items()},
            also={k: plain(v) for k, v in (also or {}).items()},
            known=self._known(),
            of=of,
            along=ladder,
            present=present,
            stronger=stronger,
            seeds=whole("seeds", seeds, LEAST_SEEDS, MOST + 1),
            rule={k: v for k, v in parts.items() if v is not None},
        )
        design = cells.designed(setup, pair, whole("root", root, 0, written.ROOTS))
        with opened(executor, warned) as where, bars(hide=not progress) as on_progress:
            (table,) = drive([cells.seen(design)], self._store(), on_progress, where)
        if table.trouble:
            raise ValueError(table.trouble)
        return Interaction(table)
