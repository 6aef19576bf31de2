"""Level shift: the loss jumps within a few records and never comes back to where it was, though it may fall on."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bestiary.about import About, Scale, Severity
from bestiary.detectors._excursions import median
from bestiary.detectors._levels import UPWARD, deviation, smoothed
from bestiary.detectors.lost import lost
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "something else is trained, or measured, from there on",
    effect="height",
    severity=Severity.WARNING,
    also=("jump of the loss",),
    scales=(Scale(("loss",)),),
    do="after a resume see that optimiser state, schedule and data order came back; else go back before the jump",
    source="github.com/open-mmlab/mmyolo/issues/827",
    beside={"lr": "lr"},
    everyday=True,
)

TINY = 1e-3  # [first record] a level below it is noise of a loss that is fitted
STAYS = 24  # [record] of the new level, and a tenth of the run: a spike is over by then
STEEP = 3  # [record] in which most of a jump happens
PARTS = 50  # [1 / run] that tell a level


def level_shift(log: Log, loss: str = "loss", lr: str | None = None, *, height: float = 1.2, z: float = 7.0) -> Finding:
    """Detect a jump of the loss that is not made good.

    Also known as: jump of the loss.

    At every record the jump is the median of the records from there on less that of those before, each over 2 % of the
    run and 8 records at least; in logarithms if the loss is positive. The largest jump counts if
        it is at least `height`-fold, or of a loss below zero that share of its level or of what was gained, whichever
        is less, and `z` times the spread of the other jumps;
        half of it happens within three records, and the new level does not go on rising;
        the curve stays a quarter of the jump above its old level, to the end, for 24 records and a tenth of the run;
        the run is not lost by it.

    Args:
        log: the run.
        loss: name of the loss.
        lr: name of the learning rate, which may explain it.
        height: [1] least level after over before.
        z: [1] least jump over the spread of the others.

    Returns:
        onset [step]: the first record of the new level. Effects: `height` [1], after over before.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = level_shift(Log.of(t, loss=(1 + 4 * np.exp(-t / 200)) * np.where(t < 500, 1.0, 1.6)))
        >>> print(finding.state, finding.onset)
        found 500.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation.

    Source. Logs of resumed runs, such as open-mmlab/mmyolo#827; the rule is ours.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, values = log[loss].finite()
    size = max(8, t.size // PARTS)
    if t.size < 4 * size:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; {4 * size} are needed to tell")
    y = np.log(values) if values.min() > 0 else values
    levels = median(sliding_window_view(y, size))
    jumps = levels[size:] - levels[:-size]  # the i-th is at record i + size
    k = int(np.argmax(jumps))
    near = slice(max(k - size, 0), k + 2 * size)
    at = near.start + size + int(np.argmax(y[near.start + size : near.stop] - y[near.start + size - 1 : near.stop - 1]))
    at = int(np.clip(at, size, t.size - size))
    before, after = float(np.median(y[at - size : at])), float(np.median(y[at : at + size]))
    jump, others = after - before, np.delete(jumps, np.s_[max(k - size, 0) : k + size + 1])
    lately = others[others.size // 2 :]  # a curve falls fast at first
    single = deviation((y - smoothed(y))[:at]) / np.sqrt(size)
    spread = max(float(np.quantile(others, UPWARD)), deviation(lately), single)
    old, new = float(np.median(values[at - size : at])), float(np.median(values[at : at + size]))
    gained = float(values[0] - smoothed(values).min())
    least = np.log(height) if values.min() > 0 else (height - 1) * (min(abs(old), gained) if gained > 0 else abs(old))
    told = f"{loss} goes from {old:.3g} to {new:.3g} at step {t[at]:g}"
    steep = float(y[at : at + STEEP].max() - y[max(at - STEEP, 0) : at].min()) >= jump / 2
    steep &= float(np.median(y[at : at + STEEP])) - before >= jump / 2
    steep &= abs(new) >= TINY * abs(values[0])
    steep &= float(np.median(y[at + size // 2 : at + size]) - np.median(y[at : at + size // 2])) <= jump / 4
    steep &= t.size - at >= max(STAYS, t.size // 10)
    stays = float(smoothed(y)[at:].min()) >= before + jump / 4
    if not (jump >= max(least, z * spread, 1e-12) and steep and stays and at >= t.size // 20):
        return Finding(State.ABSENT, f"{told} at most, or comes back")
    if lost(log, loss).found:
        return Finding(State.ABSENT, f"{told}, and the run is lost")
    effects = {"height": Effect(float(np.exp(jump)) if values.min() > 0 else 1 + jump / max(abs(old), 1e-300))}
    onset, told = float(t[at]), f"{told} and never comes back to its old level"
    if lr and log.lacking([lr]) is None:
        when, rate = log[lr].finite()
        was, now = rate[when < onset][-STEEP:], rate[when >= onset][:STEEP]
        if was.size and now.size and now.max() >= 1.5 * was.min() > 0:
            told += f"; the learning rate rises {now.max() / was.min():.3g}-fold there"
    return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "new level"),))
