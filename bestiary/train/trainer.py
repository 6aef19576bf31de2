"""One compiled trainer for every entry.

Runs, that is pairs of (knobs, seed), lie on one flat axis of fixed width. A program is

    jit(shard_map(lambda rows: lax.map(run, rows, batch_size=lanes)))

over the devices, where `run` records the channels, takes the steps up to the next recorded
one, and so on. It is called chunk by chunk from the host; where a chunk ends is an argument,
so neither progress, nor checkpoints, nor the size of a grid compile anything anew.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from bestiary.entry import Knobs, Phenomenon, Static, TrainState
from bestiary.train.contract import check_channels
from bestiary.train.numerics import here

CPU_WIDTH = 16  # rows a CPU advances per call: wide enough for 8 cores x 2 lanes, narrow enough to waste few rows
ACCELERATOR_WIDTH = 256  # kernel launches dominate there, so many runs go together
LANE_BYTES = 256 * 1024  # lanes x working set stays within a core's second-level cache

compiled: Counter[Phenomenon] = Counter()  # programs so far; tests read it to prove that a sweep compiles once


class Carry(NamedTuple):
    """All that a run takes from one chunk to the next."""

    state: TrainState
    data: Any
    knobs: Any
    key: jax.Array  # (2,) raw data of the run's threefry key


def begin_run(p: Phenomenon, static: Static, knobs: Knobs, seed: jax.Array, root: jax.Array) -> Carry:
    """One run before its first step; seed i of a root is the same whatever runs beside it."""
    key = jax.random.fold_in(jax.random.key(root, impl="threefry2x32"), seed)
    data = p.data(jax.random.fold_in(key, 0), knobs, static)
    params = p.init(jax.random.fold_in(key, 1), knobs, static)
    knobs = p.calibrate(params, data, knobs, static)
    opt = p.optimizer(knobs, static).init(params) if p.optimizer is not None else ()
    state = TrainState(jnp.zeros((), jnp.int32), params, opt, params)
    return Carry(state, data, knobs, jax.random.key_data(jax.random.fold_in(key, 2)))


def step_run(p: Phenomenon, static: Static, carry: Carry) -> TrainState:
    """One update; the step's key depends on the run and the step number alone."""
    state, data, knobs = carry.state, carry.data, carry.knobs
    key = jax.random.fold_in(jax.random.wrap_key_data(carry.key, impl="threefry2x32"), state.step)
    if p.step is not None:
        return p.step(key, state, data, knobs, static)._replace(step=state.step + 1)
    assert p.loss is not None and p.optimizer is not None  # Phenomenon.__post_init__
    batch = p.batch(key, data, knobs, static)
    gradient = jax.grad(p.loss)(state.params, batch, knobs, static)
    updates, opt = p.optimizer(knobs, static).update(gradient, state.opt, state.params)
    return TrainState(state.step + 1, optax.apply_updates(state.params, updates), opt, state.start)


