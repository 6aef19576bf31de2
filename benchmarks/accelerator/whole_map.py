"""A map of 2,048 runs from settings to phases: grokking over weight decay and share of the pairs, end to end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import jax
import numpy as np

from accelerator.kept import Kept
from bestiary.train import campaign, runs, trainer

VALUES, SEEDS = 32, 2  # of each knob, and of each setting
WIDTH = 2048


def run(kept: Kept, quick: bool) -> None:
    """Train the map in one batch, and again with the program that is there."""
    values = 2 if quick else VALUES
    width = values**2 * SEEDS if quick else WIDTH
    for name in ["cold"] if quick else ["cold", "warm"]:
        kept.put("map", name, value={"not_reached": "begun, and not ended in time"})
        kept.attempt("map", name, of=lambda: whole(values, width, steps=20 if quick else None))


def whole(values: int, width: int, steps: int | None) -> dict[str, Any]:
    """Return where the time of a map goes, and how many runs are in which phase."""
    p, devices = import_module("bestiary.phenomena.grokking").PHENOMENON, jax.local_device_count()
    static = p.static._replace(steps=steps or p.static.steps)
    decays, shares = np.geomspace(0.1, 30.0, values), np.linspace(0.2, 0.9, values)
    settings = [p.knobs._replace(weight_decay=float(w), fraction=float(f)) for w in decays for f in shares]
    started = time.perf_counter()
    sizes = {"width": width, "lanes": max(1, width // devices)}
    trainer.compile_program(p, static, **sizes)
    compiled = time.perf_counter()
    with timed() as spent:
        ds = campaign.simulate(p, settings, seeds=SEEDS, static=static, **sizes)
    trained = time.perf_counter()
    findings = [p.detect(log) for k in range(len(settings)) for log in runs.logs(ds, k)]
    ended, n = time.perf_counter(), len(findings)
    return {
        "runs": n,
        "steps": static.steps,
        "width": width,
        "seconds": ended - started,
        "compile": compiled - started,
        "begin": spent["start"],
        "train": spent["run"],
        "host": trained - compiled - spent["start"] - spent["run"],
        "detect": ended - trained,
        "rate": n * static.steps / (ended - compiled),
        "states": dict(Counter(str(f.state) for f in findings)),
        "phases": dict(Counter(str(f.phase) for f in findings)),
    }


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Add up the seconds that programs spend on the device, {"start": , "run": }."""
    spent, own = {"start": 0.0, "run": 0.0}, {name: getattr(trainer.Program, name) for name in ("start", "run")}

    def timing(name: str) -> Any:
        def method(*arguments: Any) -> Any:
            started = time.perf_counter()
            out = jax.block_until_ready(own[name](*arguments))
            spent[name] += time.perf_counter() - started
            return out

        return method

    try:
        for name in own:
            setattr(trainer.Program, name, timing(name))
        yield spent
    finally:
        for name, method in own.items():
            setattr(trainer.Program, name, method)
