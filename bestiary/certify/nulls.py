"""Curves without the thing: for each kind of detector healthy runs, and what is taken for it most easily.

A null is a function Draw -> {channel: values (n,)}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bestiary.certify.draw import Draw, step_up
from bestiary.certify.events import accuracies, edge_channels, rise_in_time

Channels = dict[str, np.ndarray]


def falling(d: Draw) -> Channels:
    """Return a loss that falls, as a power of the step or exponentially."""
    return {"loss": d.between(2, 8) * d.decay(d.between(2, 20)) * d.factor(d.spread(0.004, 0.04))}


def minibatch(d: Draw) -> Channels:
    """Return a falling loss of single minibatches, which scatters by a fifth or more."""
    return {"loss": d.between(2, 8) * d.decay(d.between(2, 5)) * d.factor(d.between(0.15, 0.3))}


def flat(d: Draw) -> Channels:
    """Return a loss that stays where it is."""
    return {"loss": d.between(0.5, 8) * d.factor(d.spread(0.004, 0.1))}


def jump(d: Draw) -> Channels:
    """Return a loss that goes up 1.5- to threefold, and falls on from there: it does not come back."""
    up = np.log(d.between(1.5, 3)) * (d.k >= d.record(0.3, 0.7))
    return {"loss": 2 * d.decay(d.between(2, 4)) * np.exp(up) * d.factor(d.spread(0.004, 0.03))}


def two_drops(d: Draw) -> Channels:
    """Return a loss that falls in stairs."""
    down = 0.4 * sum(step_up(d.k, at * d.n, 0.03 * d.n) for at in (d.between(0.2, 0.4), d.between(0.6, 0.8)))
    return {"loss": 4 * (1 - down) * d.factor(d.spread(0.004, 0.03))}


def period_two(d: Draw) -> Channels:
    """Return a loss that alternates by a tenth to a third, as full-batch training at the edge of stability does."""
    swing = d.between(0.1, 0.3) * (1 + 0.4 * np.sin(2 * np.pi * d.u * d.between(2, 8)))
    return {"loss": 3 * d.decay(d.between(3, 10)) * np.exp(swing * (-1.0) ** d.k) * d.factor(0.01)}


def warming_up(d: Draw) -> Channels:
    """Return a loss that begins 5 to 20 times too high, and is down within a hundredth of the run."""
    start = 1 + d.between(4, 19) * np.exp(-d.u / d.between(0.003, 0.01))
    return {"loss": 2 * d.decay(d.between(2, 4)) * start * d.factor(d.spread(0.004, 0.03))}


def spiky(d: Draw) -> Channels:
    """Return a loss with spikes of 2 to 4 times its level, from which it comes back."""
    loss = 2.5 * d.decay(d.between(2, 5)) * d.factor(d.spread(0.004, 0.04))
    for at in d.rng.uniform(0.15, 0.85, d.whole(1, 4)):
        since = d.k - round(at * d.n)
        loss *= np.where(since < 0, 1.0, 1 + d.between(1, 3) * np.exp(-np.maximum(since, 0) / d.between(4, 12)))
    return {"loss": loss}


def creeping_up(d: Draw) -> Channels:
    """Return a loss that is least in the middle of the run, and a few per cent higher at the end."""
    up = 1 + d.between(0.02, 0.08) * np.maximum(d.u - d.between(0.4, 0.6), 0) / 0.5
    return {"loss": 3 * d.decay(d.between(3, 10)) * up * d.factor(d.spread(0.004, 0.02))}


def with_holes(d: Draw) -> Channels:
    """Return a falling loss of which some records in the middle are not a number."""
    loss = falling(d)["loss"]
    loss[d.rng.choice(np.arange(d.n // 5, 4 * d.n // 5), d.whole(1, 12), replace=False)] = np.nan
    return {"loss": loss}


def straight(d: Draw) -> Channels:
    """Return a loss that falls evenly to a tenth or less."""
    return {"loss": 3 * (1 - d.between(0.9, 0.97) * d.u) * d.factor(d.spread(0.004, 0.03))}


def _learned(d: Draw, t1: float, t2: float, level: float, chance: float) -> Channels:
    width = d.between(0.1, 0.2)
    train, test = (chance + (1 - chance) * rise_in_time(d.k, at, width) for at in (t1, t2))
    return accuracies(d, train, chance + (test - chance) * level)


def together(d: Draw) -> Channels:
    """Return a test accuracy that rises with the train accuracy, or up to 1.4 times later."""
    t1 = d.between(0.03, 0.3) * d.n
    return _learned(d, t1, t1 * d.between(0.9, 1.4), 1.0, d.between(0, 0.1))


def memorised(d: Draw) -> Channels:
    """Return a train accuracy that rises, and a test accuracy that stays near chance."""
    return _learned(d, d.between(0.015, 0.05) * d.n, 2.0 * d.n, 0.0, d.between(0.01, 0.5))


def not_learned(d: Draw) -> Channels:
    """Return two accuracies that stay at chance."""
    chance = np.full(d.n, d.between(0.02, 0.5))
    return accuracies(d, chance, chance)


def half_way(d: Draw) -> Channels:
    """Return a test accuracy that rises with the train accuracy, to a half or four fifths, and no further."""
    t1 = d.between(0.03, 0.2) * d.n
    return _learned(d, t1, t1 * d.between(1, 1.3), d.between(0.5, 0.8), d.between(0, 0.1))


def _tested(d: Draw, test: np.ndarray, train: np.ndarray | None = None) -> Channels:
    train = 2 * d.decay(d.spread(50, 500)) if train is None else train
    return {"test_loss": test * d.factor(d.spread(0.001, 0.02)), "train_loss": train * d.factor(0.02)}


def generalises(d: Draw) -> Channels:
    """Return a test loss that falls to its end."""
    return _tested(d, 3 * d.decay(d.between(3, 20)))


def overfitted(d: Draw) -> Channels:
    """Return a test loss that rises to 1.5 to 4 times its least value, and stays there."""
    at = d.between(0.1, 0.4)
    up = 1 - np.exp(-np.maximum(d.u - at, 0) / d.between(0.05, 0.3))
    return _tested(d, (1 + 2 * np.exp(-d.u / (at / 4))) * np.exp(np.log(d.between(1.5, 4)) * up))


def wandering(d: Draw) -> Channels:
    """Return a test loss that wanders: a random walk in its logarithm, of a fifth to a half in the whole run."""
    walk = np.cumsum(d.rng.standard_normal(d.n)) / np.sqrt(d.n)
    return _tested(d, np.exp(d.between(0.2, 0.5) * walk))


def unstable(d: Draw) -> Channels:
    """Return a train and a test loss that rise threefold to tenfold together, and come back."""
    since = d.k - d.record(0.3, 0.7)
    bump = np.where(since < 0, 0.0, np.exp(-np.maximum(since, 0) / (d.between(0.01, 0.04) * d.n)))
    bump = np.exp(np.log(d.between(3, 10)) * bump)
    return _tested(d, 3 * d.decay(d.between(3, 6)) * bump, 2 * d.decay(10) * bump)


def short_of_the_edge(d: Draw) -> Channels:
    """Return a sharpness that rises to 0.45 to 0.7 of 2 over the step size."""
    level, start = d.between(0.45, 0.7), d.between(0.1, 0.3)
    return edge_channels(
        d, start + (level - start) * step_up(d.k, d.record(0.1, 0.3), 0.1 * d.n) + 0.02 * d.g(), 0 * d.k
    )


def passes_the_edge(d: Draw) -> Channels:
    """Return a sharpness that passes 2 over the step size, and goes on to 1.5 to 3 times it."""
    return edge_channels(d, d.between(0.1, 0.4) + d.between(1.5, 2.5) * d.u + 0.02 * d.g(), 0 * d.k)


def returns_from_the_edge(d: Draw) -> Channels:
    """Return a sharpness that touches 2 over the step size, and falls again to half of it."""
    ratio = 0.4 + d.between(0.55, 0.7) * np.exp(-(((d.u - d.between(0.2, 0.5)) / 0.1) ** 2)) + 0.02 * d.g()
    return edge_channels(d, ratio, 0 * d.k)


def flattens(d: Draw) -> Channels:
    """Return a sharpness that falls from 0.8 or less."""
    return edge_channels(d, d.between(0.4, 0.8) * d.decay(d.between(2, 10)) + 0.01 * np.abs(d.g()), 0 * d.k)


Null = Callable[[Draw], Channels]
NULLS: Mapping[str, tuple[Null, ...]] = {
    "spike": (falling, minibatch, jump, two_drops, period_two, warming_up),
    "grokking": (together, memorised, not_learned, half_way),
    "plateau": (falling, minibatch, flat, straight, spiky, warming_up),
    "double_descent": (generalises, overfitted, wandering, unstable),
    "edge": (short_of_the_edge, passes_the_edge, returns_from_the_edge, flattens),
    "divergence": (falling, minibatch, flat, spiky, creeping_up, with_holes, period_two),
}
