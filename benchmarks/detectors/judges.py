"""Whom measure.py asks, and how: every detector and every rule in public use, over which thresholds.

A detector is known by its file alone. Its channels are the positional arguments after the log whose default is a name
or a tuple of names; its main threshold is the dial of its ABOUT. A detector without a dial is asked at its defaults
only, and has no operating curve.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from bestiary.about import About, Dial
from bestiary.certify.published_rules import RULES
from bestiary.files import modules
from bestiary.log import Finding, Log

# What is known of an entry's data and no threshold, though a detector that is asked by default is not told.
FACTS: dict[str, dict[str, float]] = {"grokking_diagonal_linear": {"chance": 0.5}}

STRICTNESS = np.geomspace(1 / 4, 4, 9)  # 1 is the default


class Detector(NamedTuple):
    """A detector as it stands in its file."""

    function: Callable[..., Finding]
    channels: tuple[Any, ...]  # its default ones, in the order of its arguments
    dial: Dial | None


# Values of each rule's threshold, laxest first.
RULE_VALUES: dict[str, np.ndarray] = {
    "lightning_spike_detection": 2.0 * np.geomspace(1 / 64, 64, 25),
    "llm_foundry_kill_loss_spike": 1 + np.geomspace(1 / 64, 64, 25),
    "megatron_spiky_loss": 10.0 * np.geomspace(1 / 4096, 1, 25),
    "metaseq_ewm_ratio": 1 + np.geomspace(1 / 64, 64, 25),
    "llm_c_outlier": 3.0 * np.geomspace(1 / 4, 4, 25),
    "olmo_core_stability": 6.0 * np.geomspace(1 / 8, 64, 25),
    "wandb_z_score": 3.0 * np.geomspace(1 / 8, 64, 25),
    "ruptures_breaks": np.geomspace(0.5, 2048, 25),
    "accuracy_once": np.linspace(0.04, 1, 25),
    "both_accuracies_now": np.linspace(0.04, 1, 25),
    "liu_phases": 1000.0 * np.geomspace(1 / 1024, 16, 25),
    "accuracy_jump": np.geomspace(0.01, 1, 25),
}


@cache
def detectors() -> dict[str, Detector]:
    """Return every detector that an entry may be paired with, by name; the others have everyday.py."""
    made = {}
    for name in sorted(modules("detectors")):
        module = import_module(f"bestiary.detectors.{name}")
        function, about = getattr(module, name), getattr(module, "ABOUT", About())
        if not about.everyday:
            made[name] = Detector(function, _channels(function, {}), about.dial)
    return made


def _channels(function: Callable[..., Finding], given: Mapping[str, Any]) -> tuple[Any, ...]:
    """The channels that a detector reads when some of its arguments are given; optional ones are left out."""
    taken = [p for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD][1:]
    return tuple(given.get(p.name, p.default) for p in taken if isinstance(p.default, str | tuple))


def reads(entry: str, detector: str) -> tuple[Any, ...]:
    """Return the channels that an entry's detector reads: the entry's own `detect` is called on an empty log.

    One that looks at its channels first is called on flat curves. It imports JAX with the entry's setup.
    """
    phenomenon = import_module(f"bestiary.phenomena.{entry}").PHENOMENON
    detect = phenomenon.detect
    function, asked = detectors()[detector].function, []
    plain = detect.func if isinstance(detect, partial) else detect
    if plain is function:
        return _channels(function, detect.keywords if isinstance(detect, partial) else {})

    def witness(*args: Any, **kwargs: Any) -> Finding:
        asked.append(inspect.signature(function).bind(*args, **kwargs).arguments)
        return function(*args, **kwargs)

    with mock.patch.dict(plain.__globals__, {detector: witness}):
        detect(Log({}))
        if not asked:
            steps = np.arange(16.0)
            detect(Log.of(steps, **dict.fromkeys(phenomenon.units, np.ones_like(steps))))
    return _channels(function, asked[0])


@cache
def rules() -> tuple[str, ...]:
    """The published rules that can be run here: change points need ruptures, which nothing else does."""
    try:
        import_module("ruptures")
    except ImportError:
        return tuple(name for name in RULES if name != "ruptures_breaks")
    return tuple(RULES)


def values(judge: str) -> np.ndarray:
    """Return the values tried of a detector's or a rule's main threshold, laxest first; none without a dial."""
    if judge in RULES:
        return RULE_VALUES[judge]
    function, _, dial = detectors()[judge]
    if dial is None:
        return np.array([])
    default = inspect.signature(function).parameters[dial.threshold].default
    return np.array([dial.at(default, s) for s in STRICTNESS])
