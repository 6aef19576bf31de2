"""Spike: the loss shoots up once or a few times, and comes back; what is milder or rarer than `spikes`."""

import numpy as np
from scipy.ndimage import median_filter

from bestiary.about import About, Dial, Scale
from bestiary.detectors._excursions import excursions
from bestiary.detectors._levels import deviation, smoothed, wandering
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "the run came back by itself; several, or higher ones, are a step that is too large or data that are odd",
    effect="height",
    also=("loss spike",),
    dial=Dial("height", "above_one"),
    scales=(Scale(("loss",)),),
    waits=("first",),
    do="nothing after one; if they come again skip the batches there, clip gradients or lower the learning rate",
    source="Chowdhery et al., arXiv:2204.02311, section 5.1",
    louder=("count", 5.0),
    beside={"cause": "grad_norm", "lr": "lr"},
    everyday=True,
)

OUTLIER, TALL, MANY = 12.0, 2.0, 5  # [z] and height of a spike of one record; more of those are heavy tails
TINY = 1e-3  # [first record] a peak below it is noise of a loss that is fitted
STEEP, LEAD = 5.0, 8  # [deviation] over as many records as it took, and 8 more, a wandering curve has changed; [record]
RESTART = 1.5  # [1] rise of a learning rate that explains one of the loss
SLOW, LOW = 0.08, 3.0  # [1] of the run, and height, of a rise that may be that of a restart
CLOSE = 2.0  # [length of the earlier] between its end and the next; a cycle is longer than what stands out of it
SLOWLY = 0.35  # [1] of the way back on which half of such a rise is still there
AHEAD, GROWN = 10, 2.0  # [record] in which a gradient norm or a rate may grow before a peak; how many-fold


