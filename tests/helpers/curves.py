"""Curves with a known answer: nulls that detectors must not fire on, and planted events.

A null is a function rng -> Null: the axis of steps, a loss-like curve that starts near 1, and, where the two
differ, accuracies on train and test data. Its name is what a detector's "Silent on:" lists.
An event is a function steps -> (Log, onset).
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from every_detector import DETECTORS, module_of

from bestiary.log import Log

COMMON = ["loss", "train_loss", "test_loss", "train_acc", "test_acc"]
T = np.arange(1000.0)
AXES = {
    "linear": np.arange(0.0, 2001.0),
    "linear_every_5": np.arange(0.0, 10001.0, 5.0),
    "logarithmic": np.r_[0.0, np.geomspace(1.0, 1e5, 1000)],
}


class Null(NamedTuple):
    t: np.ndarray
    loss: np.ndarray
    train_acc: np.ndarray | None = None
    test_acc: np.ndarray | None = None
    other: np.ndarray | None = None

    def log(self, channels: Iterable[str]) -> Log:
        """A log with these channels: accuracies rise as the loss falls.

        A channel that is neither loss nor accuracy is `other`, or the loss itself.
        """
        rise = 1 - np.clip(self.loss, 0, 1)
        given = {"train_acc": self.train_acc, "test_acc": self.test_acc}

        def values(name):
            if given.get(name) is not None:
                return given[name]
            if self.other is not None and name not in COMMON:
                return self.other
            return rise if name.endswith("acc") else self.loss

        return Log({name: (self.t, values(name)) for name in channels})


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def crossing(t, at, level, width):
    """Logistic in ln t that reaches `level` exactly at `at`; `width` is its scale in ln t."""
    return sigmoid(np.log(np.maximum(t, 1e-9) / at) / width + np.log(level / (1 - level)))


def autoregressive(rng, n, rho):
    x = rng.normal(size=n)
    for i in range(1, n):
        x[i] = rho * x[i - 1] + np.sqrt(1 - rho**2) * x[i]
    return x


def lr_decay_kink(rng):
    """Decay to a floor of noise, which the step-down of the learning rate lowers at step 500."""
    y = 0.3 + 0.7 * np.exp(-T / 60)
    return Null(T, np.where(T < 500, y, 0.1 + 0.2 * np.exp(-(T - 500) / 5)) * np.exp(0.03 * rng.normal(size=T.size)))


def oscillation(rng):
    """An edge of stability: period two under a slow swing, around a falling mean."""
    swing = 0.3 * (1 + 0.6 * np.sin(T / 23)) * (-1) ** T + 0.15 * np.sin(T / 7) + 0.05 * rng.normal(size=T.size)
    return Null(T, np.exp(-T / 400 + swing))


def staircase(rng):
    return Null(T, 1.05 - sum(0.25 * sigmoid((T - at) / 8) for at in (100, 200, 400, 800)))


def edge(t, level, loss=None):
    """Curvature over its threshold, and the loss: by default one that falls, restless."""
    loss = np.exp(-t / t[-1]) * (1 + 0.1 * (-1.0) ** np.arange(t.size)) if loss is None else loss
    return Null(t, loss, other=level)


def two_accuracies(train, test):
    return Null(T, 1.001 - train, train, test)


NULLS: dict[str, Callable[[np.random.Generator], Null]] = {
    "flat": lambda rng: Null(T, np.ones(T.size)),
    "exponential": lambda rng: Null(T, np.exp(-T / 80)),
    "power_law": lambda rng: Null(T, (1 + T) ** -0.5),
    "linear": lambda rng: Null(T, 1 - T / 1001),
    "noisy_flat": lambda rng: Null(T, 1 + 0.1 * rng.normal(size=T.size)),
    "nan_tail": lambda rng: Null(T, np.where(T < 700, np.exp(-T / 80), np.nan)),
    "empty": lambda rng: Null(T[:0], T[:0]),
    "random_walk": lambda rng: Null(T, np.exp(0.02 * np.cumsum(rng.normal(size=T.size)))),
    "lr_decay_kink": lr_decay_kink,
    "log_spaced_decay": lambda rng: Null(AXES["logarithmic"], np.exp(-AXES["logarithmic"] / 3000)),
    "staircase": staircase,
    "late_drop": lambda rng: Null(T, 1 - 0.99 * sigmoid((T - 800) / 8)),
    "start_transient": lambda rng: Null(T, 1 + 8 * np.exp(-T / 3) + 0.01 * rng.normal(size=T.size)),
    "minibatch": lambda rng: Null(T, np.exp(-T / 2000 + 0.3 * rng.normal(size=T.size))),
    "autocorrelated": lambda rng: Null(T, np.exp(0.05 * autoregressive(rng, T.size, 0.9))),
    "heavy_tails": lambda rng: Null(T, np.exp(0.03 * rng.standard_t(4, size=T.size))),
    "oscillation": oscillation,
    "level_shift": lambda rng: Null(T, np.where(T < 500, 0.3, 0.9) * np.exp(0.02 * rng.normal(size=T.size))),
    "memorisation": lambda rng: two_accuracies(crossing(T, 30, 0.99, 0.1), 0.02 + 0.01 * rng.normal(size=T.size)),
    "confusion": lambda rng: two_accuracies(0.5 + 0.02 * rng.normal(size=T.size), 0.1 + 0.02 * rng.normal(size=T.size)),
    "comprehension": lambda rng: two_accuracies(crossing(T, 50, 0.99, 0.1), crossing(T, 60, 0.95, 0.1)),
    "slow_comprehension": lambda rng: two_accuracies(crossing(T, 60, 0.99, 0.1), crossing(T, 170, 0.95, 0.2)),
    "partial_generalisation": lambda rng: two_accuracies(
        crossing(T, 30, 0.99, 0.1), 0.7 * crossing(T, 200, 0.95, 0.2) + 0.03 * rng.normal(size=T.size)
    ),
    "hump": lambda rng: edge(T, np.full(T.size, 1.5), np.exp(-T / 80) * (1 + 30 * np.exp(-(((T - 30) / 9) ** 2)))),
    "passes_the_edge": lambda rng: edge(T, 0.3 + 1.7 * T / 1000 + 0.02 * rng.normal(size=T.size)),
    "short_of_the_edge": lambda rng: edge(T, 0.3 + 0.45 * sigmoid((T - 200) / 30) + 0.02 * rng.normal(size=T.size)),
    "returns_from_the_edge": lambda rng: edge(T, 0.3 + 0.8 * np.exp(-(((T - 300) / 100) ** 2))),
}


def null(name, channels=(), seed=0):
    """A null by its name, with the common channels and these."""
    return NULLS[name](np.random.default_rng(seed)).log([*COMMON, *channels])


def grokking(t, t1=40.0, t2=400.0, chance=0.0):
    """Train accuracy reaches 0.99 at t1, test accuracy 0.95 at t2."""
    rise = crossing(t, t2, (0.95 - chance) / (1 - chance), 0.15)
    return Log.of(t, train_acc=crossing(t, t1, 0.99, 0.1), test_acc=chance + (1 - chance) * rise)


def escape(t, onset=800.0, width=8.0, level=1.0, noise=0.0, seed=0):
    """A loss that falls from its level as a logistic of scale `width` [step] and passes a fifth of it at the onset.

    The attention rises from 1/64 to 1 with half its rise at the time of half the loss.
    """
    middle = onset - width * np.log(4)
    fallen = sigmoid((t - middle) / width)
    noisy = np.exp(noise * np.random.default_rng(seed).normal(size=t.size))
    return Log.of(t, loss=level * (1 - fallen + 1e-4) * noisy, attention=1 / 64 + (1 - 1 / 64) * fallen)


def bursts(t, onsets, height=20.0, width=10.0, noise=0.0, fall=2.0, seed=0):
    """A falling loss that jumps to `height` times its value at each onset and comes back within some `width` [step].

    `edge_ratio` is above one for a fifth of the first gap before each onset.
    """
    width, onsets = np.broadcast_to(width, len(onsets)), np.asarray(onsets)
    since = [np.where(t >= at, np.exp(-(t - at) / w), 0.0) for at, w in zip(onsets, width, strict=True)]
    noisy = np.exp(noise * np.random.default_rng(seed).normal(size=t.size))
    lead = 0.2 * (onsets[1] - onsets[0])
    armed = np.any([(t >= at - lead) & (t <= at) for at in onsets], axis=0)
    loss = np.exp(-fall * t / t[-1]) * (1 + (height - 1) * np.sum(since, axis=0)) * noisy
    return Log.of(t, loss=loss, edge_ratio=np.where(armed, 1.1, 0.9))


def spiky(t):
    """Four spikes, evenly spaced on the axis given, each some three records wide."""
    at = t[[200, 400, 600, 800]] if t.size < 1500 else t[[400, 800, 1200, 1600]]
    interval = np.interp(at, t[1:], np.diff(t))
    return bursts(t, at, width=4 * interval), float(at[0])


def settling(t, onset=800.0, start=1.0, level=3.0, noise=0.0, seed=0):
    """A curve that relaxes exponentially, and at the onset is a twentieth of the level, or of its way to it, off."""
    off = 0.05 * min(level, abs(start - level)) / abs(start - level)
    noisy = noise * np.random.default_rng(seed).normal(size=t.size)
    return Log.of(t, value=level + (start - level) * off ** (t / onset) + noisy, level=np.full(t.size, level))


def balance(t, onset=400.0, leak=0.01):
    """Parts that exchange a tenth by the onset and all in the end, of which `leak` is lost."""
    exchange = 1 - 0.9 ** (t / onset)
    return Log.of(t, exchange=exchange, drift=leak * exchange)


def orbit(t, onset=500.0, period=None, growth=0.0, noise=0.0, seed=0):
    """A curve at rest at 3 that begins to swing, and passes its middle at 2 at the onset; `growth` [1 / period]."""
    period = t[-1] / 12 if period is None else period
    since = np.maximum(t - (onset - period / 4), 0) / period
    swing = np.exp(growth * since) * np.cos(2 * np.pi * since)
    return Log.of(t, value=2 + swing + noise * np.random.default_rng(seed).normal(size=t.size))


def hovering(t, every=1):
    """Curvature that arrives at its threshold, within a few records, at a fixed record, and swings around it."""
    at = t[200]
    swing = 0.05 * np.sin(np.arange(t.size) / 3) * (t >= at)
    ratio = np.where(t < at, 0.3 + 0.5 * (t / at) ** 4, 1.0) + swing
    loss = np.exp(-2 * np.minimum(t / at, 1) - t / t[-1]) * (1 + 0.2 * (t >= at) * (-1.0) ** np.arange(t.size))
    return Log({"loss": (t, loss), "edge_ratio": (t[::every], ratio[::every])}), float(at)


def catapulted(t):
    """A loss that grows e-fold per record from the tenth to the fourteenth, then halves per record; flatter after."""
    k = np.arange(t.size)
    loss = np.exp(np.clip(k - 10, 0, 4) - 0.7 * np.clip(k - 14, 0, 40))
    return Log.of(t, loss=loss, edge_ratio=np.where(k < 14, 1.5, 0.6)), float(t[11])


def one_by_one(t, at=(300, 500, 700)):
    """Modes that rise as logistics in t, with half of each at the records given."""
    return Log.of(t, **{f"mode_{i + 1}": sigmoid(10 * (t / t[k] - 1)) for i, k in enumerate(at)}), float(t[at[0]])


def relaxations(t, times, amplitude=1.0):
    """Errors that relax side by side; error i is halved at times[i]."""
    return Log.of(t, **{f"error_{i + 1}": amplitude * 0.5 ** (t / at) for i, at in enumerate(times)})


def double_descent(t, height=3.0, noise=0.0, seed=0):
    """A test loss that falls, rises `height`-fold from a twentieth of the axis on, and falls below where it began."""
    u = np.linspace(0, 1, t.size)
    corners = np.log([2.0, 1.0, height, 0.2, 0.2])
    return Log.of(
        t,
        test_loss=np.exp(
            np.interp(u, [0, 0.05, 0.4, 0.8, 1.0], corners) + noise * np.random.default_rng(seed).normal(size=t.size)
        ),
    ), float(t[round(0.05 * (t.size - 1))])


def feature_learning(t, moved=0.06, at=300.0, fitted=1e-4):
    """A loss that is fitted while the distance from the start rises to `moved`, passing 0.02 at `at` [step]."""
    done = crossing(t, at, 0.02 / moved, 0.3)
    return Log.of(
        t, kernel_distance=moved * np.where(t > 0, done, 0.0), train_loss=1 - (1 - fitted) * crossing(t, at, 0.5, 0.1)
    )


def parting(t, at=300, share=0.5):
    """Two curves that fall as one until a record, from which on the lower has a share of the upper."""
    upper = 1 + np.exp(-t / t[at])
    return Log.of(t, upper=upper, lower=np.where(t < t[at], 1.0, share) * upper), float(t[at])


def fading(t, at=300, kept=0.3):
    """A score that stays at 0.95 until some records before `at`, where it passes 0.8 of that, on its way down."""
    k = np.arange(t.size)
    score = 0.95 * (1 - (1 - kept) * np.clip((k - at + 50) / 50 * 0.2 / (1 - kept), 0, 1))
    return Log.of(t, train_acc=score), float(t[at])


def collapsing(t, fall=1e4, final=0.01, noise=0.0, seed=0):
    """A fit at a fiftieth of the axis; a spread that then falls `fall`-fold over two fifths of it, evenly in the
    logarithm, and a deviation that ends at `final`; and where the spread has fallen tenfold.
    """
    u = np.linspace(0, 1, t.size)
    after = np.clip(u - 0.02, 0, None) / 0.4
    noisy = np.exp(noise * np.random.default_rng(seed).normal(size=t.size))
    spread = fall ** -np.minimum(after, 1) * noisy
    log = Log.of(t, train_acc=np.where(u >= 0.02, 1.0, 0.5), spread=spread, deviation=np.maximum(final, 0.5 - u))
    return log, float(np.interp(0.02 + 0.4 * np.log(10) / np.log(fall), u, t))


def blown_up(t, at=600, down=3.0, up=7.3):
    """A loss that falls from 10 to its level, and goes up to another for good at a record."""
    k = np.arange(t.size)
    return Log.of(t, loss=np.where(k < at, down + (10 - down) * np.exp(-k / 80), up)), float(t[at])


def down_to_zero(t, at=400):
    """A loss that is exactly 0 from a record on."""
    k = np.arange(t.size)
    return Log.of(t, loss=np.where(k < at, 1 + np.exp(-k / 80), 0.0)), float(t[at])


def unbounded(t, scale=60.0):
    """A loss that falls below zero, and on exponentially."""
    k = np.arange(t.size)
    loss = 2 - np.exp(np.minimum(k / scale, 18))
    return Log.of(t, loss=loss), float(t[np.argmax(loss < 0)])


def one_spike(t, at=600, height=1.6, wide=8):
    """A loss that falls slowly, and rises once for some records."""
    k = np.arange(t.size)
    loss = (2 + np.exp(-k / 300)) * np.where((k >= at) & (k < at + wide), height, 1.0)
    return Log.of(t, loss=loss), float(t[at])


def thrown_out(t, every=21, wide=4):
    """A fitted loss that is lost every so many records."""
    k = np.arange(t.size)
    loss = np.where((k < 5) | ((k % every >= every - wide) & (k > every)), 5.0, 0.01)
    return Log.of(t, loss=loss), float(t[2 * every - wide])


def jumped(t, at=500, height=2.0):
    """A loss that jumps at a record, falls on from there, and never comes back."""
    k = np.arange(t.size)
    return Log.of(t, loss=(1 + 4 * np.exp(-k / 200)) * np.where(k < at, 1.0, height)), float(t[at])


def stepped(t, at=(500, 750), cut=10.0):
    """A loss that falls by two fifths where the learning rate is cut."""
    k = np.arange(t.size)
    done = sum((k >= i).astype(float) for i in at)
    return Log.of(t, loss=(0.6 + np.exp(-k / 40)) * 0.6**done, lr=0.1 * cut**-done), float(t[at[0]])


def down_the_river(t, at=600):
    """A loss that falls steadily below zero, restless, and by a sixth more where the learning rate is cut."""
    k = np.arange(t.size)
    restless = 0.02 * np.random.default_rng(0).normal(size=t.size) * np.where(k < at, 1.0, 0.1)
    loss = np.where(k < at, 0.16, 0.0) - 0.3 * k / t.size + restless
    return Log.of(t, loss=loss, lr=np.where(k < at, 0.5, 0.025)), float(t[at])


def of_any_sign(t, make=down_the_river):
    """The same, of which the loss is a value of any sign."""
    log, at = make(t)
    return Log({"value": log["loss"], "lr": log["lr"]}), at


def overfitted(t, at=300, rise=0.5):
    """A validation loss that is lowest at a record, and rises from there."""
    k = np.arange(t.size)
    up = 1 + rise * (1 - np.exp(-np.maximum(k - at, 0) / 200))
    return Log.of(t, test_loss=np.where(k < at, 1 + np.maximum(at - k, 0) / at, up)), float(t[at])


def stairs(t, epochs=4):
    """A loss that falls by a third at the start of each epoch, and nowhere else."""
    k = np.arange(t.size)
    epoch = np.minimum(k * epochs // t.size, epochs - 1)
    first = float(t[np.argmax(epoch > 0)])
    return Log.of(t, loss=1.2 * 0.67**epoch), first


def at_chance(t, classes=10):
    """A loss that is what guessing gives."""
    return Log.of(t, loss=np.full(t.size, np.log(classes))), float(t[0])


def fallen_reward(t, at=600):
    """A reward that is learned, and lost at a record."""
    k = np.arange(t.size)
    return Log.of(t, reward=np.where(k < at, 180 * (1 - np.exp(-k / 60)), 20.0)), float(t[at])


def one_wins(t, at=400, to=1e-3):
    """Two losses that hold each other, until that of the discriminator is gone and the generator's rises."""
    k = np.arange(t.size)
    done = 1 / (1 + np.exp(np.clip(2.0 * (at - k), -500, 500)))
    return Log.of(t, disc_loss=1.2 * to**done, gen_loss=0.9 + 8 * done), float(t[at])


