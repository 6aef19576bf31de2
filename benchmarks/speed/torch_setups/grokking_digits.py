"""Pairs of handwritten digits, the label the first one, by one hidden layer from a large start."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from . import Adam, Setup, normals, sum_of_squares, train_and_test

EACH, USUAL_INPUTS = 50, 20  # pictures of a digit; inputs that the first layer's start counts


def shared(knobs, static):
    """Labels of all examples, and the one-hot ones."""
    labels = torch.arange(10).repeat_interleave(10).repeat(static.copies)
    return {"labels": labels, "target": F.one_hot(labels, 10).float()}


def pictures():
    """(10, EACH, 64), less their mean and of length 1; the brightest grey counts as the one below."""
    from sklearn.datasets import load_digits

    every, digit = load_digits(return_X_y=True)
    seen = np.stack([every[digit == d][:EACH] for d in range(10)]).clip(max=15)
    seen = torch.tensor(seen - seen.mean((0, 1))).float()
    return seen / seen.norm(dim=-1, keepdim=True)


def begin(knobs, static, generator):
    """Weights, pictures of the first digit beside places that stay dark, and which examples are trained on."""
    n = 100 * static.copies
    scale = {"inner": USUAL_INPUTS**-0.5, "outer": static.width**-0.5}
    sizes = {"inner": (148, static.width), "outer": (static.width, 10)}
    params = {name: knobs.init_scale * scale[name] * normals(generator, *size) for name, size in sizes.items()}
    rank = torch.rand(10, 10, generator=generator).argsort(-1).argsort(-1)
    train = (rank < round(knobs.fraction * 10)).flatten().repeat(static.copies)
    half = torch.randint(EACH // 2, (n,), generator=generator)
    shown = pictures()[shared(knobs, static)["labels"], 2 * half + 1 - train.long()]
    inputs = torch.zeros(n, 148)
    inputs[:, 10:74] = shown
    start = sum_of_squares(params)
    return params, {"inputs": inputs, "train": train.float(), "start": start}


def loss(params, batch, shared, knobs, static):
    """Squared error of the examples that are trained on."""
    scores = (batch["inputs"] @ params["inner"]).relu() @ params["outer"]
    errors = (scores - shared["target"]).square().mean(-1)
    return (errors * batch["train"]).sum() / batch["train"].sum(), {"scores": scores, "errors": errors}


def observe(params, own, found, shared, knobs, static):
    """The channels of the entry."""
    return train_and_test(found["scores"], found["errors"], shared["labels"], own["train"]) | {
        "norm_over_start": (sum_of_squares(params) / own["start"]).sqrt(),
        "clock": knobs.lr * knobs.weight_decay * found["step"],
    }


def optimizer(knobs):
    """AdamW."""
    return Adam(knobs.lr, (0.9, 0.98), knobs.weight_decay)


SETUP = Setup(shared, begin, loss, observe, optimizer)
