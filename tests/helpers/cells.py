"""A cell, its runs and a checkpoint of it; and a job that takes long enough to be killed."""

import numpy as np
import tiny

from bestiary.train import runs
from bestiary.train.jobs import Job
from bestiary.train.store import Cell

CELL = Cell("bowl", "c0de", (("steps", 4),), (("lr", 0.1),), 0, (0, 1), (("jax", "1"),))
LEAVES = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 2], np.uint32), np.array([True, False])]
LONG = Job(
    "keys",
    tiny.KEYS,
    tiny.Steps(steps=60, log_every=1),
    tuple(tiny.PlayersKnobs(lr / 40) for lr in range(1, 41)),
    (16,) * 40,
    0,
    "c0de",
)


def dataset(scale=1.0):
    values = {"w": scale * np.arange(8, dtype=np.float32).reshape(2, 4)}
    return runs.dataset(tiny.BOWL, tiny.BowlKnobs(), (0, 1), np.arange(4), values, np.arange(0), {}, {"root": 0})
