"""One program, several ways to lay its runs out: what the trainer's tests and benchmarks/accelerator.py ask of each."""

from itertools import count

import numpy as np

COLLECTIVES = ("all-reduce", "all-gather", "all-to-all", "collective-permute", "reduce-scatter")


def train(program, knobs, seeds, root=0, stops=None):
    """The recorded channels of (knobs, seed) pairs, {channel: (n, T)}."""
    rows, first = program.start(knobs, seeds, root), 0
    for stop in stops or [len(program.schedule)]:
        rows, first = program.run(rows, first, stop), stop
    return {c: np.asarray(v)[program.positions(len(seeds))] for c, v in (rows[1] | rows[2]).items()}


def collectives(program):
    """What devices exchange in a program: names of operations in its compiled text."""
    text = program.advance.as_text()
    assert "ENTRY" in text, "no text of a compiled program"
    return [name for name in COLLECTIVES if name in text]


def unequal(runs, others):
    """The channels that differ in a bit."""
    return [c for c in others if not np.array_equal(runs[c], others[c], equal_nan=True)]


def apart(runs, others):
    """The largest |a - b| / (|b| + 0.1) over all channels; infinite where only one of the two is finite."""
    worst = 0.0
    for c in others:
        a, b = np.asarray(runs[c], float), np.asarray(others[c], float)
        there = np.isfinite(b)
        if (np.isfinite(a) != there).any():
            return np.inf
        worst = max(worst, float(np.max(np.abs(a - b)[there] / (np.abs(b[there]) + 0.1), initial=0.0)))
    return worst


def not_finite(runs):
    """The channels that are not finite at the second record: a quantity of the last step has no value at the first."""
    return [c for c, v in runs.items() if not np.isfinite(v[:, min(1, v.shape[1] - 1)]).all()]


def short(p, records):
    """The setup's static part with as few steps as make so many records."""
    longer = (p.static._replace(steps=n) for n in count(1))
    return next(s for s in longer if len(p.schedule(s)) >= records or s.steps >= p.static.steps)
