"""What a figure of runs shows of one setting: its curves, its findings and the words above them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from bestiary.entry import Phenomenon, log_schedule
from bestiary.log import Finding
from bestiary.maps.censored import medians, values_of

if TYPE_CHECKING:
    from bestiary.catalog.entries import Entry

GUESS = 0.6  # [1] accuracy of an untrained network above which it does not guess


class Look(NamedTuple):
    """What a figure of runs needs to know of their setup.

    Attributes:
        figure: the channels to draw, most telling first.
        units: {channel: unit}.
        clock: name and unit of the recorded axis.
        log: whether the recorded axis is logarithmic.
    """

    figure: Sequence[str]
    units: Mapping[str, str]
    clock: tuple[str, str]
    log: bool

    @classmethod
    def of(cls, p: Phenomenon, log: bool) -> Look:
        """Return the look of a setup; a setup that records on a logarithmic schedule is drawn so."""
        return cls(p.figure, p.units, p.clock, log or p.schedule is log_schedule)


class Column(NamedTuple):
    """One setting's runs, and the words above them."""

    title: str
    control: str  # empty for a positive case
    findings: Sequence[Finding]
    planned: int | None  # [step] that runs which do not settle take
    settled: bool  # a run ended before
    curves: dict[str, tuple[np.ndarray, np.ndarray]]  # channel -> steps (T,), values (S, T), nan where there is none

    @property
    def onsets(self) -> np.ndarray:
        """Return the onsets [step] of the runs in which the phenomenon was found."""
        onsets = np.array([f.onset for f in self.findings if f.found])
        return onsets[np.isfinite(onsets)]

    @property
    def onset(self) -> float:
        """Return the median onset [step]; an undecided run lies above all, and nan stands for a median among those."""
        onset, cut = values_of(self.findings, [np.inf] * len(self.findings), "onset")
        return float(medians(onset[None], cut[None])[0])

    @property
    def example(self) -> int | None:
        """Return a run with spans: the middle one by onset, or by first span if none of them was found."""
        found = [f.onset if f.found and f.spans else np.nan for f in self.findings]
        spans = [f.spans[0].start if f.spans else np.nan for f in self.findings]
        for times in map(np.array, (found, spans)):
            known = np.flatnonzero(np.isfinite(times))
            if known.size:
                return int(known[np.argsort(times[known], kind="stable")[(known.size - 1) // 2]])
        return None

    def chance(self, panel: Sequence[str]) -> float | None:
        """Return the accuracy of guessing: the mean of the untrained networks, before the first step.

        None of a panel that shows no accuracy, and where no record tells: there is none at step 0, or it is no guess.
        """
        told = [c for c in panel if c in self.curves and is_accuracy(c)]
        for channel in sorted(told, key=lambda c: not c.startswith("test_")):
            t, values = self.curves[channel]
            if t.size and t[0] == 0 and np.isfinite(values[:, 0]).any():
                first = float(np.nanmean(values[:, 0]))
                return first if 0 <= first <= GUESS else None
        return None


def is_accuracy(channel: str) -> bool:
    """Return whether a channel is an accuracy, by its name."""
    return channel.rpartition("_")[2] in ("acc", "accuracy")


def column(
    title: str, control: str, ds: xr.Dataset, setting: int, findings: Sequence[Finding], channels: Sequence[str]
) -> Column:
    """Collect the runs of one setting, of which there are as many as findings."""
    n, curves = len(findings), {}
    last = ds["last_step"].values[setting][:n]
    for channel in filter(ds.data_vars.__contains__, channels):
        t = ds[ds[channel].dims[-1]].values.astype(float)
        y = ds[channel].values[setting][:n].astype(float)
        ran = t <= last.max()
        curves[channel] = t[ran], np.where(np.isfinite(y) & (t <= last[:, None]), y, np.nan)[:, ran]
    planned = ds.attrs.get("steps_planned")
    return Column(title, control, findings, planned, planned is not None and bool(last.min() < planned), curves)


def claimed(channels: Sequence[str], entry: Entry, recorded: Collection[str]) -> list[str]:
    """Add to the channels that a setup draws those recorded ones of which the entry claims something."""
    names = [claim.of for case in entry.cases.values() for claim in case.claims]
    names += [path.marker for path in entry.paths.values() if getattr(path, "marker", None)]
    return list(dict.fromkeys([*channels, *(n for n in names if isinstance(n, str) and n in recorded)]))


def panels_of(p: Look) -> list[list[str]]:
    """Group channels into panels: by unit, and dimensionless channels only where they differ in the split alone."""
    panels: dict[tuple[str, str], list[str]] = {}
    for channel in p.figure:
        unit = p.units.get(channel, "1")
        quantity = channel.removeprefix("train_").removeprefix("test_") if unit == "1" else ""
        panels.setdefault((unit, quantity), []).append(channel)
    return list(panels.values())


def name_of(panel: Sequence[str]) -> str:
    """Name the vertical axis: by the channel, or by what the channels have in common."""
    words = [channel.split("_") for channel in panel]
    common = [word for word in words[0] if all(word in other for other in words)]
    return " ".join(common) or ", ".join(" ".join(w) for w in words)
