"""Whom measure.py asks, and how: each detector's channels and main threshold, each rule's range of one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from published_rules import RULES

from bestiary.files import modules
from bestiary.log import Finding

# The channels that an entry's own detector reads, where they do not have the detector's default names.
READS: dict[str, tuple[Any, ...]] = {
    "bigram_critical_dimension": ("loss", "entropy"),
    "dirac_gan": ("generator",),
    "loss_of_plasticity": ("accuracy",),
    "period_doubling": ("weight",),
    "posterior_collapse": ("collapsed", "collapsed_in_theory"),
    "rotational_equilibrium": ("angle", "angle_in_theory"),
    "spectral_bias": (("error_1", "error_3", "error_5", "error_8"),),
    "superposition": ("stored", "dimensions"),
    "symmetry_test": ("even_error", "plain_error"),
}

# What is known of an entry's data and no threshold, though a detector that is asked by default is not told.
FACTS: dict[str, dict[str, float]] = {"grokking_diagonal_linear": {"chance": 0.5}}

STRICTNESS = np.geomspace(1 / 4, 4, 9)  # 1 is the default


class Dial(NamedTuple):
    """A detector's main threshold, and what `strictness` times as strict means for it."""

    threshold: str
    how: str  # times, over, above_one (the excess over 1 is multiplied), below_one (the deficit)

    def at(self, default: float, strictness: float) -> float:
        """The threshold's value."""
        return {
            "times": default * strictness,
            "over": default / strictness,
            "above_one": 1 + (default - 1) * strictness,
            "below_one": 1 - (1 - default) * strictness,
        }[self.how]


DIALS = {
    "collapse_after_fit": Dial("factor", "above_one"),
    "conserved": Dial("tolerance", "over"),
    "cycling": Dial("tolerance", "over"),
    "decline": Dial("share", "below_one"),
    "delayed_generalization": Dial("ratio", "above_one"),
    "departure": Dial("least", "times"),
    "edge_hover": Dial("near", "over"),
    "ends_below": Dial("share", "below_one"),
    "exceeds_bound": Dial("margin", "times"),
    "hump": Dial("factor", "above_one"),
    "ordered_learning": Dial("ratio", "above_one"),
    "overshoot": Dial("height", "above_one"),
    "plateau_escape": Dial("ratio", "times"),
    "settles_at": Dial("tolerance", "over"),
    "spikes": Dial("height", "above_one"),
    "staggered_modes": Dial("abrupt", "over"),
}

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
def detectors() -> dict[str, tuple[Callable[..., Finding], tuple[Any, ...]]]:
    """{name: the function, its default channels}."""
    made = {}
    for name in sorted(modules("detectors")):
        function = getattr(import_module(f"bestiary.detectors.{name}"), name)
        taken = [p for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD][1:]
        made[name] = function, tuple(p.default for p in taken if p.default is not None)
    return made


@cache
def rules() -> tuple[str, ...]:
    """The published rules that can be run here: change points need ruptures, which nothing else does."""
    try:
        import_module("ruptures")
    except ImportError:
        return tuple(name for name in RULES if name != "ruptures_breaks")
    return tuple(RULES)


def values(judge: str) -> np.ndarray:
    """The values of a detector's or a rule's main threshold that are tried, laxest first."""
    if judge in RULES:
        return RULE_VALUES[judge]
    dial = DIALS[judge]
    default = inspect.signature(detectors()[judge][0]).parameters[dial.threshold].default
    return np.array([dial.at(default, s) for s in STRICTNESS])
