"""The kinds of detectors that can be certified: what each is given, and who answers the same question."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bestiary.certify.conditions import CONDITIONS
from bestiary.certify.events import EVENTS, Shape
from bestiary.certify.nulls import NULLS, Null
from bestiary.certify.published_rules import RULES
from bestiary.certify.spike_rules import firing
from bestiary.log import Finding, Log

Judge = Callable[[Log], Finding]


class Kind(NamedTuple):
    """A question that a detector answers.

    Attributes:
        name: what follows `--as`.
        question: in words.
        channels: what a log has, in this order.
        ours: the detectors of `bestiary detect` that answer it.
        rules: rules in public use that answer it, each with its published threshold.
        events: shapes of curves in which it is there.
        nulls: curves in which it is not.
        conditions: names of what is done to them.
    """

    name: str
    question: str
    channels: tuple[str, ...]
    ours: tuple[str, ...]
    rules: dict[str, Judge]
    events: tuple[Shape, ...]
    nulls: tuple[Null, ...]
    conditions: tuple[str, ...]


def terminate_on_nan(log: Log, loss: str = "loss") -> Finding:
    """Fire where the loss is not finite.

    Source: Keras, callbacks, class TerminateOnNaN.
    """
    if lacking := log.lacking([loss]):
        return lacking
    t, y = log[loss]
    return firing(t, ~np.isfinite(y), f"{loss} not finite")


def _published(rival: str) -> dict[str, Judge]:
    """Return the rules that answer the question of a detector and have a published threshold."""
    return {name: rule.judge for name, rule in RULES.items() if rule.rival == rival and rule.published is not None}


_ACCURACIES = ("train_acc", "test_acc", "train_loss", "test_loss")
_ASKED: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], dict[str, Judge]], ...] = (
    ("spike", "does the loss spike?", ("loss",), ("spike", "spikes"), _published("spikes")),
    (
        "grokking",
        "does test accuracy rise long after train accuracy?",
        _ACCURACIES,
        ("delayed_generalization",),
        _published("delayed_generalization"),
    ),
    ("plateau", "does the loss leave a plateau?", ("loss",), ("plateau_escape",), {}),
    (
        "double_descent",
        "does the test loss rise and fall again?",
        ("test_loss", "train_loss"),
        ("hump",),
        {},
    ),
    (
        "edge",
        "does the sharpness climb to 2 / lr and stay?",
        ("edge_ratio", "sharpness", "lr", "loss"),
        ("edge_hover",),
        {},
    ),
    (
        "divergence",
        "is the run lost?",
        ("loss",),
        ("diverged", "lost"),
        {"keras_terminate_on_nan": terminate_on_nan},
    ),
)
KINDS = {
    name: Kind(name, question, channels, ours, rules, EVENTS[name], NULLS[name], CONDITIONS[name])
    for name, question, channels, ours, rules in _ASKED
}
