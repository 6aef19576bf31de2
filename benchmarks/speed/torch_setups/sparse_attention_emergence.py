"""Regression on the last of many tokens, attention by place alone; the tokens are drawn at every step."""

from __future__ import annotations

import math

import torch

from . import Descent, Setup, normals


def shared(knobs, static):
    """Nothing."""
    return {}


def begin(knobs, static, generator):
    """Weights and scores, and the matrix that is to be learned."""
    d = static.width
    target = normals(generator, d, d)
    weights = normals(generator, d, d) * knobs.init_scale / d**0.5
    return {"w": weights, "s": torch.zeros(static.positions)}, {"target": target / target.norm(dim=0)}


def batch(own, knobs, static, generator, runs):
    """New tokens (n, T, d), and the matrix."""
    size = (*runs, static.batch, static.positions, static.width)
    return {"tokens": torch.randn(size, generator=generator) / static.width**0.5, **own}


def loss(params, batch, shared, knobs, static):
    """1/2 |y - W* x_T|^2."""
    paid = params["s"].softmax(0)
    seen = paid @ batch["tokens"]  # (T,) @ (n, T, d)
    errors = seen @ params["w"].T - batch["tokens"][:, -1] @ batch["target"].T
    return 0.5 * errors.square().sum(-1).mean(), {"paid": paid}


def observe(params, own, found, shared, knobs, static):
    """The channels of the entry."""
    w, target, d = params["w"], own["target"], static.width
    norm = target.norm()
    on_token, elsewhere = found["paid"][-1], found["paid"][:-1].square().sum()
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


def optimizer(knobs):
    """Gradient descent."""
    return Descent(knobs.lr)


SETUP = Setup(shared, begin, loss, observe, optimizer, batch)
