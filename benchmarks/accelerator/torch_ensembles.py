"""The cases of speed.py in PyTorch, in float32 at full precision on the same device.

    eager     torch_setups/ of the speed benchmark: an ordinary loop, fused optimiser, one seed
    ensemble  torch.func.vmap of grad over as many seeds as there are, the update as a function
    compiled  the same step through torch.compile; on a GPU, ten steps recorded as one CUDA graph

The ensembles record no channels. Their data are drawn by torch_setups/ for one seed and shared by all: the arithmetic
of a step is the same.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from accelerator.kept import Kept
from bestiary.catalog.read import read_catalog

sys.path.append(str(Path(__file__).resolve().parents[1] / "speed"))
from torch_contenders import Ensemble, train

CASES = {
    "pair": ("adam_loss_spikes", "spikes"),
    "grokking": ("grokking", "grokking"),
    "mlp": ("adam_loss_spikes", "mlp"),
    "attention": ("sparse_attention_emergence", "emergence"),
}
WIDTHS = (256, 4096)
STEPS, TURN, TURNS = 10, 0.4, 50  # in a graph; [s] and times that it is run


def run(kept: Kept, quick: bool) -> None:
    """Time every case, the loops first, then the ensembles as they are, then compiled."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("highest")
    torch.set_default_device(device)
    kind = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    kept.put("machine", value={"torch": torch.__version__, "device": kind})
    cases, widths = (["pair"], [8]) if quick else (list(CASES), WIDTHS)
    ways = (("ensemble", False), ("compiled", True))
    for name in cases:
        guard(kept, name, "eager", of=lambda name=name: {"rate": eager(*parts(name))})
    for way, compiling in ways[: 1 if quick else 2]:
        for width in widths:
            for name in cases:
                guard(kept, name, way, str(width), of=lambda n=name, w=width, c=compiling: ensemble(n, w, c))


def guard(kept: Kept, *keys: str, of: Callable[[], Any]) -> None:
    """Attempt what there is time for."""
    if kept.left() > 0:
        kept.attempt("cases", *keys, of=of)
    else:
        kept.put("cases", *keys, value={"not_reached": "out of time"})


def parts(name: str) -> tuple[Any, Any, Any]:
    """Return the setup in PyTorch, the knobs and the static part of a case."""
    key, case = CASES[name]
    p, block = import_module(f"bestiary.phenomena.{key}").PHENOMENON, read_catalog()[key].cases[case]
    knobs, static = p.knobs._replace(**block.knobs), p.static._replace(**block.static)
    return (
        import_module(f"torch_setups.{key}").SETUP,
        SimpleNamespace(**knobs._asdict()),
        SimpleNamespace(**static._asdict()),
    )


def draw() -> torch.Generator:
    """Return a generator on the device."""
    return torch.Generator(torch.get_default_device()).manual_seed(0)


def finish() -> None:
    """Wait for the device."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def eager(setup: Any, knobs: Any, static: Any, seconds: float = 2.0) -> float:
    """Return the steps per second of the loop."""
    generator = draw()
    params, own = setup.begin(knobs, static, generator)
    loop = train(setup, knobs, static, params, own, lambda step: setup.batch(own, knobs, static, generator, ()))
    for _ in range(2):
        next(loop)
    finish()
    started, windows = time.perf_counter(), 0
    for _ in loop:
        windows += 1
        if time.perf_counter() - started > seconds:
            break
    finish()
    return windows * static.log_every / (time.perf_counter() - started)


def ensemble(name: str, width: int, compiling: bool) -> dict[str, float]:
    """Return the seed-steps per second of as many seeds as `width`."""
    setup, knobs, static = parts(name)
    one, own = setup.begin(knobs, static, draw())
    params = {k: v.expand(width, *v.shape) + 0.01 * torch.randn(width, *v.shape) for k, v in one.items()}
    own = {k: v.expand(width, *v.shape) for k, v in own.items()}
    runs = Ensemble(setup, knobs, static)

    def step(params, *state):
        params, state, _ = runs.step(params, state, setup.batch(own, knobs, static, None, (width,)))
        return params, *state

    begun = (params, *runs.rule.start(params))
    once = several(torch.compile(step) if compiling else step, begun, compiling)
    started, taken = time.perf_counter(), []
    once()
    finish()
    first = time.perf_counter() - started
    while len(taken) < 3 or (sum(taken) < TURN and len(taken) < TURNS):
        started = time.perf_counter()
        once()
        finish()
        taken.append(time.perf_counter() - started)
    return {"rate": width * STEPS / statistics.median(taken), "first_seconds": first}


def several(step: Callable[..., Any], state: tuple[Any, ...], graphed: bool) -> Callable[[], None]:
    """Return what takes STEPS steps from a state and keeps the new one; as a CUDA graph if asked, and there is one."""

    def flat(tree: tuple[Any, ...]) -> list[torch.Tensor]:
        return [x for part in tree for x in (part.values() if isinstance(part, dict) else [part])]

    def once() -> None:
        with torch.no_grad():
            new = state
            for _ in range(STEPS):
                new = step(*new)
            for old, value in zip(flat(state), flat(new), strict=True):
                old.copy_(value)

    if not (graphed and torch.cuda.is_available()):
        return once
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            once()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        once()
    return graph.replay
