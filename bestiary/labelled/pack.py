"""Many labelled runs in one netCDF file: contiguous ragged arrays, with a table of runs, of curves and of axes.

Words are numbers, whose meanings are a JSON list in the attribute `words` of the variable.

    run     what is known of each run
    curve   of a run: its channel, its axis, where its values begin and how many there are
    value   of all curves, one after the other
    axis    where its steps begin and how many there are; curves with the same steps share one
    tick    the steps [step] of all axes, one after the other
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bestiary.labelled.run import LabelledRun
from bestiary.log import Log, Series
from bestiary.train import runs as files

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
LICENCE = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
FACTS = tuple(field.name for field in fields(LabelledRun) if field.name != "log")
KINDS = {"root": np.int32, "seed": np.int32, "present": np.int8, "onset": np.float64}
PLAIN = {"root": int, "seed": int, "present": bool, "onset": float, "knobs": json.loads, "static": json.loads}


def packed(some: Sequence[LabelledRun], attrs: Mapping[str, str] | None = None) -> xr.Dataset:
    """Put labelled runs into one data set.

    Args:
        some: the runs.
        attrs: what else is said of all of them.

    Returns:
        dims (run, curve, value, axis, tick), as the module says.

    Raises:
        ValueError: there is none.
    """
    if not some:
        raise ValueError("no runs to pack")
    table = {name: _column("run", name, [getattr(run, name) for run in some]) for name in FACTS}
    axes: dict[bytes, tuple[int, np.ndarray]] = {}
    of, channels, on, sizes, values = [], [], [], [], []
    for i, run in enumerate(some):
        for channel, series in run.log.channels.items():
            steps = np.asarray(series.steps, np.int32)
            number, _ = axes.setdefault(steps.tobytes(), (len(axes), steps))
            of.append(i)
            channels.append(channel)
            on.append(number)
            sizes.append(series.values.size)
            values.append(np.asarray(series.values, np.float32))
    ticks = [steps for _, steps in axes.values()]
    made = table | {
        "run_of": ("curve", np.array(of, np.int32)),
        "channel": _column("curve", "channel", channels),
        "axis_of": ("curve", np.array(on, np.int32)),
        "size": ("curve", np.array(sizes, np.int32)),
        "values": ("value", np.concatenate(values)),
        "axis_size": ("axis", np.array([steps.size for steps in ticks], np.int32)),
        "steps": ("tick", np.concatenate(ticks), {"units": "step"}),
    }
    return xr.Dataset(made, attrs={"format": FORMAT, "licence": LICENCE, **(attrs or {})})


def _column(dim: str, name: str, of: Sequence[Any]) -> tuple[Any, ...]:
    if name in KINDS:
        return dim, np.array(of, KINDS[name])
    words = [json.dumps(dict(v), sort_keys=True) if isinstance(v, Mapping) else str(v) for v in of]
    known = {word: i for i, word in enumerate(dict.fromkeys(words))}
    return dim, np.array([known[word] for word in words], np.int32), {"words": json.dumps(list(known))}


def _meant(variable: xr.DataArray) -> np.ndarray:
    """The values of a column, words in place of their numbers."""
    words = variable.attrs.get("words")
    return variable.values if words is None else np.array(json.loads(words), object)[variable.values]


class Pack(Sequence[LabelledRun]):
    """Labelled runs of one file.

    Args:
        dataset: as `packed` makes it.

    Examples:
        >>> import bestiary
        >>> pack = bestiary.labelled_runs()
        >>> run = pack[0]
        >>> run.split, sorted(run.log.channels)[:1]
        ('train', ['edge_ratio'])
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self.dataset = dataset
        sizes, axis_sizes = dataset["size"].values, dataset["axis_size"].values
        self._starts, self._axis_starts = np.cumsum(sizes) - sizes, np.cumsum(axis_sizes) - axis_sizes
        self._first = np.searchsorted(dataset["run_of"].values, np.arange(dataset.sizes["run"] + 1))
        self._facts = {name: _meant(dataset[name]) for name in FACTS}
        self._channels = _meant(dataset["channel"])

    def __len__(self) -> int:
        return int(self.dataset.sizes["run"])

    def __getitem__(self, index: Any) -> Any:
        """Return a run, or the runs of a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]
        facts = {name: PLAIN.get(name, str)(values[i]) for name, values in self._facts.items()}
        return LabelledRun(**facts, log=Log(dict(self._curves(i))))

    def _curves(self, run: int) -> Iterator[tuple[str, Series]]:
        d = {name: self.dataset[name].values for name in ("axis_of", "size", "axis_size", "values", "steps")}
        for k in range(self._first[run], self._first[run + 1]):
            a = d["axis_of"][k]
            at, n, of, m = self._starts[k], d["size"][k], self._axis_starts[a], d["axis_size"][a]
            yield self._channels[k], Series(d["steps"][of : of + m].astype(float), d["values"][at : at + n])

    def where(self, **facts: Any) -> Pack:
        """Choose runs by what is known of them.

        Args:
            facts: {name: value}, as `split="test"` or `entry="grokking"`.

        Raises:
            ValueError: nothing of that name is known, or no run has that value.
        """
        chosen = np.ones(len(self), bool)
        for name, value in facts.items():
            if name not in FACTS or name in ("knobs", "static"):
                raise ValueError(f"{name}: want one of {', '.join(n for n in FACTS if n not in ('knobs', 'static'))}")
            chosen &= self._facts[name] == value
        if not chosen.any():
            raise ValueError(f"no run has {', '.join(f'{name} {value!r}' for name, value in facts.items())}")
        return Pack(packed([self[i] for i in np.flatnonzero(chosen)], self.dataset.attrs))

    @cached_property
    def table(self) -> pd.DataFrame:
        """Return a row for each run: what is known of it; `knobs` and `static` as JSON."""
        import pandas as pd

        columns = {name: v.astype(bool) if name == "present" else v for name, v in self._facts.items()}
        return pd.DataFrame(columns).rename_axis("run")

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Return a row for each record: run, channel, step, value."""
        import pandas as pd

        d = self.dataset
        size, axis = d["size"].values, d["axis_of"].values
        within = np.arange(size.sum()) - np.repeat(self._starts, size)
        steps = d["steps"].values[np.repeat(self._axis_starts[axis], size) + within]
        columns = {"run": np.repeat(d["run_of"].values, size), "channel": np.repeat(self._channels, size)}
        return pd.DataFrame(columns | {"step": steps, "value": d["values"].values})

    def to_parquet(self, folder: str | Path) -> tuple[Path, Path]:
        """Write runs.parquet, a row for each run, and curves.parquet, a row for each record; needs the extra `logs`."""
        to = Path(folder)
        to.mkdir(parents=True, exist_ok=True)
        self.table.to_parquet(to / "runs.parquet")
        self.curves.to_parquet(to / "curves.parquet", index=False)
        return to / "runs.parquet", to / "curves.parquet"

    def __repr__(self) -> str:
        entries = len(np.unique(self._facts["entry"]))
        return f"<{len(self):,} labelled runs of {entries} entries, {self.dataset.sizes['value']:,} records>"


def read(file: Path) -> Pack:
    """Read a file of labelled runs.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged, or no such file; in one line.
    """
    ds = files.read(file)
    if ds.attrs.get("format") != FORMAT or "run_of" not in ds:
        raise ValueError(f"{file}: holds no labelled runs")
    return Pack(ds)
