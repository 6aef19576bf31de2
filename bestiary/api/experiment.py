"""A setup that runs: training over seeds and knobs, findings, changed parts, maps, interactions."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, Self

import pandas as pd
import xarray as xr

from bestiary.api import accessor, tables
from bestiary.api import values as written
from bestiary.api.datasets import inner, settings, stack
from bestiary.api.findings import Findings
from bestiary.api.grid import GridMap
from bestiary.api.interaction import Interacting
from bestiary.api.values import plain, whole
from bestiary.api.warned import warned
from bestiary.catalog.mistakes import nearest
from bestiary.catalog.seeds import MOST
from bestiary.entry import Phenomenon
from bestiary.judge import setting
from bestiary.judge.annotate import annotate, describe, units_of
from bestiary.judge.rounds import drive, told
from bestiary.judge.setup import check_channels
from bestiary.maps import explore
from bestiary.train import runs
from bestiary.train.executors.opening import Place, opened
from bestiary.train.jobs import Setup
from bestiary.train.progress import bars
from bestiary.train.session import open_store
from bestiary.train.store import NoStore, Store

SEEDS = 16
NAME = re.compile(r"\w[\w. -]*")
assert accessor  # whoever has runs has the accessor `.bestiary`


class Experiment(Interacting):
    """A setup, ready to run: training over seeds and knobs, findings, changed parts, maps.

    The methods train where runs are not kept already, show a progress bar, and keep what they train in the store; the
    same call gives the same runs at once the next time. Runs are known by the source of the functions that decide them:
    a changed function is another setup with runs of its own. Runs of a function whose source cannot be found, one typed
    at a bare prompt, are not kept, and a warning says so.

    Args:
        phenomenon: the setup.
        name: under which its runs are kept.
        cache: folder for runs and compiled programs; default: that of `bestiary cache`.
        keep: whether runs are kept, and taken from those that are.

    Attributes:
        setup: the phenomenon with its name and the hash of its source.

    Examples:
        >>> from bestiary import Experiment
        >>> from bestiary.phenomena.period_doubling import PHENOMENON
        >>> mine = Experiment(PHENOMENON, "mine", keep=False)
        >>> ds = mine.run(seeds=2, lr=[0.9, 1.2], steps=200, progress=False)
        >>> dict(ds.sizes)["lr"], [str(s) for s in ds.state.values[:, 0]]
        (2, ['absent', 'found'])
    """

    def __init__(
        self, phenomenon: Phenomenon, name: str = "own", *, cache: str | Path | None = None, keep: bool = True
    ) -> None:
        if not isinstance(phenomenon, Phenomenon):
            raise TypeError(f"want a bestiary.Phenomenon, not {type(phenomenon).__name__}")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValueError(
                f"name: want letters, digits, '_', '-', '.' and spaces, not {name!r}; a folder is called so"
            )
        self.setup: Setup = self._loaded(phenomenon, name)
        self._cache, self._keep = None if cache is None else Path(cache).expanduser(), keep
        self.run: Callable[..., xr.Dataset] = _signed(self._run, phenomenon)

    def __getstate__(self) -> dict[str, Any]:
        """Return what `pickle` and `copy` take along: not `run`, which is made for one object."""
        return {name: value for name, value in vars(self).items() if name != "run"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.run = _signed(self._run, self.phenomenon)

    def _loaded(self, phenomenon: Phenomenon, name: str) -> Setup:
        check_channels(name, phenomenon)
        return Setup.of(name, phenomenon)

    @property
    def phenomenon(self) -> Phenomenon:
        """The setup: data, network, loss, optimiser, observables, detector."""
        return self.setup.phenomenon

    @property
    def knobs(self) -> pd.DataFrame:
        """Knobs (traced) and static values with their defaults."""
        return tables.knobs(self.phenomenon)

    def _renewed(self) -> Setup:
        """The setup as its functions are now."""
        self.setup = self.setup.renewed()
        return self.setup

    def _store(self) -> Store:
        store = open_store(self._cache, warned)
        return store if self._keep else NoStore()

    def _run(
        self,
        *,
        seeds: int = SEEDS,
        root: int = 0,
        case: str | None = None,
        progress: bool = True,
        executor: Place = None,
        **values: Any,
    ) -> xr.Dataset:
        """Train the setup over seeds, or take the runs that are kept.

        Args:
            seeds: number of runs of every setting.
            root: root seed; root 0 is for trying things out.
            case: start from the values of this case of the catalog, not from the setup's own.
            progress: whether a progress bar is shown.
            executor: where to train, as `--on` of the command line, or a `distributed.Client`; default: here.
            values: knobs and static values. A list or an array turns the knob: it becomes a dim.

        Returns:
            dims (*turned knobs, seed, step): the recorded curves with their units; `state`, `phase`, `onset`,
            `reason` and `effects` of every run, as the setup's detector says; every knob as a coordinate.

        Raises:
            ValueError: no such knob or case, a value of the wrong type, or a dim with the name of a curve; in one line.
        """
        turned = {k: [plain(v) for v in some] for k, some in written.turned(values).items()}
        fixed = {k: plain(v) for k, v in values.items() if k not in turned}
        seeds, root = whole("seeds", seeds, 1, MOST + 1), whole("root", root, 0, written.ROOTS)
        points = [dict(zip(turned, some, strict=True)) for some in product(*turned.values())]
        setup = self._renewed()
        asked = [setting.change_values(setup, case, fixed | point) for point in points]
        with opened(executor, warned) as where, bars(hide=not progress) as on_progress:
            made = drive([setting.ask(one, seeds, root) for one in asked], self._store(), on_progress, where)
        if shared := [name for name in turned if any(name in ds.data_vars for ds, _ in made)]:
            raise ValueError(f"{shared[0]}: a curve has that name too, so it cannot be a dim; run one value at a time")
        effects = units_of(f for _, findings in made for f in findings)
        parts = [
            describe(annotate(ds, findings, effects), setup, one.label)
            for one, (ds, findings) in zip(asked, made, strict=True)
        ]
        knobs = self.phenomenon.knobs._fields  # traced as floats, whatever they were given as
        return stack(parts, {k: [float(v) for v in some] if k in knobs else some for k, some in turned.items()})

    def detect(self, ds: xr.Dataset, detector: Callable[..., Any] | None = None) -> Findings:
        """Ask a detector about every run of a data set.

        Args:
            ds: runs, as `run` returns them.
            detector: Log -> Finding; default: the setup's own.

        Returns:
            The findings, one a run.
        """
        judge = detector or self.phenomenon.detect
        if not isinstance(ds, xr.Dataset):
            raise TypeError(f"detect: want runs, as `run` returns them, not {type(ds).__name__}")
        if not callable(judge):
            raise TypeError(f"detect: want a detector, a function from a Log to a Finding, not {judge!r}")
        found, index, names = [], [], ["seed"]
        for place, part in settings(ds):
            names = [*place, "seed"]
            found += [told(judge, log) for log in runs.logs(inner(part))]
            index += [(*place.values(), int(seed)) for seed in part["seed"].values]
        return Findings(found, index, names)

    def replace(self, **parts: Any) -> Self:
        """Return the setup with another loss, optimiser, network, ...: another setup, with runs of its own.

        Args:
            parts: fields of `bestiary.entry.Phenomenon`, such as optimizer, loss, init, data, observe, detect.

        Raises:
            TypeError: a phenomenon has no such field.
        """
        fields = [f.name for f in dataclasses.fields(Phenomenon)]
        for name in parts:
            if name not in fields and name in (*self.phenomenon.knobs._fields, *self.phenomenon.static._fields):
                raise TypeError(f"replace: {name!r} is a value, not a part; say run({name}=...)")
            if name not in fields:
                hint = nearest(name, fields)
                raise TypeError(f"replace: a phenomenon has no {name!r}{hint}; it has {', '.join(fields)}")
        changed = dataclasses.replace(self.phenomenon, **parts)
        return self._with(changed)

    def _with(self, phenomenon: Phenomenon) -> Self:
        return type(self)(phenomenon, self.setup.name, cache=self._cache, keep=self._keep)

    def map(
        self,
        *,
        seeds: int = 8,
        root: int = 0,
        case: str | None = None,
        of: str = "onset",
        boundary_of: str = "found",
        resolution: float | None = None,
        progress: bool = True,
        executor: Place = None,
        **axes: Any,
    ) -> GridMap:
        """Turn one, two or three knobs: rates, phases, boundaries and laws.

        Args:
            seeds: runs of every point.
            root: root seed.
            case: start from the values of this case of the catalog.
            of: onset or effect whose law is fitted along a single knob, or that may be a product over two.
            boundary_of: state or phase whose boundary is sought along a single knob.
            resolution: how narrow the brackets of that boundary are made.
            progress: whether a progress bar is shown.
            executor: where to train, as `--on` of the command line, or a `distributed.Client`; default: here.
            axes: a knob and its values: (lo, hi, n) are n values with equal differences, (lo, hi, n, "log") with equal
                ratios, a list [a, b, c] those values. A single number or word fixes the knob.

        Raises:
            ValueError: no such knob, values that do not fit it, or no axis at all; an effect, state or phase that no
                finding of the entry has; in one line.
        """
        lists = written.turned(axes)
        fixed = {k: plain(v) for k, v in axes.items() if k not in lists}
        turned = [written.axis(k, axes[k]) for k in lists]
        seeds, root = whole("seeds", seeds, 1, MOST + 1), whole("root", root, 0, written.ROOTS)
        if not 1 <= len(turned) <= 3:
            raise ValueError(f"map: {len(turned)} axes; want one to three, such as knob=(0.1, 10, 5, 'log')")
        for option, name in (("of", of), ("boundary_of", boundary_of)):
            if not isinstance(name, str):
                raise ValueError(f"{option}: want a name, not {name!r}")
        self._check_names(of, boundary_of)
        if resolution is not None and len(turned) > 1:
            raise ValueError("resolution: only the boundaries along one knob are refined; turn a single one")
        width = plain(resolution)
        if width is not None and not (isinstance(width, int | float) and 0 < width < math.inf):
            raise ValueError(f"resolution: want a finite number above 0, not {resolution!r}")
        plan = explore.plan(setting.change_values(self._renewed(), case, fixed), turned, seeds, root)
        with opened(executor, warned) as where, bars(hide=not progress) as on_progress:
            how = {"of": of, "boundary_of": boundary_of, "resolution": width}
            return GridMap(explore.run(plan, self._store(), on_progress, executor=where, **how))

    def _check_names(self, of: str, boundary_of: str) -> None:
        """Refuse effects and phases that no finding has; of a detector of one's own nobody knows before it is asked."""

    def __repr__(self) -> str:
        return repr(self.phenomenon)

    def _repr_html_(self) -> str:
        return self.phenomenon._repr_html_()

    def __setattr__(self, name: str, value: Any) -> None:
        p = vars(self).get("setup") and self.phenomenon
        if p is not None and name in (*p.knobs._fields, *p.static._fields):
            raise AttributeError(f"{name}: a setup is not changed in place; say run({name}=...) or replace(...)")
        super().__setattr__(name, value)


def _signed(run: Callable[..., xr.Dataset], p: Phenomenon) -> Callable[..., xr.Dataset]:
    """The method with the setup's own knobs in its signature, so that editors complete them and help() lists them."""

    def method(**values: Any) -> xr.Dataset:
        return run(**values)

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = inspect.signature(run).parameters
    named = [q for q in own.values() if q.kind is keyword]
    fields = {**p.knobs._asdict(), **p.static._asdict()}
    more = [inspect.Parameter(k, keyword, default=v) for k, v in fields.items() if k not in own]
    method.__signature__ = inspect.Signature([*named, *more], return_annotation="xr.Dataset")  # pyright: ignore
    method.__doc__, method.__name__, method.__qualname__ = run.__doc__, "run", "Experiment.run"
    return method
