"""Two phenomena in one run: composed of recorded runs, so that each onset is known, and recorded as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from judges import detectors
from runs import interval, lend
from scipy.signal import find_peaks, peak_widths

from bestiary.certify.compositions import BASE, learning_rate_drop, mixture, splice_shift, splice_spike
from bestiary.log import Finding, Log

Runs = Mapping[tuple[str, str], Sequence[Log]]  # (entry, case): one log per seed
WIDE, SPIKES = 5, 3  # [record] of a spliced spike; how many, and so many make a finding of `spikes`

SPIKY, GROKS = ("adam_loss_spikes", "mlp"), ("grokking", "grokking")
DESCENDS, ESCAPES = ("epoch_wise_double_descent", "two_scales"), ("sparse_attention_emergence", "emergence")


class Part(NamedTuple):
    """One of the things that happen in a log."""

    detector: str
    onset: float  # [step] where it is known to begin


class Overlap(NamedTuple):
    """What happens, which cases it is made of, and how; where there is no `make`, the runs are as recorded.

    Of recorded runs, those count in which a detector's phenomenon is `there`, seen without the detector; of a detector
    that is not named, all.
    """

    name: str
    cases: tuple[tuple[str, str], ...]
    detectors: tuple[str, ...]
    make: Callable[..., tuple[Log, tuple[Part, ...]]] | None = None
    there: Mapping[str, Callable[[Log], bool]] = MappingProxyType({})


def ask(detector: str, log: Log) -> Finding:
    """A detector's answer with its default thresholds and channels."""
    return detectors()[detector].function(lend(log))


def _ln_loss(log: Log) -> tuple[np.ndarray, np.ndarray]:
    t, y = lend(log)["loss"].finite()
    return t, np.log(np.maximum(y, 1e-9))


def peaks(log: Log) -> bool:
    """Whether as many peaks of the loss as make a finding are twice what surrounds them, each two records wide."""
    _, logs = _ln_loss(log)
    return find_peaks(logs, prominence=np.log(2), width=2)[0].size >= SPIKES


def rises(log: Log) -> bool:
    """Whether the test loss rises to one and a half times its least value so far."""
    y = log["test_loss"].finite().values
    return float((y / np.minimum.accumulate(y)).max()) >= 1.5


class Lacking(ValueError):
    """A run lacks the phenomenon that another one is to be laid over: it is left out."""


def present(detector: str, host: Log) -> Finding:
    """Ask a detector about a run that has its phenomenon.

    Raises:
        Lacking: the run has not, as one in a few of a positive case.
    """
    finding = ask(detector, host)
    if not finding.found:
        raise Lacking(detector)
    return finding


def tallest(donor: Log) -> list[tuple[float, float]]:
    """[step] Where the most prominent peaks of ln loss begin and end, `WIDE` intervals with the peak after the second.

    No detector is asked what a spike is. Each covers at least 90 % of the peak's prominence and has a baseline on
    either side.
    """
    t, logs = _ln_loss(donor)
    whole = np.arange(t.size)
    found, of = find_peaks(logs, prominence=np.log(2))
    _, _, *sides = peak_widths(logs, found, 0.9, prominence_data=tuple(of.values()))
    left, right = (np.interp(side, whole, t) for side in sides)
    unit = np.maximum((t[found] - left) / 2, (right - t[found]) / (WIDE - 2))
    start, stop = t[found] - 2 * unit, t[found] + (WIDE - 2) * unit
    inside = np.flatnonzero((start > t[BASE]) & (stop < t[-1 - BASE])) if t.size > 2 * BASE else whole[:0]
    if inside.size < SPIKES:
        raise Lacking(f"donor: {inside.size} peaks of its loss are twice as high as what surrounds them, not {SPIKES}")
    chosen = np.sort(inside[np.argsort(-of["prominences"][inside], kind="stable")[:SPIKES]])
    return list(zip(start[chosen].tolist(), stop[chosen].tolist(), strict=True))


def _spiked(host: Log, donor: Log, first: float, last: float) -> tuple[Log, float]:
    """Spikes of the donor, evenly spaced from one step of the host to another; the log and the first one's start."""
    host = lend(host)
    t = host["loss"].steps
    a, b = np.searchsorted(t, [first, last])
    starts = np.linspace(a, b - WIDE, SPIKES).round().astype(int)
    for (start, stop), k in zip(tallest(donor), starts, strict=True):
        host, _ = splice_spike(host, donor, start=start, stop=stop, at=float(t[k]), until=float(t[k + WIDE]))
    return host, float(t[starts[0]])


def spikes_while_grokking(host: Log, donor: Log) -> tuple[Log, tuple[Part, ...]]:
    """Spikes of the train loss in the second half of the time from memorising to generalising."""
    was = present("delayed_generalization", host)
    t1 = was.effects["t_train"].value
    log, first = _spiked(host, donor, *(t1 + share * (was.onset - t1) for share in (0.5, 0.95)))
    return log, (Part("spikes", first), Part("delayed_generalization", was.onset))


