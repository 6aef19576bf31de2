"""Two things of which it is known what they do together: a quantity exp(s u) (1 + b) exp(b (kappa + noise v)).

u and v are normal draws of each run, s its scatter, b how far B is on: B by itself multiplies by 1 + b, and what is
more than that is planted. It happens at step 10 times the quantity.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from tiny import stay

from bestiary.catalog.entries import CATALOG
from bestiary.entry import Phenomenon
from bestiary.initial import normals
from bestiary.judge.setup import Setup
from bestiary.log import Effect, Finding, Log, State


class PairKnobs(NamedTuple):
    a: float = 1.0
    b: float = 0.0
    kappa: float = 0.0
    noise: float = 0.0
    scatter: float = 0.3
    kills: float = 99.0  # b from which on A is gone
    mimics: float = 0.0  # above 0, B alone looks like A


class PairStatic(NamedTuple):
    steps: int = 100
    log_every: int = 1
    kind: str = "plain"


def draw(key, knobs, static):
    return normals(key, u=(), v=())


def size(data, knobs):
    more = knobs.b * (knobs.kappa + knobs.noise * data["v"])
    return jnp.exp(knobs.scatter * data["u"] + more) * (1 + knobs.b)


def observe(state, data, knobs, static):
    alone = (knobs.a > 0) & (knobs.b < knobs.kills)
    q, there = size(data, knobs), alone | ((knobs.mimics > 0) & (knobs.b > 0))
    return {"q": q, "there": there * (state.step >= 10 * q), "ever": there * 1.0}


def detect(log: Log) -> Finding:
    (t, there), (_, q), (_, ever) = log["there"], log["q"], log["ever"]
    effects = {"q": Effect(float(q[-1]), "rad"), "share": Effect(0.5)}
    if there.any():
        return Finding(State.FOUND, "it is there", float(t[there.argmax()]), effects)
    return Finding(State.UNDECIDED if ever.any() else State.ABSENT, "it is not there", effects=effects)


PAIR = Phenomenon(
    knobs=PairKnobs(),
    static=PairStatic(),
    data=draw,
    init=lambda key, knobs, static: jnp.zeros(()),
    step=stay,
    observe=observe,
    detect=detect,
    schedule=lambda static: np.arange(0, static.steps + 1, static.log_every),
    units={"q": "rad"},
    figure=("q",),
)
BLOCK = {
    "title": "A pair",
    "definition": "It adds up.",
    "particle": ["linear"],
    "kind": "law",
    "complexity": {"network": 1, "data": 1},
    "status": "established",
    "version": 1,
    "references": ["none"],
    "added": {"by": "tests", "date": "2026-11-27"},
    "detector": "settles_at",
    "cases": {
        "pair": {"claims": [{"of": "found", "rate": [0.8, 1.0], "source": "measured"}]},
        "nothing": {
            "control": "A",
            "knobs": {"a": 0.0},
            "claims": [{"of": "found", "rate": [0, 0.1], "source": "measured"}],
        },
    },
}
FACTOR = {"name": "factor", "formula": "1 + b", "source": "theory", "where": "by hand"}
SUM = {"outcome": "sum_of_parts", "source": "theory", "where": "by hand"}


def block(*claims, **fields):
    """An interaction of the pair, with claims."""
    made = {
        "with": "the other half",
        "over": "b=0,0.5,1",
        "without_a": {"knobs": {"a": 0.0}},
        "of": "q",
        "rule": FACTOR,
    }
    return made | {"claims": list(claims or [SUM])} | fields


def setup(**interactions) -> Setup:
    """The pair with interactions of its own."""
    entry = CATALOG.validate_python({"pair": _tuples(BLOCK | {"interactions": interactions})})["pair"]
    entry._key = "pair"
    for name, one in entry.interactions.items():
        one._name = name
    return Setup("pair", PAIR, "x", entry=entry)


def _tuples(value):
    if isinstance(value, dict):
        return {k: _tuples(v) for k, v in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value
