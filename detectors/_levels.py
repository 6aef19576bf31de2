"""Levels that a curve leaves for good, and accuracies that say whether that mattered."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import median_filter

from bestiary.log import Log

LAG = 16  # parts of a run; over one of them the wandering of a curve is told
FAR = 4.0  # [gain since the first record, or best level] a rise of which half is far
END = 20  # [1 / run] that tells the level at the end
MEAN = 3.0  # by how much less a running median scatters than single records, at most, for noise that has a memory
UPWARD = 0.84  # quantile of a Gaussian one deviation up
USUAL = (2, 3, 10, 100, 1000)  # numbers of classes that need no accuracy to be believed
AGREES = 0.02  # [level] to which two levels, or a level and that of guessing, are the same


class Rise(NamedTuple):
    """A last rise: indices of the record of the best level and of the first that is off it, levels, and spread."""

    best: int
    start: int
    half: int
    low: float
    end: float
    spread: float


def smoothed(y: np.ndarray) -> np.ndarray:
    """Running median over 2 % of the records, at least three."""
    return median_filter(y, max(3, y.size // 50) | 1, mode="nearest")


def deviation(x: np.ndarray) -> float:
    """Robust standard deviation; 0 of nothing."""
    return 1.4826 * float(np.median(np.abs(x - np.median(x)))) if x.size else 0.0


def last_rise(y: np.ndarray) -> Rise:
    """How a curve leaves, for good, the lowest level it ever had.

    The spread is the larger of the deviation of a running median of single records, and that of the changes over a
    sixteenth of the run, before the curve rises, as it would be over the time of the rise if the curve were to wander.
    """
    x = smoothed(y)
    best, end = int(np.argmin(x)), float(np.median(y[-max(5, y.size // END) :]))
    low = float(x[best])
    most = FAR * max(float(y[0]) - low, abs(low))  # what grows without bound is far off long before it ends
    height = min(end - low, most) if most > 0 else end - low
    start, half = (best + int(np.flatnonzero(x[best:] <= low + s * height)[-1]) + 1 for s in (0.1, 0.5))
    start, half = min(start, y.size - 1), min(half, y.size - 1)
    while start > best + 1 and y[start - 1] > low + height / 4 and start > half - x.size // 50 - 2:
        start -= 1  # the median of a jump that is not quite sharp is late
    lag = max(1, min(y.size // LAG, start // (LAG // 2)))
    before = x[:start]
    moved = before[lag:] - before[:-lag] if before.size > 2 * lag else np.diff(before)
    lately = moved[moved.size // 2 :]  # a curve falls fast at first, which is no wandering
    wander = max(float(np.quantile(moved, UPWARD)), deviation(lately), 0.0) if moved.size else 0.0
    wander *= np.sqrt(max(1.0, (half - start) / lag))
    single = deviation((y - x)[:start]) / min(np.sqrt(max(3, y.size // 50)), MEAN)
    return Rise(best, start, half, low, end, max(wander, single))


def kept(log: Log, accuracy: str | None, share: float = 0.9) -> bool:
    """Whether an accuracy, if the log has one, ends at a share of its best at least."""
    if accuracy is None or log.lacking([accuracy]) is not None:
        return False
    a = log[accuracy].finite().values
    return a.size > 0 and float(np.median(a[-5:])) >= share * max(float(smoothed(a).max()), 1e-9)


def guessing(level: float, accuracy: float | None, first: float) -> str:
    """What guessing has to do with the level of a cross entropy, in words; empty if nothing can be told.

    Args:
        level: of the loss, in nats.
        accuracy: at that level; None if the log has none.
        first: the first record of the loss.
    """
    exact = max(round(float(np.exp(min(level, 20.0)))), 1)
    known = [exact] if accuracy is not None and exact > 1 and accuracy <= 2 / exact else []
    for classes in [k for k in USUAL if accuracy is None or accuracy <= 2 / k] + known:
        if abs(level - np.log(classes)) <= AGREES / 2 * level:
            return f"ln {classes}, what guessing among {classes} classes gives"
    if level > 0 and abs(level - first) <= 5 * AGREES * level:
        return "where it began: what was learned is gone"
    return ""


def change(log: Log, name: str | None, start: float, stop: float) -> float | None:
    """Relative change of a curve from one step to another; None if there is no such curve."""
    if name is None or log.lacking([name]) is not None:
        return None
    t, y = log[name].finite()
    few = max(1, t.size // 50)
    at, to = np.searchsorted(t, [start, stop])
    was, now = y[max(at - 2 * few, 0) : at + 1], y[max(to - 2 * few, 0) : to + 1]
    return (
        float((np.median(now) - np.median(was)) / max(abs(np.median(was)), 1e-300)) if was.size and now.size else None
    )


def at_end(log: Log, name: str | None) -> float:
    """Median of the last three records of a curve; nan if there is no such curve."""
    if name is None or log.lacking([name]) is not None or not (a := log[name].finite().values).size:
        return float("nan")
    return float(np.median(a[-3:]))


def gained(log: Log, name: str, since: float) -> str:
    """From where to where an accuracy has risen since a step; empty if it has not."""
    if log.lacking([name]) is not None:
        return ""
    t, a = log[name].finite()
    before, now = a[t <= since][-3:], a[-3:]
    rises = before.size and now.size and np.median(now) - np.median(before) > max(0.005, 2 * deviation(np.diff(a)))
    return f"{np.median(before):.3g} to {np.median(now):.3g}" if rises else ""


def wandering(y: np.ndarray, start: int, over: int) -> float:
    """Deviation of the changes over so many records, in the stretch before a record."""
    before = y[max(start - 4 * max(over, 64), 0) : start]
    return deviation(before[over:] - before[:-over])


def cuts(log: Log, lr: str | None) -> np.ndarray:
    """[step] (N,) at which a learning rate falls by a third or more; none if there is no such curve."""
    if lr is None or log.lacking([lr]) is not None:
        return np.zeros(0)
    when, rate = log[lr].finite()
    return when[1:][rate[:-1] >= 1.5 * rate[1:]]
