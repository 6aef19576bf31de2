"""What real logs have and simulated ones have not: each transformation makes a log worse in one way, with known truth.

    log, clock = TRANSFORMATIONS["epochs"](log, rng)

Pure functions of a log and a random generator; `clock` maps a step of the given log onto the axis of the new one, so
what happened at step s happened at clock(s). Values that are not finite are left as they are. A record that is missing
is left out: in a Log, NaN says that the curve was not finite.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
from scipy.signal import lfilter

from bestiary.log import Log, Series

Kind = Literal["loss", "accuracy", "other"]
Change = Callable[[np.ndarray, Kind, np.random.Generator], np.ndarray]  # finite values (n,) -> (n,)
Choice = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # steps (T,) -> the steps that are kept

LOSS: frozenset[Kind] = frozenset({"loss"})
ALL: frozenset[Kind] = frozenset({"loss", "accuracy", "other"})
NONE: frozenset[Kind] = frozenset()
EPOCH, TOKENS = 37, 524_288  # [step] in an epoch; [token] in a step, 2^19


class Clock(NamedTuple):
    """s -> offset + s up to `since`, and from there on at `factor` times the pace; nan stays nan."""

    factor: float = 1.0
    since: float = 0.0  # [step]
    offset: float = 0.0  # [step]

    def __call__(self, step: np.ndarray | float) -> np.ndarray:
        """[new unit of time] of steps of any shape."""
        s = np.asarray(step, np.float64)
        return self.offset + np.where(s > self.since, self.since + (s - self.since) * self.factor, s)


def kind(channel: str) -> Kind:
    """What a channel's name says it is."""
    return "loss" if channel.endswith("loss") else "accuracy" if channel.endswith(("acc", "accuracy")) else "other"


SAME = Clock()


@dataclass(frozen=True)
class Transformation:
    """One way in which logs differ.

    Attributes:
        name: its name.
        touches: the kinds of channel whose values it may change.
        change: what it does to the finite values of one channel.
        keep: which steps stay, if some do not; drawn once for all channels on one axis.
        clock: what it does to the axis of steps.
    """

    name: str
    touches: frozenset[Kind] = NONE
    change: Change | None = None
    keep: Choice | None = None
    clock: Clock = SAME

    def __call__(self, log: Log, rng: np.random.Generator, times: Collection[str] = ()) -> tuple[Log, Clock]:
        """The changed log, and the map of its steps.

        Args:
            log: the run; it stays as it is.
            rng: source of randomness; channels draw from it in the order of their names.
            times: channels that are themselves in steps; they are told by the new clock.
        """
        kept: dict[bytes, np.ndarray] = {}
        channels = {}
        for name in sorted(log.channels):
            t, y = log[name]
            if self.change is not None and kind(name) in self.touches:
                finite = np.isfinite(y)
                y = y.copy()
                y[finite] = self.change(y[finite], kind(name), rng)
            if self.keep is not None:
                axis = t.tobytes()
                if axis not in kept:
                    kept[axis] = np.isin(t, self.keep(t, rng))
                t, y = t[kept[axis]], y[kept[axis]]
            channels[name] = Series(self.clock(t), self.clock(y) if name in times else y)
        return Log({name: channels[name] for name in log.channels}), self.clock


def _bounded(new: np.ndarray, old: np.ndarray, what: Kind) -> np.ndarray:
    """An accuracy stays in [0, 1]; what never was negative is reflected at 0, so that a loss remains one."""
    if what == "accuracy":
        return np.clip(new, 0.0, 1.0)
    return np.abs(new) if old.min(initial=0.0) >= 0 else new


def multiplicative_noise(y: np.ndarray, what: Kind, rng: np.random.Generator, level: float) -> np.ndarray:
    """Times exp(level g), g ~ N(0, 1)."""
    return _bounded(y * np.exp(level * rng.standard_normal(y.size)), y, what)


def additive_noise(y: np.ndarray, what: Kind, rng: np.random.Generator, level: float) -> np.ndarray:
    """Plus level (q95 - q5) g, g ~ N(0, 1), with the quantiles of the curve."""
    low, high = np.quantile(y, [0.05, 0.95]) if y.size else (0.0, 0.0)
    return _bounded(y + level * (high - low) * rng.standard_normal(y.size), y, what)


def moving_average(y: np.ndarray, what: Kind, rng: np.random.Generator, memory: float) -> np.ndarray:
    """From its first value on, memory times itself plus (1 - memory) times the record."""
    return lfilter([1 - memory], [1, -memory], y, zi=memory * y[:1])[0] if y.size else y


def running_mean(y: np.ndarray, what: Kind, rng: np.random.Generator, window: int) -> np.ndarray:
    """Mean of the last `window` records, of fewer at the start."""
    count = np.minimum(np.arange(y.size) + 1, window)
    return np.convolve(y, np.ones(window))[: y.size] / count if y.size else y


def significant_digits(y: np.ndarray, what: Kind, rng: np.random.Generator, digits: int) -> np.ndarray:
    """As printed with so many digits."""
    return np.array([float(f"{value:.{digits - 1}e}") for value in y.tolist()])


def bits(y: np.ndarray, what: Kind, rng: np.random.Generator) -> np.ndarray:
    """Nats as bits."""
    return y / np.log(2)


def every(t: np.ndarray, rng: np.random.Generator, stride: int) -> np.ndarray:
    """The first record and each `stride`-th after it."""
    return t[::stride]


def logarithmic(t: np.ndarray, rng: np.random.Generator, per_decade: int) -> np.ndarray:
    """The first record of each of so many equal parts of a decade of steps, and the one at step 0."""
    part = np.where(t > 0, np.floor(per_decade * np.log10(np.where(t > 0, t, 1.0))), -np.inf)
    return t[np.r_[True, part[1:] > part[:-1]][: t.size]]


def without_gap(t: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """All but one stretch of `share` of the records, which spares the first and the last."""
    lost = min(round(share * t.size), max(t.size - 2, 0))
    start = 1 + int(rng.integers(max(t.size - 1 - lost, 1)))
    return np.delete(t, slice(start, start + lost))


def without_blanks(t: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """All but `share` of the records, which spares the first and the last."""
    lost = min(round(share * t.size), max(t.size - 2, 0))
    return np.delete(t, 1 + rng.permutation(max(t.size - 2, 0))[:lost])


TRANSFORMATIONS = {
    transformation.name: transformation
    for transformation in (
        *(
            Transformation(f"multiplicative_noise_{percent}", ALL, partial(multiplicative_noise, level=percent / 100))
            for percent in (1, 5, 10)
        ),
        *(
            Transformation(f"additive_noise_{percent}", ALL, partial(additive_noise, level=percent / 100))
            for percent in (1, 5)
        ),
        *(Transformation(f"every_{stride}", keep=partial(every, stride=stride)) for stride in (2, 5, 10)),
        Transformation("log_spaced", keep=partial(logarithmic, per_decade=100)),
        Transformation("moving_average", ALL, partial(moving_average, memory=0.9)),
        Transformation("running_mean", ALL, partial(running_mean, window=10)),
        Transformation("three_digits", ALL, partial(significant_digits, digits=3)),
        Transformation("gap", keep=partial(without_gap, share=0.1)),
        Transformation("blanks", keep=partial(without_blanks, share=0.2)),
        Transformation("bits", LOSS, bits),
        Transformation("epochs", clock=Clock(1 / EPOCH)),
        Transformation("tokens", clock=Clock(float(TOKENS))),
    )
}
