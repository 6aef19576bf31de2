"""Curves in which one thing was planted, on the noise of `healthy`: what a detector should find there, and where.

A run is a function rng -> ({channel: (steps, values)}, [step] where the thing is).
"""

from collections.abc import Callable

import numpy as np
from curves import autoregressive
from healthy import cosine, noise

from bestiary.log import Log

Run = tuple[dict[str, tuple[np.ndarray, np.ndarray]], float]


def _sigmoid(k, at, width):
    """From 0 to 1, from a tenth to nine tenths within `width` records."""
    return 1 / (1 + np.exp(-np.clip((k - at) * 4.4 / width, -500, 500)))


def plateau_from_the_start(rng) -> Run:
    """A loss that stays where it began, drops by a fifth or more, and falls on slowly."""
    n = int(rng.choice([200, 500, 1000, 3000]))
    k, at, width = np.arange(n), rng.uniform(0.15, 0.7) * n, max(rng.uniform(0.005, 0.05) * n, 3)
    slow = np.exp(-np.maximum(k - at, 0) / (rng.uniform(0.1, 0.5) * n))
    loss = rng.uniform(0.69, 11) * (1 - rng.uniform(0.2, 0.95) * _sigmoid(k, at, width) * (1 - 0.3 * slow))
    return {"train_loss": (10 * k, loss * np.exp(noise(rng, n, rng.uniform(0.002, 0.05))))}, 10 * at


def plateau_on_the_way(rng) -> Run:
    """A loss that falls to a plateau, stays, and drops again."""
    n = int(rng.choice([200, 500, 1000, 3000]))
    k, at, width = np.arange(n), rng.uniform(0.25, 0.7) * n, max(rng.uniform(0.005, 0.05) * n, 3)
    top, share = rng.uniform(2, 11), rng.uniform(0.3, 0.8)
    loss = top * (share + (1 - share) * np.exp(-k / (rng.uniform(0.005, 0.04) * n)))
    loss *= (1 - rng.uniform(0.2, 0.95) * _sigmoid(k, at, width)) * np.exp(noise(rng, n, rng.uniform(0.002, 0.05)))
    return {"train_loss": (10 * k, loss), "lr": (10 * k, cosine(n))}, 10 * at


def reward_collapse(rng) -> Run:
    """A reward that is learned, and lost within a three-hundredth to a quarter of the run."""
    n = int(rng.choice([60, 100, 300, 1000]))
    k, at, top = np.arange(n), rng.uniform(0.3, 0.8) * n, rng.uniform(50, 500)
    wide, left = max(rng.choice([0.003, 0.02, 0.1, 0.25]) * n, 0.1), rng.uniform(-0.1, 0.4)
    up = 1 - 0.95 * np.exp(-k / (n / rng.uniform(8, 20)))
    reward = top * (left + (up - left) * (1 - _sigmoid(k, at, wide)))
    rough = 0.7 * rng.normal(size=n) + 0.7 * autoregressive(rng, n, rng.uniform(0.5, 0.95))
    return {"reward": (k, reward + top * rng.uniform(0.01, 0.08) * rough)}, at


def one_player_wins(rng) -> Run:
    """A discriminator whose loss goes to nothing, and a generator whose loss rises."""
    n = int(rng.choice([60, 200, 1000]))
    k, at = np.arange(n), rng.uniform(0.2, 0.7) * n
    done = _sigmoid(k, at, max(rng.uniform(0.01, 0.1) * n, 1))
    left = 10 ** -rng.uniform(2, 4) * np.exp(noise(rng, n, 0.5))
    held = rng.uniform(0.6, 1.3) * np.exp(noise(rng, n, rng.uniform(0.05, 0.3)))
    other = (rng.uniform(0.8, 3) + rng.uniform(4, 20) * done) * np.exp(noise(rng, n, rng.uniform(0.05, 0.3)))
    return {"disc_loss": (k, held * (1 - done) + left), "gen_loss": (k, other)}, at


PLANTED: dict[str, tuple[str, Callable[[np.random.Generator], Run]]] = {
    "plateau_from_the_start": ("plateau_escape", plateau_from_the_start),
    "plateau_on_the_way": ("plateau_escape", plateau_on_the_way),
    "reward_collapse": ("reward_lost", reward_collapse),
    "one_player_wins": ("one_sided", one_player_wins),
}


def planted(kind: str, seed: int) -> tuple[Log, float]:
    """A run in which something was planted, and where [step]."""
    made, at = PLANTED[kind][1](np.random.default_rng([seed, sorted(PLANTED).index(kind)]))
    return Log(made | ({"loss": made["train_loss"]} if "train_loss" in made else {})), at
