"""Rules in public use that call a loss spike; published_rules.py says what all rules share."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bestiary.log import Effect, Finding, Log, Span, State


def firing(steps: np.ndarray, fired: np.ndarray, rule: str) -> Finding:
    """The finding of a rule that fires at some records; both (T,)."""
    edges = np.diff(np.r_[0, fired.astype(np.int8), 0])
    first, last = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0) - 1
    effects = {"count": Effect(float(first.size))}
    if first.size == 0:
        return Finding(State.ABSENT, f"{rule}: nowhere in {steps.size} records", effects=effects)
    onset = float(steps[first[0]])
    spans = tuple(Span(float(steps[a]), float(steps[b]), "fires") for a, b in zip(first, last, strict=True))
    return Finding(State.FOUND, f"{rule}: first at step {onset:g}, {first.size} times in all", onset, effects, spans)


def lightning_spike_detection(
    log: Log, loss: str = "loss", *, window: int = 10, warmup: int = 1, atol: float | None = None, rtol: float = 2.0
) -> Finding:
    """A loss above the last one that lies `rtol` running means, and `atol`, away from the running mean.

    With m the mean of the last `window` losses that were no spikes, fires where y > y_last, |y - m| >= rtol |m| and
    |y - m| >= atol; and where the loss is not finite. A spike enters neither the mean nor y_last. The original ends
    the run there; here it goes on, as if resumed without the batch.

    Args:
        log: the run.
        loss: the loss.
        window: [record] of the running mean.
        warmup: [record] before which nothing is called.
        atol: [unit of loss] least distance; None for none.
        rtol: [1] least distance over the running mean.

    Source: Lightning, fabric/utilities/spike.py, class SpikeDetection (mode "min", finite_only).
    """
    if lacking := log.lacking([loss]):
        return lacking
    t, y = log[loss]
    fired = np.zeros(y.size, bool)
    recent: deque[float] = deque(maxlen=window)
    last, mean = 0.0, np.nan
    for i, value in enumerate(y.tolist()):
        far = abs(value - mean)
        if i >= warmup and (
            not np.isfinite(value) or (value > last and far >= abs(rtol * mean) and (atol is None or far >= abs(atol)))
        ):
            fired[i] = True
            continue
        recent.append(value)
        last, mean = value, sum(recent) / len(recent)
    return firing(t, fired, f"{loss} {rtol:g} running means off its running mean")


def llm_foundry_kill_loss_spike(
    log: Log, loss: str = "loss", *, multiplier: float = 2.0, patience: int = 4, window: int = 100, share: float = 0.05
) -> Finding:
    """More than `patience` losses in a row at or above `multiplier` times the mean of the window before each.

    The window is the last max(window, share of the run's records); spikes enter it. Fires from the record on at which
    the patience is exceeded. The original's second rule, half of a window above an absolute cap of 10, is about level
    and left out.

    Args:
        log: the run.
        loss: the loss.
        multiplier: [1] loss over mean that is an outlier.
        patience: [record] outliers in a row that are tolerated.
        window: [record] fewest in the mean.
        share: [1] of all records in the mean.

    Source: MosaicML LLM Foundry, llmfoundry/callbacks/kill_loss_spike_callback.py, class KillLossSpike.
    """
    if lacking := log.lacking([loss]):
        return lacking
    t, y = log[loss]
    width, fired = max(window, round(share * y.size)), np.zeros(y.size, bool)
    if y.size > width:
        outlier = y[width:] >= multiplier * sliding_window_view(y, width)[:-1].mean(axis=1)
        calm = np.maximum.accumulate(np.where(outlier, -1, np.arange(outlier.size)))  # the last record that is none
        fired[width:] = np.arange(outlier.size) - calm > patience
    return firing(t, fired, f"{loss} {multiplier:g} times its mean for more than {patience} records")


def megatron_spiky_loss(log: Log, loss: str = "loss", *, factor: float = 10.0, samples: int = 100) -> Finding:
    """A loss of `factor` times the largest absolute value among the first `samples`, or more.

    Nothing is called among these; values that are not finite are passed over.

    Args:
        log: the run.
        loss: the loss.
        factor: [1] loss over that largest value.
        samples: [record] that give it.

    Source: NVIDIA Megatron-LM, core/rerun_state_machine.py, is_unexpectedly_large (num_samples=100), called with
        SPIKY_LOSS_FACTOR = 10 if --check-for-spiky-loss is given.
    """
    if lacking := log.lacking([loss]):
        return lacking
    t, y = log[loss]
    finite = np.isfinite(y)
    size, seen = np.where(finite, np.abs(y), 0.0), np.cumsum(finite)
    fired = finite & (seen > samples) & (size >= factor * size[seen <= samples].max(initial=0.0))
    return firing(t, fired, f"{loss} {factor:g} times the largest of the first {samples}")


def metaseq_ewm_ratio(log: Log, loss: str = "loss", *, ratio: float, span: float = 9.0) -> Finding:
    """A loss above `ratio` times its exponentially weighted mean m.

    m starts at the first loss; m <- (1 - a) m + a y with a = 2 / (span + 1), except where the rule fires.

    Args:
        log: the run.
        loss: the loss.
        ratio: [1] loss over m; off by default in the original, so there is no published value.
        span: [record] of the mean.

    Source: metaseq, trainer.py, Trainer.skip_spike (ewm_ratio_to_skip_batch); pull requests 521, 542, 546.
    """
    if lacking := log.lacking([loss]):
        return lacking
    t, y = log[loss]
    fired, alpha = np.zeros(y.size, bool), 2 / (span + 1)
    mean = float(y[0])
    for i, value in enumerate(y.tolist()):
        if mean and value / mean > ratio:
            fired[i] = True
        else:
            mean = (1 - alpha) * mean + alpha * value
    return firing(t, fired, f"{loss} {ratio:g} times its exponentially weighted mean")


def _z_scores(y: np.ndarray, window: int, itself: bool, least: float = 0.0) -> np.ndarray:
    """(T,) z-score in `window` records, the value among them or all before it; nan before, and where sd <= least."""
    scores = np.full(y.size, np.nan)
    if y.size > window:
        seen = sliding_window_view(y, window)
        seen = seen[1:] if itself else seen[:-1]
        with np.errstate(invalid="ignore"):  # of values that are not finite nothing is said
            sd = seen.std(axis=1)
            scores[window:] = (y[window:] - seen.mean(axis=1)) / np.where(sd > least, sd, np.nan)
    return scores


def llm_c_outlier(log: Log, loss: str = "loss", *, z: float = 3.0, window: int = 128) -> Finding:
    """A loss more than `z` standard deviations above the mean of the last `window` losses, itself included.

    So no z-score exceeds (window - 1)^1/2. Sums run on for ever: after a value that is not finite the rule is silent.

    Args:
        log: the run.
        loss: the loss.
        z: [standard deviation] off by default in the original, whose help suggests 3.
        window: [record] of mean and deviation.

    Source: Karpathy, llm.c, llmc/outlier_detector.h; train_gpt2.cu, flag -sl; pull request 637.
    """
    if lacking := log.lacking([loss]):
        return lacking
    t, y = log[loss]
    clean = np.logical_and.accumulate(np.isfinite(y))
    return firing(t, clean & (_z_scores(y, window, itself=True) > z), f"{loss} more than {z:g} deviations up")


def olmo_core_stability(log: Log, loss: str = "loss", *, z: float = 6.0, window: int = 128) -> Finding:
    """A loss more than `z` standard deviations above the mean of the `window` losses before it.

    Nothing is called below a deviation of 1e-10. Spikes enter the window.

    Args:
        log: the run.
        loss: the loss.
        z: [standard deviation] above the mean.
        window: [record] of mean and deviation.

    Source: Allen AI, OLMo-core, train/callbacks/stability_monitor.py, class StabilityMonitorCallback.
    """
    if lacking := log.lacking([loss]):
        return lacking
    t, y = log[loss]
    return firing(t, _z_scores(y, window, itself=False, least=1e-10) > z, f"{loss} more than {z:g} deviations up")


def wandb_z_score(log: Log, loss: str = "loss", *, z: float = 3.0, window: int = 30) -> Finding:
    """A loss `z` standard deviations or more from the mean of `window` losses, in either direction.

    The documentation does not say whether the loss itself is among them; here it is not.

    Args:
        log: the run.
        loss: the loss.
        z: [standard deviation] from the mean.
        window: [record] of mean and deviation.

    Source: Weights & Biases, documentation of wandb.automations.MetricZScoreFilter (window 30, threshold 3.0,
        change_dir ANY; evaluated with >=).
    """
    if lacking := log.lacking([loss]):
        return lacking
    t, y = log[loss]
    return firing(t, np.abs(_z_scores(y, window, itself=False)) >= z, f"{loss} {z:g} deviations off or more")


def ruptures_breaks(
    log: Log, channel: str = "loss", *, penalty: float, kernel: str = "linear", min_size: int = 2
) -> Finding:
    """Any break in the segmentation of least sum of squares (in feature space) plus `penalty` per break.

    The curve's finite part is scaled to variance 1, so one penalty serves curves of different units.

    Args:
        log: the run.
        channel: the curve.
        penalty: [variance of the curve, times records] of a break; the original has no default.
        kernel: linear, rbf or cosine; the last two need seconds for 5000 records.
        min_size: [record] of a segment.

    Raises:
        ImportError: ruptures is not installed.

    Source: ruptures, KernelCPD(kernel, min_size=2).predict(pen): Truong, Oudre and Vayatis, arXiv:1801.00718.
    """
    if lacking := log.lacking([channel]):
        return lacking
    try:
        import ruptures
    except ImportError as error:
        raise ImportError("change points need ruptures: pip install 'bestiary[rules]'") from error
    t, y = log[channel].finite()
    fired = np.zeros(t.size, bool)
    if t.size >= 2 * min_size and (sd := y.std()) > 0:
        found = ruptures.KernelCPD(kernel=kernel, min_size=min_size).fit((y - y.mean()) / sd).predict(pen=penalty)
        fired[[at for at in found or () if at < t.size]] = True  # the last is the end
    return firing(t, fired, f"break of {channel} at penalty {penalty:g}")
