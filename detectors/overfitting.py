"""Overfitting: the validation loss was lowest, or a score best, some while ago, and has been worse since."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._levels import at_end, change, deviation, gained, smoothed
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "more training makes the predictions surer, not better; accuracy may go on rising",
    effect="rise",
    also=("overfitting", "best checkpoint"),
    dial=Dial("least", "times"),
    scales=(Scale(("test_loss",)),),
    waits=("best_step",),
    do="keep the checkpoint of the best evaluation, by the loss or by the score that counts",
    source="Prechelt, Early stopping - but when?, 1998",
    beside={"train": "train_loss", "train_accuracy": "train_acc", "accuracy": "test_acc"},
    louder=("rise", 1.0),
    on={"test_score": {}, "test_acc": {}},
    everyday=True,
)

SCORES = ("_score", "_acc")  # higher is better
LEAST, SHORT, END = 5, 50, 10  # [record] evaluations that are enough, that are read one by one; [1 / run] at the end


def overfitting(
    log: Log,
    test: str = "test_loss",
    train: str | None = None,
    train_accuracy: str | None = None,
    accuracy: str | None = None,
    *,
    least: float = 0.03,
    z: float = 5.0,
    moved: float = 0.02,
) -> Finding:
    """Detect a validation loss that was lowest some while ago, and has risen since.

    Also known as: overfitting, best checkpoint.

    From 50 evaluations on the curve is a running median of 2 % of the records. Its level at the end is the median of
    the last tenth, two evaluations at least. It has risen if that is `least` of the lowest value's size above the
    lowest, and `z` times the scatter of one evaluation, as its second differences tell it, of fewer than 50 evaluations
    by the geometric mean of all and of those from two before the lowest on. Where the train loss rises
    with it the run is unstable, and nothing is said. The sign of a score or an accuracy is turned, its rise is a fall.

    Args:
        log: the run.
        test: name of the validation loss, or of a score or an accuracy, higher is better, that is called so.
        train: name of the train loss.
        train_accuracy: name of the train accuracy, which tells a run that has memorised.
        accuracy: name of the test accuracy, which may go on rising.
        least: [1] least rise over the lowest value.
        z: [1] least rise over the scatter.
        moved: [1] share of its value by which the train loss must fall meanwhile.

    Returns:
        onset [step]: the evaluation of the lowest loss. Effects: `best_step` [step]; `rise`
        [1], by which share the loss is higher at the end. The phase is `overfitting`; `memorised` where the train
        accuracy is 0.99 or more and the test accuracy below 0.5; `drifting` where the train loss does not fall.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> finding = overfitting(Log.of(np.arange(1, 6) * 1000, test_loss=[0.31, 0.36, 0.4, 0.42, 0.43]))
        >>> print(finding.state, finding.onset, round(finding.effects["rise"].value, 2))
        found 1000.0 0.37

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, lr_decay_kink, log_spaced_decay,
        staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation, random_walk.

    Source. Prechelt, Early stopping - but when?, 1998.
    """
    if finding := unfit(log, [test]):
        return finding
    t, y = log[test].finite()
    score = test.endswith(SCORES)
    if score:
        y, train, train_accuracy, accuracy = -y, None, None, None
    if t.size < LEAST:
        return Finding(State.UNDECIDED, f"{test} has {t.size} finite records; {LEAST} are needed to tell")
    x = y if t.size < SHORT else smoothed(y)
    best, end = int(np.argmin(x)), float(np.median(y[-max(2, t.size // END) :]))
    size, low = max(abs(float(x[best])), 1e-300), float(x[best])
    near = max(0, best - t.size // 50)
    lowest = near + int(np.argmin(y[near : best + t.size // 50 + 1]))  # a median shifts the place of a sharp turn
    scatter = deviation(np.diff(y, 2)) / np.sqrt(6) if t.size > LEAST + 2 else 0.0
    settled = y[max(best - 2, 0) :]
    if t.size < SHORT and settled.size > LEAST:  # a short curve is steep for much of it, and few differences are left
        scatter = float(np.sqrt(scatter * deviation(np.diff(settled, 2)) / np.sqrt(6)))
    wander = float(np.median(np.abs(np.diff(x)))) if t.size < SHORT else deviation(np.diff(x[:: max(1, t.size // 16)]))
    rise = min((end - low) / size, 1e6)
    effects = {"best_step": Effect(float(t[lowest]), "step"), "rise": Effect(rise)}
    told = f"{'validation loss' if test == 'test_loss' else test} lowest at step {t[lowest]:g} ({low:.3g})"
    told = f"{test} highest at step {t[lowest]:g} ({-low:.3g})" if score else told
    up = end - low >= max(least * size, z * scatter) and t.size - 1 - best >= 2
    steady = _rises(x[best:]) and (t.size < SHORT or end - low >= 2 * wander)
    if not (up and steady):
        return Finding(State.ABSENT, f"{told}, and {abs(end) if score else end:.3g} at the end", effects=effects)
    fell = change(log, train, float(t[lowest]), float(t[-1]))
    if fell is not None and fell > 0.25 * min(rise, 1) + moved:
        return Finding(State.ABSENT, f"{told}; {train} rises with it", effects=effects)
    told += f", since then {f'-{100 * rise:.0f} %' if score else _percent(rise)}"
    phase = "overfitting"
    if fell is not None and fell > -moved:
        phase, told = "drifting", f"{told}; but {train} does not fall meanwhile"
    memorised = at_end(log, train_accuracy) >= 0.99 and at_end(log, accuracy) < 0.95
    phase = "memorised" if memorised and phase == "overfitting" and at_end(log, accuracy) < 0.5 else phase
    if accuracy and (gain := gained(log, accuracy, float(t[lowest]))):
        told += f", accuracy still rising ({gain})"
    told += f"; best checkpoint: step {t[lowest]:g}" if phase == "overfitting" else ""
    told += "; it has memorised, and may yet generalise much later" if memorised else ""
    onset = float(t[lowest])
    return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "rise"),), phase)


def _percent(rise: float) -> str:
    return f"+{100 * rise:.0f} %" if rise < 3 else f"{1 + rise:.3g} times as high"


def _rises(x: np.ndarray) -> bool:
    """Whether a curve rises from its first record to its last, rather than going up and down."""
    up, down = np.maximum(np.diff(x), 0).sum(), np.maximum(-np.diff(x), 0).sum()
    return float(np.median(x[-max(2, x.size // 4) :])) > x[0] and up >= 2 * down
