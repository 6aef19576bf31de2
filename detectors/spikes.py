"""Spikes: the loss shoots up again and again, and each time comes back."""

import numpy as np

from bestiary.about import About, Dial, Scale, Severity
from bestiary.detectors._excursions import excursions
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "the step is at times too large; data or moments may be to blame",
    effect="height",
    severity=Severity.WARNING,
    also=("loss spikes",),
    dial=Dial("height", "above_one"),
    scales=(Scale(("loss",)),),  # but for `floor`, where float32 ends
    waits=("first",),
    do="lower the learning rate, warm up for longer, clip gradients; with Adam lower beta2",
    source="Chowdhery et al., arXiv:2204.02311, section 5.1; Cohen et al., arXiv:2207.14484",
)

FEW = 10  # [record] whose median is the initial, or the final, loss


def spikes(
    log: Log,
    loss: str = "loss",
    cause: str | None = None,
    *,
    window: int = 64,
    z: float = 6.0,
    min_ratio: float = 1.1,
    height: float = 2.0,
    at_least: int = 3,
    lookback: float = 0.5,
    floor: float = 1e-9,
    blowup: float = 10.0,
) -> Finding:
    """Detect repeated excursions of the loss above its own recent past.

    Also known as: loss spikes.

    Let y = ln max(loss, 1e-6 initial loss, floor). The baseline b is the median of the last `window` clean y or, if
    these fall, the level that their fall has led to. The spread s is their robust upward spread about b, at least 0.01.
    An excursion opens where y - b >= max(ln min_ratio, z s). An excursion is over once three records in a row lie below
    half of that. An excursion that is over within 4 `window` is a spike, a longer one a shift, one of a single record
    an outlier, and one that is followed by records as restless as itself is noise. A run is undecided if it has fewer
    than `window` records, or ends inside the excursion that would decide.

    Args:
        log: the run.
        loss: a loss, never negative, logged so often that `window` is below half the gap between spikes.
        cause: a channel that should exceed 1 before each peak; its axis of steps may be coarser.
        window: [record] length of the baseline; nothing is called in its first half.
        z: [1] rise over spread that opens an excursion.
        min_ratio: [1] loss over baseline that opens one, however quiet the curve.
        height: [1] peak over baseline of a spike that counts.
        at_least: [1] spikes that make a finding.
        lookback: [median gap between spikes] how long before its peak a spike may be announced by `cause`.
        floor: [unit of loss] no ratio is taken below it: rounding in float32 makes losses of this size restless.
        blowup: [1] final over initial loss at which the run counts as diverged.

    Returns:
        onset [step]: the start of the first spike. Effects: `count`; `first` [step], the onset whatever the state; the
        medians of `period` [step], the gap between onsets, of `height`, the peak over the baseline, and of `width`
        [step], the time to recover; `preceded`, the share of spikes that `cause` announces.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> loss = np.exp(-t / 300) * np.where((t > 0) & (t % 200 < 3), 4, 1)
        >>> finding = spikes(Log.of(t, loss=loss))
        >>> print(finding.state, finding.onset, finding.effects["count"].value)
        found 200.0 4

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails,
        oscillation, level_shift.

    Source. Medians stand in for the mean and deviation of customary z-scores, which the spikes inflate. What to log
    as cause: Cohen et al., arXiv:2207.14484.
    """
    if finding := unfit(log, [loss], beside=[cause] if cause else []):
        return finding
    t, values = log[loss].finite()
    initial, final = float(np.median(values[:FEW])), float(np.median(values[-FEW:]))
    if initial <= 0 or values.min() < 0:
        return Finding(State.NOT_APPLICABLE, f"{loss} must be positive; it falls to {values.min():g}")

    y = np.log(np.maximum(values, max(1e-6 * initial, floor)))
    events = excursions(y, window=window, z=z, floor=np.log(min_ratio))
    seen = [(t[a], a + int(np.argmax(y[a : b + 1])), t[b + 1], base) for a, b, base, kind in events if kind == "spike"]
    seen = [(a, t[p], b, np.exp(y[p] - base)) for a, p, b, base in seen if y[p] - base >= np.log(height)]
    onset, peak, over, ratio = np.array(seen).reshape(-1, 4).T
    count, still_up = onset.size, bool(events) and events[-1][3] == "open"

    effects = {"count": Effect(count)}
    for name, x, unit in (
        ("first", onset[:1], "step"),
        ("period", np.diff(onset), "step"),
        ("height", ratio, "1"),
        ("width", over - onset, "step"),
    ):
        if x.size:
            effects[name] = Effect(float(np.median(x)), unit)
    if cause and count:
        when, what = log[cause].finite()
        since = peak - lookback * (np.median(np.diff(onset)) if count > 1 else np.inf)
        announced = [(what[(a <= when) & (when <= b)] > 1).any() for a, b in zip(since, peak, strict=True)]
        effects["preceded"] = Effect(float(np.mean(announced)))

    few = t.size < window or (still_up and count == at_least - 1)
    state = State.FOUND if count >= at_least else State.UNDECIDED if few else State.ABSENT
    some = f"{count} spike{'' if count == 1 else 's'}"
    reason = f"{some} of {height:g} times the baseline or more in {t.size} records"
    reason += f"; {at_least} make a finding" if count < at_least else ""
    if narrow := sum(kind == "outlier" and y[a] - base >= np.log(height) for a, _, base, kind in events):
        reason += f"; {narrow} more, of one record each, do not count"
    if state is State.UNDECIDED:
        reason += f"; {window} records are needed to tell" if t.size < window else "; the run ends within one"
    if final >= blowup * initial:
        state, reason = State.DIVERGED, f"{loss} ends at {final / initial:.3g} times its initial value"
    begin = float(onset[0]) if state is State.FOUND else float("nan")
    return Finding(state, reason, begin, effects, tuple(Span(float(a), float(b), "spike") for a, _, b, _ in seen))