def _advance_run(p: Phenomenon, static: Static, marks, first, last, row):
    """Record and step one run through the windows first..last-1 of its schedule `marks`."""
    carry, seen, probed = row

    def window(i, loop):
        state, seen, probed = loop
        now = p.observe(state, carry.data, carry.knobs, static)
        seen = {c: seen[c].at[i].set(now[c]) for c in seen}
        if p.probe is not None:
            measure = partial(p.probe, state, carry.data, carry.knobs, static)

            def write():
                return {c: probed[c].at[i // p.probe_every].set(v) for c, v in measure().items()}

            probed = jax.lax.cond(i % p.probe_every == 0, write, lambda: probed)
        state = jax.lax.fori_loop(
            marks[i], marks[i + 1], lambda _, s: step_run(p, static, carry._replace(state=s)), state
        )
        return state, seen, probed

    state, seen, probed = jax.lax.fori_loop(first, last, window, (carry.state, seen, probed))
    return carry._replace(state=state), seen, probed


def working_set(p: Phenomenon, static: Static) -> int:
    """[byte] Size of the largest intermediate of one step of one run, read off its jaxpr."""
    carry = _shapes(p, static)

    def largest(jaxpr) -> int:
        best = 0
        for eqn in jaxpr.eqns:
            best = max(best, sum(math.prod(v.aval.shape) * 4 for v in eqn.outvars if hasattr(v.aval, "shape")))
            for inner in jax.tree.leaves(list(eqn.params.values())):
                inner = getattr(inner, "jaxpr", inner)  # closed or not, a loop's body is called `jaxpr` or `branches`
                best = max(best, largest(inner) if hasattr(inner, "eqns") else 0)
        return best

    return largest(jax.make_jaxpr(partial(step_run, p, static))(carry).jaxpr)


def outline(p: Phenomenon, static: Static) -> Carry:
    """Return a run before its first step as shapes alone, and see that its channels can be recorded.

    Raises:
        TypeError, ValueError: a channel is no scalar, or `observe` returns no dict of channels; in one line.
    """
    carry = _shapes(p, static)
    check_channels(p, static, carry.state, carry.data, carry.knobs)
    return carry


def _shapes(p: Phenomenon, static: Static) -> Carry:
    return jax.eval_shape(partial(begin_run, p, static), *_row(p))


def _row(p: Phenomenon):
    scalar = partial(jax.ShapeDtypeStruct, ())
    return type(p.knobs)(*(scalar(jnp.float32) for _ in p.knobs)), scalar(jnp.uint32), scalar(jnp.uint32)


def default_lanes(p: Phenomenon, static: Static, rows: int) -> int:
    """Runs vmapped together per device: all on an accelerator; on a CPU as many as fit the cache."""
    if jax.default_backend() != "cpu":
        return rows
    lanes = p.lanes or max(1, LANE_BYTES // max(1, working_set(p, static)))
    return min(rows, 1 << (lanes.bit_length() - 1))


@dataclass(frozen=True)
class Program:
    """The compiled beginning and advance of `width` runs of one setup and static part."""

    phenomenon: Phenomenon
    static: Static
    width: int
    lanes: int
    schedule: np.ndarray  # (R,) recorded steps
    begin: Any
    advance: Any
    sharding: NamedSharding
    compile_seconds: float

    @property
    def probe_schedule(self) -> np.ndarray:
        """Recorded steps of the costly channels."""
        return self.schedule[:: self.phenomenon.probe_every]

    def start(self, knobs: list[Knobs], seeds: list[int], root: int) -> tuple[Carry, dict, dict]:
        """Rows before their first step, padded to the width by repeating the last."""
        pad = self.width - len(seeds)
        if pad < 0 or len(knobs) != len(seeds):
            raise ValueError(f"{len(knobs)} settings and {len(seeds)} seeds do not fit a program of {self.width} rows")
        knobs, seeds = [*knobs, *knobs[-1:] * pad], [*seeds, *seeds[-1:] * pad]
        columns = (np.asarray(column, np.float32) for column in zip(*knobs, strict=True))
        return self.begin(
            *self.place((type(knobs[0])(*columns), np.asarray(seeds, np.uint32))), jnp.asarray(root, jnp.uint32)
        )

    def place(self, rows):
        """Put arrays with a leading axis of rows where the program wants them."""
        return jax.device_put(rows, self.sharding)

    def run(self, rows: tuple[Carry, dict, dict], first: int, last: int) -> tuple[Carry, dict, dict]:
        """Advance through the windows first..last-1 and wait for the result."""
        out = self.advance(*rows, jnp.asarray(self._marks), jnp.asarray(first), jnp.asarray(last))
        return jax.block_until_ready(out)

    @property
    def _marks(self) -> np.ndarray:
        """Window bounds; the window after the last record has no step."""
        return np.append(self.schedule, self.schedule[-1]).astype(np.int32)


def compile_program(
    p: Phenomenon,
    static: Static,
    *,
    width: int | None = None,
    lanes: int | None = None,
    devices: int | None = None,
) -> Program:
    """The program of a setup and static part, compiled once per process.

    Args:
        p: the setup.
        static: its static part.
        width: rows per call; rounded up to a multiple of devices x lanes.
        lanes: rows vmapped together on one device; never changes a result beyond rounding.
        devices: how many of the local devices to use; default all.
    """
    devices = devices or jax.local_device_count()
    width = width or (CPU_WIDTH if jax.default_backend() == "cpu" else ACCELERATOR_WIDTH)
    with _lock:
        lock = _locks.setdefault((p, static, width, lanes, devices), threading.Lock())
    with lock:  # two cases of one program, compiled from two threads, compile once
        return _compile(p, static, width, lanes, devices, tuple(here().items()))


_lock, _locks = threading.Lock(), {}


def forget() -> None:
    """Drop all programs and all that JAX has traced: a function that was traced may do something else now."""
    _compile.cache_clear()
    jax.clear_caches()


@lru_cache(maxsize=64)
def _compile(
    p: Phenomenon, static: Static, width: int, lanes: int | None, devices: int, flags: tuple[tuple[str, str], ...]
) -> Program:
    """Compile; `flags` is what JAX was told when it did, and only tells programs apart."""
    started = time.perf_counter()
    outline(p, static)
    lanes = min(lanes or default_lanes(p, static, -(-width // devices)), -(-width // devices))
    width = -(-width // (devices * lanes)) * devices * lanes
    schedule = np.asarray(p.schedule(static))
    mesh = Mesh(np.array(jax.local_devices()[:devices]), ("runs",))
    sharding = NamedSharding(mesh, P("runs"))
    begin, advance = functions(p, static, width, lanes, mesh)
    knobs, seed, root = _row(p)
    rows = partial(jax.tree.map, lambda s: jax.ShapeDtypeStruct((width, *s.shape), s.dtype, sharding=sharding))
    integer = jax.ShapeDtypeStruct((), jnp.int32)
    with jax.default_matmul_precision("float32"):
        begun = jax.jit(begin, out_shardings=sharding).lower(rows(knobs), rows(seed), root).compile()
        like = jax.eval_shape(begin, rows(knobs), rows(seed), root)
        like = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=sharding), like)
        marks = jax.ShapeDtypeStruct((len(schedule) + 1,), jnp.int32)
        stepped = jax.jit(advance, donate_argnums=(0, 1, 2)).lower(*like, marks, integer, integer).compile()
    compiled[p] += 1
    return Program(p, static, width, lanes, schedule, begun, stepped, sharding, time.perf_counter() - started)


def functions(p: Phenomenon, static: Static, width: int, lanes: int, mesh: Mesh) -> tuple[Callable, Callable]:
    """Build the two functions of a program: `begin`, and `advance` over the devices of a mesh.

    Args:
        p: the setup.
        static: its static part.
        width: rows per call, a multiple of devices times lanes.
        lanes: rows vmapped together on one device.
        mesh: the devices, along one axis called `runs`.
    """
    schedule = np.asarray(p.schedule(static))

    def begin(knobs, seeds, root):
        carry = jax.vmap(partial(begin_run, p, static), (0, 0, None))(knobs, seeds, root)
        some = jax.tree.map(lambda x: x[0], carry)

        def channels(function):
            return jax.eval_shape(lambda c: function(c.state, c.data, c.knobs, static), some) if function else {}

        seen, probed = channels(p.observe), channels(p.probe)
        probes = len(schedule[:: p.probe_every])
        return (
            carry,
            {c: jnp.zeros((width, len(schedule)), jnp.float32) for c in seen},
            {c: jnp.zeros((width, probes), jnp.float32) for c in probed},
        )

    def advance(carry, seen, probed, marks, first, last):
        one = partial(_advance_run, p, static, marks, first, last)
        rows = (carry, seen, probed)
        if lanes * mesh.size == width:
            return jax.vmap(one)(rows)
        return jax.lax.map(one, rows, batch_size=lanes if lanes > 1 else None)

    # State comes in as an argument: leaves made inside shard_map from constants would count as
    # replicated, and their gradients would be summed over the devices (jax issue 36886).
    specs = (P("runs"),) * 3 + (P(),) * 3
    return begin, jax.shard_map(advance, mesh=mesh, in_specs=specs, out_specs=P("runs"), check_vma=False)
