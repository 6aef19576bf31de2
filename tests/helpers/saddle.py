"""A smallest entry, as text: what a contributor would add. Gradient descent leaves a saddle, or starts beyond it."""

SETUP = '''r"""Escape from a saddle.

Setup. One parameter, L = (1 - w^2)^2 / 4, gradient descent from w = start (1 + 0.1 N(0, 1)).

Claim. Near w = 0 the loss stays at 1/4 for a time ln(1 / start) / lr, then falls.

Control. A start far from the saddle: the loss falls at once.

Source. Arithmetic.
"""

from functools import partial
from typing import NamedTuple

import jax
import optax

from bestiary.detectors.plateau_escape import plateau_escape
from bestiary.entry import Phenomenon


class Knobs(NamedTuple):
    lr: float = 0.1
    start: float = 1e-6


class Static(NamedTuple):
    steps: int = 400
    log_every: int = 2


def loss(w, batch, knobs, static):
    return (1 - w**2) ** 2 / 4


PHENOMENON = Phenomenon(
    knobs=Knobs(),
    static=Static(),
    data=lambda key, knobs, static: (),
    init=lambda key, knobs, static: knobs.start * (1 + 0.1 * jax.random.normal(key)),
    loss=loss,
    optimizer=lambda knobs, static: optax.sgd(knobs.lr),
    observe=lambda state, data, knobs, static: {"loss": loss(state.params, data, knobs, static)},
    detect=partial(plateau_escape, level=0.25),
    units={"loss": "1"},
    figure=("loss",),
)
'''

BLOCK = """\
saddle:
  title: Escape from a saddle
  definition: The loss stays on a plateau, then falls.
  particle: [optimiser]
  kind: plateau
  complexity: {network: 1, data: 1}
  status: reported
  version: 1
  references: [saxe2013exact]
  added: {by: tests, date: 2026-11-22}
  detector: plateau_escape
  cases:
    near:
      claims:
        - {of: found, rate: [0.8, 1.0], source: theory, where: arithmetic}
        - {of: onset, median: [130, 170], unit: step, source: theory, where: "ln(1 / start) / lr = 138, and the fall"}
    far:
      control: the saddle
      knobs: {start: 0.5}
      claims:
        - {of: found, rate: [0.0, 0.05], source: theory, where: arithmetic}
"""
