"""Plateaus anywhere in a curve, and drops that end them: asked of strangers' logs, of which nothing else is known."""

import numpy as np
from scipy.ndimage import median_filter

from bestiary.detectors._levels import cuts, deviation, smoothed
from bestiary.log import Effect, Finding, Log, Span, State, unfit

LEAST = 40  # [record] of a curve
WIDTHS = 0.08  # [1] of the run that a drop takes at most
LONG, TWICE, FLAT = 1 / 12, 2.0, 0.25  # a plateau is so much of the run and of the width; flat to this part of the drop
DEEP, RANGE = 0.1, 0.2  # [level], [all that the curve moves] of a drop at least
CLEAR = 12.0  # [spread] of a drop at least
SHAPE = 0.55  # [1] first over second half of a drop in time: below that it begins at once, as where a rate is cut
SUDDEN = 2  # [record] within which a drop has no shape
SLOWS = 0.5  # [drop] that the curve falls at most in as long a time after it


def plateau_end(log: Log, loss: str = "loss", lr: str | None = None) -> Finding:
    """Detect a plateau, anywhere in a run, that ends in a drop.

    Of a fall over w records of the running median x, w at most 8 % of the run, the plateau before it is the stretch in
    which x stays within a quarter of the fall from where the fall begins. It has to be a twelfth of the run and 2 w
    long; the fall a tenth of the level, a fifth of all that x moves, and 12 times the spread of the plateau. As long
    after the fall x falls by half as much at most; x stays below the middle of the fall to the end; and it has not been
    so low before, as where a spike recovers. A fall with a cut of the learning rate does not count, nor, if the log has
    no rate, one that begins as sharply as where a rate is cut: half of it takes less than 0.55 times as long as the
    rest, or all of it two records. Nor do several such falls, which are stairs.

    Args:
        log: the run.
        loss: name of the loss.
        lr: name of the learning rate.

    Returns:
        onset [step]: the end of the drop. Effects: `plateau_ratio` [1], the length of the plateau over that of the
        drop; `drop` [level]; `t10`, `t90` [step], where a tenth and nine tenths of it are done.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, y = log[loss].finite()
    if t.size < LEAST:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; {LEAST} are needed to tell")
    x = smoothed(y)
    falls, width = list[tuple[float, int, int, int]](), 2
    while width <= WIDTHS * t.size:
        falls += [(*found, k, width) for k in _steepest(x, width) if (found := _plateau(x, y, k, width))]
        width = int(np.ceil(1.4 * width))
    if not falls:
        return Finding(State.ABSENT, f"{loss} leaves no plateau")
    _, begin, k, width = max(falls)
    at = cuts(log, lr)
    if any(other + w <= begin + width or other >= k + width for _, _, other, w in falls):
        return Finding(State.ABSENT, f"{loss} falls in stairs")
    drop = x[k] - x[k + width]
    done = (x[k] - x[k : k + width + 1]) / drop
    t10, t90 = (float(t[k + int(np.argmax(done >= share))]) for share in (0.1, 0.9))
    if ((at >= t[max(k - 2 * width, 0)]) & (at <= t[k + width])).any():
        return Finding(State.ABSENT, f"the learning rate is cut where {loss} drops")
    size = float(drop / max(abs(x[k]), 1e-300))
    sudden = np.searchsorted(t, t90) - np.searchsorted(t, t10) <= SUDDEN
    if not lr and (sudden or _shape(y, k, width) < SHAPE):
        return Finding(State.ABSENT, f"{loss} drops at once, as where a rate is cut, and none is given")
    ratio = float((t[k] - t[begin]) / max(t90 - t10, t[k + 1] - t[k]))
    effects = {"drop": Effect(size), "t10": Effect(t10, "step"), "t90": Effect(t90, "step")}
    effects["plateau_ratio"] = Effect(ratio)
    told = f"{loss} stays at {x[k]:.3g} from step {t[begin]:g} to {t10:g}, then falls"
    told += f" to {x[k + width]:.3g} by step {t90:g}"
    told += "" if lr else "; a cut of the learning rate would look the same, and none is given here"
    spans = (Span(float(t[begin]), t10, "plateau"), Span(t10, t90, "drop"))
    return Finding(State.FOUND, told, t90, effects, spans)


def _steepest(x: np.ndarray, width: int) -> list[int]:
    """Where a curve falls most over so many records: the three places, apart from each other."""
    falls = x[:-width] - x[width:]
    places: list[int] = []
    for _ in range(3):
        k = int(np.argmax(falls))
        if falls[k] <= 0:
            break
        places.append(k)
        falls = falls.copy()
        falls[max(k - 2 * width, 0) : k + 2 * width + 1] = -np.inf
    return places


def _plateau(x: np.ndarray, y: np.ndarray, k: int, width: int) -> tuple[float, int] | None:
    """[spread] by which a fall stands out, and where the plateau before it begins; None if that is none."""
    drop = float(x[k] - x[k + width])
    near = np.abs(x[: k + 1] - np.median(x[max(k - width, 0) : k + 1])) <= FLAT * drop
    begin = 0 if near.all() else k + 1 - int(np.argmin(near[::-1]))
    if k - begin < max(LONG * x.size, TWICE * width, LEAST / 5):
        return None
    flat = x[begin : k + 1]
    wander = deviation(flat[width:] - flat[:-width])
    single = deviation((y - x)[begin : k + 1]) / np.sqrt(3)
    spread = max(wander, single, 1e-12 * abs(float(x[k])))
    after = x[k + width :]
    lowest = float(x[: max(begin, 1)].min()) if begin else np.inf
    ends = float(np.median(y[-max(5, x.size // 20) :]))
    ok = (
        drop >= max(DEEP * abs(float(x[k])), RANGE * float(np.ptp(x)), CLEAR * spread)
        and after.size >= max(width, LEAST / 5)
        and x[k + width] - after[: width + 1].min() <= SLOWS * drop
        and max(float(after.max()), ends) <= x[k] - drop / 2
        and x[k + width] < lowest - FLAT * drop
    )
    return (drop / spread, begin) if ok else None


def _shape(y: np.ndarray, k: int, width: int) -> float:
    """How long a drop takes from a tenth to a half of it, over how long from there to nine tenths."""
    around = y[max(k - width, 0) : k + 2 * width + 1]
    x = median_filter(around, 3, mode="nearest")
    high, low = np.median(y[max(k - 2 * width, 0) : k + 1]), np.median(y[k + width : k + 2 * width + 1])
    done = (high - x) / (high - low)
    half = int(np.argmax(done >= 0.5))
    begins = int(np.flatnonzero(np.r_[True, done[:half] <= 0.1])[-1])
    ends = half + int(np.argmax(done[half:] >= 0.9))
    return (half - begins + 1) / (ends - half + 1)
