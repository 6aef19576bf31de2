"""How runs lie in a program: how many are vmapped together, and how many it holds."""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax

from bestiary.entry import Phenomenon, Static
from bestiary.train.one_run import begin_run, row, shapes, step_run

ROWS = 16  # that a program holds at least: the seeds of a cell
MOST = 4096  # rows that it holds at most
HELD = 32 * 2**20  # [byte] of state and curves that it holds, but for ROWS


class Kind(NamedTuple):
    """What decides how many runs go together on a kind of device.

    Attributes:
        lane_bytes: [byte] lanes times the working set of a step.
        lanes: the largest number of lanes.
    """

    lane_bytes: int
    lanes: int


CPU = Kind(256 * 2**10, 16)  # a core's second-level cache; of more lanes, most would idle in a check of 16 seeds
ACCELERATOR = Kind(512 * 2**20, 4096)  # kernel launches dominate below that


@lru_cache(maxsize=256)
def working_set(p: Phenomenon, static: Static) -> int:
    """[byte] Size of the largest intermediate of one step of one run, read off its jaxpr."""
    return _largest(jax.make_jaxpr(partial(step_run, p, static))(shapes(p, static)).jaxpr)


@lru_cache(maxsize=256)
def beginning(p: Phenomenon, static: Static) -> int:
    """[byte] Size of the largest intermediate of the beginning of one run."""
    return _largest(jax.make_jaxpr(partial(begin_run, p, static))(*row(p)).jaxpr)


def _largest(jaxpr: Any) -> int:
    best = 0
    for eqn in jaxpr.eqns:
        best = max(best, sum(math.prod(v.aval.shape) * 4 for v in eqn.outvars if hasattr(v.aval, "shape")))
        for inner in jax.tree.leaves(list(eqn.params.values())):
            inner = getattr(inner, "jaxpr", inner)  # closed or not, a loop's body is called `jaxpr` or `branches`
            best = max(best, _largest(inner) if hasattr(inner, "eqns") else 0)
    return best


def default_lanes(p: Phenomenon, static: Static) -> int:
    """Return how many runs are vmapped together, a power of two.

    It depends on the setup and the kind of device alone: a vmapped sum is rounded otherwise than a single one, so seed
    i is the same run whatever else is asked for, on a machine of however many cores.
    """
    on_cpu = jax.default_backend() == "cpu"
    if on_cpu and p.lanes:
        return p.lanes
    kind = CPU if on_cpu else ACCELERATOR
    # Where lanes are many, what a run begins with must fit as well.
    together = working_set(p, static) if on_cpu else max(working_set(p, static), beginning(p, static))
    lanes = max(1, min(kind.lanes, kind.lane_bytes // max(1, together)))
    return 1 << (lanes.bit_length() - 1)


def default_width(row_bytes: int, lanes: int, devices: int) -> int:
    """Return how many rows a program holds, a multiple of devices times lanes.

    Args:
        row_bytes: [byte] of state and curves of a run.
        lanes: runs vmapped together.
        devices: number of devices.
    """
    together = devices * lanes
    room = min(MOST, HELD // max(1, row_bytes))
    return max(room // together, -(-ROWS // together), 1) * together
