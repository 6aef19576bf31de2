"""One compiled trainer for every entry.

Runs, that is pairs of (knobs, seed), lie on one flat axis. `lanes` of them, a block, are vmapped together; every
device of a `shard_map` advances its blocks one after the other. A program is

    for block in blocks: rows[block] = vmap(run)(rows[block])

where `run` records the channels, takes the steps up to the next recorded one, and so on. It is called chunk by chunk
from the host. Where a chunk ends and which blocks are advanced are arguments, so neither progress, nor checkpoints, nor
the size of a grid compile anything anew, and what is not asked for costs nothing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from bestiary.entry import Knobs, Phenomenon, Static
from bestiary.train import layout
from bestiary.train.numerics import here
from bestiary.train.one_run import Carry, advance_run, begin_run, outline, row, step_run

__all__ = ["Carry", "Program", "begin_run", "compile_program", "compiled", "forget", "functions", "outline", "step_run"]

# A run begins once, so that compiling is what its beginning costs; at the default level that costs twice as much.
BEGINNING: dict[str, Any] = {"xla_backend_optimization_level": 0}

compiled: Counter[Phenomenon] = Counter()  # programs so far; tests read it to prove that a sweep compiles once


@dataclass(frozen=True)
class Program:
    """The compiled beginning and advance of up to `width` runs of one setup and static part."""

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
    def devices(self) -> int:
        """Number of devices that the rows are spread over."""
        return self.sharding.mesh.size

    @property
    def probe_schedule(self) -> np.ndarray:
        """Recorded steps of the costly channels."""
        return self.schedule[:: self.phenomenon.probe_every]

    def positions(self, n: int) -> np.ndarray:
        """(n,) The rows in which n runs lie: block after block, from device to device."""
        block, lane = np.divmod(np.arange(n), self.lanes)
        slot, device = np.divmod(block, self.devices)
        return device * (self.width // self.devices) + slot * self.lanes + lane

    def start(self, knobs: Sequence[Knobs], seeds: Sequence[int], root: int) -> tuple[Carry, dict, dict]:
        """Runs before their first step, in the rows that `positions` names; the last fills up its block."""
        n = len(seeds)
        if n > self.width or n != len(knobs) or not n:
            raise ValueError(f"{len(knobs)} settings and {n} seeds do not fit a program of {self.width} rows")
        full = -(-n // self.lanes) * self.lanes
        at, of = self.positions(full), np.minimum(np.arange(full), n - 1)

        def column(values: Iterable[float], dtype: type) -> np.ndarray:
            placed = np.zeros(self.width, dtype)
            placed[at] = np.asarray(values, dtype)[of]
            return placed

        columns = type(knobs[0])(*(column(values, np.float32) for values in zip(*knobs, strict=True)))
        placed = self.place((columns, column(seeds, np.uint32)))
        return self.begin(*placed, jnp.asarray(root, jnp.uint32), *self._blocks(range(n)))

    def place(self, rows):
        """Put arrays with a leading axis of rows where the program wants them."""
        return jax.device_put(rows, self.sharding)

    def run(
        self, rows: tuple[Carry, dict, dict], first: int, last: int, runs: Iterable[int] | None = None
    ) -> tuple[Carry, dict, dict]:
        """Advance through the windows first..last-1 and wait for the result.

        Args:
            rows: what `start` or `run` returned; it is used up.
            first: first window.
            last: the window after the last.
            runs: numbers of the runs that go on, with all in their blocks; default: every row.
        """
        blocks = self._blocks(range(self.width) if runs is None else runs)
        out = self.advance(*rows, jnp.asarray(self._marks), jnp.asarray(first), jnp.asarray(last), *blocks)
        return jax.block_until_ready(out)

    def _blocks(self, runs: Iterable[int]) -> tuple[jax.Array, jax.Array]:
        """For every device the blocks that hold some runs, and how many they are."""
        slots = np.zeros((self.devices, self.width // self.devices // self.lanes), np.int32)
        count = np.zeros(self.devices, np.int32)
        for block in sorted({i // self.lanes for i in runs}):
            slot, device = divmod(block, self.devices)
            slots[device, count[device]] = slot
            count[device] += 1
        return self.place((slots.ravel(), count))

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
        width: rows at most; rounded up to a multiple of devices x lanes. Default: see `layout.default_width`.
        lanes: rows vmapped together; changes a result by rounding alone. Default: see `layout.default_lanes`.
        devices: how many of the local devices to use; default all.
    """
    devices = devices or jax.local_device_count()
    with _lock:
        lock = _locks.setdefault((p, static, width, lanes, devices), threading.Lock())
    with lock:  # two cases of one program, compiled from two threads, compile once
        return _compile(p, static, width, lanes, devices, tuple(here().items()))


_lock, _locks = threading.Lock(), {}


def forget() -> None:
    """Drop all programs and all that JAX has traced: a function that was traced may do something else now."""
    _compile.cache_clear()
    layout.working_set.cache_clear()
    layout.beginning.cache_clear()
    jax.clear_caches()


