"""Curves in which one thing was planted: for each kind of detector a few shapes, each with where the thing is.

A shape is a function Draw -> Planted. The event has a start and a stop: whatever a rule takes for the onset, a record
between the two is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from bestiary.certify.draw import Draw, step_up


class Planted(NamedTuple):
    """Channels (n,), the first and the last record of what was planted, and the axis if it is not even."""

    channels: dict[str, np.ndarray]
    start: float  # [record]
    stop: float  # [record]
    steps: np.ndarray | None = None


def _bump(k: np.ndarray, at: int, height: float, rise: int, decay: float) -> np.ndarray:
    """Return an excess in ln (n,): up within some records, then back exponentially."""
    since = k - at
    up, down = np.clip((since + 1) / rise, 0, 1), np.exp(-np.maximum(since - rise + 1, 0) / decay)
    return np.log(height) * np.where(since < 0, 0.0, up * down)


def _spiky(d: Draw, at: list[int], height: tuple[float, float], decay: tuple[float, float]) -> Planted:
    """Plant excursions at records; each is over when a tenth of its height is left."""
    level, last = 2.5 * d.decay(d.between(2, 5)) * d.factor(d.spread(0.004, 0.04)), 0.0
    for one in at:
        rise, slow = d.whole(1, 3), d.between(*decay)
        level = level * np.exp(_bump(d.k, one, d.spread(*height), rise, slow))
        last = one + rise + slow * np.log(10)
    return Planted({"loss": level}, at[0], min(last, d.n - 1))


def one_spike(d: Draw) -> Planted:
    """Plant one spike, of 2.5 to 8 times the level."""
    return _spiky(d, [d.record(0.3, 0.85)], (2.5, 8), (4, 15))


def repeated_spikes(d: Draw) -> Planted:
    """Plant three to six spikes, of 2.5 to 6 times the level."""
    many = d.whole(3, 6)
    at = np.linspace(0.3, 0.9, many) * d.n + d.rng.uniform(-0.03, 0.03, many) * d.n
    return _spiky(d, [round(one) for one in at], (2.5, 6), (4, 10))


def short_spike(d: Draw) -> Planted:
    """Plant one spike of three to five records, of 3 to 8 times the level."""
    at, wide = d.record(0.3, 0.85), d.whole(3, 5)
    level = 2.5 * d.decay(d.between(2, 5)) * d.factor(d.spread(0.004, 0.04))
    level[at : at + wide] *= d.spread(3, 8)
    return Planted({"loss": level}, at, at + wide)


def slow_spike(d: Draw) -> Planted:
    """Plant one spike, of 2 to 5 times the level, that takes 60 to 140 records to recover."""
    return _spiky(d, [d.record(0.3, 0.7)], (2, 5), (25, 60))


def accuracies(d: Draw, train: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    """Return accuracies with the scatter of a finite test set, and losses that go with them."""
    noisy = [np.clip(p + d.spread(0.005, 0.03) * np.sqrt(p * (1 - p)) * d.g(), 0, 1) for p in (train, test)]
    losses = [(2.3 * (1 - p) + 0.003) * d.factor(0.02) for p in (train, test)]
    names = ("train_acc", "test_acc", "train_loss", "test_loss")
    return dict(zip(names, (*noisy, *losses), strict=True))


def rise_in_time(t: np.ndarray, at: float, width: float) -> np.ndarray:
    """Return a logistic (n,) in ln t that reaches 0.99 at `at`; `width` is its scale in ln t."""
    with np.errstate(divide="ignore"):
        return step_up(np.log(np.maximum(t, 1e-9) / at) + width * np.log(99), 0.0, 2 * np.log(9) * width)


def _grokking(d: Draw, t: np.ndarray, t1: float, delay: float, width: float, chance: float) -> Planted:
    """Plant a test accuracy that reaches 0.99 `delay` times later than the train accuracy."""
    rise = rise_in_time(t, delay * t1, width)
    train = chance + (1 - chance) * rise_in_time(t, t1, 0.15)
    start, stop = np.searchsorted(rise, 0.1), np.searchsorted(rise, 0.99)
    return Planted(accuracies(d, train, chance + (1 - chance) * rise), float(start), float(stop), d.every * t)


def grokking_sharp(d: Draw) -> Planted:
    """Plant a test accuracy that rises 6 to 30 times later, within half its own time."""
    t1 = d.between(0.015, 0.025) * d.n
    return _grokking(d, d.k, t1, d.spread(6, 30), d.between(0.04, 0.08), d.between(0, 0.1))


def grokking_slow(d: Draw) -> Planted:
    """Plant a test accuracy that rises 10 to 30 times later, over most of the time before."""
    t1 = d.between(0.015, 0.025) * d.n
    return _grokking(d, d.k, t1, d.spread(10, 30), d.between(0.12, 0.2), d.between(0, 0.1))


def grokking_two_classes(d: Draw) -> Planted:
    """Plant the same with a chance of one half."""
    t1 = d.between(0.015, 0.025) * d.n
    return _grokking(d, d.k, t1, d.spread(6, 30), d.between(0.04, 0.1), 0.5)


def grokking_logarithmic(d: Draw) -> Planted:
    """Plant the same on records that are even in the logarithm of the step."""
    t = np.unique(np.r_[0, np.geomspace(1, 1e5, d.n)].round())[: d.n]
    d.n, d.k, d.u = t.size, np.arange(t.size, dtype=np.float64), np.linspace(0, 1, t.size)
    return _grokking(d, t, d.spread(100, 1000), d.spread(8, 60), d.between(0.05, 0.15), d.between(0, 0.1))


def _drops(d: Draw, top: np.ndarray, at: float, width: float, share: float) -> Planted:
    loss = top * (1 - share * step_up(d.k, at, width)) * d.factor(d.spread(0.002, 0.04))
    return Planted({"loss": loss}, at - width / 2, at + 2 * width)


def plateau_from_the_start(d: Draw) -> Planted:
    """Plant a loss that stays where it began, and drops by 60 % or more."""
    top = np.full(d.n, d.between(0.7, 10))
    return _drops(d, top, d.record(0.25, 0.7), d.between(0.01, 0.05) * d.n, d.between(0.6, 0.97))


def plateau_on_the_way(d: Draw) -> Planted:
    """Plant a loss that falls to a plateau, stays, and drops by 60 % or more of it."""
    share = d.between(0.3, 0.7)
    top = d.between(2, 10) * (share + (1 - share) * np.exp(-d.u / d.between(0.01, 0.03)))
    return _drops(d, top, d.record(0.4, 0.75), d.between(0.01, 0.05) * d.n, d.between(0.6, 0.97))


def plateau_shallow(d: Draw) -> Planted:
    """Plant a loss that stays where it began, and drops by a fifth to two fifths, far more than its noise."""
    return _drops(
        d, np.full(d.n, d.between(0.7, 10)), d.record(0.3, 0.7), d.between(0.01, 0.04) * d.n, d.between(0.2, 0.4)
    )


def _descents(d: Draw, valley: float, peak: float, height: float, end: float) -> Planted:
    """Plant a test loss that falls to 1, rises `height`-fold and falls to `end`; the train loss only falls."""
    foot = peak + d.between(0.6, 0.95) * (1 - peak)
    corners = [0, valley, peak, foot, 1.0]
    curve = PchipInterpolator(corners, np.log([d.between(2, 5), 1.0, height, end, 0.98 * end]))(d.u)
    test = np.exp(curve) * d.factor(d.spread(0.001, 0.02))
    train = 2 * d.decay(d.spread(50, 500)) * d.factor(0.02)
    return Planted({"test_loss": test, "train_loss": train}, valley * d.n, peak * d.n)


def descent_tall(d: Draw) -> Planted:
    """Plant a test loss that rises threefold to sixfold before its second descent."""
    return _descents(d, d.between(0.05, 0.15), d.between(0.25, 0.45), d.spread(3, 6), d.between(0.3, 0.9))


def descent_low(d: Draw) -> Planted:
    """Plant a test loss that rises by 80 to 150 % before its second descent."""
    return _descents(d, d.between(0.05, 0.15), d.between(0.25, 0.45), d.spread(1.8, 2.5), d.between(0.3, 0.9))


def descent_late(d: Draw) -> Planted:
    """Plant a second descent that begins in the second half."""
    return _descents(d, d.between(0.2, 0.35), d.between(0.5, 0.65), d.spread(2, 5), d.between(0.3, 0.9))


def edge_channels(d: Draw, ratio: np.ndarray, restless: np.ndarray) -> dict[str, np.ndarray]:
    """Return a normalised sharpness (n,), the sharpness at a constant step size, and a loss that it shakes."""
    lr = d.spread(1e-3, 1e-1)
    shaken = 1 + restless * (-1.0) ** d.k * (1 + 0.4 * d.rng.standard_normal(d.n))
    loss = d.decay(d.between(10, 50)) * shaken
    return {"edge_ratio": ratio, "sharpness": 2 * ratio / lr, "lr": np.full(d.n, lr), "loss": loss}


def _edge(d: Draw, arrival: float, swing: float) -> Planted:
    """Plant a sharpness that climbs to 2 over the step size, and hovers there."""
    start, at = d.between(0.1, 0.5), arrival * d.n
    climb = start + (1 - start) * np.minimum(d.k / at, 1) ** d.between(1, 2)
    hovers = d.k >= at
    swings = swing * np.sin(2 * np.pi * (d.k - at) / d.between(8, 30)) * hovers
    ratio = climb + swings + 0.02 * d.g()
    early = float(np.searchsorted(climb, 0.8))
    return Planted(edge_channels(d, ratio, d.between(0.05, 0.2) * hovers), early, at + 0.05 * d.n)


def edge_soon(d: Draw) -> Planted:
    """Plant an arrival within a tenth of the run."""
    return _edge(d, d.between(0.04, 0.1), d.between(0.02, 0.08))


def edge_late(d: Draw) -> Planted:
    """Plant an arrival at a tenth to a fifth of the run."""
    return _edge(d, d.between(0.1, 0.2), d.between(0.02, 0.08))


def edge_swinging(d: Draw) -> Planted:
    """Plant a hovering that swings by a tenth to a fifth."""
    return _edge(d, d.between(0.05, 0.15), d.between(0.1, 0.2))


def _healthy(d: Draw) -> np.ndarray:
    return d.between(2, 8) * d.decay(d.between(3, 20)) * d.factor(d.spread(0.004, 0.04))


def to_nan(d: Draw) -> Planted:
    """Plant a loss that grows a thousandfold within some records, and is not a number from there."""
    loss, at, wide = _healthy(d), d.record(0.3, 0.9), d.whole(4, 20)
    loss *= np.exp(np.log(1e3) * np.clip((d.k - at) / wide, 0, 1))
    loss[at + wide :] = np.nan
    return Planted({"loss": loss}, at, at + wide + 1)


def nan_at_once(d: Draw) -> Planted:
    """Plant a loss that is not a number from one record to the next."""
    loss, at = _healthy(d), d.record(0.3, 0.9)
    loss[at:] = np.nan
    return Planted({"loss": loss}, at, at + 1)


def blown_up(d: Draw) -> Planted:
    """Plant a loss that goes up within some records to where it began, or above, and stays."""
    loss, at, wide = _healthy(d), d.record(0.3, 0.75), d.whole(1, 20)
    up, level = np.clip((d.k - at) / wide, 0, 1), loss[0] * d.between(0.9, 2)
    return Planted({"loss": loss ** (1 - up) * (level * d.factor(0.02)) ** up}, at, at + wide + 1)


def explodes(d: Draw) -> Planted:
    """Plant a loss that grows exponentially to the end, a millionfold or more."""
    loss, at = _healthy(d), d.record(0.4, 0.8)
    grown = np.exp(np.log(d.spread(1e6, 1e9)) * np.maximum(d.k - at, 0) / (d.n - 1 - at))
    return Planted({"loss": loss * grown}, at, at + 0.25 * (d.n - at))


Shape = Callable[[Draw], Planted]
EVENTS: Mapping[str, tuple[Shape, ...]] = {
    "spike": (one_spike, repeated_spikes, short_spike, slow_spike),
    "grokking": (grokking_sharp, grokking_slow, grokking_two_classes, grokking_logarithmic),
    "plateau": (plateau_from_the_start, plateau_on_the_way, plateau_shallow),
    "double_descent": (descent_tall, descent_low, descent_late),
    "edge": (edge_soon, edge_late, edge_swinging),
    "divergence": (to_nan, nan_at_once, blown_up, explodes),
}
