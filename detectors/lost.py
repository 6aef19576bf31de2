"""Lost: a loss leaves, for good, the lowest level it ever had, and most of what was gained is gone."""

import numpy as np

from bestiary.about import About, Scale, Severity
from bestiary.detectors._levels import guessing, kept, last_rise
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "what was learned is gone, and training on does not bring it back",
    effect="given_up",
    severity=Severity.ERROR,
    also=("divergence", "blow-up", "collapse"),
    scales=(Scale(("loss",)),),
    do="go back to a checkpoint before it; lower the learning rate, clip gradients or skip the batches there",
    source="Chowdhery et al., arXiv:2204.02311, section 5.1",
    beside={"accuracy": "train_acc"},
    on={"test_loss": {"sudden": 0.5, "times": 3.0}},
    everyday=True,
)

BEYOND = 1e4  # [largest of the first records] at the end of a run that was never anywhere
RESTS = 0.9  # [rise] at the end over what it was in the first half of the records after it, if none is made good
LEAST = 16  # [record] of a curve; half as many before the rise, and half as many after it


def lost(
    log: Log,
    loss: str = "loss",
    accuracy: str | None = None,
    *,
    given_up: float = 0.4,
    times: float = 1.25,
    z: float = 8.0,
    sudden: float = 0.0,
) -> Finding:
    """Detect a loss that ends, for good, far above its own best level.

    Also known as: divergence, blow-up, collapse.

    Let x be the running median over 2 % of the records, b its least value, e the median of the last twentieth of the
    records, and v the first record. The run is lost if
        e - b is at least `given_up` (v - b), or a third of that if the curve does not fall again after its rise, and at
        least (`times` - 1) |b|;
        e - b is at least `z` times the spread of the curve before it rose: that of single records about x, or of the
        changes of x over a sixteenth of the run, whichever is larger, scaled to the time of the rise as of a walk;
        the rise begins after a tenth of the run, or is ten thousandfold the first eight records;
        x stays in the upper half of the rise for the last 8 records at least, and for a twentieth of the run or 64
        records, or an eighth of the run if less than `given_up` is gone;
        at least `sudden` of the rise happens within two records;
        the accuracy, if there is one, ends below nine tenths of its best.
    The loss may have any sign.

    Args:
        log: the run.
        loss: name of the loss.
        accuracy: name of an accuracy that falls with it.
        given_up: [1] share of what was gained since the first record.
        times: [1] least end over best.
        z: [1] rise over spread.
        sudden: [1] share of the rise within two records.

    Returns:
        onset [step]: the first record that is off the best level for good. Effects: `given_up` [1], the share of what
        was gained that is gone, at most 10.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = lost(Log.of(t, loss=np.where(t < 600, 3 + 7 * np.exp(-t / 50), 7.3)))
        >>> print(finding.state, finding.onset)
        found 600.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation.

    Source. A level instead of a multiple of the initial loss, which a loss that begins at ln(vocabulary) never reaches.
    """
    if finding := unfit(log, [loss]):
        return finding
    t, y = log[loss].finite()
    if t.size < LEAST:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; {LEAST} are needed to tell")
    rise, first = last_rise(y), float(y[0])
    height, gained = rise.end - rise.low, max(first - rise.low, 0.0)
    share = float(np.clip(height / gained, 0, 10)) if gained > 0 else 10.0 * (height > 0)
    effects = {"given_up": Effect(share)}
    told = f"{loss} was down to {rise.low:.3g} at step {t[rise.best]:g} and ends at {rise.end:.3g}"
    stayed, stay = t.size - rise.half, max(LEAST // 2, min(t.size // 20, 64))
    stay = stay if share >= given_up else max(LEAST, t.size // 8)
    jump = float(np.max(y[2:] - y[:-2])) if t.size > 2 else 0.0
    after = y[rise.half : rise.half + max(stayed // 2, 1)]
    rests = rise.end - rise.low >= RESTS * (float(np.median(after)) - rise.low)  # nothing is being made good
    least = given_up / 3 if rests else given_up
    far = height >= max(least * gained, (times - 1) * abs(rise.low), z * rise.spread) and height > 0
    late = rise.start >= max(LEAST // 2, t.size // 10) or height >= BEYOND * float(np.abs(y[: LEAST // 2]).max()) > 0
    if not (far and late and jump >= sudden * height) or kept(log, accuracy):
        return Finding(State.ABSENT, told, effects=effects)
    if stayed < stay:
        return Finding(State.UNDECIDED, f"{told}, but only for the last {stayed} records", effects=effects)
    start = float(t[rise.start])
    seen = None if accuracy is None else log[accuracy].finite().values[-5:]
    chance = guessing(rise.end, None if seen is None or not seen.size else float(np.median(seen)), first)
    told = f"{loss} leaves its best level, {rise.low:.3g}, at step {start:g} and stays at {rise.end:.3g} to the end"
    told += f" ({chance})" if chance else ""
    return Finding(State.FOUND, told, start, effects, (Span(start, float(t[-1]), "lost"),))
