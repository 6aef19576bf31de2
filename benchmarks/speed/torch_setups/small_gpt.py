"""A small decoder on bytes."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from . import Adam, Setup, normals

BYTES, WORDS, LETTERS, TEXT = 256, 64, 8, 2048


def shared(knobs, static):
    """Nothing."""
    return {}


def begin(knobs, static, generator):
    """Weights, the text and windows for the test."""
    d, params = static.width, {}
    params |= {"embed": 0.02 * normals(generator, BYTES, d), "place": 0.02 * normals(generator, static.context, d)}
    into_stream = 0.02 / (2 * static.layers) ** 0.5
    for i in range(static.layers):
        params[f"qkv{i}"] = 0.02 * normals(generator, d, 3 * d)
        params[f"out{i}"] = into_stream * normals(generator, d, d)
        params[f"up{i}"] = 0.02 * normals(generator, d, 4 * d)
        params[f"down{i}"] = into_stream * normals(generator, 4 * d, d)
        params |= {f"before_attention{i}": torch.ones(d), f"before_mlp{i}": torch.ones(d)}
    params["before_scores"] = torch.ones(d)
    dictionary = torch.randint(BYTES, (WORDS, LETTERS), generator=generator)
    held = -(-(static.context + 1) // LETTERS)
    order = torch.randint(WORDS, (TEXT + static.batch * held,), generator=generator)
    test = dictionary[order[TEXT:]].reshape(static.batch, -1)[:, : static.context + 1]
    return params, {"text": dictionary[order[:TEXT]].flatten(), "test": test}


def batch(own, knobs, static, generator, runs):
    """Windows of the text at random places."""
    text, length = own["text"], static.context + 1
    first = torch.randint(text.shape[-1] - length + 1, (*runs, static.batch, 1), generator=generator)
    places = first + torch.arange(length)
    return text.gather(-1, places.flatten(-2)).unflatten(-1, places.shape[-2:])


def cross_entropy(params, windows, static):
    """Of the next byte, [nat]."""
    tokens, d = windows[:, :-1], (static.width,)
    x = F.embedding(tokens, params["embed"]) + params["place"]
    for i in range(static.layers):
        joined = F.layer_norm(x, d, params[f"before_attention{i}"]) @ params[f"qkv{i}"]
        query, keys, value = joined.unflatten(-1, (3, static.heads, -1)).permute(2, 0, 3, 1, 4)
        gathered = F.scaled_dot_product_attention(query, keys, value, is_causal=True)
        x = x + gathered.transpose(1, 2).flatten(2) @ params[f"out{i}"]
        hidden = F.gelu(F.layer_norm(x, d, params[f"before_mlp{i}"]) @ params[f"up{i}"], approximate="tanh")
        x = x + hidden @ params[f"down{i}"]
    scores = F.layer_norm(x, d, params["before_scores"]) @ params["embed"].T
    return F.cross_entropy(scores.flatten(0, 1), windows[:, 1:].flatten())


def loss(params, batch, shared, knobs, static):
    """Of the windows of the step."""
    return cross_entropy(params, batch, static), {}


def observe(params, own, found, shared, knobs, static):
    """Of the windows for the test."""
    return {"test_loss": cross_entropy(params, own["test"], static)}


def optimizer(knobs):
    """AdamW."""
    return Adam(knobs.lr, (0.9, 0.95), knobs.weight_decay)


SETUP = Setup(shared, begin, loss, observe, optimizer, batch)
