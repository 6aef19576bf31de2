"""Rules in public use that decide from a log whether something happened, to measure detectors against.

Each is rule(log, channel names, **thresholds) -> Finding, re-implemented from its public description or source, with
its defaults. Found: it fires; the onset is the first step at which it does, the spans are the stretches of consecutive
records that fire, `count` is their number. Absent: it stays silent, were it only because the run is shorter than its
window. Not applicable: a channel is missing. A record stands for a step of the tool's own loop. Values that are not
finite are handed on as recorded, and do there what they do in the original.

A rule that takes a threshold nobody publishes has no default for it: calibrate it on runs without the event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bestiary.certify.grokking_rules import accuracy_jump, accuracy_once, both_accuracies_now, liu_phases
from bestiary.certify.spike_rules import (
    lightning_spike_detection,
    llm_c_outlier,
    llm_foundry_kill_loss_spike,
    megatron_spiky_loss,
    metaseq_ewm_ratio,
    olmo_core_stability,
    ruptures_breaks,
    wandb_z_score,
)
from bestiary.log import Finding


class Rule(NamedTuple):
    """A rule, the detector that answers the same question, and the threshold that trades misses for false alarms."""

    judge: Callable[..., Finding]
    rival: str
    threshold: str
    published: float | None  # None: there is no default; calibrate it


RULES = {
    rule.judge.__name__: rule
    for rule in (
        Rule(lightning_spike_detection, "spikes", "rtol", 2.0),
        Rule(llm_foundry_kill_loss_spike, "spikes", "multiplier", 2.0),
        Rule(megatron_spiky_loss, "spikes", "factor", 10.0),
        Rule(metaseq_ewm_ratio, "spikes", "ratio", None),
        Rule(llm_c_outlier, "spikes", "z", 3.0),
        Rule(olmo_core_stability, "spikes", "z", 6.0),
        Rule(wandb_z_score, "spikes", "z", 3.0),
        Rule(ruptures_breaks, "spikes", "penalty", None),
        Rule(accuracy_once, "delayed_generalization", "level", 0.9),
        Rule(both_accuracies_now, "delayed_generalization", "generalised", 0.95),
        Rule(liu_phases, "delayed_generalization", "gap", 1000.0),
        Rule(accuracy_jump, "delayed_generalization", "jump", 0.15),
    )
}