def spikes_on_a_plateau(host: Log, donor: Log) -> tuple[Log, tuple[Part, ...]]:
    """Spikes of the loss on the plateau that it is about to leave: both detectors read the same curve."""
    was = present("plateau_escape", host)
    t10 = was.effects["t10"].value
    log, first = _spiked(host, donor, 0.5 * t10, 0.95 * t10)
    return log, (Part("spikes", first), Part("plateau_escape", was.onset))


def drop_on_a_spiky_run(host: Log, donor: Log) -> tuple[Log, tuple[Part, ...]]:
    """A plateau's end, spliced onto the loss of a run after its last spike."""
    was, escape = present("spikes", host), present("plateau_escape", donor)
    log, _ = splice_shift(host, donor, start=escape.effects["t10"].value, at=was.spans[-1].stop)
    return log, (Part("spikes", was.onset),)


def slower_from_then_on(host: Log, *, detector: str, factor: float, early: float) -> tuple[Log, tuple[Part, ...]]:
    """The learning rate is divided at a share of the time to the onset."""
    was = present(detector, host)
    log, clock = learning_rate_drop(host, at=early * was.onset, factor=factor)
    return log, (Part(detector, float(clock(was.onset))),)


def two_tasks(host: Log, donor: Log) -> tuple[Log, tuple[Part, ...]]:
    """Two tasks that one network groks, each half of the accuracy: it has generalised when the later one has."""
    log, _ = mixture(host, donor)
    return log, (
        Part("delayed_generalization", max(present("delayed_generalization", run).onset for run in (host, donor))),
    )


def _slower(detector: str, factor: float, early: float = 0.5) -> Callable[..., tuple[Log, tuple[Part, ...]]]:
    return partial(slower_from_then_on, detector=detector, factor=factor, early=early)


OVERLAPS = (
    Overlap("spikes while grokking", (GROKS, SPIKY), ("spikes", "delayed_generalization"), spikes_while_grokking),
    Overlap("spikes on a plateau", (ESCAPES, SPIKY), ("spikes", "plateau_escape"), spikes_on_a_plateau),
    Overlap("a drop on a spiky run", (SPIKY, ESCAPES), ("spikes",), drop_on_a_spiky_run),
    Overlap(
        "a third of the step on a grokking plateau",
        (GROKS,),
        ("delayed_generalization",),
        _slower("delayed_generalization", 3.0),
    ),
    Overlap("a third of the step before a double descent", (DESCENDS,), ("hump",), _slower("hump", 3.0)),
    Overlap("a third of the step on the way down", (DESCENDS,), ("hump",), _slower("hump", 3.0, 1.5)),
    Overlap("a third of the step on a plateau", (ESCAPES,), ("plateau_escape",), _slower("plateau_escape", 3.0)),
    Overlap("two tasks grokked", (GROKS, GROKS), ("delayed_generalization",), two_tasks),
    Overlap("as recorded: grokking", (GROKS,), ("delayed_generalization", "hump"), there={"hump": rises}),
    Overlap(
        "as recorded: Adam's spikes",
        (("adam_loss_spikes", "spikes"),),
        ("spikes", "edge_hover"),
        there={"spikes": peaks},
    ),
    Overlap(
        "as recorded: edge of stability",
        (("edge_of_stability", "larger_step"),),
        ("edge_hover", "spikes"),
        there={"spikes": peaks},
    ),
)


def always(_: Log) -> bool:
    """Whether a phenomenon is there that nobody doubts."""
    return True


def answers(overlap: Overlap, runs: Runs) -> Iterator[tuple[str, bool, float]]:
    """(detector, found, onset error [logging intervals]) of every composed run; seeds are paired with their next."""
    hosts = runs[overlap.cases[0]]
    for i, host in enumerate(hosts):
        others = [runs[case][(i + 1) % len(runs[case])] for case in overlap.cases[1:]]
        if overlap.make is None:
            log, parts = host, tuple(Part(name, float("nan")) for name in overlap.detectors)
        else:
            try:
                log, parts = overlap.make(host, *others)
            except Lacking:
                continue
        for part in (part for part in parts if overlap.there.get(part.detector, always)(log)):
            finding, reads = ask(part.detector, log), detectors()[part.detector].channels
            gap = interval(lend(log), reads, part.onset) if np.isfinite(part.onset) else float("nan")
            yield part.detector, finding.found, (finding.onset - part.onset) / gap


def table(runs: Runs) -> list[dict[str, Any]]:
    """For every overlap whose cases are there, and every detector of it: found, [k, n], and the onset's error."""
    made = []
    for overlap in OVERLAPS:
        if any(case not in runs for case in overlap.cases):
            continue
        told = list(answers(overlap, runs))
        for name in overlap.detectors:
            of = [(found, error) for detector, found, error in told if detector == name]
            errors = [error for _, error in of if np.isfinite(error)]
            row: dict[str, Any] = {"overlap": overlap.name, "detector": name}
            row["found"] = [sum(found for found, _ in of), len(of)]
            if errors:
                low, mid, high = np.quantile(errors, [0.05, 0.5, 0.95]).round(2).tolist()
                row["onset_error"] = {"median": mid, "q05": low, "q95": high, "n": len(errors)}
            made.append(row)
    return made
