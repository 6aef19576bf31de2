"""Two things in one log: overlaps made of recorded runs, so that the truth of each part is known.

Each function returns the composed log and where its parts now are.
"""

from __future__ import annotations

import numpy as np

from bestiary.certify.transformations import Clock
from bestiary.log import Log, Series, Span

BASE = 16  # [record] on either side of a stretch that give its baseline


def _curve(log: Log, channel: str, whose: str) -> Series:
    if (lacking := log.lacking([channel])) is not None:
        raise ValueError(f"{whose}: {lacking.reason}")
    return log[channel]


def _relative(donor: Series, start: float, stop: float, *, back: bool) -> tuple[np.ndarray, np.ndarray]:
    """Steps since `start` and ln(value / baseline) of the records from `start` to `stop`.

    The baseline is the median of the 16 records before; with `back` a straight line in ln from there to the median of
    the 16 after.
    """
    t, y = donor
    inside, before, after = (t >= start) & (t <= stop), y[t < start][-BASE:], y[t > stop][:BASE]
    if inside.sum() < 2 or before.size == 0 or (back and after.size == 0):
        raise ValueError(f"donor: needs records inside and around steps {start:g} to {stop:g}; it has {t.size} in all")
    if min(y[inside].min(), before.min(), after.min(initial=np.inf)) <= 0:
        raise ValueError("donor: a ratio needs values above 0 there")
    low = np.log(np.median(before))
    high = np.log(np.median(after)) if back else low
    since = t[inside] - start
    return since, np.log(y[inside]) - (low + (high - low) * since / (stop - start))


def splice_spike(
    host: Log, donor: Log, *, start: float, stop: float, at: float, until: float | None = None, channel: str = "loss"
) -> tuple[Log, Span]:
    """Put a spike of one run on the loss of another.

    From step `at` to `until` the host is multiplied by donor / baseline from `start` to `stop`, interpolated linearly
    in its logarithm; stretched in time if the lengths differ.

    Args:
        host: the run that receives.
        donor: the run that spikes.
        start: [step of donor] where the spike begins,
        stop: [step of donor] and where the donor has recovered.
        at: [step of host] where it goes.
        until: [step of host] where it ends; at + stop - start if None.
        channel: the curve, in both.

    Returns:
        The log; where the spike is: from the first to the last record it changes.

    Raises:
        ValueError: a channel is missing, the donor is not positive there, or the host has no record there.
    """
    t, y = _curve(host, channel, "host")
    until = at + stop - start if until is None else until
    since, excess = _relative(_curve(donor, channel, "donor").finite(), start, stop, back=True)
    inside = np.flatnonzero((t >= at) & (t <= until))
    if inside.size == 0 or until <= at:
        raise ValueError(f"host: no record of {channel} from step {at:g} to {until:g}")
    y = y.copy()
    y[inside] *= np.exp(np.interp((t[inside] - at) * (stop - start) / (until - at), since, excess))
    span = Span(float(t[inside[0]]), float(t[inside[-1]]), "spike")
    return Log({**host.channels, channel: Series(t, y)}), span


def splice_shift(host: Log, donor: Log, *, start: float, at: float, channel: str = "loss") -> tuple[Log, Span]:
    """Put a lasting change of level on the loss of another run, as after a drop of the learning rate under noise.

    From step `at` on the host is multiplied by donor / (its level before `start`) from `start` on, interpolated
    linearly in its logarithm; once the donor ends, by its last value.

    Args:
        host: the run that receives.
        donor: the run whose level changes.
        start: [step of donor] where it does.
        at: [step of host] where it goes.
        channel: the curve, in both.

    Returns:
        The log; the instant of the change: the first record it changes.

    Raises:
        ValueError: a channel is missing, the donor is not positive there, or the host has no record there.
    """
    t, y = _curve(host, channel, "host")
    given = _curve(donor, channel, "donor").finite()
    since, excess = _relative(given, start, float(given.steps[-1]) if given.steps.size else start, back=False)
    after = np.flatnonzero(t >= at)
    if after.size == 0:
        raise ValueError(f"host: no record of {channel} from step {at:g} on")
    y = y.copy()
    y[after] *= np.exp(np.interp(t[after] - at, since, excess))
    instant = float(t[after[0]])
    return Log({**host.channels, channel: Series(t, y)}), Span(instant, instant, "shift")


def learning_rate_drop(log: Log, *, at: float, factor: float) -> tuple[Log, Clock]:
    """The same run with its learning rate divided by `factor` from step `at` on.

    Training that follows the gradient's flow only slows down: what happened at step s > at happens at
    at + factor (s - at). True of full-batch gradient descent below the edge of stability; not of noise or momentum.

    Args:
        log: the run.
        at: [step] of the drop.
        factor: [1] old over new learning rate.

    Returns:
        The log; the map of its steps.
    """
    clock = Clock(factor, since=at)
    return Log({name: Series(clock(t), y) for name, (t, y) in log.channels.items()}), clock


def mixture(first: Log, second: Log, *, delay: float = 0.0, share: float = 0.5) -> tuple[Log, Clock]:
    """One network that learns two separate tasks: its losses and accuracies are the weighted means of the two runs'.

    The second starts `delay` steps later and waits at its first value until then. The log has the channels that both
    have, at the steps of the first, to where one of them ends.

    Args:
        first: one run, whose steps stay.
        second: the other.
        delay: [step] of the second, at least 0.
        share: [1] weight of the first.

    Returns:
        The log; the map of the second run's steps.

    Raises:
        ValueError: the runs have no channel in common, or do not overlap.
    """
    mixed = {}
    for name in [n for n in first.channels if n in second]:
        (t, y), (u, v) = first[name].finite(), second[name].finite()
        both = t <= (u[-1] + delay if u.size else -np.inf)
        if both.any():
            other = np.interp(t[both] - delay, u, v)
            mixed[name] = Series(t[both], share * y[both] + (1 - share) * other)
    if not mixed:
        raise ValueError("the two runs have no channel with records at common steps")
    return Log(mixed), Clock(offset=delay)
