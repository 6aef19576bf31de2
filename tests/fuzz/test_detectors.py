"""Planted events with holes: no detector raises, and all that it says of them is finite.

A few logs of each detector in `make test`; BESTIARY_FUZZ=2000 is how many of each a night takes.
"""

import math
import os
import random
import warnings

import numpy as np
import odd
import pytest
from curves import EVENTS
from every_detector import DETECTORS, detector, needed

from bestiary.log import Log, State
from bestiary.watch.detect import FEW

LOGS = int(os.environ.get("BESTIARY_FUZZ", "60"))
AXIS = np.arange(0.0, 2001.0)
LARGEST = 1e50  # [1] of values, whose squares are no float beyond 1e154


def holed(log, rng):
    """A part of each channel, on an axis of its own, some of whose records are missing or no finite number."""
    made, cut = {}, rng.choice([2, 3, 8, 17, 100, 500]) if rng.random() < 0.2 else None
    for name, (t, y) in log.channels.items():
        keep = np.ones(t.size, bool)
        for _ in range(rng.choice([0, 0, 1, 3])):  # a gap
            start = rng.randrange(max(t.size, 1))
            keep[start : start + rng.choice([1, 5, 50, 400])] = False
        if rng.random() < 0.2:  # a costly channel
            keep &= np.arange(t.size) % rng.choice([2, 7, 40, 200]) == 0
        t, y = t[keep][:cut], y[keep][:cut].copy()
        for _ in range(rng.choice([0, 1, 1, 2, 5]) if y.size > 1 else 0):
            y[rng.randrange(y.size - 1)] = rng.choice([np.nan, np.inf, -np.inf])
        made[name] = t, y
    return Log(made)


def drawn(names, rng):
    """Curves that have nothing to do with each other, as of a column that was taken for another."""
    made = {}
    for name in names:
        y = odd.curve(rng.choice(odd.SIZES), rng)
        made[name] = np.arange(float(y.size)) * rng.choice([1, 10, 0.5]), y
    return Log(made)


@pytest.mark.parametrize("name", DETECTORS)
def test_holes_make_no_detector_raise(name):
    states = set()
    for seed in range(LOGS):
        rng = random.Random(f"{name} {seed}")
        events = list(EVENTS.get(name, {}).values())
        planted = bool(events) and rng.random() < 0.7
        log = holed(rng.choice(events)(AXIS)[0] if planted else drawn(needed(name), rng), rng)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # as whoever asks a detector does
            finding = detector(name)(log)
        states.add(finding.state)
        assert finding.reason and len(finding.reason.splitlines()) == 1, seed
        assert math.isfinite(finding.onset) == finding.found, (seed, finding)
        sizes = np.abs(np.concatenate([[1.0], *(y[np.isfinite(y) & (y != 0)] for _, y in log.channels.values())]))
        if sizes.min() > 1 / LARGEST and sizes.max() < LARGEST:
            assert all(math.isfinite(effect.value) for effect in finding.effects.values()), (seed, finding)
    assert not EVENTS.get(name) or State.FOUND in states, "no event is left to be found"


@pytest.mark.parametrize("name", DETECTORS)
def test_fewer_than_five_records_are_never_found(name):
    """On this rests that `detect` asks no detector about such runs."""
    for seed in range(LOGS):
        rng = random.Random(f"few {name} {seed}")
        log = Log({c: (np.arange(n := rng.randrange(2, FEW)) * 10.0, odd.curve(n, rng)) for c in needed(name)})
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            assert not detector(name)(log).found, (seed, log)
