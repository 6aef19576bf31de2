"""Modular addition by two layers with a quadratic activation."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from . import Adam, Setup, fourier_participation, normals, sum_of_squares, train_and_test


def shared(knobs, static):
    """Labels of all pairs, and the one-hot ones."""
    numbers = torch.arange(static.modulus)
    labels = (numbers[:, None] + numbers) % static.modulus
    return {"labels": labels, "target": F.one_hot(labels, static.modulus).float()}


def begin(knobs, static, generator):
    """Weights, and which pairs are trained on."""
    p, n = static.modulus, static.width
    scale = knobs.init_scale / (2 * n) ** (1 / 3)
    params = {name: scale * normals(generator, p, n) for name in "uvw"}
    train = torch.randperm(p * p, generator=generator) < round(knobs.fraction * p * p)
    return params, {"train": train.reshape(p, p).float()}


def loss(params, batch, shared, knobs, static):
    """Squared error of the pairs that are trained on."""
    scores = (params["u"][:, None] + params["v"][None]).square() @ params["w"].T
    errors = (scores - shared["target"]).square().mean(-1)
    return (errors * batch["train"]).sum() / batch["train"].sum(), {"scores": scores, "errors": errors}


def observe(params, own, found, shared, knobs, static):
    """The channels of the entry."""
    return train_and_test(found["scores"], found["errors"], shared["labels"], own["train"]) | {
        "weight_norm": sum_of_squares(params).sqrt(),
        "fourier_ipr": fourier_participation(params["u"]),
    }


def optimizer(knobs):
    """AdamW."""
    return Adam(knobs.lr, (0.9, 0.98), knobs.weight_decay)


SETUP = Setup(shared, begin, loss, observe, optimizer)
