"""Reward lost: a reward that had been learned falls far below its best and does not come back."""

import numpy as np
from scipy.ndimage import uniform_filter1d

from bestiary.about import About, Scale, Severity
from bestiary.detectors._levels import last_rise, smoothed
from bestiary.log import Effect, Finding, Log, Span, State, unfit

ABOUT = About(
    "the policy was better before, and training on does not bring it back",
    effect="given_up",
    severity=Severity.WARNING,
    also=("policy collapse", "reward collapse"),
    scales=(Scale(("reward",)),),
    do="go back to the best checkpoint; a lower learning rate; of a policy fewer epochs a batch, or a limit on the KL",
    source="Schulman et al., arXiv:1707.06347",
    beside={"kl": "kl"},
    on={
        "test_reward": {},
        "success_rate": {},
        "test_success_rate": {},
        "test_score": {},
        "train_score": {},
        "test_acc": {},
        "train_acc": {},
    },
    everyday=True,
)

LEAST, FEW = 16, 4  # [record] of a curve; values of a reward that is averaged first
NEAR, FALLEN, RESTS, BEFORE = 0.25, 0.8, 0.22, 3.0  # [1] of the fall; fall over the largest one before
FALLING = "it may still be falling"
SUDDEN = 0.5  # [z] for a fall within 2 % of the run, as curves that wander hardly have


def reward_lost(
    log: Log, reward: str = "reward", kl: str | None = None, *, given_up: float = 0.4, z: float = 9.0
) -> Finding:
    """Detect a reward that falls far below its best and does not come back.

    Also known as: policy collapse, reward collapse.

    As `lost`, of the reward with its sign turned: the fall from the best level is `given_up` of what was gained since
    the first record, and `z` times the spread of the curve before it, half of that if it takes 2 % of the run at most;
    it begins after a tenth of the run, and the reward stays in the lower half of it to the end. A reward that takes
    four values at most is a running mean first.

    A reward that wanders falls, too. So, of the running median: it was within a quarter of the fall from its best for
    as long as four fifths of the fall then take, and never before fell by a third as much; and it rests afterwards,
    within 0.22 of the fall from its end, for as long as the fall took.

    Args:
        log: the run.
        reward: name of a reward or return, higher is better.
        kl: name of the divergence from the policy of the step before.
        given_up: [1] share of what was gained since the first record.
        z: [1] fall over spread.

    Returns:
        onset [step]: the first record that is off the best level for good. Effects: `given_up` [1], at most 10. The
        phase is `reward`, or `accuracy` or `score` of a curve that is called so.

    Example:
        >>> import numpy as np
        >>> from bestiary.log import Log
        >>> t = np.arange(300.0)
        >>> finding = reward_lost(Log.of(t, reward=np.where(t < 200, 180 * (1 - np.exp(-t / 30)), 20)))
        >>> print(finding.state, finding.onset)
        found 200.0

    Silent on: flat, exponential, power_law, linear, noisy_flat, nan_tail, empty, random_walk, lr_decay_kink,
        log_spaced_decay, staircase, late_drop, start_transient, minibatch, autocorrelated, heavy_tails, oscillation.

    Source. The collapse that clipped steps are to prevent: Schulman et al., arXiv:1707.06347; the rule is ours.
    """
    if finding := unfit(log, [reward]):
        return finding
    t, y = log[reward].finite()
    if t.size < LEAST:
        return Finding(State.UNDECIDED, f"{reward} has {t.size} finite records; {LEAST} are needed to tell")
    if np.unique(y).size <= FEW:  # won or lost: a median tells nothing of a rate
        y = uniform_filter1d(y, max(LEAST, t.size // 20), mode="nearest")
    rise = last_rise(-y)
    best, end = -rise.low, -rise.end
    height, gained = best - end, max(best - float(y[0]), 0.0)
    share = float(np.clip(height / gained, 0, 10)) if gained > 0 else 10.0 * (height > 0)
    effects = {"given_up": Effect(share)}
    told = f"{reward} was up to {best:.3g} at step {t[rise.best]:g} and ends at {end:.3g}"
    z *= SUDDEN if rise.half - rise.start <= max(2, t.size // 50) else 1.0
    far = gained > 0 and height >= max(given_up * gained, z * rise.spread) and height > 0
    if not far or rise.start < max(LEAST // 2, t.size // 10):
        return Finding(State.ABSENT, told, effects=effects)
    if t.size - rise.half < max(LEAST // 2, min(t.size // 20, 64)):
        return Finding(State.UNDECIDED, f"{told}, but only for the last {t.size - rise.half} records", effects=effects)
    if why := _wanders(smoothed(y), rise.start, best, height):
        return Finding(State.UNDECIDED if why == FALLING else State.ABSENT, f"{told}; {why}", effects=effects)
    onset = float(t[rise.start])
    told = f"{reward} falls from {best:.3g} at step {onset:g} and stays at {end:.3g} to the end"
    if kl and log.lacking([kl]) is None:
        when, what = log[kl].finite()
        before, after = what[when < onset], what[when >= onset]
        if before.size and after.size and (usual := float(np.median(before))) > 0 and after.max() >= 5 * usual:
            told += f"; {kl} jumps from {usual:.3g} to {after.max():.3g}"
    phase = {"acc": "accuracy", "score": "score"}.get(reward.rsplit("_", 1)[-1], "reward")
    return Finding(State.FOUND, told, onset, effects, (Span(onset, float(t[-1]), "lost"),), phase)


def _wanders(x: np.ndarray, start: int, best: float, height: float) -> str:
    """Why a fall may be one of a curve that wanders; empty if it is none."""
    before = x[:start]
    down = np.flatnonzero(x[start:] <= best - FALLEN * height)
    end = start + int(down[0]) if down.size else x.size
    took, far = max(end - start, 1), np.flatnonzero(before < best - NEAR * height)
    stayed = start - 1 - int(far[-1]) if far.size else start
    once = float((np.maximum.accumulate(before) - before).max())
    if stayed < took:
        return f"it was near its best for {stayed} records only"
    if height < BEFORE * once:
        return f"it had fallen by {once:.3g} before, and come back"
    after = x[end:]
    if after.size < took:
        return FALLING
    rest = float(after[-1] if after.size < LEAST else np.median(after[-max(5, x.size // 20) :]))
    moves = max(float(after.max()) - rest, rest - float(after.min()))
    return f"it goes on moving by {moves:.3g}" if moves > RESTS * height else ""