@lru_cache(maxsize=64)
def _compile(
    p: Phenomenon,
    static: Static,
    width: int | None,
    lanes: int | None,
    devices: int,
    flags: tuple[tuple[str, str], ...],
) -> Program:
    """Compile; `flags` is what JAX was told when it did, and only tells programs apart."""
    started = time.perf_counter()
    outline(p, static)
    lanes = lanes or layout.default_lanes(p, static)
    schedule = np.asarray(p.schedule(static))
    mesh = Mesh(np.array(jax.local_devices()[:devices]), ("runs",))
    sharding = NamedSharding(mesh, P("runs"))
    begin, advance = functions(_in_arrays(p), static, lanes, mesh)
    knobs, seed, root = row(p)
    integer = jax.ShapeDtypeStruct((), jnp.int32)

    def spread(n: int, shape: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((n, *shape.shape), shape.dtype, sharding=sharding)

    with jax.default_matmul_precision("float32"):
        one = jax.eval_shape(partial(_begun, p, static), knobs, seed, root)
        size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(one))
        width = -(-(width or layout.default_width(size, lanes, devices)) // (devices * lanes)) * devices * lanes
        blocks = spread(width // lanes, integer), spread(devices, integer)
        given = jax.tree.map(partial(spread, width), (knobs, seed))
        begun = jax.jit(begin, out_shardings=sharding).lower(*given, root, *blocks)
        begun = begun.compile(dict(BEGINNING) if jax.default_backend() == "cpu" else {})
        marks = jax.ShapeDtypeStruct((len(schedule) + 1,), jnp.int32)
        rows = jax.tree.map(partial(spread, width), one)
        stepped = jax.jit(advance, donate_argnums=(0, 1, 2))
        stepped = stepped.lower(*rows, marks, integer, integer, *blocks).compile()
    compiled[p] += 1
    return Program(p, static, width, lanes, schedule, begun, stepped, sharding, time.perf_counter() - started)


def _in_arrays(p: Phenomenon) -> Phenomenon:
    """The setup, what its functions return of numbers in Python made arrays: a row of a block is an array."""

    def arrays(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: jax.tree.map(jnp.asarray, function(*given))

    return replace(p, data=arrays(p.data), init=arrays(p.init), calibrate=arrays(p.calibrate))


def _begun(p: Phenomenon, static: Static, knobs: Any, seed: Any, root: Any) -> tuple[Carry, dict, dict]:
    """One run before its first step, with room for what will be recorded of it."""
    carry, records = begin_run(p, static, knobs, seed, root), len(p.schedule(static))

    def room(record: Callable[..., Any] | None, times: int) -> dict[str, jax.Array]:
        names = jax.eval_shape(lambda c: record(c.state, c.data, c.knobs, static), carry) if record else {}
        return {name: jnp.zeros(times, jnp.float32) for name in names}

    return carry, room(p.observe, records), room(p.probe, -(-records // p.probe_every))


def functions(p: Phenomenon, static: Static, lanes: int, mesh: Mesh) -> tuple[Callable, Callable]:
    """Build the two functions of a program, `begin` and `advance`, over the devices of a mesh.

    Args:
        p: the setup.
        static: its static part.
        lanes: rows vmapped together.
        mesh: the devices, along one axis called `runs`.
    """
    rows, one = P("runs"), partial(_begun, p, static)
    together = partial(jax.vmap(one, (0, 0, None)) if lanes > 1 else _first_of(one))

    def begin(knobs, seeds, root, slots, count):
        like = jax.eval_shape(jax.vmap(one, (0, 0, None)), knobs, seeds, root)
        empty = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), like)

        def block(i, begun):
            at = slots[i] * lanes
            return _put(begun, at, together(*_cut((knobs, seeds), at, lanes), root))

        return lax.fori_loop(0, count[0], block, empty)

    def advance(carry, seen, probed, marks, first, last, slots, count):
        further = partial(advance_run, p, static, marks, first, last)
        further = jax.vmap(further) if lanes > 1 else _first_of(further)
        fixed = carry.data, carry.knobs, carry.key

        def block(i, moving):
            at = slots[i] * lanes
            (state, seen, probed), (data, knobs, key) = _cut(moving, at, lanes), _cut(fixed, at, lanes)
            carry, seen, probed = further((Carry(state, data, knobs, key), seen, probed))
            return _put(moving, at, (carry.state, seen, probed))

        state, seen, probed = lax.fori_loop(0, count[0], block, (carry.state, seen, probed))
        return carry._replace(state=state), seen, probed

    # Leaves made inside shard_map from constants would count as replicated, and gradients with respect to them would
    # be summed over the devices (jax issue 36886); so nothing is checked, and state comes into `advance` as arguments.
    spread = partial(jax.shard_map, mesh=mesh, out_specs=rows, check_vma=False)
    return (
        spread(begin, in_specs=(rows, rows, P(), rows, rows)),
        spread(advance, in_specs=(rows,) * 3 + (P(),) * 3 + (rows,) * 2),
    )


def _cut(rows: Any, at: jax.Array, n: int) -> Any:
    return jax.tree.map(lambda x: lax.dynamic_slice_in_dim(x, at, n), rows)


def _put(rows: Any, at: jax.Array, block: Any) -> Any:
    return jax.tree.map(lambda x, b: lax.dynamic_update_slice_in_dim(x, b, at, 0), rows, block)


def _first_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """Apply a function to the only row of blocks; arguments without an axis are passed on."""

    def applied(*blocks):
        return jax.tree.map(lambda x: x[None], function(*jax.tree.map(lambda x: x[0] if x.ndim else x, blocks)))

    return applied
