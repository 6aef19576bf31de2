"""Rows of compare.py in PyTorch: the yardstick. One file for each, named as the entry; it has a SETUP.

Each trains what its entry in JAX trains, with the knobs of the measured cases: the same data, distribution of initial
weights, loss, optimiser and channels at the same steps. Where a loop by hand does less work it may: a channel takes
what the step's forward pass has computed, and what a case leaves switched off is not there. Products are written in the
form that PyTorch runs fastest. All functions are pure, so that `torch.func` can take them as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


class Adam(NamedTuple):
    """Adam with decoupled weight decay, as torch.optim.AdamW has it."""

    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0

    def fused(self, params: Tensors) -> torch.optim.Optimizer:
        """PyTorch's own, fused."""
        lr, betas, decay = self
        return torch.optim.AdamW(list(params.values()), lr=lr, betas=betas, weight_decay=decay, fused=True)

    def start(self, params: Tensors) -> tuple[Any, ...]:
        """Its state before the first step."""
        empty = {name: torch.zeros_like(p) for name, p in params.items()}
        return torch.zeros(()), empty, empty

    def update(self, params: Tensors, gradients: Tensors, state: tuple[Any, ...]) -> tuple[Tensors, tuple[Any, ...]]:
        """The same as a function, to be compiled with the step."""
        (count, first, second), (b1, b2) = state, self.betas
        count = count + 1
        first = {name: b1 * first[name] + (1 - b1) * g for name, g in gradients.items()}
        second = {name: b2 * second[name] + (1 - b2) * g * g for name, g in gradients.items()}
        length, correction = self.lr / (1 - b1**count), (1 - b2**count).sqrt()

        def moved(name: str, p: Tensor) -> Tensor:
            return (1 - self.lr * self.weight_decay) * p - length * first[name] / (
                second[name].sqrt() / correction + 1e-8
            )

        return {name: moved(name, p) for name, p in params.items()}, (count, first, second)


class Descent(NamedTuple):
    """Plain gradient descent."""

    lr: float

    def fused(self, params: Tensors) -> torch.optim.Optimizer:
        """PyTorch's own, fused."""
        return torch.optim.SGD(list(params.values()), lr=self.lr, fused=True)

    def start(self, params: Tensors) -> tuple[Any, ...]:
        """It has no state."""
        return ()

    def update(self, params: Tensors, gradients: Tensors, state: tuple[Any, ...]) -> tuple[Tensors, tuple[Any, ...]]:
        """The same as a function."""
        return {name: p - self.lr * gradients[name] for name, p in params.items()}, state


def own_data(own: Tensors, knobs: Any, static: Any, generator: torch.Generator | None, runs: tuple[int, ...]) -> Any:
    """Full batch: what a step sees is all that the run has."""
    return own


class Setup(NamedTuple):
    """A training, in parts.

    Attributes:
        shared: (knobs, static) -> data that all runs have in common.
        begin: (knobs, static, generator) -> (params, data of the run's own).
        loss: (params, batch, shared, knobs, static) -> (loss (), what channels take from the forward pass).
        observe: (params, own, found, shared, knobs, static) -> {channel: ()}; `found` is what `loss` gives, with `loss`
            itself and the number of the `step`.
        optimizer: (knobs) -> how a gradient becomes a step.
        batch: (own, knobs, static, generator, runs) -> what one step sees; `runs` is () or the number of runs that are
            trained together, which all tensors have as their first axis.
    """

    shared: Callable[..., Tensors]
    begin: Callable[..., tuple[Tensors, Tensors]]
    loss: Callable[..., tuple[Tensor, Tensors]]
    observe: Callable[..., Tensors]
    optimizer: Callable[[Any], Adam | Descent]
    batch: Callable[..., Any] = own_data


def normals(generator: torch.Generator, *size: int) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(size, generator=generator)


def train_and_test(scores: Tensor, errors: Tensor, labels: Tensor, train: Tensor) -> Tensors:
    """Accuracy and mean error of the examples that are trained on, and of the others."""
    hit, test = scores.argmax(-1) == labels, 1 - train
    pairs, rest = train.sum(), test.sum()
    return {
        "train_acc": (hit * train).sum() / pairs,
        "test_acc": (hit * test).sum() / rest,
        "train_loss": (errors * train).sum() / pairs,
        "test_loss": (errors * test).sum() / rest,
    }


def sum_of_squares(params: Tensors) -> Tensor:
    """Of all weights, ()."""
    return torch.stack([p.square().sum() for p in params.values()]).sum()


def fourier_participation(table: Tensor) -> Tensor:
    """How periodic the columns of a table (p, m) are."""
    power = torch.view_as_real(torch.fft.rfft(table, dim=0)[1:]).square().sum(-1)
    return (power.square().sum(0) / power.sum(0).square()).mean()
