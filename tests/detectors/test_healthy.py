"""Of healthy runs nothing is told, whatever their noise, and what was planted is; everyday.py counts on more."""

import numpy as np
import pytest
from healthy import HEALTHY, healthy
from planted import PLANTED, planted

from bestiary.detectors.reward_lost import reward_lost
from bestiary.watch import detect

TRUE = {"classifier": {"lr_drop"}}  # of some the rate is cut, and the loss falls there


@pytest.mark.parametrize("kind", HEALTHY)
def test_nothing_is_found(kind):
    for seed in range(8):
        found = {a.detector: a.finding.reason for a in detect.answers(healthy(kind, seed)) if a.severity is not None}
        assert set(found) <= TRUE.get(kind, set()), (seed, found)


def test_a_reward_that_wanders_is_not_lost():
    """Fewer than one in a hundred of a thousand walks, means of walks, and games won by chance."""
    alarms = sum(reward_lost(healthy("walks", seed)).found for seed in range(1000))
    assert alarms < 10


@pytest.mark.parametrize("kind", PLANTED)
def test_what_was_planted_is_told_where_it_is(kind):
    """Of most: some are as small as the noise, or end before it can be told."""
    detector, hits, off = PLANTED[kind][0], 0, []
    for seed in range(60):
        log, at = planted(kind, seed)
        found = [a for a in detect.answers(log) if a.detector == detector and a.severity is not None]
        if found:
            hits += 1
            off.append(abs(found[0].finding.onset - at) / max(curve.steps[-1] for curve in log.channels.values()))
    assert hits >= 42 and np.quantile(off, 0.9) < 0.1
