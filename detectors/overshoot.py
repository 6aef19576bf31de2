"""Overshoot: the loss first grows manyfold, then falls below where it started, at a lower curvature."""

from dataclasses import replace

import numpy as np

from bestiary.about import About, Dial, Scale, Severity
from bestiary.detectors._curves import FEW
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "the first steps were too large for the curvature; it recovered",
    effect="peak",
    severity=Severity.WARNING,
    also=("catapult",),
    dial=Dial("height", "above_one"),
    scales=(Scale(("loss",)), Scale(("edge_ratio",), ("initial", "final"))),
    by_name=True,
    waits=("peak_step",),
    do="nothing if it comes back; a warm-up avoids it",
    source="Lewkowycz et al., arXiv:2003.02218",
)


def overshoot(
    log: Log,
    loss: str = "loss",
    curvature: str = "edge_ratio",
    *,
    height: float = 2.0,
    settled: float = 0.1,
    flatter: float = 0.95,
    blowup: float = 10.0,
) -> Finding:
    """Detect a loss that rises from its initial value, and recovers at a lower curvature.

    Also known as: catapult.

    With L0 the initial loss, L the final loss (the median of the last records), P the largest loss, and h0, h the
    initial and the final curvature, the phase is
        divergence   not finite, or L >= `blowup` L0 and L > `settled` P   diverged
        lazy         P < `height` L0                                       absent
        catapult     L <= `settled` P, L < L0, and h <= `flatter` h0       found
    A run whose loss is still up at the end is undecided. A run whose loss is down and whose curvature is not is absent.

    Args:
        log: the run from its first step; the event is over within tens of steps, so every step should be recorded.
        loss: name of the loss.
        curvature: name of the sharpness, or of the tangent kernel's top eigenvalue, in any unit.
        height: [L0] loss that counts as a rise.
        settled: [P] loss at which it is over.
        flatter: [h0] largest final curvature.
        blowup: [L0] final loss at which the run counts as diverged.

    Returns:
        onset [step]: the first record at `height` L0 or above. Effects: `peak` P / L0 and `peak_step` [step]; `initial`
        h0, `final` h and `flattening` h / h0. Phases: lazy, catapult, divergence.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> log = Log.of(t, loss=np.where(t < 10, 1.5**t, np.exp(-t / 50)), edge_ratio=np.where(t < 10, 1.5, 0.8))
        >>> finding = overshoot(log)
        >>> print(finding.state, finding.phase, finding.onset, round(finding.effects["peak"].value, 1))
        found catapult 2.0 38.4

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, start_transient, minibatch, heavy_tails, oscillation, level_shift, hump.

    Source. Lewkowycz et al., arXiv:2003.02218.
    """
    if finding := unfit(log, [loss, curvature]):
        return replace(finding, phase="divergence" if finding.state is State.DIVERGED else "")
    (t, y), (_, h) = log[loss].finite(), log[curvature].finite()
    first, last = float(y[0]), float(np.median(y[-FEW:]))
    if t.size < 2 * FEW:
        return Finding(State.UNDECIDED, f"{loss} has {t.size} finite records; a rise and a recovery take {2 * FEW}")
    if first <= 0 or h[0] <= 0:
        return Finding(State.NOT_APPLICABLE, f"{loss} starts at {first:g} and {curvature} at {h[0]:g}; want both > 0")

    top = int(np.argmax(y))
    peak, down, flat = float(y[top]), last / float(y[top]), float(np.median(h[-FEW:])) / float(h[0])
    effects = {"peak": Effect(peak / first), "peak_step": Effect(float(t[top]), "step"), "initial": Effect(float(h[0]))}
    effects |= {"final": Effect(float(np.median(h[-FEW:]))), "flattening": Effect(flat)}
    reason = (
        f"{loss} rises to {peak / first:.3g} and ends at {last / first:.3g} times its initial value, "
        f"{curvature} at {flat:.3g} times its own"
    )
    if last >= blowup * first and down > settled:
        return Finding(State.DIVERGED, reason, effects=effects, phase="divergence")
    if peak < height * first:
        return Finding(State.ABSENT, reason, effects=effects, phase="lazy")
    onset, spans = float(t[np.argmax(y >= height * first)]), ()
    if down > settled or last >= first:
        state, phase = State.UNDECIDED, ""
    elif flat > flatter:
        state, phase = State.ABSENT, ""
    else:
        state, phase = State.FOUND, "catapult"
        over = float(t[top + np.argmax(y[top:] <= settled * peak)])
        spans = (Span(onset, over, "overshoot"),)
    return Finding(state, reason, onset if state is State.FOUND else float("nan"), effects, spans, phase)
