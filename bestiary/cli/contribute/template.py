"""The file that `bestiary new` writes where no entry is copied: a smallest setup that runs, with what to fill in."""

DETECTOR = "plateau_escape"  # of the template

DOCSTRING = '''\
r"""TODO title: what happens, in a few words.

Setup. TODO data, network, loss and optimiser, with the equations.{begun}

Claim. TODO what is seen, and where a number of it follows from.

Control. TODO the one cause that each control removes.

Source. TODO authors, arXiv id; or how it follows.
"""
'''

SETUP = '''
from typing import NamedTuple

import jax.numpy as jnp
import optax

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon
from bestiary.initial import normals


class Knobs(NamedTuple):
    """Traced: a change compiles nothing. Beside each: [unit] meaning; range."""

    lr: float = 0.1  # [1] step size; > 0
    start: float = 1e-3  # [1] std of the two weights at the start; > 0


class Static(NamedTuple):
    """Not traced: a change compiles again."""

    steps: int = 300
    log_every: int = 1


def data(key, knobs, static):
    """-> all that one run trains and is tested on: here the target, ()."""
    return jnp.ones(())


def init(key, knobs, static):
    """-> the parameters."""
    drawn = normals(key, a=(), b=())
    return {name: knobs.start * (1 + 0.1 * value) for name, value in drawn.items()}


def loss(params, target, knobs, static):
    return (params["a"] * params["b"] - target) ** 2 / 2


def optimizer(knobs, static):
    return optax.sgd(knobs.lr)


def observe(state, target, knobs, static):
    """-> what is recorded: the symptom, and the mechanism behind it."""
    return {"loss": loss(state.params, target, knobs, static), "product": state.params["a"] * state.params["b"]}


def detect(log):
    return plateau_escape(log, level=0.5)


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=data,
    init=init,
    loss=loss,
    optimizer=optimizer,
    observe=observe,
    detect=detect,
    units={"loss": "1", "product": "1"},
    figure=("loss", "product"),
)
'''

CASES = """\
    plateau:
      claims:
        - {of: found, rate: [0.8, 1.0], source: measured}
        - {of: onset, median: [65, 85], unit: step, source: measured}  # TODO tuned on root 0
    large_start:
      control: TODO the one cause that is removed, in words
      knobs: {start: 0.7}
      claims:
        - {of: found, rate: [0.0, 0.05], source: measured}
"""
