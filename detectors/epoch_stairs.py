"""Stairs: the train loss falls at evenly spaced steps, the starts of epochs, and is flat in between."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bestiary.about import About, Scale
from bestiary.detectors._excursions import median
from bestiary.detectors._levels import cuts, deviation
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "normal in fine-tuning: samples that were seen in an earlier epoch are remembered",
    effect="drop",
    also=("staircase at epoch boundaries",),
    scales=(Scale(("loss",)),),
    do="look at the validation loss, which often rises from the second epoch on; fewer epochs remember less",
    source="fast.ai, Can LLMs learn from a single example?, 2023",
    beside={"lr": "lr"},
    everyday=True,
)

PARTS, LEAST = 40, 5  # [1 / run] that tell a level, and fewest records of one
EVEN = 0.1  # [period] by which a stair may lie off its place


def epoch_stairs(
    log: Log, loss: str = "loss", lr: str | None = None, *, share: float = 0.08, z: float = 6.0
) -> Finding:
    """Detect a loss that falls at the start of each epoch.

    Also known as: staircase at epoch boundaries.

    At every record the fall is the log-median of the records before it less that from there on, each over a fortieth of
    the run. A stair is a fall of `share` or more, of `z` times the spread of the falls elsewhere, and within three
    records. There are stairs if there are two or more, all at multiples of one number of steps, none is missing, they
    make up half of what the loss falls after half of the first epoch, and the learning rate is not cut there.

    Args:
        log: the run.
        loss: a positive train loss.
        lr: name of the learning rate.
        share: [1] least fall at a stair.
        z: [1] least fall over the spread of the others.

    Returns:
        onset [step]: the first stair. Effects: `count`; `period` [step], from stair to stair; `drop` [1], the median
        fall as a share.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(300.0)
        >>> finding = epoch_stairs(Log.of(t, loss=1.2 - 0.3 * (t // 100) + 0.01 * np.sin(t)))
        >>> print(finding.state, finding.onset)
        found 100.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation,
        level_shift.

    Source. Howard and Whitaker, fast.ai, Can LLMs learn from a single example?, 2023; the rule is ours.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, values = log[loss].finite()
    size = max(LEAST, t.size // PARTS)
    if t.size < 8 * size:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; {8 * size} are needed to tell")
    if values.min() <= 0:
        return Finding(State.NOT_APPLICABLE, f"{loss} reaches {values.min():g}; it must be positive")
    y = np.log(values)
    levels = median(sliding_window_view(y, size))
    falls = levels[:-size] - levels[size:]  # the i-th is at record i + size
    spread = max(deviation(falls), 1e-9)
    left, stairs = falls.copy(), list[int]()
    left[: size // 2] = -np.inf
    while (k := int(np.argmax(left))) >= 0 and left[k] >= max(-np.log1p(-share), z * spread) and len(stairs) < PARTS:
        stairs.append(k + size)
        left[max(k - 2 * size, 0) : k + 2 * size + 1] = -np.inf
    stairs.sort()
    effects = {"count": Effect(float(len(stairs)))}
    reason = f"{loss} has {len(stairs)} falls that are sudden"
    if len(stairs) < 2:
        return Finding(State.ABSENT, reason, effects=effects)
    at = np.array([_edge(y, k, size) for k in stairs])
    period = float(np.median(np.diff(t[at])))
    even = _even(t[at] - t[0]) or _even(at)
    whole = y.size - at[-1] <= 1.5 * np.diff(at).max()
    heights = np.array([falls[k - size] for k in stairs])
    steep = all(y[max(i - 2, 0) : i].mean() - y[i : i + 2].mean() >= h / 3 for i, h in zip(at, heights, strict=True))
    total = float(np.median(y[at[0] // 2 : at[0]]) - np.median(y[-size:]))
    if not (even and whole and steep and heights.sum() >= total / 2 and not _cut(log, lr, t, at, size)):
        return Finding(State.ABSENT, f"{reason}, not at the starts of epochs", effects=effects)
    drop, onset = float(-np.expm1(-np.median(heights))), float(t[at[0]])
    effects |= {"period": Effect(period, "step"), "drop": Effect(drop)}
    where = ", ".join(f"{t[i]:g}" for i in at[:6])
    told = f"{loss} falls by {100 * drop:.0f} % at evenly spaced steps ({where}) and is flat in between: stairs at the"
    told += " start of each epoch"
    return Finding(State.FOUND, told, onset, effects, tuple(Span(float(t[i]), float(t[i]), "stair") for i in at))


def _even(places: np.ndarray) -> bool:
    """Whether places are the first multiples of one number."""
    period = places[-1] / places.size
    return bool(np.abs(places / period - np.arange(1, places.size + 1)).max() <= EVEN)


def _edge(y: np.ndarray, k: int, size: int) -> int:
    """The record of the sharpest fall near a record."""
    near = range(max(k - size, 1), min(k + size, y.size - 1))
    return max(near, key=lambda i: np.mean(y[max(i - size, 0) : i]) - np.mean(y[i : i + size]))


def _cut(log: Log, lr: str | None, t: np.ndarray, at: np.ndarray, size: int) -> bool:
    """Whether the learning rate is cut at most of the stairs."""
    found = cuts(log, lr)
    near = [bool(found.size) and np.abs(found - t[i]).min() <= size * (t[1] - t[0]) for i in at]
    return bool(np.mean(near) > 0.5)
