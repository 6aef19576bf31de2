"""Edge hover: curvature climbs to the threshold of stability and then stays at it."""

import numpy as np

from bestiary.about import About, Dial, Scale
from bestiary.detectors._curves import FEW, sustained
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "usual with a large step; the loss need not fall at every step",
    effect="hover",
    also=("progressive sharpening", "edge of stability"),
    dial=Dial("near", "over"),
    scales=(Scale(("loss",)),),
    by_name=True,
    do="nothing: usual at a large step; the loss may rise now and then and falls in the long run",
    source="Cohen et al., arXiv:2103.00065",
)


def edge_hover(
    log: Log,
    ratio: str = "edge_ratio",
    loss: str = "loss",
    *,
    ignore: float = 0.0,
    below: float = 0.8,
    near: float = 0.15,
    band: float = 0.25,
    share: float = 0.8,
    stay: float = 3.0,
    restless: float = 5.0,
) -> Finding:
    """Detect a sharpness that climbs to the largest stable value, and then hovers there.

    Also known as: progressive sharpening, edge of stability.

    The ratio r, also called normalised sharpness, is the step size over the largest stable step size. Arrival is the
    first reading with r >= 1 - `near` that 80 % of the next five readings share. The run hovers if, in this order,
        r starts below `below`; otherwise the question is not applicable;
        there is an arrival;
        the rest of the run is `stay` times as long as the climb from 1 - near - band;
        without the first quarter of that rest, |median r - 1| <= `near`, and |r - 1| <= `band` at a `share` of
        readings;
        the loss, from the first r >= 1 - near on, rises at `restless` records and still falls overall. A curvature that
        levels off near the edge by chance makes no full-batch loss rise.
    A run without an arrival is undecided if r would arrive within as long again, at the pace of the run's second half.

    Args:
        log: the run; the two channels may have different axes of steps.
        ratio: name of r: sharpness lr / 2 for gradient descent, preconditioned sharpness over its threshold otherwise.
        loss: name of the full-batch training loss.
        ignore: [step] readings before it are left out, such as an optimiser's first.
        below: [1] r from which there is something to rise to.
        near: [1] tolerance of the median of r.
        band: [1] half-width of the band that holds the readings.
        share: [1] least share of them within it.
        stay: [climb] shortest stay.
        restless: [record] fewest rises of the loss.

    Returns:
        onset [step]: the arrival. Effects: `start`, r at the start; `rise`, the largest running median of r over
        `start`; `hover`, the median of r, and `inside`, the share within the band, after the first quarter of the rest;
        `loss_rises`, the share of records at which the loss rises. Phases: below; edge; beyond, the median above 1 +
        `near`.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(1000.0)
        >>> ringing = 1 + 0.1 * (t > 200) * (-1) ** t
        >>> log = Log.of(t, edge_ratio=np.minimum(0.2 + t / 250, 1), loss=np.exp(-t / 500) * ringing)
        >>> finding = edge_hover(log)
        >>> print(finding.state, finding.onset, finding.effects["hover"].value)
        found 163.0 1.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, oscillation, minibatch, passes_the_edge, short_of_the_edge, returns_from_the_edge.

    Source. Cohen et al., arXiv:2103.00065 and arXiv:2207.14484.
    """
    if finding := unfit(log, [ratio, loss]):
        return finding
    (t, r), (when, y) = log[ratio].finite(), log[loss].finite()
    t, r = t[t >= ignore], r[t >= ignore]
    if r.size < 2 * FEW:
        return Finding(State.UNDECIDED, f"{ratio} has {r.size} finite readings; a climb and a stay take {2 * FEW}")
    start, last = float(r[0]), float(np.median(r[-FEW:]))
    top = float(np.median(np.lib.stride_tricks.sliding_window_view(r, FEW // 2), axis=1).max())
    effects = {"start": Effect(start)} | ({"rise": Effect(top / start)} if start > 0 else {})
    if start >= below:
        reason = f"{ratio} starts at {start:.3g}; it must rise to 1 from below {below:g}"
        return Finding(State.NOT_APPLICABLE, reason, effects=effects)

    if (k := sustained(r >= 1 - near)) is None:
        ahead = last + 2 * (last - float(np.median(r[(r.size - FEW) // 2 : (r.size + FEW) // 2])))
        reason = f"{ratio} starts at {start:.3g}, ends at {last:.3g} and never stays at {1 - near:g}"
        return Finding(State.UNDECIDED if ahead >= 1 - near else State.ABSENT, reason, effects=effects, phase="below")
    climb = t[k] - t[np.flatnonzero(np.r_[True, r[:k] < 1 - near - band])[-1]]
    rest = r[k + (r.size - k) // 4 :]
    hover, inside = float(np.median(rest)), float(np.mean(np.abs(rest - 1) <= band))
    after = y[when >= t[np.argmax(r >= 1 - near)]]
    rises = int(np.sum(np.diff(after) > 0))
    effects |= {"hover": Effect(hover), "inside": Effect(inside), "loss_rises": Effect(rises / max(after.size - 1, 1))}

    phase, state, onset = "", State.ABSENT, float("nan")
    reason = f"{ratio} arrives at step {t[k]:g}, then {inside:.0%} within {band:g} of 1, median {hover:.3g}"
    if rest.size < FEW or t[-1] - t[k] < stay * climb:
        state, reason = State.UNDECIDED, f"{reason}; the climb took {climb:g} steps, {t[-1] - t[k]:g} follow"
    elif abs(hover - 1) > near or inside < share:
        phase = "beyond" if hover > 1 + near else ""
    elif rises < restless or np.median(after[-FEW:]) >= np.median(after[:FEW]):
        reason = f"{reason}; of {after.size} records of {loss} since, {rises} are rises"
    else:
        state, phase, onset = State.FOUND, "edge", float(t[k])
    return Finding(state, reason, onset, effects, (Span(float(t[k]), float(t[-1]), phase or "at the edge"),), phase)