def power(t, at=60, exponent=-0.5, noise=0.0, seed=0):
    """A curve that falls threefold onto a power of the step at a record, and follows it from there."""
    line = np.maximum(t, t[1]) / t[at]
    noisy = np.exp(noise * np.random.default_rng(seed).normal(size=t.size))
    return Log.of(t, value=np.where(np.arange(t.size) < at, 3.0, 1.0) * line**exponent * noisy), float(t[at])


def widening(t, at=400.0, slope=3.0):
    """A norm that grows as ln t, and a margin that comes to 0.9 of the largest at a step."""
    share = np.minimum(1 - 0.1 * at / np.maximum(t, 1e-9), 1)
    return Log.of(t, weight_norm=slope * np.log1p(t / 2), margin=np.maximum(share, 0.0))


EVENTS: dict[str, dict[str, Callable[[np.ndarray], tuple[Log, float]]]] = {
    "delayed_generalization": {
        "sharp": lambda t: (grokking(t), 400.0),
        "long": lambda t: (grokking(t, 15.0, 1500.0), 1500.0),
    },
    "plateau_escape": {
        "sharp": lambda t: (escape(t), 800.0),
        "noisy": lambda t: (escape(t, 800.0, noise=0.1), 800.0),
        "tiny_loss": lambda t: (escape(t, 1000.0, 12.0, level=1e-5), 1000.0),
    },
    "overshoot": {"early": catapulted},
    "staggered_modes": {"three": one_by_one},
    "drop_beyond_trend": {"two": lambda t: of_any_sign(t, stepped), "river": of_any_sign},
    "ends_below": {"half": parting, "tenth": lambda t: parting(t, 500, 0.1)},
    "decline": {"third": fading, "nothing": lambda t: fading(t, 400, 0.0)},
    "edge_hover": {"every_record": hovering, "rare": lambda t: hovering(t, 4)},
    "spikes": {"four": spiky},
    "settles_at": {
        "up": lambda t: (settling(t), 800.0),
        "down": lambda t: (settling(t, 600.0, 5.0, 2.0), 600.0),
        "from_zero": lambda t: (settling(t, 500.0, 0.0, 1e-5), 500.0),
    },
    "conserved": {"exact": lambda t: (balance(t, leak=0.0), 400.0), "leaking": lambda t: (balance(t), 400.0)},
    "cycling": {"circle": lambda t: (orbit(t), 500.0), "spiral": lambda t: (orbit(t, 500.0, growth=0.02), 500.0)},
    "departure": {
        "far": lambda t: (feature_learning(t), 300.0),
        "farther": lambda t: (feature_learning(t, 0.5), 300.0),
    },
    "collapse_after_fit": {"far": collapsing, "near": lambda t: collapsing(t, 20.0)},
    "hump": {"sharp": double_descent, "low": lambda t: double_descent(t, 1.6)},
    "ordered_learning": {
        "far_apart": lambda t: (relaxations(t, (20.0, 700.0)), 20.0),
        "near": lambda t: (relaxations(t, (100.0, 330.0)), 100.0),
    },
    "log_growth": {"far": lambda t: (widening(t), 400.0), "near": lambda t: (widening(t, 100.0, 1e-3), 100.0)},
    "lost": {"language_model": blown_up, "collapse": lambda t: blown_up(t, 700, 0.001, 9.0)},
    "zero_loss": {"sudden": down_to_zero},
    "runs_away": {"exponential": unbounded},
    "spike": {
        "low": one_spike,
        "high": lambda t: one_spike(t, 400, 30.0),
        "narrow": lambda t: one_spike(t, 500, 3.0, 1),
    },
    "relapses": {"every_21": thrown_out},
    "level_shift": {"high": lambda t: jumped(t, 500, 1.6), "late": lambda t: jumped(t, 700, 1.4)},
    "lr_drop": {"two": stepped, "one": lambda t: stepped(t, (400,), 3.0)},
    "overfitting": {"half": overfitted, "slight": lambda t: overfitted(t, 300, 0.1)},
    "epoch_stairs": {"four": stairs, "three": lambda t: stairs(t, 3)},
    "reward_lost": {"collapse": fallen_reward},
    "one_sided": {"discriminator": one_wins},
    "power_tail": {
        "square_root": power,
        "inverse": lambda t: power(t, 100, -1.0, noise=0.02),
        "growth": lambda t: power(t, 40, 0.25),
    },
}

# A detector may bring an event of its own, so that it is one file.
EVENTS |= {name: {"planted": planted} for name in DETECTORS if (planted := getattr(module_of(name), "planted", None))}
