"""Modular addition by one layer of a transformer, without normalisation and bias."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from . import Adam, Setup, fourier_participation, normals, sum_of_squares, train_and_test


def shared(knobs, static):
    """Tokens a, b, "=" of all unordered pairs, one-hot, (n, 3, p + 1), and the labels."""
    p = static.modulus
    a, b = torch.triu_indices(p, p)
    tokens = torch.stack([a, b, torch.full_like(a, p)], 1)
    return {"tokens": F.one_hot(tokens, p + 1).float(), "labels": (a + b) % p}


def begin(knobs, static, generator):
    """Weights, and which pairs are trained on."""
    d, m, p = static.width, static.hidden, static.modulus
    sizes = {"embed": (p + 1, d), "up": (d, m), "down": (m, d), "unembed": (d, p)}
    sizes |= {name: (d, d) for name in ("key", "value", "query", "attended")}
    params = {name: knobs.init_scale * normals(generator, *size) / size[0] ** 0.5 for name, size in sizes.items()}
    n = p * (p + 1) // 2
    return params, {"train": (torch.randperm(n, generator=generator) < round(knobs.fraction * n)).float()}


def loss(params, batch, shared, knobs, static):
    """Cross entropy of the pairs that are trained on; tokens have no places, so each has one key and one value."""
    embed, tokens, heads = params["embed"], shared["tokens"], static.heads
    keys, value = ((embed @ params[name]).unflatten(-1, (heads, -1)) for name in ("key", "value"))  # (p + 1, h, k)
    query = (embed[-1] @ params["query"]).unflatten(-1, (heads, -1))
    score = (keys * query).sum(-1) / keys.shape[-1] ** 0.5
    attention = (tokens.flatten(0, 1) @ score).unflatten(0, tokens.shape[:2]).softmax(1)  # (n, 3, h)
    paid = attention.mT @ tokens  # (n, h, p + 1)
    gathered = (paid.transpose(0, 1) @ value.transpose(0, 1)).transpose(0, 1).flatten(1)
    stream = embed[-1] + gathered @ params["attended"]
    stream = stream + (stream @ params["up"]).relu() @ params["down"]
    scores = stream @ params["unembed"]
    errors = F.cross_entropy(scores, shared["labels"], reduction="none")
    return (errors * batch["train"]).sum() / batch["train"].sum(), {"scores": scores, "errors": errors}


def observe(params, own, found, shared, knobs, static):
    """The channels of the entry."""
    table = params["embed"][: static.modulus]
    for layer in ("value", "attended", "up"):
        table = table @ params[layer]
    return train_and_test(found["scores"], found["errors"], shared["labels"], own["train"]) | {
        "weight_norm": sum_of_squares(params).sqrt(),
        "fourier_ipr": fourier_participation(table),
    }


def optimizer(knobs):
    """AdamW."""
    return Adam(knobs.lr, (0.9, 0.98), knobs.weight_decay)


SETUP = Setup(shared, begin, loss, observe, optimizer)
