"""A bowl whose boundary and law can be written down: gradient descent on c w^2 / 2 from w = 1 + u, u in [0, 1).

The loss is a thousandth after ln 1000 / (-2 ln |1 - lr c|) steps if lr c < 2, and grows if lr c > 2.
"""

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tiny import BOWL, BowlKnobs

from bestiary.catalog.entries import CATALOG
from bestiary.judge.setup import Setup
from bestiary.log import Effect, Finding, Log, State


class Words(NamedTuple):
    steps: int = 60
    log_every: int = 1
    start: str = "random"


def init(key, knobs, static):
    return jnp.float32(1.5) if static.start == "fixed" else 1.0 + jax.random.uniform(key)


def detect(log: Log) -> Finding:
    """Found where the loss falls to a thousandth; a phase for how it goes."""
    t, w = log["w"]
    small = (w / w[0]) ** 2 <= 1e-3
    phase = "growing" if abs(w[-1]) > abs(w[0]) else "falling"
    if small.any():
        first = float(t[small.argmax()])
        return Finding(State.FOUND, "fell", first, {"rate": Effect(1 / first, "1 / step")}, phase=phase)
    return Finding(State.ABSENT if phase == "growing" else State.UNDECIDED, "did not", phase=phase)


MAPPED = replace(
    BOWL,
    knobs=BowlKnobs(lr=0.1, curvature=1.0),
    static=Words(),
    init=init,
    detect=detect,
    probe=None,
    schedule=lambda static: np.arange(static.steps + 1),
)

BLOCK = {
    "title": "A bowl",
    "definition": "It falls.",
    "particle": ["linear"],
    "kind": "law",
    "complexity": {"network": 1, "data": 1},
    "status": "established",
    "version": 1,
    "references": ["none"],
    "added": {"by": "tests", "date": "2026-11-22"},
    "detector": "bowl",
    "cases": {"bowl": {"claims": [{"of": "found", "rate": [0.8, 1.0], "source": "measured"}]}},
}


def setup(**blocks) -> Setup:
    """The bowl with laws, boundaries and paths of its own."""
    entry = CATALOG.validate_python({"bowl": _tuples(BLOCK | blocks)})["bowl"]
    entry._key = "bowl"
    for named in (entry.laws, entry.boundaries, entry.paths):
        for name, block in named.items():
            block._name = name
    return Setup("bowl", MAPPED, "x", entry=entry)


def _tuples(value):
    if isinstance(value, dict):
        return {k: _tuples(v) for k, v in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


BOUNDARY = {
    "over": "lr=0.5:3.5:4",
    "of": "growing",
    "resolution": 0.01,
    "seeds": 20,
    "claims": [
        {"of": "appears", "within": [1.99, 2.01], "source": "theory", "where": "lr c = 2"},
        {"of": "vanishes", "within": [2.0, 3.0], "source": "measured"},
        {"of": "appears", "within": [2.2, 2.5], "source": "measured"},
    ],
}
LAW = {
    "over": "lr=0.02:0.08:4:log",
    "seeds": 4,
    "static": {"steps": 200},
    "claims": [
        {"of": "exponent", "within": [-1.05, -1.0], "source": "theory", "where": "ln 1000 / (2 lr) for small lr"},
        {"of": "exponent", "within": [-0.9, -0.5], "source": "measured"},
    ],
}
MARKED = [
    {"of": "found", "rate": [0.6, 1.0], "source": "measured"},
    {"of": "rate", "median": [0.09, 0.11], "unit": "1 / step", "source": "measured"},
]
PATH = {
    "title": "Steeper",
    "seeds": 16,
    "marker": "rate",
    "mechanisms": {"a stride": [0.05, 0.2], "a crawl": [0.0, 0.04]},
    "cause": {"removes": "the step", "knobs": {"lr": 0.001}},
    "rungs": [
        {"name": "bowl", "knobs": {"lr": 0.3}, "claims": MARKED, "without": [0.0, 0.2]},
        {"name": "fixed", "side": "data", "static": {"start": "fixed"}, "claims": MARKED, "without": [0.0, 0.2]},
        {"name": "steep", "side": "network", "knobs": {"curvature": 10.0}, "claims": MARKED, "without": [0.0, 0.2]},
    ],
}
