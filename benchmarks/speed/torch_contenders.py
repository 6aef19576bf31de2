"""The contenders of compare.py that run on PyTorch: an ordinary loop, and many runs at once by torch.func.

torch               the loop that people write: backward, a fused optimiser, one seed after another
functorch           parameters of all seeds stacked, vmap(grad) of the loss, the fused optimiser on the stack
functorch_compiled  the same, gradient and update one function under torch.compile, channels another
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import torch
from torch_setups import Setup, Tensors
from worker import fastest

TOGETHER = (8, 32)  # seeds that are tried at once

Draw = Callable[[int], Any]


def build(spec: dict[str, Any]) -> tuple[Iterator[int], dict[str, Any]]:
    """A contender, as worker.build."""
    if spec["core"] is not None:
        torch.set_num_threads(1)
    from rows import ROWS

    row = next(row for row in ROWS if row.name == spec["row"])
    setup = import_module(f"torch_setups.{row.key}").SETUP
    knobs, static = SimpleNamespace(**spec["knobs"]), SimpleNamespace(**spec["static"])
    generator = torch.Generator().manual_seed(spec["core"] or 0)
    if spec["kind"] == "torch":
        return one_by_one(setup, knobs, static, generator), {}
    if spec["kind"] == "functorch_compiled":
        compiled = Ensemble(setup, knobs, static, compiled=True)
        return compiled.runs(generator, row.compiled), {"together": row.compiled}
    width, run = fastest(partial(Ensemble(setup, knobs, static).runs, generator), TOGETHER)
    return run, {"together": width}


def one_by_one(setup: Setup, knobs: Any, static: Any, generator: torch.Generator) -> Iterator[int]:
    """Run after run; yields the steps made."""
    while True:
        params, own = setup.begin(knobs, static, generator)
        draw = partial(setup.batch, own, knobs, static, generator, ())
        for i, _ in enumerate(train(setup, knobs, static, params, own, lambda step, draw=draw: draw())):
            yield static.log_every if i else 0


def train(setup: Setup, knobs: Any, static: Any, params: Tensors, own: Tensors, draw: Draw) -> Iterator[Tensors]:
    """One run by an ordinary loop, `draw(step)` its batches; yields {channel: ()} at steps 0, log_every, ..., steps."""
    shared = setup.shared(knobs, static)
    params = {name: p.requires_grad_() for name, p in params.items()}
    optimizer = setup.optimizer(knobs).fused(params)
    for step in range(static.steps + 1):
        loss, found = setup.loss(params, draw(step), shared, knobs, static)
        if step % static.log_every == 0 or step == static.steps:
            with torch.no_grad():
                found = {name: value.detach() for name, value in found.items()}
                seen = setup.observe(params, own, found | {"loss": loss.detach(), "step": step}, shared, knobs, static)
            yield seen
        if step < static.steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def stacked(runs: Sequence[Tensors]) -> Tensors:
    """The tensors of so many runs, with the runs as a new first axis."""
    return {name: torch.stack([run[name] for run in runs]) for name in runs[0]}


class Ensemble:
    """Many runs at once: every tensor of a run has the runs as its first axis.

    Args:
        setup: what is trained.
        knobs: of all runs.
        static: of all runs.
        compiled: whether torch.compile takes the functions.
    """

    def __init__(self, setup: Setup, knobs: Any, static: Any, compiled: bool = False) -> None:
        self.setup, self.knobs, self.static, self.compiled = setup, knobs, static, compiled
        self.rule, self.shared = setup.optimizer(knobs), setup.shared(knobs, static)
        self.step, self.observe = self._step, torch.func.vmap(self._observe, in_dims=(0, 0, 0, None))
        # That fused attention is called seed by seed is said; written out, it takes longer.
        warnings.filterwarnings("ignore", "There is a performance drop")
        if compiled:
            # So is that Fourier transforms are left to the library.
            warnings.filterwarnings("ignore", "Torchinductor does not support code generation for complex")
            self.step, self.observe = torch.compile(self._step), torch.compile(self.observe)

    def _gradient(self, params: Tensors, batch: Any) -> tuple[Tensors, tuple[torch.Tensor, Tensors]]:
        def loss(params: Tensors, batch: Any) -> tuple[torch.Tensor, Tensors]:
            return self.setup.loss(params, batch, self.shared, self.knobs, self.static)

        return torch.func.vmap(torch.func.grad_and_value(loss, has_aux=True))(params, batch)

    def _observe(self, params: Tensors, own: Tensors, found: Tensors, step: torch.Tensor) -> Tensors:
        return self.setup.observe(params, own, found | {"step": step}, self.shared, self.knobs, self.static)

    def _step(self, params: Tensors, state: Any, batch: Any) -> tuple[Tensors, Any, Tensors]:
        gradients, (loss, found) = self._gradient(params, batch)
        return *self.rule.update(params, gradients, state), found | {"loss": loss}

    def begin(self, generator: torch.Generator, width: int) -> tuple[Tensors, Tensors]:
        """Parameters and own data of so many runs."""
        begun = [self.setup.begin(self.knobs, self.static, generator) for _ in range(width)]
        params, own = zip(*begun, strict=True)
        return stacked(params), stacked(own)

    def runs(self, generator: torch.Generator, width: int) -> Iterator[int]:
        """Runs after runs; yields seeds x steps."""
        while True:
            params, own = self.begin(generator, width)
            draw = partial(self.setup.batch, own, self.knobs, self.static, generator, (width,))
            for i, _ in enumerate(self.train(params, own, lambda step, draw=draw: draw())):
                yield width * self.static.log_every if i else 0

    def train(self, params: Tensors, own: Tensors, draw: Draw) -> Iterator[Tensors]:
        """Runs from their beginning to their end; yields {channel: (runs,)} as `train` does."""
        state = self.rule.start(params)
        optimizer = None if self.compiled else self.rule.fused(params)
        for step in range(self.static.steps + 1):
            batch, last = draw(step), step == self.static.steps
            before, gradients = params, {}
            if optimizer is None:
                params, state, found = self.step(params, state, batch)
            else:
                gradients, (loss, found) = self._gradient(params, batch)
                found = found | {"loss": loss}
            if step % self.static.log_every == 0 or last:
                yield self.observe(before, own, found, torch.tensor(float(step)))
            if optimizer is not None and not last:
                for name, p in params.items():
                    p.grad = gradients[name]
                optimizer.step()