def spike(
    log: Log,
    loss: str = "loss",
    cause: str | None = None,
    lr: str | None = None,
    *,
    height: float = 1.3,
    z: float = 8.0,
    window: int = 64,
) -> Finding:
    """Detect single excursions of the loss above its own recent past.

    Also known as: loss spike.

    Excursions are those of `spikes`, over a baseline of `window` records or, in a run of fewer than 256, a quarter of
    the run and 16 at least. One that is over within four baselines, or in which the run ends, counts from `height`
    times its baseline on, if that is five deviations of what the curve changes otherwise in the time of the rise. One
    of a single record counts from twice its baseline and 12 deviations of the records before it on, and not if there
    are more than five such, unless they stand out from all others: else the noise has heavy tails. A rise where the
    learning rate rises by half or more, as at a warm restart, is none; nor, where no rate is known, are two or more of
    less than threefold that follow on each other, and come down as after restarts: over a twelfth of the run or so, and
    slowly at first.

    Args:
        log: the run.
        loss: a positive loss.
        cause: a channel that may grow before a peak, such as the norm of the gradient.
        lr: name of the learning rate, which may explain a rise.
        height: [1] peak over baseline.
        z: [1] rise over spread that opens an excursion.
        window: [record] length of the baseline.

    Returns:
        onset [step]: the start of the first spike. Effects: `count`; `first` [step], the onset; `height` [1] of the
        highest over its baseline; `width` [step], the time to recover; `cause` [1], how many-fold the cause grew.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> loss = (2 + np.exp(-t / 300)) * np.where((t >= 600) & (t < 610), 1.6, 1)
        >>> finding = spike(Log.of(t, loss=loss))
        >>> print(finding.state, finding.onset, finding.effects["count"].value)
        found 600.0 1.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. As `spikes`; the height is that at which 24 public logs without spikes gave no alarm.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, values = log[loss].finite()
    if values.size and (values[0] <= 0 or values.min() < 0):
        return Finding(State.NOT_APPLICABLE, f"{loss} must be positive; it falls to {values.min():g}")
    window = window if t.size >= 4 * window else max(16, t.size // 4)
    if t.size < window:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; {window} are needed to tell")
    y = np.log(np.maximum(values, 1e-6 * values[0]))
    seen: list[tuple[int, int, int, float]] = []
    narrow: list[tuple[int, int, int, float]] = []
    for a, b, base, kind in excursions(y, window=window, z=z, floor=np.log(1.1)):
        peak = a + int(np.argmax(y[a : b + 1]))
        if values[peak] < TINY * values[0]:
            continue
        if kind in ("spike", "open") and y[peak] - base >= max(
            np.log(height), STEEP * wandering(y, a, peak - a + LEAD)
        ):
            seen.append((a, peak, b, base))
        elif kind == "outlier" and y[peak] - base >= max(np.log(TALL), OUTLIER * deviation(y[max(a - window, 0) : a])):
            narrow.append((a, peak, b, base))
    seen = sorted(seen + (narrow if len(narrow) <= MANY or _apart(y, narrow) else []))
    seen = [one for one in seen if not _restarted(log, lr, t, one[0], one[1])]
    if lr is None or log.lacking([lr]) is not None:
        slow = [one for one in seen if _as_restarted(y, *one)]
        seen = [one for one in seen if one not in slow or not _beside(one, slow)]
    effects = {"count": Effect(float(len(seen)))}
    if not seen:
        return Finding(State.ABSENT, f"{loss} has no spike of {height:g} times its baseline", effects=effects)
    a, peak, b, base = max(seen, key=lambda one: y[one[1]] - one[3])
    over, onset = float(t[min(b + 1, t.size - 1)]), float(t[seen[0][0]])
    tall = float(np.exp(y[peak] - base))
    effects |= {"first": Effect(onset, "step"), "height": Effect(tall), "width": Effect(over - float(t[a]), "step")}
    told = f"{loss} goes from {np.exp(base):.3g} to {values[peak]:.3g} and "
    back = f"is back {over - t[a]:g} step{'' if over - t[a] == 1 else 's'} later"
    told += back if b + 1 < t.size else "has not come back when the log ends"
    if cause and log.lacking([cause]) is None:
        grown, word = _announced(log, cause, t, a, peak)
        effects["cause"] = Effect(grown)
        told += f"; {cause} {word}"
    if len(seen) > 1:
        first = ", ".join(f"{t[one[0]]:g}" for one in seen[:6]) + (", ..." if len(seen) > 6 else "")
        told = f"{len(seen)} spikes, at steps {first}; the highest: {told}"
    else:
        told = f"1 spike at step {onset:g}: {told}"
    spans = tuple(Span(float(t[a]), float(t[min(b + 1, t.size - 1)]), "spike") for a, _, b, _ in seen)
    return Finding(State.FOUND, told, onset, effects, spans)


def _apart(y: np.ndarray, narrow: list[tuple[int, int, int, float]]) -> bool:
    """Whether single records stand out twice as far as any other record does, which those of heavy tails do not."""
    peaks = [peak for _, peak, _, _ in narrow]
    others = np.delete(y - smoothed(y), peaks)
    return min(y[peak] - base for _, peak, _, base in narrow) >= 2 * float(others[others.size // 20 :].max())


def _restarted(log: Log, lr: str | None, t: np.ndarray, start: int, peak: int) -> bool:
    """Whether a learning rate rises by half or more where a loss does."""
    if lr is None or log.lacking([lr]) is not None:
        return False
    when, rate = log[lr].finite()
    since = t[max(start - AHEAD, 0)]
    before, near = rate[when < since][-1:], rate[(when >= since) & (when <= t[peak])]
    return bool(before.size and near.size and near.max() >= RESTART * before[0])


def _as_restarted(y: np.ndarray, start: int, peak: int, end: int, base: float) -> bool:
    """Whether a rise comes down as slowly as after a warm restart, of a rate that the log does not have."""
    took = end - peak
    if end + 1 >= y.size or y[peak] - base >= np.log(LOW) or took < max(y.size * SLOW, LEAD):
        return False
    x = median_filter(y[peak : end + 1], max(3, took // 10) | 1, mode="nearest")
    half = int(np.argmax(x <= (y[peak] + base) / 2))
    return half >= SLOWLY * took


def _beside(one: tuple[int, int, int, float], others: list[tuple[int, int, int, float]]) -> bool:
    """Whether another rise begins where this one is over, or the other way round: a restart comes at a cycle's end."""
    start, _, end, _ = one
    return any(
        a - end <= CLOSE * (end - start) if a > start else start - b <= CLOSE * (b - a)
        for a, _, b, _ in others
        if a != start
    )


def _announced(log: Log, cause: str, t: np.ndarray, start: int, peak: int) -> tuple[float, str]:
    """How many-fold a cause grew before a peak or with it, and that in words."""
    when, what = log[cause].finite()
    before = what[(when < t[max(start - AHEAD, 0)])][-64:]
    near = (when >= t[max(start - AHEAD, 0)]) & (when <= t[peak])
    if not before.size or not near.any() or (usual := float(np.median(before))) <= 0:
        return 1.0, "has no records before it"
    grown = float(what[near].max() / usual)
    if grown < GROWN:
        return grown, "does not grow before it"
    early = float(when[near][np.argmax(what[near] >= GROWN * usual)]) < t[start]
    return grown, f"grows {grown:.3g}-fold {'before it' if early else 'with it'}"
