"""Staggered modes: several quantities rise one after the other, each abruptly, each once its predecessor has."""

import numpy as np

from bestiary.about import About, Dial
from bestiary.detectors._curves import FEW, sustained
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "an order of learning",
    effect="spread",
    also=("stage-like learning", "incremental learning", "stepwise learning", "saddle-to-saddle learning"),
    dial=Dial("abrupt", "over"),
    waits=("half_[0-9]*",),
    do="nothing: do not stop on a plateau between two stages",
)


def _reached(t: np.ndarray, y: np.ndarray, level: float) -> float:
    """[step] at which a curve reaches a level to stay, interpolated between records; nan if it never does."""
    if (k := sustained(y >= level)) is None:
        return float("nan")
    return float(np.interp(level, y[k - 1 : k + 1], t[k - 1 : k + 1])) if k else float(t[0])


def staggered_modes(
    log: Log,
    modes: tuple[str, ...] = ("mode_1", "mode_2", "mode_3"),
    *,
    low: float = 0.1,
    high: float = 0.9,
    abrupt: float = 1.0,
    apart: float = 0.25,
) -> Finding:
    """Detect quantities that rise from 0 to 1 in the given order, each abruptly, each while the next still waits.

    Also known as: stage-like learning, incremental learning, stepwise learning, saddle-to-saddle learning.

    Let t10, t50, t90 be the times from which a mode stays at `low`, 1/2 and `high`. The modes are staggered if
        all modes reach `high`, and end above 1/2;
        t50 increases from each mode to the next;
        (t90 - t10) / t50 <= `abrupt`: a sigmoid from a has ln 81 / ln(1 / a), a relaxation has 3.17 whatever its rate;
        the next mode is at most `apart` when a mode is half way up.
    A run is undecided if only the first modes are up, and these are staggered.

    Args:
        log: the run; every mode may have its own axis of steps.
        modes: names of the quantities in the order expected, each as a share of its target.
        low: [1] where a rise begins.
        high: [1] where it is over.
        abrupt: [t50] longest rise.
        apart: [1] most that the next may have.

    Returns:
        onset [step]: t50 of the first mode. Effects: `half_1`, `half_2`, ... [step], t50 of each mode that is up; over
        these, `rise`, the largest (t90 - t10) / t50; `next`, the largest value of a next mode when a mode is half way
        up; `spread`, the last t50 over the first.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> log = Log.of(t, **{f"mode_{i}": 1 / (1 + np.exp((200 * i - t) / 10)) for i in (1, 2, 3)})
        >>> finding = staggered_modes(log)
        >>> print(finding.state, finding.onset, round(finding.effects["spread"].value, 2))
        found 200.0 3.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, oscillation, minibatch.

    Source. Saxe et al., arXiv:1312.6120.
    """
    if finding := unfit(log, modes):
        return finding
    curves = [log[name].finite() for name in modes]
    if len(modes) < 2 or min(t.size for t, _ in curves) < FEW:
        return Finding(State.UNDECIDED, f"{len(modes)} modes of {curves[0].steps.size} records; want 2 of {FEW}")

    t10, t50, t90 = (np.array([_reached(*curve, level) for curve in curves]) for level in (low, 0.5, high))
    up = np.isfinite(t10 + t50 + t90) & np.array([np.median(y[-FEW:]) > 0.5 for _, y in curves])
    n = int(up.sum())
    starts = np.array([t[1] - t[0] for t, _ in curves])  # a mode that begins half way up has no earlier record
    rise = ((t90 - t10) / np.maximum(t50, starts))[up]
    ahead = np.array([np.interp(t, *curve) for t, curve in zip(t50[:-1], curves[1:], strict=True)])[up[:-1]]
    effects = {f"half_{i + 1}": Effect(float(t50[i]), "step") for i in np.flatnonzero(up)}
    if n:
        effects["rise"] = Effect(float(rise.max()))
    if ahead.size:
        effects["next"] = Effect(float(ahead.max()))
    if n > 1 and t50[up][0] > 0:
        effects["spread"] = Effect(float(t50[up][-1] / t50[up][0]))

    ordered = up[:n].all() and (np.diff(t50[:n]) > 0).all()
    staggered = ordered and (rise <= abrupt).all() and (ahead <= apart).all()
    most = f"{rise.max():.3g} t50, the next at {ahead.max(initial=0):.3g}" if n else "none"
    reason = f"{n} of {len(modes)} modes are up, {'in' if ordered else 'not in'} order; longest rise {most} at half"
    spans = tuple(Span(float(t10[i]), float(t90[i]), modes[i]) for i in np.flatnonzero(up))
    if not staggered or n < len(modes):
        state = State.UNDECIDED if staggered else State.ABSENT
        return Finding(state, reason, effects=effects, spans=spans)
    return Finding(State.FOUND, reason, float(t50[0]), effects, spans)
