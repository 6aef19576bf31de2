"""Logs whose answer is known: generated from a root seed, then changed by transformations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from bestiary.certify.conditions import EVERY, RECORDED
from bestiary.certify.draw import Draw
from bestiary.certify.events import Planted, Shape
from bestiary.certify.kinds import Kind
from bestiary.certify.nulls import Null
from bestiary.log import Log, Series, Span

EDITION = 1  # of the generated cases; raised whenever one of them changes, so that no baseline is compared with others
EACH = 3  # transformed logs for each one as recorded
VISIBLE = 3  # [record] of a spike that a transformation has to leave
SLACK = 0.03  # [run] from the event at which an onset is still right


class Case(NamedTuple):
    """One log, and the truth about it.

    Attributes:
        name: of no other case; no two cases share random numbers.
        group: its shape.
        condition: what was done to it.
        log: the log.
        event: [step] where the thing is; None if it is not there, nan if nobody knows where.
        record: [step] between two records at the event.
        noise: the kind of its noise.
    """

    name: str
    group: str
    condition: str
    log: Log
    event: Span | None
    record: float
    noise: str

    @property
    def positive(self) -> bool:
        """Whether the thing is there."""
        return self.event is not None

    def off(self, onset: float) -> float:
        """[step] from the event to an onset: 0 within it, negative before it; nan if either is not known."""
        if self.event is None or np.isnan(onset) or np.isnan(self.event.start):
            return float("nan")
        return float(min(onset - self.event.start, 0.0) + max(onset - self.event.stop, 0.0))

    @property
    def slack(self) -> float:
        """[step] by which an onset may be off and still be right: 3 % of the run, or three records."""
        steps = next(iter(self.log.channels.values())).steps
        length = float(steps[-1] - steps[0]) if steps.size else 0.0
        return max(SLACK * length, 3 * self.record)


def cases(kind: Kind, root: int = 1, seeds: int = 16, each: int | None = EACH) -> list[Case]:
    """Generate the cases of a kind; every case is a log of its own, independent of all others.

    Args:
        kind: one of KINDS.
        root: root seed: it decides every number in them.
        seeds: logs of every shape as recorded.
        each: transformed logs for each of them, the transformations in turn; None: one of every transformation.
    """
    made: list[Case] = []
    for number, make in enumerate((*kind.events, *kind.nulls)):
        for seed in range(seeds):
            made.append(_case(kind, make, RECORDED, root, seed))
            first = number + seed * (each or 0)
            turns = [kind.conditions[(first + i) % len(kind.conditions)] for i in range(len(kind.conditions))]
            seen = (case for name in turns if _visible(case := _case(kind, make, name, root, seed)))
            made += islice(seen, each)
    return made


def _case(kind: Kind, make: Shape | Null, condition: str, root: int, seed: int) -> Case:
    """Generate one log and change it."""
    name = f"{kind.name}/{make.__name__}/{condition}"
    d = Draw(root, name, seed)
    made, event = make(d), None
    channels, steps = (made.channels, made.steps) if isinstance(made, Planted) else (made, None)
    t = d.every * np.arange(d.n, dtype=np.float64) if steps is None else steps
    log = Log({channel: Series(t, channels[channel]) for channel in kind.channels})
    if isinstance(made, Planted):
        event = _span(kind, *np.interp([made.start, made.stop], np.arange(t.size), t).tolist())
    if condition != RECORDED:
        log, clock = EVERY[condition](log, d.rng)
        event = event and _span(kind, float(clock(event.start)), float(clock(event.stop)))
    return Case(f"{name}/{seed}", make.__name__, condition, log, event, _record(log, event), d.noise)


def _span(kind: Kind, start: float, stop: float) -> Span:
    return Span(start, stop, kind.name)


def _visible(case: Case) -> bool:
    """Whether a transformation has left enough of a spike; everything else outlasts them all."""
    return case.event is None or case.event.label != "spike" or _left(case.log, case.event) >= VISIBLE


def _left(log: Log, event: Span) -> int:
    """Count the finite records within an event."""
    t = next(iter(log.channels.values())).finite().steps
    return int(np.sum((t >= event.start) & (t <= event.stop)))


def _record(log: Log, event: Span | None) -> float:
    """[step] Return the widest gap between records around the start of an event, or at the middle of the log."""
    t = next(iter(log.channels.values())).steps
    if t.size < 2:
        return 1.0
    at = t[t.size // 2] if event is None or np.isnan(event.start) else event.start
    k = int(np.clip(np.searchsorted(t, at), 1, t.size - 1))
    return float(t[k] - t[k - 1])


def lend(log: Log) -> Log:
    """Return the same log, with `train_loss` as `loss` if it has no loss of its own."""
    return log if "loss" in log or "train_loss" not in log else Log({**log.channels, "loss": log["train_loss"]})


def recorded(kind: Kind, logs: Sequence[tuple[str, str, Log, bool]]) -> list[Case]:
    """Make cases of runs that somebody recorded: (name, group, log, whether it is there); nobody knows where.

    A run without a loss of its own lends its train loss.
    """
    nowhere = Span(float("nan"), float("nan"), kind.name)
    return [
        Case(name, group, RECORDED, lend(log), nowhere if there else None, _record(log, None), "recorded")
        for name, group, log, there in logs
    ]
