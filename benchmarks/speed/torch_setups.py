"""Three entries as ordinary PyTorch training loops: the yardstick of compare.py.

Each trains what its entry in bestiary.phenomena trains, with the knobs of the measured cases: the
same data, distribution of initial weights, loss, optimiser and channels at the same steps. Where
a loop by hand does less work it may: a channel takes what the step's forward pass has computed,
and masks that a case leaves switched off are not there. Optimisers are the fused ones, products
are written in the form that PyTorch runs fastest.

    begin(knobs, static, generator) -> (params, data)
    train(knobs, static, params, data, ...) -> iterator of {channel: ()} at steps 0, log_every, ..., steps
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Params = dict[str, Tensor]


class Setup(NamedTuple):
    """How a run begins, and how it is trained."""

    begin: Callable[..., tuple[Params, Any]]
    train: Callable[..., Iterator[Params]]


def _loop(
    static: Any, optimizer: torch.optim.Optimizer, forward: Callable[[int], tuple[Tensor, Callable[[], Params]]]
) -> Iterator[Params]:
    """The loop: `forward` gives a step's loss, and its channels as a function to call if they are wanted."""
    for step in range(static.steps + 1):
        loss, observe = forward(step)
        if step % static.log_every == 0 or step == static.steps:
            with torch.no_grad():
                seen = observe()
            yield seen
        if step < static.steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _normals(generator: torch.Generator, *size: int) -> Tensor:
    return torch.randn(size, generator=generator)


def _begin_grokking(knobs, static, generator):
    p, n = static.modulus, static.width
    scale = knobs.init_scale / (2 * n) ** (1 / 3)
    params = {name: scale * _normals(generator, *size) for name, size in (("u", (p, n)), ("v", (p, n)), ("w", (p, n)))}
    numbers = torch.arange(p)
    train = torch.randperm(p * p, generator=generator) < round(knobs.fraction * p * p)
    return params, {"labels": (numbers[:, None] + numbers) % p, "train": train.reshape(p, p).float()}


def _train_grokking(knobs, static, params, data):
    u, v, w = (params[name].requires_grad_() for name in "uvw")
    labels, train = data["labels"], data["train"]
    target, test = F.one_hot(labels, static.modulus).float(), 1 - train
    pairs, rest = train.sum(), test.sum()
    adamw = torch.optim.AdamW([u, v, w], lr=knobs.lr, betas=(0.9, 0.98), weight_decay=knobs.weight_decay, fused=True)

    def forward(step):
        scores = (u[:, None] + v[None]).square() @ w.T
        errors = (scores - target).square().mean(-1)
        loss = (errors * train).sum() / pairs

        def observe():
            hit = scores.argmax(-1) == labels
            power = torch.fft.rfft(u, dim=0)[1:].abs().square()
            return {
                "train_acc": (hit * train).sum() / pairs,
                "test_acc": (hit * test).sum() / rest,
                "train_loss": loss.detach(),
                "test_loss": (errors * test).sum() / rest,
                "weight_norm": (u.square().sum() + v.square().sum() + w.square().sum()).sqrt(),
                "fourier_ipr": (power.square().sum(0) / power.sum(0).square()).mean(),
            }

        return loss, observe

    return _loop(static, adamw, forward)


def _begin_attention(knobs, static, generator):
    d = static.width
    target = _normals(generator, d, d)
    weights = _normals(generator, d, d) * knobs.init_scale / d**0.5
    return {"w": weights, "s": torch.zeros(static.positions)}, target / target.norm(dim=0)


def _train_attention(knobs, static, params, target, generator=None, draw=None):
    """`draw(step)` replaces the random tokens (n, T, d), already divided by sqrt(d)."""
    w, s = (params[name].requires_grad_() for name in "ws")
    d, norm = static.width, target.norm()
    draw = draw or (lambda step: torch.randn(static.batch, static.positions, d, generator=generator) / d**0.5)
    sgd = torch.optim.SGD([w, s], lr=knobs.lr, fused=True)

    def forward(step):
        x = draw(step)
        paid = s.softmax(0)
        seen = paid @ x  # (T,) @ (n, T, d)
        loss = 0.5 * (seen @ w.T - x[:, -1] @ target.T).square().sum(-1).mean()

        def observe():
            on_token, elsewhere = paid[-1], paid[:-1].square().sum()
            overlap = (w * target).sum() / norm
            match = on_token * overlap * norm
            size = w.square().sum() * (elsewhere + on_token.square())
            left = math.sqrt(math.pi / 2) * (overlap.square() / 2).exp() * torch.erfc(overlap / 2**0.5)
            return {
                "loss": 0.5 * (size - 2 * match + norm.square()) / d,
                "attention": on_token,
                "overlap": overlap / norm,
                "time_left": left * d * knobs.length / norm / knobs.lr,
            }

        return loss, observe

    return _loop(static, sgd, forward)


def _begin_spikes(knobs, static, generator):
    x = torch.linspace(-1.0, 1.0, 64)
    data = x, {"square": x.square(), "chebyshev": 8 * x**4 - 8 * x**2 + 1}[static.target]
    if static.network == "pair":
        jitter = 0.01 * _normals(generator, 2)
        return {"a": jitter[0].clone(), "w": 1.0 + jitter[1]}, data
    params = {f"b{i}": torch.zeros(n) for i, n in ((1, 16), (2, 16), (3, 1))}
    for name, (rows, columns) in {"w1": (1, 16), "w2": (16, 16), "w3": (16, 1)}.items():
        params[name] = _normals(generator, rows, columns) / rows**0.5
    return params, data


def _train_spikes(knobs, static, params, data):
    p = {name: value.requires_grad_() for name, value in params.items()}
    x, y = data
    column = x[:, None]
    adam = torch.optim.Adam(list(p.values()), lr=knobs.lr, betas=(0.9, knobs.beta2), eps=1e-8, fused=True)

    def network():
        if static.network == "pair":
            return p["a"] * (F.silu(p["w"] * x) + F.silu(-p["w"] * x))
        hidden = torch.addmm(p["b1"], column, p["w1"]).tanh()
        hidden = torch.addmm(p["b2"], hidden, p["w2"]).tanh()
        return torch.addmm(p["b3"], hidden, p["w3"])[:, 0]

    def forward(step):
        loss = 0.5 * (network() - y).square().mean()
        return loss, lambda: {"loss": loss.detach()}

    return _loop(static, adam, forward)


SETUPS = {
    "grokking": Setup(_begin_grokking, _train_grokking),
    "sparse_attention_emergence": Setup(_begin_attention, _train_attention),
    "adam_loss_spikes": Setup(_begin_spikes, _train_spikes),
}
