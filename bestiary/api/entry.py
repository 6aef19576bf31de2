"""An entry of the catalog that runs: its claims beside its setup, and verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Self

import pandas as pd

from bestiary.api import tables
from bestiary.api.experiment import Experiment
from bestiary.api.values import roots, whole
from bestiary.api.verdicts import Verdicts
from bestiary.api.warned import warned
from bestiary.catalog import cite
from bestiary.catalog.entries import Entry
from bestiary.catalog.seeds import MOST
from bestiary.catalog.setups.outcomes import Outcomes, outcomes_of
from bestiary.entry import Phenomenon
from bestiary.files import modules
from bestiary.judge.outcome import ALPHA
from bestiary.judge.setup import Setup, load
from bestiary.maps.judge import judge_entries
from bestiary.train.executors.opening import Place, opened
from bestiary.train.progress import bars


class CatalogEntry(Experiment):
    """One entry of the catalog, ready to run; see `Experiment` for what every setup can do.

    Made by `bestiary.load`.

    Args:
        entry: the catalog's block.
        phenomenon: what runs in place of the entry's own; default: the entry's own.
        cache: folder for runs and compiled programs.
        keep: whether runs are kept.

    Examples:
        >>> import bestiary
        >>> entry = bestiary.load("period_doubling")
        >>> entry.key, entry.catalog.detector
        ('period_doubling', 'cycling')
        >>> entry.knobs.loc["lr", "meaning"]
        'step size, in units of the stable one; > 0'
    """

    def __init__(
        self, entry: Entry, phenomenon: Phenomenon | None = None, *, cache: str | Path | None = None, keep: bool = True
    ) -> None:
        self._own = load(entry, phenomenon)
        super().__init__(self._own.phenomenon, self._own.name, cache=cache, keep=keep)

    def _loaded(self, phenomenon: Phenomenon, name: str) -> Setup:
        return self._own

    def _with(self, phenomenon: Phenomenon) -> Self:
        return type(self)(self.catalog, phenomenon, cache=self._cache, keep=self._keep)

    def _renewed(self) -> Setup:
        self.setup = self._own = self._own.renewed()
        return self._own

    @property
    def key(self) -> str:
        """The entry's key."""
        return self.catalog.key

    @property
    def catalog(self) -> Entry:
        """The block of the catalog: title, definition, references, cases, claims."""
        return self._own.entry

    @property
    def knobs(self) -> pd.DataFrame:
        """Knobs (traced) and static values: default, unit, meaning."""
        return tables.knobs(self.phenomenon, self.key)

    @property
    def cases(self) -> pd.DataFrame:
        """The cases: what they change, and what each control removes."""
        return tables.cases(self.catalog)

    @property
    def claims(self) -> pd.DataFrame:
        """What is claimed of the cases: statistic, interval, source."""
        return tables.claims(self.catalog)

    def check(
        self,
        *,
        root: int | Sequence[int] = 1,
        seeds: int | None = None,
        laws: bool = False,
        alpha: float = ALPHA,
        progress: bool = True,
        executor: Place = None,
    ) -> Verdicts:
        """Reproduce the cases and judge the claims, as `bestiary check` does.

        Args:
            root: root seed, or several. Root 0 is for tuning.
            seeds: number of seeds of every case; default: the catalog's.
            laws: whether laws, boundaries, paths and interactions are judged too.
            alpha: false-alarm rate of one claim.
            progress: whether a progress bar is shown.
            executor: where to train, as `--on` of the command line, or a `distributed.Client`; default: here.
        """
        several = roots(root)
        seeds = None if seeds is None else whole("seeds", seeds, 1, MOST + 1)
        if not 0 < alpha < 1:
            raise ValueError(f"alpha: want a rate between 0 and 1, not {alpha}")
        with opened(executor, warned) as where, bars(hide=not progress) as on_progress:
            how = {"roots": several, "seeds": seeds, "alpha": alpha, "beyond": laws, "on_progress": on_progress}
            return Verdicts(*judge_entries([self._renewed()], self._store(), executor=where, **how), alpha)

    def _check_names(self, of: str, boundary_of: str) -> None:
        known = self._known()
        if known is None:
            return
        if why := known.without_effect(of):
            raise ValueError(f"of: {self.key} has {why}")
        if why := known.without_phase(boundary_of):
            raise ValueError(f"boundary_of: {self.key} has {why}")

    def _known(self) -> Outcomes | None:
        own = self.key in modules("phenomena") and import_module(f"bestiary.phenomena.{self.key}").PHENOMENON
        if not own or self.phenomenon.detect is not own.detect:
            return None  # what another detector finds cannot be read off the entry's file
        return outcomes_of(self.key)

    def cite(self) -> str:
        """Return the BibTeX of what the entry rests on."""
        return cite.bibtex(self.catalog.references)

    def __repr__(self) -> str:
        return tables.text(self.catalog, self.knobs)

    def _repr_html_(self) -> str:
        return tables.html(self.catalog, self.knobs)
