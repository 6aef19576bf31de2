"""The contenders of compare.py that run on JAX: the trainer, and four ways to write a loop around its own step."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import rows
from flops import flops
from worker import fastest

PRODUCT = 512  # rows and columns: 3 MB in all, near the peak of a core
TOGETHER = (8, 32)  # seeds that are tried in one vmapped scan
SEEDS = 16  # of a campaign, and of the trainer's first batch, if its lanes do not want more
BATCH = 0.3  # [s] that a batch of the trainer lasts at most, while more seeds make it longer


def build(spec: dict[str, Any]) -> tuple[Iterator[int], dict[str, Any]]:
    """A contender, as worker.build."""
    if spec["kind"] == "product":
        return _product(), {}
    if spec["kind"] in ("trainer", "campaign"):
        return _together(spec)
    if spec["kind"] == "ensemble":
        width, run = fastest(partial(_ensemble, spec), TOGETHER)
        return run, {"together": width}
    return {"scan": _scan, "loop": _loop}[spec["kind"]](spec), {}


def _together(spec: dict[str, Any]) -> tuple[Iterator[int], dict[str, Any]]:
    """The trainer, in batches of so many seeds that each lasts long enough; or a campaign of SEEDS."""
    from bestiary.train.jax_setup import prepare

    prepare(Path(spec["cache"]))
    import jax

    from bestiary.train import campaign, trainer

    row = next(row for row in rows.ROWS if row.name == spec["row"])
    p, knobs, static = rows.setup(row, spec["steps"])
    p = import_module(row.module).PHENOMENON if spec["kind"] == "campaign" else p
    program = trainer.compile_program(p, static)
    facts = {"knobs": knobs._asdict(), "static": static._asdict(), "lanes": program.lanes, "rows": program.width}
    facts |= {"compile_seconds": program.compile_seconds, "flops": flops(p, knobs, static)}
    together = program.devices * program.lanes
    seeds = max(SEEDS // together, 1) * together

    def batch(n: int) -> float:
        started = time.perf_counter()
        begun = program.start([knobs] * n, list(range(n)), 0)
        jax.device_get(program.run(begun, 0, len(program.schedule), range(n))[1])
        return time.perf_counter() - started

    def train() -> Iterator[int]:
        n = seeds
        batch(n)
        while batch(n) < BATCH / 2 and n < program.width:
            n = min(2 * n, program.width)
            yield 0
        while True:
            batch(n)
            yield n * static.steps

    def simulate() -> Iterator[int]:
        while True:
            campaign.simulate(p, [knobs], seeds=seeds, static=static)
            yield seeds * static.steps

    return {"trainer": train, "campaign": simulate}[spec["kind"]](), facts


class _Parts:
    """What the loops below are made of: the trainer's own beginning, step and channels, not yet compiled."""

    def __init__(self, spec: dict[str, Any]) -> None:
        import numpy as np

        from bestiary.train import trainer

        row = next(row for row in rows.ROWS if row.name == spec["row"])
        p = rows.plain(import_module(row.module).PHENOMENON)
        knobs, static = type(p.knobs)(**spec["knobs"]), type(p.static)(**spec["static"])
        self.static, self.windows = static, static.steps // static.log_every
        self.root, self.seeds = np.uint32(0), iter(range(spec["core"] or 0, 2**32, spec["cores"]))
        self.knobs = type(knobs)(*map(np.float32, knobs))  # arguments, as in the trainer, not constants
        self.begin = partial(trainer.begin_run, p, static)
        self.step = partial(trainer.step_run, p, static)
        self.observe = lambda carry: p.observe(carry.state, carry.data, carry.knobs, static)

    def scan(self, carry: Any) -> tuple[Any, Any, Any]:
        """A run from its beginning to its end: the last state, the channels, and those of the last state."""
        import jax

        def window(carry, _):
            seen = self.observe(carry)
            one = lambda carry, _: (carry._replace(state=self.step(carry)), None)  # noqa: E731
            return jax.lax.scan(one, carry, length=self.static.log_every)[0], seen

        carry, seen = jax.lax.scan(window, carry, length=self.windows)
        return carry.state, seen, self.observe(carry)


def _scan(spec: dict[str, Any]) -> Iterator[int]:
    import jax
    import numpy as np

    parts = _Parts(spec)
    begin, scan = jax.jit(parts.begin), jax.jit(parts.scan)
    for seed in parts.seeds:
        jax.device_get(scan(begin(parts.knobs, np.uint32(seed), parts.root))[1:])
        yield parts.static.steps


def _ensemble(spec: dict[str, Any], width: int) -> Iterator[int]:
    import jax
    import numpy as np

    parts = _Parts(spec)
    begin, scan = jax.jit(jax.vmap(parts.begin, (None, 0, None))), jax.jit(jax.vmap(parts.scan))
    while True:
        seeds = np.array([next(parts.seeds) for _ in range(width)], np.uint32)
        jax.device_get(scan(begin(parts.knobs, seeds, parts.root))[1:])
        yield width * parts.static.steps


def _loop(spec: dict[str, Any]) -> Iterator[int]:
    import jax
    import numpy as np

    parts = _Parts(spec)
    begin, step, observe = jax.jit(parts.begin), jax.jit(parts.step), jax.jit(parts.observe)
    for seed in parts.seeds:
        carry, seen = begin(parts.knobs, np.uint32(seed), parts.root), []
        for _ in range(parts.windows):
            seen.append(observe(carry))
            for _ in range(parts.static.log_every):
                carry = carry._replace(state=step(carry))
            yield parts.static.log_every
        jax.device_get([*seen, observe(carry)])
        yield 0


def _product() -> Iterator[int]:
    """Counts FLOPs in place of steps."""
    import jax

    a = jax.random.normal(jax.random.key(0), (PRODUCT, PRODUCT)) / PRODUCT**0.5
    repeat = jax.jit(lambda a: jax.lax.fori_loop(0, 20, lambda _, b: a @ b, a))

    while True:
        repeat(a).block_until_ready()
        yield 20 * 2 * PRODUCT**3
