"""What strangers' files may hold: odd cells, odd curves, damaged bytes. Everything is drawn from a given generator."""

import random
from collections.abc import Callable

import numpy as np

CELLS = [
    *("nan", "inf", "-inf", "", "null", "1e999", "-1e308", "9" * 400, "1" * 5000, "0x10", "1_000", "१२", "True", "abc"),
    *("\x00", "\u202e", "'", '"', "1,5", "  7 ", "\x1b[31m", "[1,2]", "{}", "1e-320", "-0", "2026-01-01", "#", "loss"),
]
VALUES = [
    *(None, True, "", "x", "nan", "1e5", [], {}, [1, 2], {"a": 1}, {"loss": {"loss": {"loss": 1}}}, {"": 1}, {"/": 2}),
    *(1e308, -1e308, float("nan"), float("inf"), 10**400, 10**30, -1, 0, -0.0, 5e-324, "a" * 3000, [[[]]]),
    *({"_type": "histogram"}, "\ud800", {"a": {"b": [{"c": None}]}}),
]
NAMES = [
    *("loss", "val/loss", "train_loss", "step", "epoch", "global_step", "seed", "run", "name", "value", "metric", "lr"),
    *(
        "",
        "/",
        "a/b",
        "loss (2)",
        "acc",
        "val_acc",
        "acc_pct",
        "x" * 300,
        "run - loss",
        "run - loss__MIN",
        "Value",
        "%s",
    ),
    *("_step", "batch", "Wall time", "deviation", "spread", "edge_ratio", "weight_norm", "$\\frac", "{0}", "nan", "1"),
]
AXES = ("step", "epoch", "global_step", "seed", "_step", "batch", "run")
SIZES = (0, 1, 2, 3, 5, 16, 17, 60, 60, 200, 200, 600)


def damaged(raw: bytes, rng: random.Random) -> bytes:
    """Flip, replace, delete, repeat or insert some bytes, or cut the end off."""
    made = bytearray(raw)
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        if not made:
            break
        i = rng.randrange(len(made))
        match rng.randrange(6):
            case 0:
                made[i] ^= 1 << rng.randrange(8)
            case 1:
                made[i] = rng.choice([0, 255, 127, 10, 13, 34, 44, 123, 91])
            case 2:
                del made[i : i + rng.choice([1, 10, 1000])]
            case 3:
                made[i:i] = made[max(0, i - rng.choice([1, 100, 3000])) : i]
            case 4:
                del made[i:]
            case _:
                made[i:i] = rng.choice(CELLS).encode()
    return bytes(made)


def curve(n: int, rng: random.Random) -> np.ndarray:
    """(n,) values that learn, do not, jump, or are no numbers."""
    draw, t = np.random.default_rng(rng.randrange(2**32)), np.arange(n)
    kinds: list[Callable[[], np.ndarray]] = [
        lambda: np.exp(-t / max(1, n / 5)),
        lambda: draw.normal(size=n) * 10.0 ** rng.randrange(-300, 300),
        lambda: np.full(n, rng.choice([0, 1, np.nan, np.inf, 1e308, -1e308, 5e-324])),
        lambda: np.cumsum(draw.normal(size=n)),
        lambda: 1 / (1 + np.exp(-(t - n / 2) / max(1, n / 20))),
        lambda: np.where(draw.random(n) < 0.1, np.nan, np.exp(-t / max(1, n / 3))),
        lambda: np.where(t % 7 == 0, 100.0, 1.0) * np.exp(-t / max(1, n / 3)),
        lambda: draw.choice([np.inf, -np.inf, np.nan, 1.0, 1e308, -1e308, 0.0], n),
    ]
    return rng.choice(kinds)().astype(float)


def steps(n: int, rng: random.Random) -> np.ndarray:
    """(n,) steps that increase, return, stand still, run backwards, or are missing."""
    draw, t = np.random.default_rng(rng.randrange(2**32)), np.arange(n)
    kinds: list[Callable[[], np.ndarray]] = [
        lambda: t,
        lambda: t * 10,
        lambda: draw.integers(-5, 5, n),
        lambda: t[::-1],
        lambda: np.r_[t[: n // 2], t[: n - n // 2]],
        lambda: draw.normal(size=n) * 10.0 ** rng.randrange(-300, 300),
        lambda: np.full(n, 3),
        lambda: np.where(draw.random(n) < 0.1, np.nan, t),
    ]
    return rng.choice(kinds)().astype(float)


def table(rng: random.Random) -> tuple[list[str], list[np.ndarray], int]:
    """Names, columns of one length, and the length."""
    n = rng.choice(SIZES)
    names = [rng.choice(NAMES) for _ in range(rng.randrange(1, 8))]
    return names, [steps(n, rng) if name in AXES else curve(n, rng) for name in names], n
