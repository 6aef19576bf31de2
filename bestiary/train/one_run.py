"""One run, as pure functions: how it begins, takes a step, and is recorded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bestiary.entry import Knobs, Phenomenon, Static, TrainState
from bestiary.train.contract import check_channels

FIXED = 16  # steps in a loop of a fixed length, where records are at unequal intervals


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


def advance_run(p: Phenomenon, static: Static, marks, first, last, row):
    """Record and step one run through the windows first..last-1 of its schedule `marks`."""
    carry, seen, probed = row
    steps = partial(_steps, fixed_loop(p.schedule(static)))

    def window(i, loop):
        state, seen, probed = loop
        now = p.observe(state, carry.data, carry.knobs, static)
        seen = {c: seen[c].at[i].set(now[c]) for c in seen}
        if p.probe is not None:
            measure = partial(p.probe, state, carry.data, carry.knobs, static)

            def write():
                return {c: probed[c].at[i // p.probe_every].set(v) for c, v in measure().items()}

            probed = jax.lax.cond(i % p.probe_every == 0, write, lambda: probed)
        state = steps(marks[i + 1] - marks[i], lambda s: step_run(p, static, carry._replace(state=s)), state)
        return state, seen, probed

    state, seen, probed = jax.lax.fori_loop(first, last, window, (carry.state, seen, probed))
    return carry._replace(state=state), seen, probed


def _steps(fixed: int, n: jax.Array, step: Callable[[TrainState], TrainState], state: TrainState) -> TrainState:
    """Take n steps, in loops of a fixed length as far as these go; of length 0 there are none."""

    def taken(times: jax.Array | int, state: TrainState) -> TrainState:
        return jax.lax.fori_loop(0, times, lambda _, s: step(s), state)

    if not fixed:
        return taken(n, state)
    state = jax.lax.fori_loop(0, n // fixed, lambda _, s: taken(fixed, s), state)
    return taken(n % fixed, state)


def fixed_loop(schedule: np.ndarray) -> int:
    """Return how many steps a loop of a fixed length takes; 0 where no such loop is wanted.

    An accelerator asks the host before every turn of a loop whose length it learns while it runs, and that takes longer
    than a small step. On a CPU it costs nothing, and another loop is more to compile.

    Args:
        schedule: (R,) recorded steps.
    """
    if jax.default_backend() == "cpu":
        return 0
    gaps, often = np.unique(np.diff(schedule), return_counts=True)
    return int(gaps[often.argmax()]) if len(gaps) and 2 * often.max() > often.sum() else FIXED


def outline(p: Phenomenon, static: Static) -> Carry:
    """Return a run before its first step as shapes alone, and see that its channels can be recorded.

    Raises:
        TypeError, ValueError: a channel is no scalar, or `observe` returns no dict of channels; in one line.
    """
    carry = shapes(p, static)
    check_channels(p, static, carry.state, carry.data, carry.knobs)
    return carry


def shapes(p: Phenomenon, static: Static) -> Carry:
    """Return a run before its first step as shapes alone."""
    return jax.eval_shape(partial(begin_run, p, static), *row(p))


def row(p: Phenomenon) -> tuple[Any, jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]:
    """Return the shapes of what `begin_run` takes: knobs, seed, root."""
    scalar = partial(jax.ShapeDtypeStruct, ())
    return type(p.knobs)(*(scalar(jnp.float32) for _ in p.knobs)), scalar(jnp.uint32), scalar(jnp.uint32)
