"""Ordered learning: the parts of a target are learned one after the other, in a known order."""

from itertools import pairwise

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import sustained
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "an order of learning",
    effect="half_ratio",
    also=("spectral bias", "simplicity bias"),
    dial=Dial("ratio", "above_one"),
    scales=(Scale(("error_1",)), Scale(("error_2",))),
    waits=("half_[0-9]*",),
    do="nothing: give what is learned last more steps or more weight, if it matters",
)


def ordered_learning(
    log: Log,
    parts: tuple[str, ...] = ("error_1", "error_2"),
    *,
    ratio: float = 3.0,
) -> Finding:
    """Detect parts of a target that are learned in the order given.

    Also known as: spectral bias, simplicity bias.

    Part i is half learned at t_i: the first record from which the error of the part stays at half its first value or
    below, and no earlier than one interval of records. The parts are ordered if
        t_1 <= t_2 <= ... <= t_k, and t_k >= `ratio` t_1.
    Unlike staggered modes, the parts may relax side by side, each at its own rate. A part that is not half learned at
    the end comes after all others. A run is undecided if the parts are in order and the last ones are not half learned.

    Args:
        log: the run.
        parts: names of the errors, not squared, that of the part to be learned first first.
        ratio: [1] least t_k / t_1, a gap in the logarithm of time.

    Returns:
        onset [step]: t_1. Effects: `half_1`, `half_2`, ... [step]; `half_ratio` t_k / t_1; `in_order`, the share of
        neighbouring pairs that are in order.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> finding = ordered_learning(Log.of(t, error_1=np.exp(-t / 20), error_2=np.exp(-t / 200)))
        >>> print(finding.state, finding.onset, round(finding.effects["half_ratio"].value, 1))
        found 14.0 9.9

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, minibatch, level_shift.

    Source. Rahaman et al., arXiv:1806.08734.
    """
    if finding := unfit(log, parts):
        return finding
    half = np.full(len(parts), np.inf)
    for i, name in enumerate(parts):
        t, y = log[name].finite()
        if (k := sustained(y <= y[0] / 2)) is not None:
            half[i] = max(t[k], t[1] - t[0])
    known = np.isfinite(half)
    effects = {f"half_{i + 1}": Effect(float(half[i]), "step") for i in np.flatnonzero(known)}
    if known.sum() < 2:
        return Finding(State.UNDECIDED, f"{known.sum()} of {len(parts)} parts are half learned", effects=effects)
    ordered = [a <= b for a, b in pairwise(half)]
    spread, share = float(half[known][-1] / half[known][0]), float(np.mean(ordered))
    effects |= {"half_ratio": Effect(spread), "in_order": Effect(share)}
    told = ", ".join(f"{name} by step {at:g}" for name, at in zip(parts, half, strict=True))
    reason = f"half learned: {told}; last over first {spread:.3g}"
    if not all(ordered):
        return Finding(State.ABSENT, f"out of order; {reason}", effects=effects)
    if not known.all():
        return Finding(State.UNDECIDED, f"the run ends too early; {reason}", effects=effects)
    if spread < ratio:
        return Finding(State.ABSENT, f"all at about the same time; {reason}", effects=effects)
    spans = tuple(Span(0.0, at, name) for name, at in zip(parts, half.tolist(), strict=True))
    return Finding(State.FOUND, reason, float(half[0]), effects, spans)
